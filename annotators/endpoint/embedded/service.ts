import type { IncomingMessage, ServerResponse } from "node:http"
import { isIP } from "node:net"
import { z } from "zod"
import { ApiError, refusalOf } from "./api-error.ts"
import type { EmbeddedModel } from "./catalogue.ts"
import { ChatEngine } from "./chat-engine.ts"
import { type Answerer, completionBody, completionChunks, logprobEntries } from "./chat-reply.ts"
import { type ChatCompletionRequest, parseChatRequest } from "./chat-request.ts"
import type { CompletionEnd, CompletionPiece } from "./completion.ts"
import { asApiError, beginStream, endStream, readJson, send, sendError, sendEvent, sendJson } from "./http-replies.ts"
import { metricsText } from "./metrics-text.ts"
import type { GenerationPool } from "./pool.ts"
import { type PreparedPrompt, TextEngine, type TextPiece } from "./text-engine.ts"
import { addPiece, type TextChoice, textBody, textChunks } from "./text-reply.ts"
import { parseTextRequest, type TextCompletionRequest } from "./text-request.ts"
import { type TokenBytes, tokenBytesOf } from "./token-bytes.ts"

type Pieces = AsyncGenerator<CompletionPiece, CompletionEnd, void>

/** One request on its way. */
interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Aborted when the client goes away. */
  gone: AbortSignal
}

const tokenizeBody = z.union([
  z.looseObject({ prompt: z.string(), add_special_tokens: z.boolean().nullish() }),
  z.looseObject({ content: z.string(), add_special: z.boolean().nullish() }),
])
const detokenizeBody = z.looseObject({ tokens: z.array(z.int().min(0)) })

/** What the embedded server answers, request by request. */
export class Service {
  readonly #pool: GenerationPool
  readonly #vocabulary: TokenBytes
  readonly #chats: ChatEngine
  readonly #texts: TextEngine
  readonly #model: EmbeddedModel
  readonly #answerer: Answerer
  readonly #host: string
  readonly #maxBodyBytes: number
  readonly #statuses = new Map<number, number>()
  #open = 0
  #drained: (() => void) | null = null
  #draining = false

  constructor(pool: GenerationPool, model: EmbeddedModel, host: string, maxBodyBytes: number) {
    this.#pool = pool
    this.#vocabulary = tokenBytesOf(pool.model)
    this.#chats = new ChatEngine(pool, this.#vocabulary)
    this.#texts = new TextEngine(pool, this.#vocabulary)
    this.#model = model
    this.#answerer = { model: model.name, fingerprint: `fp_${model.sha256.slice(0, 12)}` }
    this.#host = host
    this.#maxBodyBytes = maxBodyBytes
  }

