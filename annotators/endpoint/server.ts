import { Breaker, type BreakerEvent } from "./breaker.ts"
import { Concurrency } from "./concurrency.ts"
import type { Timing } from "./timing.ts"
import { Transport } from "./transport.ts"

/** One of the servers behind an endpoint: its connection, its breaker, its window and how busy it is. */
export class Server {
  readonly breaker: Breaker
  readonly concurrency: Concurrency
  inFlight = 0
  readonly #resolveBaseUrl: () => Promise<string>
  readonly #outdated: Transport[] = []
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
    this.#baseUrl = baseUrl
    this.#resolveBaseUrl = resolveBaseUrl
    this.#transport = new Transport(baseUrl)
    this.concurrency = new Concurrency(timing, maxInFlight)
    this.breaker = new Breaker(timing, (event) => report(event, this.#baseUrl))
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

  async close(): Promise<void> {
    await Promise.all([this.#transport, ...this.#outdated].map((transport) => transport.close()))
  }
}
