/** How many rows of a stage are worked on at once, over all its tasks; first come, first served. */
export class RowSlots {
  #free: number
  #waiting: { resolve(): void; reject(error: unknown): void }[] = []
  #closed: unknown = null

  constructor(rows: number) {
    this.#free = rows
  }

  /** Resolves when a row may start; rejects once the stage is closed. */
  take(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed)
    if (this.#free > 0) {
      this.#free--
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  give(): void {
    const next = this.#waiting.shift()
    if (next) next.resolve()
    else this.#free++
  }

  /** No further row starts. */
  close(reason: unknown): void {
    this.#closed = reason
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
  }
}
