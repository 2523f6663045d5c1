import type { Usage } from "../../pipelines/runtime/effect.ts"

/** What the client does about an outcome. */
export type Policy =
  /** The answer is settled and returned. */
  | { action: "settle" }
  /** Asked again after a backoff, `config.attempts` times in all; then the row fails. */
  | { action: "retry" }
  /** The endpoint pauses for everyone and is probed, however long; never counted against the row. */
  | { action: "wait" }
  /** The row fails: asking again would end the same way. */
  | { action: "fail" }
  /** The run stops: no other request would fare better. */
  | { action: "stop"; remedy: string }

/** Every way in which a call can end, and what is done about it: the one retry policy of the client. */
export const policies = {
  complete: { action: "settle" },
  /** Cut at the token limit. Settled as `length`: whether to ask for more is the caller's decision. */
  truncated: { action: "settle" },
  /** Refused by the model or withheld by a content filter. Settled as `filtered`. */
  filtered: { action: "settle" },
  /** Not an answer of the protocol: bad JSON, wrong content type, no choices, invalid UTF-8, far too long. */
  malformed: { action: "retry" },
  /** Control characters or lone surrogates in the text of an answer. */
  "hostile-text": { action: "retry" },
  /** Neither thinking nor answer. */
  empty: { action: "retry" },
  /** Not one byte within the idle or the total limit. */
  "timed-out-waiting": { action: "retry" },
  /** Bytes came, then none within the idle limit, or no end within the total limit. */
  "timed-out-generating": { action: "retry" },
  /** The connection broke, or a stream ended, in the middle of an answer. */
  "connection-cut": { action: "retry" },
  "server-fault": { action: "retry" },
  "rate-limited": { action: "wait" },
  overloaded: { action: "wait" },
  /** No connection, or one that broke before its first byte while nobody else was answered either. */
  outage: { action: "wait" },
  "context-too-long": { action: "fail" },
  "bad-request": { action: "fail" },
  unauthorised: { action: "stop", remedy: "check the API key and what it may use" },
  "model-not-found": { action: "stop", remedy: "check the model's name and the base URL" },
  "quota-exhausted": { action: "stop", remedy: "add credit or raise the account's quota, then run again" },
  "wrong-address": { action: "stop", remedy: "check the base URL: it ends before /chat/completions, often in /v1" },
  "out-of-sockets": { action: "stop", remedy: "raise the limit of open files (ulimit -n) or lower maxInFlight" },
} as const satisfies Record<string, Policy>

export type Outcome = keyof typeof policies

/** What to do about an outcome. */
export const policyOf = (outcome: Outcome): Policy => policies[outcome]

/** A call that ended without an answer to settle. What leaves the transport holds no secret and no control character. */
export class CallFault extends Error {
  readonly outcome: Outcome
  /** HTTP status, where there was a response. */
  readonly status: number | undefined
  /** How long the server asked to wait. */
  readonly retryAfterMs: number | undefined
  /** Tokens that were paid for all the same: as counted by the server, else as far as they arrived. */
  readonly usage: Usage | undefined

  constructor(
    outcome: Outcome,
    detail: string,
    more: { status?: number | undefined; retryAfterMs?: number | undefined; usage?: Usage | undefined } = {},
  ) {
    super(detail)
    this.name = "CallFault"
    this.outcome = outcome
    this.status = more.status
    this.retryAfterMs = more.retryAfterMs
    this.usage = more.usage
  }
}
