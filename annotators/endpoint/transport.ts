import { isUtf8 } from "node:buffer"
import type { ChatCompletionCreateParams } from "openai/resources/chat/completions"
import { oneLine } from "../../pipelines/runtime/errors.ts"
import { version } from "../../pipelines/runtime/version.ts"
import { Clocks } from "./clocks.ts"
import { type Completion, CompletionStream, readCompletion } from "./completion.ts"
import { CallFault, type Outcome } from "./outcome.ts"
import { redact } from "./redact.ts"
import type { HeaderMap } from "./retry-after.ts"
import { faultOfStatus } from "./server-error.ts"
import { metricsUrl } from "./server-metrics.ts"
import { EventReader } from "./sse.ts"
import { Connections, type Exchanging, type ResponseReader, type WireRequest } from "./wire.ts"

/** What one exchange is allowed, and what it carries beside its body. */
export interface Exchange {
  /** Header lines, authorisation included. */
  headers: Record<string, string>
  /** Values that no fault may repeat. */
  secrets: readonly string[]
  signal: AbortSignal
  timeoutMs: number
  idleTimeoutMs: number
}

/** An answer that is whole waits this long for the end of its response, so that the next request finds the connection free. */
const handOverMs = 20
/** A stream that goes on after its last event keeps its connection at most this long. */
const lingerMs = 1_000

/** An error response is read this far and no further. */
const errorBytes = 64 * 1024

/**
 * One server that speaks OpenAI's API, whose types are the SDK's. Every method resolves with an answer or throws a CallFault, or the
 * reason of an aborted signal. Redirects are not followed: a key must not go where the config does not say.
 */
export class Transport {
  readonly #connections: Connections
  readonly #completionsPath: string
  readonly #modelsPath: string
  readonly #metricsPath: string

  constructor(baseUrl: string) {
    const { origin, pathname, search } = new URL(baseUrl)
    this.#connections = new Connections(origin)
    const folder = pathname.replace(/\/+$/, "")
    this.#completionsPath = `${folder}/chat/completions${search}`
    this.#modelsPath = `${folder}/models${search}`
    this.#metricsPath = metricsUrl(baseUrl).pathname
  }

  /** One chat completion; `body` is sent as it is. Reads at most `maxBytes`. */
  complete(
    body: ChatCompletionCreateParams | Record<string, unknown>,
    exchange: Exchange,
    maxBytes: number,
  ): Promise<Completion> {
    const request = { method: "POST" as const, path: this.#completionsPath, body: JSON.stringify(body) }
    const sentMs = performance.now()
    return this.#send(request, exchange, (status, headers) => {
      if (status < 200 || status >= 300) return new ErrorReading(status, headers)
      const type = headers.get("content-type") ?? ""
      if (type.includes("text/event-stream") && body.stream === true) return new StreamReading(maxBytes, sentMs)
      if (type !== "" && !type.includes("json")) throw wrongType(type)
      return new BodyReading(maxBytes, readCompletion)
    })
  }

  /** The names of the models that the server serves. */
  models(exchange: Exchange): Promise<string[]> {
    return this.#send({ method: "GET", path: this.#modelsPath, body: null }, exchange, (status, headers) =>
      status < 200 || status >= 300 ? new ErrorReading(status, headers) : new BodyReading(4 << 20, readModels),
    )
  }

  /** What the server says of itself at `/metrics`, as text. */
  metrics(exchange: Exchange): Promise<string> {
    return this.#send({ method: "GET", path: this.#metricsPath, body: null }, exchange, (status, headers) =>
      status === 200 ? new BodyReading(1 << 20, (text) => text) : new ErrorReading(status, headers),
    )
  }

  /** Breaks what is in flight. */
  async close(): Promise<void> {
    await this.#connections.close()
  }

  #send<T>(
    { body, ...request }: Omit<WireRequest, "headers">,
    exchange: Exchange,
    open: (status: number, headers: HeaderMap) => Reading<T>,
  ): Promise<T> {
    if (exchange.signal.aborted) return Promise.reject(exchange.signal.reason)
    return new Promise((resolve, reject) => {
      const answering = new Answering(exchange, open, resolve, reject)
      const headers = { ...ownHeaders, ...(body === null ? {} : jsonBody), ...exchange.headers }
      answering.begin(this.#connections.send({ ...request, headers, body }, answering))
    })
  }
}

const ownHeaders = { accept: "application/json", "user-agent": `cotyledon/${version}` }
const jsonBody = { "content-type": "application/json" }

