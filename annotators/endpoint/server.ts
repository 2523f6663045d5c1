import { Breaker, type BreakerEvent } from "./breaker.ts"
import { Concurrency } from "./concurrency.ts"
import { CallFault } from "./outcome.ts"
import { QueueTime } from "./queue-time.ts"
import { readMetrics, worthSending } from "./server-metrics.ts"
import type { Timing } from "./timing.ts"
import { Transport } from "./transport.ts"

/** A server with fewer in flight is not asked: there is nothing to be won. */
const fewRequests = 8

/** One of the servers behind an endpoint: its connection, its breaker, its window and how busy it is. */
export class Server {
  readonly breaker: Breaker
  readonly concurrency: Concurrency
  inFlight = 0
  readonly #resolveBaseUrl: () => Promise<string>
  readonly #outdated: Transport[] = []
  readonly #timing: Timing
  #watching: NodeJS.Timeout | undefined
  #looking = false
  /** It says itself how busy it is. */
  #tells = false
  readonly #queueTime = new QueueTime()
  #baseUrl: string
  #transport: Transport
  #renewal: Promise<void> | null = null

  constructor(
    baseUrl: string,
    resolveBaseUrl: () => Promise<string>,
    timing: Timing,
    maxInFlight: number,
    report: (event: BreakerEvent, baseUrl: string) => void,
  ) {
    this.#timing = timing
    this.#baseUrl = baseUrl
    this.#resolveBaseUrl = resolveBaseUrl
    this.#transport = new Transport(baseUrl)
    this.concurrency = new Concurrency(timing, maxInFlight)
    this.breaker = new Breaker(timing, (event) => {
      if (event.kind === "resumed") this.concurrency.reopened(Date.now())
      report(event, this.#baseUrl)
    })
  }

  get baseUrl(): string {
    return this.#baseUrl
  }

  /** The connection to use now: after a renewal it may lead elsewhere. */
  async transport(): Promise<Transport> {
    await this.#renewal
    return this.#transport
  }

  /** Asks where the server is: one that was started again may have another port. */
  renew(): void {
    this.#renewal ??= this.#resolveBaseUrl().then((baseUrl) => {
      this.#renewal = null
      if (baseUrl === this.#baseUrl) return
      this.#outdated.push(this.#transport)
      this.#baseUrl = baseUrl
      this.#transport = new Transport(baseUrl)
    })
    // Whoever asks for the transport next is told.
    this.#renewal.catch(() => {})
  }

  /** Asks a busy server now and then how busy it is, until it turns out that it does not say. */
  watch(): void {
    this.#watching = setInterval(() => void this.#look(), this.#timing.metricsMs)
    this.#watching.unref()
  }

  /** A streamed answer came, its first token after `waitedMs` and its end after `wholeMs`. */
  streamed(waitedMs: number, wholeMs: number): void {
    const busy = this.#queueTime.answered(waitedMs, wholeMs, this.inFlight)
    if (busy === null || this.#tells) return
    const worth = worthSending(this.inFlight, busy)
    if (worth !== null) this.concurrency.queues(worth, Date.now())
  }

  async #look(): Promise<void> {
    if (this.inFlight < fewRequests || this.#looking) return
    this.#looking = true
    try {
      const transport = await this.transport()
      const signal = AbortSignal.timeout(this.#timing.metricsMs)
      const limits = { timeoutMs: this.#timing.metricsMs, idleTimeoutMs: this.#timing.metricsMs }
      const metrics = readMetrics(await transport.metrics({ headers: {}, secrets: [], signal, ...limits }))
      const worth = metrics && worthSending(this.inFlight, metrics)
      if (metrics === null) clearInterval(this.#watching)
      else this.#tells = true
      if (worth !== null) this.concurrency.queues(worth, Date.now())
    } catch (error) {
      // A refusal is an answer: it has no metrics for us. A server that is away may have them later.
      if (error instanceof CallFault && error.status !== undefined) clearInterval(this.#watching)
    } finally {
      this.#looking = false
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#watching)
    await Promise.all([this.#transport, ...this.#outdated].map((transport) => transport.close()))
  }
}
