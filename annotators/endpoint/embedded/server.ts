import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type AddressInfo, isIP } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { usageError } from "../../../pipelines/runtime/errors.ts"
import type { EmbeddedModel } from "./catalogue.ts"
import { ChatEngine } from "./chat-engine.ts"
import { type Answerer, completionBody, completionChunks, logprobEntries } from "./chat-reply.ts"
import { ApiError, type ChatCompletionRequest, parseChatRequest } from "./chat-request.ts"
import type { CompletionEnd, CompletionPiece } from "./completion.ts"
import { GenerationPool, PoolClosed, PoolFull, type PoolOptions } from "./pool.ts"

export interface ServerOptions extends Omit<PoolOptions, "modelPath"> {
  model: EmbeddedModel
  /** The model's file, checked already. */
  weightsPath: string
  /** Default 127.0.0.1: this machine alone. */
  host?: string | undefined
  /** Default 0: a free one. */
  port?: number | undefined
  /** Longest request body; default 4 MiB. */
  maxBodyBytes?: number | undefined
}

export interface EmbeddedServer {
  host: string
  port: number
  /** Up to `/v1`. */
  baseUrl: string
  /** Refuses new requests, ends running ones and frees the model. */
  close(): Promise<void>
}

const retryAfterSeconds = 2
const closeGraceMs = 1_000