/** How the body of a response becomes a value. Methods throw a CallFault where it cannot. */
interface Reading<T> {
  add(chunk: Buffer): void
  /** True once the value is there, though the body may go on. */
  readonly done: boolean
  /** The value at the end of the body. */
  end(): T
  /** The value where the body broke off, or the fault with what is known of its cost. */
  broken(fault: CallFault): T
}

/** One exchange from its sending to its end: clocks, abortion and reading. */
class Answering<T> implements ResponseReader {
  readonly #exchange: Exchange
  readonly #open: (status: number, headers: HeaderMap) => Reading<T>
  readonly #resolve: (value: T) => void
  readonly #reject: (error: unknown) => void
  readonly #clocks: Clocks
  readonly #onAbort: () => void
  #exchanging: Exchanging | null = null
  #reading: Reading<T> | null = null
  #settled = false
  #handOver: (() => void) | null = null

  constructor(
    exchange: Exchange,
    open: (status: number, headers: HeaderMap) => Reading<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.#exchange = exchange
    this.#open = open
    this.#resolve = resolve
    this.#reject = reject
    this.#onAbort = () => this.#end(null)
    this.#clocks = new Clocks(exchange.timeoutMs, exchange.idleTimeoutMs, () => this.#end(null))
    exchange.signal.addEventListener("abort", this.#onAbort, { once: true })
  }

  begin(exchanging: Exchanging): void {
    this.#exchanging = exchanging
  }

  start(status: number, headers: HeaderMap): void {
    if (this.#settled) return
    this.#clocks.hear()
    this.#guarded(() => {
      this.#reading = this.#open(status, headers)
    })
  }

  data(chunk: Buffer): void {
    if (this.#settled) return
    this.#clocks.hear()
    this.#guarded(() => {
      this.#reading!.add(chunk)
      if (this.#reading!.done) this.#linger(this.#reading!.end())
    })
  }

  end(): void {
    this.#handOver?.()
    if (!this.#settled)
      this.#guarded(() => {
        const value = this.#reading!.end()
        this.#release()
        this.#resolve(value)
      })
  }

  failed(error: unknown): void {
    this.#handOver?.()
    if (!this.#settled) this.#end(error)
  }

  /** The value is there; the rest of the body may run out, so that the connection can serve the next request. */
  #linger(value: T): void {
    this.#release()
    const ending = setTimeout(() => this.#exchanging?.cancel(new Error("a stream that does not end")), lingerMs)
    const waiting = setTimeout(() => this.#resolve(value), handOverMs)
    this.#handOver = () => {
      clearTimeout(ending)
      clearTimeout(waiting)
      this.#resolve(value)
    }
  }

  #guarded(read: () => void): void {
    try {
      read()
    } catch (error) {
      this.#end(error)
    }
  }

  /** Ends the exchange without a whole answer: with an error, or with what the signal or a clock says. */
  #end(error: unknown): void {
    if (this.#settled) return
    this.#release()
    this.#exchanging?.cancel(new Error("the exchange has ended"))
    const { signal, secrets } = this.#exchange
    try {
      signal.throwIfAborted()
      const fault = faultOf(error, this.#clocks)
      if (this.#reading === null) throw fault
      this.#resolve(this.#reading.broken(fault))
    } catch (thrown) {
      this.#reject(thrown instanceof CallFault ? cleaned(thrown, secrets) : thrown)
    }
  }

  #release(): void {
    this.#settled = true
    this.#clocks.stop()
    this.#exchange.signal.removeEventListener("abort", this.#onAbort)
  }
}

/** A body that is read as a whole. */
class BodyReading<T> implements Reading<T> {
  readonly done = false
  readonly #maxBytes: number
  readonly #read: (body: string) => T
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(maxBytes: number, read: (body: string) => T) {
    this.#maxBytes = maxBytes
    this.#read = read
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxBytes) throw tooLong(this.#maxBytes)
    this.#chunks.push(chunk)
  }

  end(): T {
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    if (!isUtf8(body)) throw new CallFault("malformed", "invalid UTF-8 in the answer")
    return this.#read(body.toString("utf8"))
  }

  broken(fault: CallFault): T {
    throw fault
  }
}

/** The body of a refusal. */
class ErrorReading implements Reading<never> {
  readonly #status: number
  readonly #headers: HeaderMap
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(status: number, headers: HeaderMap) {
    this.#status = status
    this.#headers = headers
  }

  get done(): boolean {
    return this.#bytes > errorBytes
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
  }

