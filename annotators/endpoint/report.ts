import type { Usage } from "../../pipelines/runtime/effect.ts"
import type { Outcome } from "./outcome.ts"

/** What an endpoint tells about itself. No event holds a key, a prompt or an answer. */
export type EndpointEvent = { role: string } & (
  | { kind: "paused"; server: string; why: string; delayMs: number }
  | { kind: "resumed"; server: string; pausedMs: number }
  | { kind: "retry"; outcome: Outcome; detail: string; attempt: number; delayMs: number }
  | { kind: "warning"; message: string }
  | { kind: "stopped"; why: string }
)

/** Where an endpoint stands. */
export interface EndpointCounters {
  role: string
  identity: string
  /** Requests sent and not yet answered. */
  inFlight: number
  /** Calls that wait for their turn, a pause, a limit, the budget or the end of a backoff. */
  waiting: number
  /** Calls answered. */
  calls: number
  /** Requests sent. */
  attempts: number
  /** What was used, as far as it is known; in full where a broken answer does not say. */
  tokens: Usage
  usd: number
  /** Requests that were asked again, by the outcome that was the reason. */
  retries: Partial<Record<Outcome, number>>
  /** The pause of the server that pauses longest; null unless all of them pause. */
  paused: { untilMs: number; why: string } | null
  maxInFlight: number
  /** Requests that may be in flight now, by what the servers have shown to take: at most `maxInFlight`. */
  window: number
}
