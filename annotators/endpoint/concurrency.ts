// How many requests a server is sent at once: additive increase, multiplicative decrease (Chiu and Jain 1989), with what CUBIC (RFC 9438)
// adds: the size that was refused is remembered, approached quickly, and tried again only after a while. A window that is always growing
// would be refused once per round trip; here a refusal costs two windows of answers, at most a hundred, and a second, and twice as much after
// each try in vain. A server that refuses everything for a while has shown no size: what was known before counts again.
import type { Timing } from "./timing.ts"

/** Share of what was refused that is sent after a refusal. */
const afterRefusal = 0.7
/** Share of what was refused that is approached without waiting. */
const approached = 0.95
/** Answers before a refused size is tried again, after several tries in vain: refusals stay under one in a hundred. */
const answersBetweenTries = 100
/** A window this much above what was once refused has shown that the server takes more now. */
const outgrown = 1.1

/** The window of one server: requests that may be in flight at once. */
export class Concurrency {
  readonly #timing: Timing
  #ceiling: number
  #window: number
  /** Requests that the server took when it last refused one; infinite while it never did. */
  #limit = Number.POSITIVE_INFINITY
  #decreasedAtMs = Number.NEGATIVE_INFINITY
  #answersSinceDecrease = 0
  #answersSinceGrowth = 0
  #servedOthers = false
  /** Window and limit before the refusals that follow each other now; null once the server works on what it is sent. */
  #before: { window: number; limit: number } | null = null
  /** Of those refusals one came while the server served nobody. */
  #closed = false
  #filled = false
  #holdMs = 0
  #grownAtMs = 0

  /** `ceiling`: what the config allows. Starts at `timing.firstWindow`. */
  constructor(timing: Timing, ceiling: number) {
    this.#timing = timing
    this.#ceiling = ceiling
    this.#window = Math.min(ceiling, timing.firstWindow)
  }

  /** Requests that may be in flight now, at least 1. */
  get window(): number {
    return Math.max(1, Math.floor(this.#window))
  }

  set ceiling(requests: number) {
    // What the old ceiling held back may go at once: nothing was refused.
    if (this.#window >= this.#ceiling && this.#limit === Number.POSITIVE_INFINITY) this.#window = requests
    this.#ceiling = requests
    this.#window = Math.min(this.#window, requests)
  }

  /** Milliseconds until one more may go with so many in flight; infinite when that depends on them. */
  waitMs(inFlight: number, nowMs: number): number {
    if (inFlight < this.window) return 0
    this.#filled = true
    if (this.#window >= this.#softCap) return Number.POSITIVE_INFINITY
    // Answers may take an hour: what has not been refused for a while was taken. An eighth at a time, so that little is refused at once.
    const stepMs = this.#timing.admittedAfterMs / 8
    if (nowMs - this.#grownAtMs < stepMs) return this.#grownAtMs + stepMs - nowMs
    this.#grow(Math.max(1, this.#window / 8), nowMs)
    return inFlight < this.window ? 0 : stepMs
  }

  /** A request went out. */
  entered(nowMs: number): void {
    this.#grownAtMs = Math.max(this.#grownAtMs, nowMs)
  }

  /** The server answered one of `inFlight` requests. */
  answered(inFlight: number, nowMs: number): void {
    this.#answersSinceDecrease++
    this.#answersSinceGrowth++
    // What was in flight before the first of these refusals would have come by now: this one is from the window that they made.
    if (this.#before !== null && this.#answersSinceDecrease > this.#before.window && !this.#closed) this.#before = null
    // A window that is not filled says nothing about a larger one.
    if (inFlight < this.window / 2) this.#filled = false
    if (!this.#filled) return
    if (this.#window < this.#softCap) this.#grow(0.5, nowMs)
    else if (this.#mayTry(nowMs) && this.#answersSinceGrowth >= this.#window)
      this.#grow(Math.max(1, this.#window * 0.02), nowMs)
    if (this.#window > this.#limit * outgrown) {
      this.#limit = Number.POSITIVE_INFINITY
      this.#holdMs = 0
    }
  }

  /**
   * The server has refused a request that was sent at `sentAtMs`, and keeps `inFlight` others. Of the many refusals of one burst the
   * first shrinks the window; the others only say better where the limit is. Returns whether it had served others since it last refused one:
   * it is then at its limit, else overloaded or closed, whatever the window.
   */
  refused(inFlight: number, sentAtMs: number, nowMs: number): boolean {
    const again = sentAtMs <= this.#decreasedAtMs
    this.#before ??= { window: this.#window, limit: this.#limit }
    this.#limit = Math.max(1, again ? Math.min(this.#limit, inFlight) : inFlight)
    this.#window = Math.max(1, Math.min(this.#window, this.#limit * afterRefusal))
    if (again) return this.#servedOthers
    this.#servedOthers = this.#answersSinceDecrease > 0
    if (!this.#servedOthers) this.#closed = true
    this.#holdMs = Math.min(this.#timing.pauseCapMs, Math.max(this.#timing.pauseMs, this.#holdMs * 2))
    this.#decreasedAtMs = nowMs
    this.#answersSinceDecrease = 0
    this.#answersSinceGrowth = 0
    this.#grownAtMs = nowMs
    return this.#servedOthers
  }

  /**
   * The server, which was paused after refusals, takes requests again. Where it had refused everything, what was seen to be in flight meanwhile
   * says nothing of its size: the window is again what a refusal makes of the one before.
   */
  reopened(nowMs: number): void {
    if (this.#closed && this.#before !== null) {
      const { window, limit } = this.#before
      this.#limit = limit
      this.#window = Math.max(this.#window, Math.min(this.#ceiling, window * afterRefusal))
      this.#holdMs = this.#timing.pauseMs
      this.#grownAtMs = nowMs
    }
    this.#before = null
    this.#closed = false
  }

  /** The server lets so many requests wait that it cannot work on: no more than `inFlight` is worth sending. Halves at most. */
  queues(inFlight: number, nowMs: number): void {
    if (inFlight >= this.#window) return
    this.#limit = Math.max(1, inFlight, this.#window / 2)
    this.#window = this.#limit
    this.#decreasedAtMs = nowMs
    this.#holdMs = this.#timing.pauseMs
    this.#answersSinceDecrease = 1
    this.#answersSinceGrowth = 0
  }

  /** Up to where the window grows with every answer. */
  get #softCap(): number {
    if (this.#limit === Number.POSITIVE_INFINITY) return this.#ceiling
    // A twentieth of less than twenty is no margin.
    return Math.min(this.#ceiling, this.#limit < 20 ? this.#limit : Math.floor(this.#limit * approached))
  }

  #mayTry(nowMs: number): boolean {
    // The hold doubles with each try in vain, and so do the answers.
    const answers = 2 * this.#window * (this.#holdMs / this.#timing.pauseMs)
    const enough = this.#answersSinceDecrease >= Math.min(answersBetweenTries, answers)
    return enough && nowMs - this.#decreasedAtMs >= this.#holdMs
  }

  #grow(by: number, nowMs: number): void {
    this.#window = Math.min(this.#ceiling, this.#window + by)
    this.#answersSinceGrowth = 0
    this.#grownAtMs = nowMs
  }
}
