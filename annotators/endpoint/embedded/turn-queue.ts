interface Waiter {
  start(): void
}

/**
 * Those that wait for a place, by client: clients take turns, and each client's come in their order, so that one that asks for a
 * thousand things does not keep another from its one.
 */
export class TurnQueue {
  // A client that had its turn goes to the end; one that has nothing left is forgotten.
  readonly #clients = new Map<string, Waiter[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Resolves when it is this waiter's turn. Rejects with the signal's reason when aborted before; it waits no more then. */
  turn(client: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#remove(client, waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        start() {
          signal.removeEventListener("abort", leave)
          resolve()
        },
      }
      signal.addEventListener("abort", leave, { once: true })
      const line = this.#clients.get(client)
      if (line) line.push(waiter)
      else this.#clients.set(client, [waiter])
      this.#size++
    })
  }

  /** Starts the next waiter; false where nobody waits. */
  startNext(): boolean {
    const next = this.#clients.entries().next().value
    if (next === undefined) return false
    const [client, line] = next
    const waiter = line.shift()!
    this.#size--
    this.#clients.delete(client)
    if (line.length > 0) this.#clients.set(client, line)
    waiter.start()
    return true
  }

  #remove(client: string, waiter: Waiter): void {
    const line = this.#clients.get(client)!
    line.splice(line.indexOf(waiter), 1)
    this.#size--
    if (line.length === 0) this.#clients.delete(client)
  }
}
