/** A bound on how many run at once, first come first served. */
export class Turns {
  #free: number
  readonly #queue: (() => void)[] = []

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Resolves when it is this one's turn; rejects with the signal's reason when that aborts first. Every turn ends with `end`. */
  async take(signals: readonly AbortSignal[]): Promise<void> {
    const signal = AbortSignal.any([...signals])
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free--
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      const at = this.#queue.indexOf(resolve)
      if (at >= 0) this.#queue.splice(at, 1)
      reject(signal.reason)
    }
    this.#queue.push(resolve)
    signal.addEventListener("abort", leave, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener("abort", leave)
    }
  }

  end(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
