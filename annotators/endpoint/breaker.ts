import type { Timing } from "./timing.ts"

/** What a breaker tells about its pauses. */
export type BreakerEvent = { kind: "paused"; why: string; delayMs: number } | { kind: "resumed"; pausedMs: number }

/** One request that was let through. */
export interface Pass {
  readonly generation: number
}

/**
 * Pauses a server that is overloaded or away, and probes it. The first refusal pauses it for all; refusals of requests that
 * were already in flight then change nothing, so that a storm counts once. After the pause one request goes as the probe: a
 * refusal pauses again, twice as long (or as long as the server asks); an answer opens for two, then three, and so on up to
 * `ceiling`, when the breaker is open again. Between two pauses no more is sent than the answers allow.
 */
export class Breaker {
  readonly #timing: Timing
  readonly #report: (event: BreakerEvent) => void
  readonly #random: () => number
  #generation = 0
  /** Requests that may be in flight at once in this generation; infinite when open. */
  #window = Number.POSITIVE_INFINITY
  #inFlight = 0
  #untilMs = 0
  #pausedAtMs = 0
  #why: string | null = null
  #failedProbes = 0
  #admittedMs = 0

  constructor(timing: Timing, report: (event: BreakerEvent) => void, random: () => number = Math.random) {
    this.#timing = timing
    this.#report = report
    this.#random = random
  }

  /** Until when and why nothing is sent but probes; null while it is open or opening. */
  get paused(): { untilMs: number; why: string } | null {
    return this.#why === null ? null : { untilMs: this.#untilMs, why: this.#why }
  }

  /** Neither paused nor opening. */
  get open(): boolean {
    return this.#window === Number.POSITIVE_INFINITY
  }

  /** Milliseconds until a request may go: 0 now, infinite when that depends on the requests in flight. */
  waitMs(nowMs: number): number {
    if (this.#window === Number.POSITIVE_INFINITY) return 0
    if (nowMs < this.#untilMs) return this.#untilMs - nowMs
    if (this.#inFlight < this.#window) return 0
    const admittedMs = this.#admittedMs + this.#timing.admittedAfterMs
    if (nowMs < admittedMs) return admittedMs - nowMs
    // Those in flight have not been refused for a while: the server took them.
    this.#window *= 2
    this.#admittedMs = nowMs
    return 0
  }

  /** Lets a request through; to be called only when `waitMs` is 0. */
  enter(nowMs: number): Pass {
    this.#inFlight++
    this.#admittedMs = nowMs
    return { generation: this.#generation }
  }

  /** The server took the request and said something, be it an error of that request. */
  answered(pass: Pass, ceiling: number, nowMs: number): void {
    if (pass.generation !== this.#generation) return
    this.#inFlight--
    if (this.#window === Number.POSITIVE_INFINITY) return
    if (this.#why !== null) {
      this.#report({ kind: "resumed", pausedMs: nowMs - this.#pausedAtMs })
      this.#why = null
      this.#failedProbes = 0
    }
    this.#window++
    if (this.#window > ceiling) this.#window = Number.POSITIVE_INFINITY
  }

  /** The server refused the request for reasons that concern every request. Pauses for at most `capMs` unless it asks for more. */
  refused(
    pass: Pass,
    why: string,
    retryAfterMs: number | undefined,
    nowMs: number,
    capMs = this.#timing.pauseCapMs,
  ): void {
    if (pass.generation !== this.#generation) return
    if (this.#why === null) this.#pausedAtMs = nowMs
    else this.#failedProbes++
    const { pauseMs, retryAfterCapMs } = this.#timing
    const asked = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, retryAfterCapMs)
    const own = Math.min(capMs, pauseMs * 2 ** this.#failedProbes)
    // Jitter keeps several runs from probing in step; never sooner than the server asked.
    const delayMs = asked === undefined ? own * (0.5 + this.#random() / 2) : asked + own * 0.1 * this.#random()
    this.#generation++
    this.#inFlight = 0
    this.#window = 1
    this.#why = why
    this.#untilMs = nowMs + delayMs
    this.#report({ kind: "paused", why, delayMs })
  }

  /** The request ended without telling anything about the server (aborted, timed out). */
  left(pass: Pass): void {
    if (pass.generation === this.#generation) this.#inFlight--
  }
}
