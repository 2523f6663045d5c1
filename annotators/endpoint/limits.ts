/** Share of a minute's allowance that may go at once. */
const burst = 0.05

/**
 * A limit per minute as a token bucket that is never passed: it holds a twentieth of the allowance and refills at the
 * remaining nineteen twentieths per minute, so that no window of 60 s sees more than the limit. A request larger than the
 * bucket goes when the bucket is full and leaves it in debt.
 */
export class MinuteLimit {
  readonly #capacity: number
  readonly #perMs: number
  #level: number
  #atMs: number

  constructor(perMinute: number, nowMs: number) {
    this.#capacity = Math.max(Math.min(1, perMinute), perMinute * burst)
    this.#perMs = Math.max(perMinute - this.#capacity, perMinute / 2) / 60_000
    this.#level = this.#capacity
    this.#atMs = nowMs
  }

  /** Milliseconds until `amount` may be taken. */
  waitMs(amount: number, nowMs: number): number {
    this.#refill(nowMs)
    const missing = Math.min(amount, this.#capacity) - this.#level
    return missing <= 0 ? 0 : missing / this.#perMs
  }

  take(amount: number, nowMs: number): void {
    this.#refill(nowMs)
    this.#level -= amount
  }

  /** Gives back what an estimate took too much, or takes what it took too little. */
  settle(estimate: number, actual: number, nowMs: number): void {
    this.#refill(nowMs)
    this.#level = Math.min(this.#capacity, this.#level + estimate - actual)
  }

  #refill(nowMs: number): void {
    this.#level = Math.min(this.#capacity, this.#level + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
  }
}