  end(): never {
    const body = Buffer.concat(this.#chunks).subarray(0, errorBytes).toString("utf8")
    throw faultOfStatus(this.#status, this.#headers, body, Date.now())
  }

  broken(fault: CallFault): never {
    // A clock that ran out says so; a connection that broke after the status leaves what the status says.
    if (fault.outcome.startsWith("timed-out")) throw fault
    this.end()
  }
}

/** A stream of server-sent events. */
class StreamReading implements Reading<Completion> {
  readonly #maxBytes: number
  readonly #events = new EventReader()
  readonly #stream: CompletionStream
  #bytes = 0

  constructor(maxBytes: number, sentMs: number) {
    this.#maxBytes = maxBytes
    this.#stream = new CompletionStream(sentMs)
  }

  get done(): boolean {
    return this.#stream.done
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxBytes) throw tooLong(this.#maxBytes)
    this.#take(() => this.#events.feed(chunk))
  }

  end(): Completion {
    if (!this.#stream.done) this.#take(() => this.#events.end())
    return this.#stream.end()
  }

  broken(fault: CallFault): Completion {
    const ours = fault.outcome === "malformed" || fault.outcome.startsWith("timed-out")
    // A finish reason came: the answer is whole, and only what follows it (the token counts) was lost.
    if (this.#stream.finished && !ours && fault.status === undefined) return this.#stream.end()
    throw withTokensSoFar(fault, this.#stream.deltas)
  }

  #take(read: () => string[]): void {
    try {
      for (const data of read()) this.#stream.add(data)
    } catch (error) {
      if ((error as { code?: unknown }).code === "ERR_ENCODING_INVALID_ENCODED_DATA")
        throw new CallFault("malformed", "invalid UTF-8 in the stream")
      throw error
    }
  }
}

function readModels(body: string): string[] {
  try {
    const { data } = JSON.parse(body) as { data: { id: string }[] }
    return data.map(({ id }) => String(id))
  } catch {
    throw new CallFault("malformed", "the list of models is not JSON of the expected shape")
  }
}

const tooLong = (maxBytes: number) => new CallFault("malformed", `an answer of more than ${maxBytes} bytes`)

const withTokensSoFar = (fault: CallFault, output: number): CallFault =>
  fault.usage !== undefined || output === 0
    ? fault
    : new CallFault(fault.outcome, fault.message, { ...fault, usage: { input: 0, output } })

const wrongType = (type: string) => new CallFault("malformed", `content type ${type} instead of application/json`)

const noConnection = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
])

/** Reads whatever an exchange threw into a fault, without the error itself: it may hold headers. Its detail is still to be cleaned. */
function faultOf(error: unknown, clocks: Clocks): CallFault {
  if (isDefect(error)) throw error
  if (clocks.timedOut !== null) return new CallFault(clocks.timedOut, clocks.timedOut.replaceAll("-", " "))
  if (error instanceof CallFault) return error
  const { code, message } = rootOf(error)
  const detail = code === undefined ? message : `${code}: ${message}`
  return new CallFault(outcomeOfSocketError(code, clocks.heard), detail)
}

/** An error of ours and not of the exchange: it must stop the run, not look like a fault of the network. */
const isDefect = (error: unknown): boolean =>
  (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) &&
  error.cause === undefined &&
  !("code" in error)

/** Secrets are taken out before the text is cut: a cut could leave a part of one. */
function cleaned(fault: CallFault, secrets: readonly string[]): CallFault {
  const detail = oneLine(redact(fault.message, secrets), 240)
  return detail === fault.message ? fault : new CallFault(fault.outcome, detail, fault)
}

function outcomeOfSocketError(code: string | undefined, heard: boolean): Outcome {
  if (code === "EMFILE" || code === "ENFILE") return "out-of-sockets"
  if (code?.startsWith("HPE_") || code === "UND_ERR_HEADERS_OVERFLOW") return "malformed"
  if (heard || code === undefined) return "connection-cut"
  return noConnection.has(code) || /CERT|TLS|SSL/.test(code) ? "outage" : "connection-cut"
}

/** The innermost cause: undici wraps what the socket said. */
function rootOf(error: unknown): { code: string | undefined; message: string } {
  let root = error as { code?: unknown; message?: unknown; cause?: unknown }
  for (let depth = 0; depth < 5 && typeof root?.cause === "object" && root.cause !== null; depth++)
    root = root.cause as typeof root
  return {
    code: typeof root?.code === "string" ? root.code : undefined,
    message: String(root?.message ?? root),
  }
}
