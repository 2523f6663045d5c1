import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"

/** One request as it came in. */
export interface Received {
  /** Index among all requests, from 0. */
  index: number
  path: string
  headers: IncomingMessage["headers"]
  // biome-ignore lint/suspicious/noExplicitAny: a request body of any shape, read by tests
  body: any
}

export type Reply = (request: Received, response: ServerResponse) => unknown

/** A real HTTP server on the loopback whose every reply a test decides. */
export class ModelServer {
  reply: Reply
  readonly received: Received[] = []
  inFlight = 0
  mostInFlight = 0
  port = 0
  #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(reply: Reply = (_, response) => complete(response, "fine")) {
    this.reply = reply
    this.#server = this.#create()
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`
  }

  #create(): Server {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      this.inFlight++
      this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
      response.once("close", () => this.inFlight--)
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8")
        const received: Received = {
          index: this.received.length,
          path: request.url ?? "",
          headers: request.headers,
          body: text === "" ? null : JSON.parse(text),
        }
        this.received.push(received)
        void this.reply(received, response)
      })
    })
    server.on("connection", (socket) => {
      this.#sockets.add(socket)
      socket.on("error", () => {})
      socket.once("close", () => this.#sockets.delete(socket))
    })
    return server
  }

  /** Listens, on the same port as before where there was one. */
  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject)
      this.#server.listen(this.port, "127.0.0.1", resolve)
    })
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  /** Goes away as a killed process does: its connections break. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server = this.#create()
  }
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(typeof body === "string" || body instanceof Buffer ? body : JSON.stringify(body))
}

/** A completion as OpenAI shapes it. */
export const completion = (content: string | null, more: Record<string, unknown> = {}) => {
  const { message, finish, usage, ...choice } = more
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "tiny",
    system_fingerprint: "fp_1",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content, ...((message as object) ?? {}) },
        finish_reason: finish === undefined ? "stop" : finish,
        ...choice,
      },
    ],
    usage: usage === undefined ? { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } : usage,
  }
}

export const complete = (response: ServerResponse, content: string | null, more: Record<string, unknown> = {}): void =>
  json(response, completion(content, more))

export const refuse = (
  response: ServerResponse,
  status: number,
  message = "no",
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): void => json(response, { error: { message, type: "test", ...more } }, status, headers)

export const chunk = (delta: Record<string, unknown>, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", model: "tiny", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`

export const startStream = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" })
  response.flushHeaders()
}

/** The last words of the prompt of a request. */
export const promptOf = ({ body }: Received): string => body.messages.at(-1).content
