import { oneLine, stopError } from "./errors.ts"

/** Rows after which a share of failures says something about the rest. */
const leastRows = 100

/** Counts a stage's rows and says when too many of them failed. */
export class FailureLimit {
  readonly #stage: string
  readonly #share: number
  #rows = 0
  #failed = 0
  #reasons = new Map<string, number>()
  #example: string | null = null

  /** `share` of the stage's rows may fail; 1 switches the limit off. */
  constructor(stage: string, share: number) {
    this.#stage = stage
    this.#share = share
  }

  /**
   * Counts finished rows; throws a stop error once more than the share of at least 100 rows failed. `messages` are what the failed rows
   * say: the first of the run is quoted.
   */
  count(rows: number, reasons: readonly string[], messages: readonly string[] = []): void {
    this.#example ??= messages[0] ?? null
    this.#rows += rows
    this.#failed += reasons.length
    for (const reason of reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    if (this.#rows >= leastRows) this.#check()
  }

  /** Call when the stage has no more rows. */
  finish(): void {
    this.#check()
  }

  #check(): void {
    if (this.#share >= 1 || this.#failed <= this.#share * this.#rows) return
    const reasons = [...this.#reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${reason} ${count}`)
    throw stopError({
      what: `Too many rows failed in stage ${this.#stage}`,
      expected: `at most ${(this.#share * 100).toFixed(1)}% of ${this.#rows} rows`,
      got:
        `${this.#failed}: ${reasons.slice(0, 4).join(", ")}` +
        (this.#example === null ? "" : `; the first: ${oneLine(this.#example, 200)}`),
      remedy: "Look at RUN/failed (inspect RUN --failed), mend the cause and run again; or raise failureLimit.",
    })
  }
}
