// A stand-in for an OpenAI-compatible server, in a process of its own: real HTTP, no model. It answers sums ("What is 3 + 4?") right or
// wrong by a hash of the request, so that the same request gets the same answer, and misbehaves on demand. Options come as
// JSON in argv[2]; the port goes to stdout; every request is appended to `log` as one line.
import { createHash } from "node:crypto"
import { appendFileSync } from "node:fs"
import { createServer, type ServerResponse } from "node:http"

export interface FakeEndpointOptions {
  port?: number
  /** Milliseconds before an answer. */
  delayMs?: number
  /** A file that gets one line for each request: the hash of its body. */
  log?: string
  /** Share of drafts that are right. */
  right?: number
  /** Characters of thinking in a draft. */
  thinking?: number
  /** Share of requests that fail, and the ways in which they do, one after the other. */
  faulty?: number
  faults?: Fault[]
  /** Milliseconds after the first request for which everything is a 429; with or without Retry-After. */
  stormMs?: number
  retryAfter?: number
}

export type Fault =
  | "500"
  | "hang"
  | "cut"
  | "half-stream"
  | "malformed"
  | "empty-choices"
  | "length"
  | "content-type"
  | "huge"
  | "control"
  | "surrogate"
  | "invalid-utf8"
  | "reset"
  | "unauthorised"
  | "unknown-model"

interface ChatBody {
  messages: { role: string; content: string }[]
  seed?: number
  stream?: boolean
  logprobs?: boolean
  response_format?: unknown
  max_tokens?: number
  max_completion_tokens?: number
}

const options = JSON.parse(process.argv[2] ?? "{}") as FakeEndpointOptions
const { delayMs = 0, right = 0.5, thinking = 80, faulty = 0, faults = [], stormMs = 0 } = options
let firstMs = 0
let faultsSoFar = 0
let requests = 0

const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest()

/** The answer to the last message: a sum with its steps, right as often as asked. */
function answerTo({ messages, seed, response_format }: ChatBody): string {
  const hash = hashOf(JSON.stringify([messages, seed]))
  const asked = messages.at(-1)!.content
  if (messages[0]!.content.startsWith("Name the domain")) return hash[0]! % 2 === 0 ? "mathematics" : "logic"
  if (response_format !== undefined || /JSON/.test(messages[0]!.content)) {
    const yes = /essay|poem|Prove|\(a\)/.test(asked)
    return JSON.stringify({
      reason: yes ? "It has no one answer." : "It has one answer.",
      decision: yes ? "yes" : "no",
    })
  }
  const sum = /What is (\d+) \+ (\d+)\?/.exec(asked)
  if (!sum) return "mathematics"
  const truth = Number(sum[1]) + Number(sum[2])
  const isRight = hash.readUInt32LE(0) / 2 ** 32 < right
  if (/at once|alone/.test(asked + messages[0]!.content)) return "I do not know"
  const said = isRight ? truth : truth + 1 + (hash[5]! % 7)
  const words = Array.from({ length: Math.ceil(thinking / 8) }, (_, at) =>
    hash.toString("hex", at % 24, (at % 24) + 4),
  ).join(" ")
  return `<think>\nI add ${sum[1]} and ${sum[2]}. ${words}\n</think>\n\nThe sum is \\boxed{${said}}.`
}

function send(response: ServerResponse, body: ChatBody, text: string, finish = "stop"): void {
  const usage = {
    prompt_tokens: 20,
    completion_tokens: Math.ceil(text.length / 4),
    total_tokens: 20 + Math.ceil(text.length / 4),
  }
  const id = "chatcmpl-1"
  if (body.stream) {
    response.writeHead(200, { "content-type": "text/event-stream" })
    const chunk = (choices: unknown[], more = {}) =>
      response.write(
        `data: ${JSON.stringify({ id, object: "chat.completion.chunk", model: "fake", choices, ...more })}\n\n`,
      )
    for (let at = 0; at < text.length; at += 64)
      chunk([{ index: 0, delta: { content: text.slice(at, at + 64) }, finish_reason: null }])
    chunk([{ index: 0, delta: {}, finish_reason: finish }])
    chunk([], { usage })
    response.end("data: [DONE]\n\n")
    return
  }
  const first = {
    token: "no",
    logprob: -0.1,
    bytes: null,
    top_logprobs: [
      { token: "no", logprob: -0.1, bytes: null },
      { token: "yes", logprob: -3, bytes: null },
    ],
  }
  response.writeHead(200, { "content-type": "application/json" })
  response.end(
    JSON.stringify({
      id,
      object: "chat.completion",
      model: "fake",
      choices: [
        {
          index: 0,
          finish_reason: finish,
          message: { role: "assistant", content: text },
          ...(body.logprobs && { logprobs: { content: [first] } }),
        },
      ],
      usage,
    }),
  )
}