  /** Answers one request; never rejects. */
  async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    this.#open++
    response.on("close", () => {
      if (response.writableFinished)
        this.#statuses.set(response.statusCode, (this.#statuses.get(response.statusCode) ?? 0) + 1)
      else gone.abort(new Error("the client went away"))
      if (--this.#open === 0) this.#drained?.()
    })
    try {
      refuseBrowsers(request, this.#host)
      await this.#route({ request, response, gone: gone.signal })
    } catch (error) {
      if (!gone.signal.aborted) sendError(response, asApiError(error))
    }
  }

  /** From now on refuses completions, with 503; resolves when those that were let in are answered. */
  async drain(): Promise<void> {
    this.#draining = true
    if (this.#open > 0) await new Promise<void>((resolve) => (this.#drained = resolve))
  }

  async #route(exchange: Exchange): Promise<void> {
    const { request, response } = exchange
    const path = new URL(request.url ?? "/", "http://localhost").pathname
    const routes: Record<string, Record<string, () => Promise<void> | void>> = {
      "/v1/chat/completions": { POST: () => this.#chat(exchange) },
      "/v1/completions": { POST: () => this.#text(exchange) },
      "/v1/models": { GET: () => sendJson(response, 200, { object: "list", data: [this.#modelBody()] }) },
      "/health": { GET: () => this.#health(response) },
      "/metrics": { GET: () => this.#metrics(response) },
      "/tokenize": { POST: () => this.#tokenize(exchange) },
      "/detokenize": { POST: () => this.#detokenize(exchange) },
    }
    const named = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
    if (named !== undefined && request.method === "GET") {
      this.#mustServe(decoded(named))
      return sendJson(response, 200, this.#modelBody())
    }
    const methods = Object.hasOwn(routes, path) ? routes[path]! : null
    if (methods === null) throw new ApiError(404, `Unknown request URL: ${path}`, { code: "unknown_url" })
    const method = request.method ?? ""
    if (!Object.hasOwn(methods, method)) {
      response.setHeader("allow", Object.keys(methods).join(", "))
      throw new ApiError(405, `Not allowed method for ${path}: ${method}`, { code: "method_not_allowed" })
    }
    await methods[method]!()
  }

  async #chat({ request, response, gone }: Exchange): Promise<void> {
    this.#mustNotEnd(response)
    const chat = parseChatRequest(await readJson(request, this.#maxBodyBytes))
    this.#mustServe(chat.model)
    const { promptTokens, pieces } = await this.#chats.answer(chat, gone, clientOf(request, chat.user))
    try {
      if (chat.stream) await this.#streamChat(chat, promptTokens, pieces, response)
      else await this.#wholeChat(chat, promptTokens, pieces, response)
    } finally {
      // Whatever went wrong on the way to the client, the context must be free again.
      await pieces.return({ finish: "stop", outputTokens: 0 })
    }
  }

  async #wholeChat(
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
      logprobs.push(...logprobEntries(step.value.tokens, this.#vocabulary))
      step = await pieces.next()
    }
    const answer = { text, logprobs: chat.topLogprobs === null ? null : logprobs, promptTokens, end: step.value }
    sendJson(response, 200, completionBody(this.#answerer, answer))
  }

  async #streamChat(
    chat: ChatCompletionRequest,
    promptTokens: number,
    pieces: Pieces,
    response: ServerResponse,
  ): Promise<void> {
    const chunks = completionChunks(this.#answerer, chat.includeUsage)
    // A full queue still answers with a status of its own: the head goes out with the first piece.
    let step = await pieces.next()
    beginStream(response)
    await sendEvent(response, chunks.first())
    while (!step.done) {
      const { text, tokens } = step.value
      const logprobs = chat.topLogprobs === null ? null : logprobEntries(tokens, this.#vocabulary)
      await sendEvent(response, chunks.piece(text, logprobs))
      step = await pieces.next()
    }
    const end: CompletionEnd = step.value
    await sendEvent(response, chunks.last(end))
    if (chat.includeUsage) await sendEvent(response, chunks.usage(promptTokens, end))
    endStream(response)
  }

  async #text({ request, response, gone }: Exchange): Promise<void> {
    this.#mustNotEnd(response)
    const text = parseTextRequest(await readJson(request, this.#maxBodyBytes))
    this.#mustServe(text.model)
    const prompts = this.#texts.prepare(text)
    const promptTokens = prompts.reduce((sum, { tokens }) => sum + tokens.length, 0)
    const client = clientOf(request, text.user)
    if (text.stream) {
      const chunks = textChunks(this.#answerer, text.includeUsage)
      let outputTokens = 0
      await this.#choices(text, prompts, client, gone, {
        async piece(index, piece) {
          beginStream(response)
          await sendEvent(response, chunks.piece(index, piece))
        },
        async end(index, end) {
          outputTokens += end.outputTokens
          beginStream(response)
          await sendEvent(response, chunks.last(index, end))
        },
      })
      if (text.includeUsage) await sendEvent(response, chunks.usage({ promptTokens, outputTokens }))
      return endStream(response)
    }
    const choices: TextChoice[] = prompts.map(() => ({
      text: "",
      logprobs: null,
      end: { finish: "stop", outputTokens: 0 },
    }))
    await this.#choices(text, prompts, client, gone, {
      piece: (index, piece) => addPiece(choices[index]!, piece),
      end(index, end) {
        choices[index]!.end = end
      },
    })
    // An answer of no token has its empty lists all the same.
    if (text.logprobs !== null)
      for (const choice of choices)
        choice.logprobs ??= { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] }
    const outputTokens = choices.reduce((sum, { end }) => sum + end.outputTokens, 0)
    sendJson(response, 200, textBody(this.#answerer, choices, { promptTokens, outputTokens }))
  }

  /**
   * Generates the choices of a request, as many at once as there are contexts. The first asks whether there is room in the queue; then
   * the request is in, and the others wait however many do. One that fails ends them all.
   */
  async #choices(
    request: TextCompletionRequest,
    prompts: readonly PreparedPrompt[],
    client: string,
    gone: AbortSignal,
    to: {
      piece(index: number, piece: TextPiece): Promise<void> | void
      end(index: number, end: CompletionEnd): Promise<void> | void
    },
  ): Promise<void> {
    const failed = new AbortController()
    const signal = AbortSignal.any([gone, failed.signal])
    let next = 0
    const work = async () => {
      while (next < prompts.length) {
        const index = next++
        signal.throwIfAborted()
        const pieces = this.#texts.answer(prompts[index]!, request, signal, { client, admitted: index > 0 })
        try {
          let step = await pieces.next()
          for (; !step.done; step = await pieces.next()) await to.piece(index, step.value)
          await to.end(index, step.value)
        } catch (error) {
          failed.abort(error)
          throw error
        } finally {
          await pieces.return({ finish: "stop", outputTokens: 0 })
        }
      }
    }
    const workers = Array.from({ length: Math.min(this.#pool.contexts, prompts.length) }, work)
    await Promise.allSettled(workers)
    if (failed.signal.aborted) throw failed.signal.reason
    await Promise.all(workers)
  }

  #health(response: ServerResponse): void {
    const status = this.#draining ? "ending" : "ok"
    sendJson(response, this.#draining ? 503 : 200, { status, model: this.#model.name, ...this.#pool.counters() })
  }

  #metrics(response: ServerResponse): void {
    const text = metricsText(this.#model.name, this.#pool.counters(), this.#statuses)
    send(response, 200, "text/plain; version=0.0.4; charset=utf-8", text)
  }

  /** vLLM's `{prompt}` and llama.cpp's `{content}` are both understood. */
  async #tokenize({ request, response }: Exchange): Promise<void> {
    const parsed = tokenizeBody.safeParse(await readJson(request, this.#maxBodyBytes))
    if (!parsed.success) throw new ApiError(400, "expected {prompt} with a text", { param: "prompt" })
    const { data } = parsed
    const text = typeof data.prompt === "string" ? data.prompt : String(data.content)
    const start = "add_special_tokens" in data ? data.add_special_tokens !== false : data.add_special === true
    const { tokens } = text === "" ? { tokens: [] } : this.#texts.tokenize(text, start || !("content" in data))
    const token_strs = tokens.map((token) => this.#vocabulary.nameOf(token).name)
    sendJson(response, 200, { count: tokens.length, max_model_len: this.#pool.contextTokens, tokens, token_strs })
  }

  async #detokenize({ request, response }: Exchange): Promise<void> {
    const parsed = detokenizeBody.safeParse(await readJson(request, this.#maxBodyBytes))
    if (!parsed.success) throw refusalOf(parsed.error)
    const text = this.#texts.textOf(this.#texts.tokenize(parsed.data.tokens).tokens)
    sendJson(response, 200, { prompt: text, content: text })
  }

  #mustServe(model: string): void {
    if (model === this.#model.name) return
    throw new ApiError(404, `The model '${model}' does not exist; this server has '${this.#model.name}'`, {
      param: "model",
      code: "model_not_found",
    })
  }

  #mustNotEnd(response: ServerResponse): void {
    if (!this.#draining) return
    response.setHeader("connection", "close")
    throw new ApiError(503, "the server is ending and takes no new requests", {
      type: "server_error",
      code: "shutting_down",
    })
  }

  #modelBody() {
    return {
      id: this.#model.name,
      object: "model",
      created: 0,
      owned_by: "cotyledon",
      max_model_len: this.#pool.contextTokens,
      weights_sha256: this.#model.sha256,
    }
  }
}

/** Whose turn a request takes: its key's, else its machine's, and of those the user's that it names. */
const clientOf = ({ headers, socket }: IncomingMessage, user: string): string =>
  JSON.stringify([headers.authorization ?? socket.remoteAddress ?? "", user])

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
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
