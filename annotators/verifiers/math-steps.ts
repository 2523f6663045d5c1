/** The steps of one verdict: nodes evaluated and pairs compared. Counted, not timed, so that a verdict repeats on any machine. */
export const maxSteps = 50_000

/** A budget of steps that every part of one comparison draws from. */
export class Steps {
  #left: number

  constructor(most = maxSteps) {
    this.#left = most
  }

  /** Takes some steps; false when they are used up. */
  take(count = 1): boolean {
    this.#left -= count
    return this.#left >= 0
  }

  /** Steps that are left; below zero, those that were refused. */
  get left(): number {
    return this.#left
  }

  get usedUp(): boolean {
    return this.#left < 0
  }
}
