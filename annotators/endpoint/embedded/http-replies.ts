import { once } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import { ApiError } from "./api-error.ts"
import { PoolClosed, PoolFull } from "./pool.ts"

const retryAfterSeconds = 2

/** The body of a request as JSON. Throws an `ApiError` for another type (415), one too long (413) and one that is no JSON (400). */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = request.headers["content-type"] ?? ""
  if (!/^application\/json\b/i.test(type))
    throw new ApiError(415, `expected content-type application/json, got ${type || "none"}`)
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLong(maxBytes)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLong(maxBytes)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)))
  } catch (error) {
    throw new ApiError(400, `the body is not JSON: ${(error as Error).message}`)
  }
}

const tooLong = (maxBytes: number) => new ApiError(413, `the body is longer than ${maxBytes} bytes`)

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof PoolFull)
    return new ApiError(429, error.message, { type: "rate_limit_error", code: "queue_full" })
  if (error instanceof PoolClosed)
    return new ApiError(503, error.message, { type: "server_error", code: "shutting_down" })
  return new ApiError(500, error instanceof Error ? error.message : String(error), { type: "server_error" })
}

export function sendError(response: ServerResponse, { status, message, type, param, code }: ApiError): void {
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

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json", JSON.stringify(body))
}

export function send(response: ServerResponse, status: number, type: string, text: string): void {
  const bytes = Buffer.from(text)
  response.writeHead(status, { "content-type": type, "content-length": bytes.length }).end(bytes)
}

/** Begins a stream of server-sent events, where that was not done yet. */
export function beginStream(response: ServerResponse): void {
  if (!response.headersSent)
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" })
}

/** Sends one event, and waits for a client that reads slowly. */
export async function sendEvent(response: ServerResponse, chunk: unknown): Promise<void> {
  if (response.write(`data: ${JSON.stringify(chunk)}\n\n`) || response.closed) return
  // A client that went away closes; without that ear a full buffer would wait for ever.
  const settled = new AbortController()
  await Promise.race([
    once(response, "drain", { signal: settled.signal }),
    once(response, "close", { signal: settled.signal }),
  ]).finally(() => settled.abort())
}

export const endStream = (response: ServerResponse): void => void response.end("data: [DONE]\n\n")
