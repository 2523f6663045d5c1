import { isUtf8 } from "node:buffer"
import type { Dispatcher } from "undici"
import { Agent, request } from "undici"
import { CallFault } from "./outcome.ts"
import type { HeaderMap } from "./retry-after.ts"

/** An error response is read this far and no further. */
const errorBytes = 64 * 1024

/** Sockets for one server: as many as there are requests in flight; no timeouts of their own (`clocks.ts` has them). */
export function openSockets(): Agent {
  return new Agent({
    connections: null,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 30_000 },
  })
}

/**
 * A response in the few members of `Response` that the openai SDK reads when it is asked for the raw response. Fetch's own
 * Response costs about as much CPU as the rest of a call, reads bodies of any size and repairs invalid UTF-8 silently.
 */
export class WireResponse {
  readonly status: number
  readonly url: string
  readonly headers: Map<string, string> & HeaderMap
  readonly body: Dispatcher.ResponseData["body"]

  constructor(url: string, { statusCode, headers, body }: Dispatcher.ResponseData) {
    this.status = statusCode
    this.url = url
    this.headers = new Map(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
    )
    this.body = body
    // Whoever reads the body learns of its errors; a body that nobody reads to its end must not end the process.
    body.on("error", () => {})
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** The text of an error response, cut at 64 KiB, invalid UTF-8 replaced. */
  async text(): Promise<string> {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of this.body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > errorBytes) break
    }
    return Buffer.concat(chunks).subarray(0, errorBytes).toString("utf8")
  }
}

/** `fetch` for the openai SDK over an agent's sockets. */
export function fetchOver(agent: Agent): typeof globalThis.fetch {
  const wire = async (url: string, init: RequestInit): Promise<WireResponse> =>
    new WireResponse(
      url,
      await request(url, {
        dispatcher: agent,
        method: (init.method ?? "GET") as Dispatcher.HttpMethod,
        headers: Object.fromEntries(init.headers as Headers),
        body: (init.body as string | null | undefined) ?? null,
        signal: init.signal ?? null,
      }),
    )
  return wire as unknown as typeof globalThis.fetch
}

/** Reads a whole body as text. Throws a CallFault above `maxBytes` and on invalid UTF-8. */
export async function readText(response: WireResponse, maxBytes: number, onBytes: () => void): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    onBytes()
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLong(maxBytes)
  }
  const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  if (!isUtf8(body)) throw new CallFault("malformed", "invalid UTF-8 in the answer")
  return body.toString("utf8")
}

export const tooLong = (maxBytes: number) => new CallFault("malformed", `an answer of more than ${maxBytes} bytes`)