function fail(fault: Fault, response: ServerResponse, body: ChatBody): void {
  const json = { "content-type": "application/json" }
  const text = answerTo(body)
  switch (fault) {
    case "500":
      response.writeHead(500, json).end('{"error": {"message": "internal"}}')
      return
    case "hang":
      return
    case "cut":
      response.writeHead(200, { ...json, "content-length": "5000" })
      response.write('{"choices": [')
      setTimeout(() => response.destroy(), 5)
      return
    case "half-stream":
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "<think>\nhal" } }] })}\n\n`)
      setTimeout(() => response.destroy(), 5)
      return
    case "malformed":
      response.writeHead(200, json).end('{"choices": [{"message": {"content": "The sum is')
      return
    case "empty-choices":
      response.writeHead(200, json).end('{"choices": []}')
      return
    case "length":
      send(response, body, text.slice(0, 20), "length")
      return
    case "content-type":
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Bad gateway</html>")
      return
    case "huge":
      send(response, body, "x".repeat(10_000_000))
      return
    case "control":
      send(response, body, `\u001b]0;owned\u0007\u001b[2J${text}`)
      return
    case "surrogate":
      response
        .writeHead(200, json)
        .end(
          `{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"\\ud800 \\\\boxed{1}"}}]}`,
        )
      return
    case "invalid-utf8":
      response.writeHead(200, json)
      response.end(
        Buffer.concat([
          Buffer.from('{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"'),
          Buffer.from([0xff, 0xfe]),
          Buffer.from('"}}]}'),
        ]),
      )
      return
    case "reset":
      response.socket?.destroy()
      return
    case "unauthorised":
      response.writeHead(401, json).end('{"error": {"message": "Incorrect API key provided"}}')
      return
    case "unknown-model":
      response.writeHead(404, json).end('{"error": {"message": "The model `fake` does not exist."}}')
      return
  }
}

const server = createServer((request, response) => {
  if (request.url?.endsWith("/models")) {
    response
      .writeHead(200, { "content-type": "application/json" })
      .end('{"object":"list","data":[{"id":"fake","object":"model"}]}')
    return
  }
  if (request.method === "GET") {
    response.writeHead(404, { "content-type": "application/json" }).end('{"error": {"message": "not found"}}')
    return
  }
  const chunks: Buffer[] = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const raw = Buffer.concat(chunks).toString("utf8")
    const body = JSON.parse(raw) as ChatBody
    const number = requests++
    if (options.log) appendFileSync(options.log, `${hashOf(raw).toString("hex", 0, 12)}\n`)
    firstMs ||= Date.now()
    setTimeout(() => {
      if (Date.now() - firstMs < stormMs) {
        const retry = options.retryAfter === undefined ? {} : { "retry-after": String(options.retryAfter) }
        response
          .writeHead(429, { "content-type": "application/json", ...retry })
          .end('{"error": {"message": "slow down"}}')
      } else if (faults.length > 0 && hashOf(`${number}`).readUInt32LE(0) / 2 ** 32 < faulty) {
        fail(faults[faultsSoFar++ % faults.length]!, response, body)
      } else send(response, body, answerTo(body))
    }, delayMs)
  })
})
server.keepAliveTimeout = 60_000
server.listen(options.port ?? 0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as { port: number }).port}\n`)
})
process.stdin.resume().on("end", () => process.exit(0))
