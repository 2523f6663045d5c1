import OpenAI, { APIError, type ClientOptions } from "openai"
import type { ChatCompletionCreateParams } from "openai/resources/chat/completions"
import type { Agent } from "undici"
import { oneLine } from "../../pipelines/runtime/errors.ts"
import { Clocks } from "./clocks.ts"
import { type Completion, CompletionStream, readCompletion } from "./completion.ts"
import { CallFault, type Outcome } from "./outcome.ts"
import { redact } from "./redact.ts"
import type { HeaderMap } from "./retry-after.ts"
import { faultOfStatus } from "./server-error.ts"
import { EventReader } from "./sse.ts"
import { fetchOver, openSockets, readText, tooLong, type WireResponse } from "./wire.ts"

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

/** A stream that goes on after its last event keeps its connection at most this long. */
const lingerMs = 1_000

/**
 * One server. The openai SDK builds URLs, headers and bodies and reads statuses; retries, timeouts and the reading of
 * answers are ours. Every method resolves with an answer or throws a CallFault, or the reason of an aborted signal.
 */
export class Transport {
  readonly #agent: Agent
  readonly #client: OpenAI

  constructor(baseUrl: string) {
    this.#agent = openSockets()
    this.#client = new StatusReadingClient({
      baseURL: baseUrl,
      // Authorisation is set for each request; none of what the SDK would take from its own environment variables is used.
      apiKey: "unused",
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: "off",
      maxRetries: 0,
      timeout: 2_147_483_647,
      fetch: fetchOver(this.#agent),
    })
  }

  /** One chat completion; `body` is sent as it is. Reads at most `maxBytes`. */
  async complete(body: Record<string, unknown>, exchange: Exchange, maxBytes: number): Promise<Completion> {
    const params = body as unknown as ChatCompletionCreateParams
    return this.#exchange(
      exchange,
      (options) => this.#client.chat.completions.create(params, options).asResponse(),
      (response, clocks) => {
        const type = response.headers.get("content-type") ?? ""
        if (type.includes("text/event-stream") && body.stream === true) return readStream(response, clocks, maxBytes)
        if (type !== "" && !type.includes("json")) throw wrongType(type)
        return readText(response, maxBytes, () => clocks.hear()).then(readCompletion)
      },
    )
  }

  /** The names of the models that the server serves. */
  async models(exchange: Exchange): Promise<string[]> {
    const body = await this.#exchange(
      exchange,
      (options) => this.#client.models.list(options).asResponse(),
      (response, clocks) => readText(response, 4 * 1024 * 1024, () => clocks.hear()),
    )
    try {
      const { data } = JSON.parse(body) as { data: { id: string }[] }
      return data.map(({ id }) => String(id))
    } catch {
      throw new CallFault("malformed", "the list of models is not JSON of the expected shape")
    }
  }

  /** Breaks what is in flight. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #exchange<T>(
    { headers, secrets, signal, timeoutMs, idleTimeoutMs }: Exchange,
    send: (options: { signal: AbortSignal; headers: Record<string, string> }) => Promise<unknown>,
    read: (response: WireResponse, clocks: Clocks) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted()
    const controller = new AbortController()
    const onAbort = () => controller.abort(signal.reason)
    signal.addEventListener("abort", onAbort, { once: true })
    const clocks = new Clocks(timeoutMs, idleTimeoutMs, () => controller.abort())
    let response: WireResponse | undefined
    try {
      response = (await send({ signal: controller.signal, headers })) as WireResponse
      clocks.hear()
      return await read(response, clocks)
    } catch (error) {
      response?.body.destroy()
      signal.throwIfAborted()
      throw faultOf(error, clocks, secrets)
    } finally {
      clocks.stop()
      signal.removeEventListener("abort", onAbort)
    }
  }
}

/**
 * The SDK without what it takes from environment variables of its own (OPENAI_CUSTOM_HEADERS would reach every server), and
 * handing out the whole body of an error response, where it keeps only the `error` member.
 */
class StatusReadingClient extends OpenAI {
  constructor(options: ClientOptions) {
    super(options)
    this._options.defaultHeaders = { Authorization: null }
  }

  protected override makeStatusError(
    status: number,
    error: object | undefined,
    message: string | undefined,
    headers: Headers,
  ): APIError {
    return new StatusError(status, error === undefined ? (message ?? "") : JSON.stringify(error), headers)
  }
}

class StatusError extends APIError {
  readonly body: string

  constructor(status: number, body: string, headers: Headers) {
    super(status, undefined, undefined, headers)
    this.body = body
  }
}

async function readStream(response: WireResponse, clocks: Clocks, maxBytes: number): Promise<Completion> {
  const events = new EventReader()
  const stream = new CompletionStream()
  let bytes = 0
  try {
    for await (const chunk of (response.body as AsyncIterable<Buffer> & { iterator: Iterator }).iterator({
      destroyOnReturn: false,
    })) {
      clocks.hear()
      bytes += chunk.length
      if (bytes > maxBytes) throw tooLong(maxBytes)
      for (const data of events.feed(chunk)) stream.add(data)
      if (stream.done) {
        release(response)
        return stream.end()
      }
    }
    for (const data of events.end()) stream.add(data)
    return stream.end()
  } catch (error) {
    response.body.destroy()
    if ((error as { code?: unknown }).code === "ERR_ENCODING_INVALID_ENCODED_DATA")
      throw new CallFault("malformed", "invalid UTF-8 in the stream")
    if (error instanceof CallFault) throw withTokensSoFar(error, stream.deltas)
    // A finish reason came: the answer is whole, and only what follows it (the token counts) was lost.
    if (stream.finished && !clocks.timedOut) return stream.end()
    throw withTokensSoFar(faultOf(error, clocks, []), stream.deltas)
  }
}

type Iterator = (options: { destroyOnReturn: boolean }) => AsyncIterable<Buffer>

/** Lets a finished stream run out, so that its connection can serve the next request. */
function release({ body }: WireResponse): void {
  const timer = setTimeout(() => body.destroy(), lingerMs)
  body.on("close", () => clearTimeout(timer))
  body.resume()
}

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

/** Reads whatever an exchange threw into a fault, without the error itself: it may hold headers. */
function faultOf(error: unknown, clocks: Clocks, secrets: readonly string[]): CallFault {
  if (isDefect(error)) throw error
  if (clocks.timedOut !== null) return new CallFault(clocks.timedOut, clocks.timedOut.replaceAll("-", " "))
  if (error instanceof CallFault) return cleaned(error, secrets)
  if (error instanceof StatusError)
    return cleaned(faultOfStatus(error.status ?? 0, error.headers as HeaderMap, error.body, Date.now()), secrets)
  const { code, message } = rootOf(error)
  const detail = code === undefined ? message : `${code}: ${message}`
  return cleaned(new CallFault(outcomeOfSocketError(code, clocks.heard), detail), secrets)
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

/** The innermost cause: the SDK and undici wrap what the socket said. */
function rootOf(error: unknown): { code: string | undefined; message: string } {
  let root = error as { code?: unknown; message?: unknown; cause?: unknown }
  for (let depth = 0; depth < 5 && typeof root?.cause === "object" && root.cause !== null; depth++)
    root = root.cause as typeof root
  return {
    code: typeof root?.code === "string" ? root.code : undefined,
    message: String(root?.message ?? root),
  }
}
