import type { ServerMetrics } from "./server-metrics.ts"

/** Fewer answers than this say nothing. */
const fewAnswers = 16

/**
 * Tells from streamed answers how many of the requests in flight only wait for their turn, for servers that neither refuse nor say so
 * themselves. By Little's law (Little 1961) the share that waits is the share of a request's time that passes before its first token;
 * the shortest such time seen is what a prompt takes, and is taken off.
 */
export class QueueTime {
  #leastMs = Number.POSITIVE_INFINITY
  #answers = 0
  #waitedMs = 0
  #wholeMs = 0
  #inFlight = 0

  /**
   * An answer whose first token came after `waitedMs` and its end after `wholeMs`, with `inFlight` requests under way by then. Returns how
   * busy the server is once as many answers came as were in flight, else null; also null while the wait is no longer than twice the shortest.
   */
  answered(waitedMs: number, wholeMs: number, inFlight: number): ServerMetrics | null {
    this.#leastMs = Math.min(this.#leastMs, waitedMs)
    this.#answers++
    this.#waitedMs += waitedMs
    this.#wholeMs += wholeMs
    this.#inFlight += inFlight
    const answers = this.#answers
    const meanInFlight = this.#inFlight / answers
    if (answers < Math.max(fewAnswers, meanInFlight)) return null
    const [waited, whole] = [this.#waitedMs / answers, this.#wholeMs / answers]
    this.#answers = 0
    this.#waitedMs = 0
    this.#wholeMs = 0
    this.#inFlight = 0
    if (waited <= 2 * this.#leastMs) return null
    const waiting = (meanInFlight * (waited - this.#leastMs)) / whole
    return { waiting, running: meanInFlight - waiting, cacheUse: null }
  }
}