/** Serves one model with OpenAI's chat completions. Rejects when it cannot listen or the model cannot be loaded. */
export async function startServer(options: ServerOptions): Promise<EmbeddedServer> {
  const { host = "127.0.0.1", port = 0, maxBodyBytes = 4 << 20 } = options
  const pool = await GenerationPool.open({ ...options, modelPath: options.weightsPath })
  const service = new Service(new ChatEngine(pool), options.model, host, maxBodyBytes)
  const server = createServer((request, response) => void service.respond(request, response))
  // Longer than the pauses of a client, which would else write into a connection that is being closed.
  server.keepAliveTimeout = 120_000
  try {
    server.listen(port, host)
    await once(server, "listening")
  } catch (error) {
    await pool.close()
    const got = (error as NodeJS.ErrnoException).code ?? String(error)
    throw usageError(
      { what: "cannot listen", where: `${host}:${port}`, got, remedy: "choose another --host or --port" },
      error,
    )
  }
  const bound = (server.address() as AddressInfo).port
  return {
    host,
    port: bound,
    baseUrl: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}/v1`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      const ended = pool.close()
      // Time to say so to the clients; one that does not read must not hold up the end.
      await Promise.race([ended, sleep(closeGraceMs, undefined, { ref: false })])
      server.closeAllConnections()
      await ended
      await closed
    },
  }
}

type Pieces = AsyncGenerator<CompletionPiece, CompletionEnd, void>

class Service {
  readonly #engine: ChatEngine
  readonly #model: EmbeddedModel
  readonly #answerer: Answerer
  readonly #host: string
  readonly #maxBodyBytes: number

  constructor(engine: ChatEngine, model: EmbeddedModel, host: string, maxBodyBytes: number) {
    this.#engine = engine
    this.#model = model
    this.#answerer = { model: model.name, fingerprint: `fp_${model.sha256.slice(0, 12)}` }
    this.#host = host
    this.#maxBodyBytes = maxBodyBytes
  }

  /** Answers one request; never rejects. */
  async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.on("close", () => {
      if (!response.writableFinished) gone.abort(new Error("the client went away"))
    })
    try {
      refuseBrowsers(request, this.#host)
      await this.#route(request, response, gone.signal)
    } catch (error) {
      if (!gone.signal.aborted) sendError(response, asApiError(error))
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const path = new URL(request.url ?? "/", "http://localhost").pathname
    const route = `${request.method} ${path}`
    if (route === "POST /v1/chat/completions") {
      const chat = parseChatRequest(await readJson(request, this.#maxBodyBytes))
      if (chat.model !== this.#model.name)
        throw new ApiError(404, `The model '${chat.model}' does not exist; this server has '${this.#model.name}'`, {
          param: "model",
          code: "model_not_found",
        })
      return await this.#chat(chat, response, gone)
    }
    if (route === "GET /v1/models") return sendJson(response, 200, { object: "list", data: [this.#modelBody()] })
    if (route === `GET /v1/models/${this.#model.name}`) return sendJson(response, 200, this.#modelBody())
    if (route === "GET /health")
      return sendJson(response, 200, { status: "ok", model: this.#model.name, ...this.#engine.pool.counters() })
    throw new ApiError(404, `Unknown request URL: ${request.method} ${path}`, { code: "unknown_url" })
  }

  async #chat(chat: ChatCompletionRequest, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const { promptTokens, pieces } = await this.#engine.answer(chat, gone)
    try {
      if (chat.stream) await this.#stream(chat, promptTokens, pieces, response)
      else await this.#whole(chat, promptTokens, pieces, response)
    } finally {
      // Whatever went wrong on the way to the client, the context must be free again.
      await pieces.return({ finish: "stop", outputTokens: 0 })
    }
  }

  async #whole(
    chat: ChatCompletionRequest,
    promptTokens: number,
    pieces: Pieces,
    response: ServerResponse,
  ): Promise<void> {
    let text = ""
    const logprobs = []
    let step = await pieces.next()
    while (!step.done) {
      text += step.value.text
      logprobs.push(...logprobEntries(step.value.tokens, this.#engine.vocabulary))
      step = await pieces.next()
    }
    const answer = { text, logprobs: chat.topLogprobs === null ? null : logprobs, promptTokens, end: step.value }
    sendJson(response, 200, completionBody(this.#answerer, answer))
  }

  async #stream(
    chat: ChatCompletionRequest,
    promptTokens: number,
    pieces: Pieces,
    response: ServerResponse,
  ): Promise<void> {
    const chunks = completionChunks(this.#answerer, chat.includeUsage)
    // A full queue still answers with a status of its own: the head goes out with the first piece.
    let step = await pieces.next()
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" })
    await sendEvent(response, chunks.first())
    while (!step.done) {
      const { text, tokens } = step.value
      const logprobs = chat.topLogprobs === null ? null : logprobEntries(tokens, this.#engine.vocabulary)
      await sendEvent(response, chunks.piece(text, logprobs))
      step = await pieces.next()
    }
    const end: CompletionEnd = step.value
    await sendEvent(response, chunks.last(end))
    if (chat.includeUsage) await sendEvent(response, chunks.usage(promptTokens, end))
    response.end("data: [DONE]\n\n")
  }

  #modelBody() {
    return {
      id: this.#model.name,
      object: "model",
      created: 0,
      owned_by: "cotyledon",
      max_model_len: this.#engine.pool.contextTokens,
      weights_sha256: this.#model.sha256,
    }
  }
}

/**
 * Refuses what a web page could make a browser send to this machine: a request with an Origin, or with a host name that
 * is not ours (DNS rebinding; an address cannot be rebound).
 */
function refuseBrowsers(request: IncomingMessage, host: string): void {
  const site = request.headers["sec-fetch-site"]
  if (request.headers.origin !== undefined || (site !== undefined && site !== "none"))
    throw new ApiError(403, "requests of web pages are refused", { code: "forbidden_origin" })
  const named = (request.headers.host ?? "")
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "")
    .toLowerCase()
  if (isIP(named) === 0 && named !== "localhost" && named !== host.toLowerCase())
    throw new ApiError(403, "this server answers to localhost and to addresses only", { code: "forbidden_host" })
}

async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = request.headers["content-type"] ?? ""
  if (!/^application\/json\b/i.test(type))
    throw new ApiError(415, `expected content-type application/json, got ${type || "none"}`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new ApiError(413, `the body is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)))
  } catch (error) {
    throw new ApiError(400, `the body is not JSON: ${(error as Error).message}`)
  }
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof PoolFull)
    return new ApiError(429, error.message, { type: "rate_limit_error", code: "queue_full" })
  if (error instanceof PoolClosed) return new ApiError(503, error.message, { type: "server_error" })
  return new ApiError(500, error instanceof Error ? error.message : String(error), { type: "server_error" })
}

function sendError(response: ServerResponse, { status, message, type, param, code }: ApiError): void {
  const body = { error: { message, type, param, code } }
  // In the middle of a stream the status is out; the stream then ends without its [DONE].
  if (response.headersSent) response.end(`data: ${JSON.stringify(body)}\n\n`)
  else {
    if (status === 429 || status === 503) response.setHeader("retry-after", String(retryAfterSeconds))
    // What is left of a refused body is not read: the connection cannot carry another request.
    if (status === 413 || status === 415) response.setHeader("connection", "close")
    sendJson(response, status, body)
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length }).end(bytes)
}

async function sendEvent(response: ServerResponse, chunk: unknown): Promise<void> {
  if (response.write(`data: ${JSON.stringify(chunk)}\n\n`) || response.closed) return
  // A client that went away closes; without that ear a full buffer would wait for ever.
  const settled = new AbortController()
  await Promise.race([
    once(response, "drain", { signal: settled.signal }),
    once(response, "close", { signal: settled.signal }),
  ]).finally(() => settled.abort())
}
