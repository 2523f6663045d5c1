// Bytes to and from one server. Requests go straight to undici's connections, and a response is handed on chunk by chunk from the
// parser's own callbacks: no stream, no promise and no Response object stand between the socket and whoever reads the answer.
import type { IncomingHttpHeaders } from "node:http"
import { Client, type Dispatcher } from "undici"
import type { HeaderMap } from "./retry-after.ts"

/** Where a response goes. What a method throws ends the exchange and is what `failed` is given. */
export interface ResponseReader {
  /** The status line and headers came. */
  start(status: number, headers: HeaderMap): void
  /** A part of the body came; the bytes are the reader's to keep. */
  data(chunk: Buffer): void
  /** The body is whole. */
  end(): void
  /** The exchange broke: the socket's error, or what `cancel` was given. Nothing follows. */
  failed(error: unknown): void
}

/** One request under way. */
export interface Exchanging {
  /** Breaks the connection; `failed` is given `error`. Does nothing once the exchange ended. */
  cancel(error: Error): void
}

/** What is asked of a server. */
export interface WireRequest {
  readonly method: "GET" | "POST"
  /** Path and query. */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | null
}

/**
 * The connections to one origin: as many as there are requests in flight, the one that was used last first, so that those which a busy
 * hour opened may time out. Undici's own pool looks through all of its connections for each request, which costs more than a request
 * when thousands are busy. No timeouts here but that of connecting: `clocks.ts` has them.
 */
export class Connections {
  readonly #origin: string
  readonly #idle: Client[] = []
  readonly #all = new Set<Client>()

  /** `origin`: scheme, host and port. */
  constructor(origin: string) {
    this.#origin = origin
  }

  /** Sends a request. What comes of it reaches the reader, never before this returns. */
  send(request: WireRequest, reader: ResponseReader): Exchanging {
    const client = this.#idle.pop() ?? this.#connect()
    const exchange = new WireExchange(reader, () => this.#idle.push(client))
    client.dispatch({ ...request, headers: request.headers, blocking: false }, exchange)
    return exchange
  }

  /** Breaks what is in flight. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((client) => client.destroy()))
    this.#all.clear()
    this.#idle.length = 0
  }

  #connect(): Client {
    const client = new Client(this.#origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: 30_000 },
    })
    this.#all.add(client)
    return client
  }
}

/** One exchange in undici's terms. */
class WireExchange implements Dispatcher.DispatchHandler, Exchanging {
  readonly #reader: ResponseReader
  readonly #free: () => void
  #controller: Dispatcher.DispatchController | null = null
  #cancelled: Error | null = null

  constructor(reader: ResponseReader, free: () => void) {
    this.#reader = reader
    this.#free = free
  }

  cancel(error: Error): void {
    this.#cancelled ??= error
    this.#controller?.abort(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#cancelled !== null) controller.abort(this.#cancelled)
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // What a reader throws, undici takes as a reason to abort.
    this.#reader.start(status, {
      get: (name) => {
        const value = headers[name]
        return Array.isArray(value) ? value.join(", ") : value
      },
    })
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#reader.data(chunk)
  }

  onResponseEnd(): void {
    this.#free()
    this.#reader.end()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#free()
    this.#reader.failed(error)
  }
}
