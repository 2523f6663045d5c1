/** Faults in a row after which a server is taken for broken; that many by chance, at one in twenty, are one in three million. */
const mostFaults = 5

/** What a server must tell for that. */
interface Pausable {
  readonly breaker: { readonly paused: unknown }
}

/**
 * Which of several servers fails whatever it is asked. Such a server is idle and would be chosen again and again as the least loaded
 * one, until rows have used up their attempts on it. Where there is another that works it is better paused, and probed. A server that stands
 * alone is not: its faults count against the rows, and the failure limit ends the run.
 */
export class FaultsInARow<S extends Pausable> {
  readonly #faults = new Map<S, number>()

  /** The server gave an answer. */
  answered(server: S): void {
    this.#faults.delete(server)
  }

  /** The server failed a request; returns whether it is to be paused. */
  failed(server: S, servers: readonly S[]): boolean {
    const faults = (this.#faults.get(server) ?? 0) + 1
    this.#faults.set(server, faults)
    if (faults < mostFaults) return false
    return servers.some((other) => (this.#faults.get(other) ?? 0) < mostFaults && other.breaker.paused === null)
  }
}
