// The server of the soak: a stand-in in a process of its own that answers sums as a model would, after seconds, and whose life is hard.
// Round after round it storms (429, every other time without Retry-After), stalls (accepts and keeps silent) and restarts (all connections
// reset, nothing listens), each for some seconds; all the while one request in twenty meets a fault, and the number that it serves at
// once is limited, the rest gets 429. A request's answer depends on its body alone, so a run over it must end as one over a calm server.
// argv[2]: options as JSON. The port goes to stdout; `GET /soak` tells what happened.
import { createHash } from "node:crypto"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface SoakServerOptions {
  /** Mean time of an answer; answers take from a half to one and a half of it. */
  delayMs: number
  /** Share of requests that meet a fault. */
  faulty: number
  /** Requests that it serves at once. */
  capacity: number
  /** Seconds between two disturbances, and how long each lasts; 0 for none. */
  everySeconds: number
  stormSeconds: number
  stallSeconds: number
  restartSeconds: number
}

export interface SoakReport {
  requests: number
  /** Answers that were written whole to an open connection. */
  answered: number
  /** Of these, answers to a request that had been answered before. */
  repeated: number
  refused: number
  faults: Record<string, number>
  disturbances: Record<string, number>
  /** Most requests under way at once. */
  peak: number
}

interface ChatBody {
  messages: { role: string; content: string }[]
  seed?: number
  response_format?: unknown
}

const options = JSON.parse(process.argv[2]!) as SoakServerOptions
const faults = ["500", "502 page", "cut", "malformed", "no choices", "reset", "silence", "invalid UTF-8"] as const
type Fault = (typeof faults)[number]

const report: SoakReport = { requests: 0, answered: 0, repeated: 0, refused: 0, faults: {}, disturbances: {}, peak: 0 }
/** The first bytes of the digests of requests that were answered: as latin1 text, which a set holds tightly. */
const answeredBefore = new Set<string>()
let underWay = 0
let state: "calm" | "storm" | "stall" = "calm"
let storms = 0
let calmAgain = Promise.resolve()

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()
const count = (counts: Record<string, number>, name: string) => {
  counts[name] = (counts[name] ?? 0) + 1
}
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const json = { "content-type": "application/json" }

/** Four of five drafts are right. */
function contentOf({ messages, response_format }: ChatBody, hash: Buffer): string {
  if (response_format !== undefined || /JSON/.test(messages[0]!.content))
    return '{"reason": "It has one answer.", "decision": "no"}'
  const sum = /What is (\d+) \+ (\d+)\?/.exec(messages.at(-1)!.content)
  if (!sum) return "mathematics"
  const [, a, b] = sum.map(Number) as [number, number, number]
  const steps = Array.from({ length: 12 }, (_, at) => `Step ${at + 1}: ${a + at} and ${b} give ${a + at + b}.`)
  return `<think>\nI add ${a} and ${b}. ${steps.join(" ")}\n</think>\n\nThe sum is \\boxed{${a + b + (hash[0]! < 51 ? 1 : 0)}}.`
}

function answer(response: ServerResponse, body: ChatBody, hash: Buffer): void {
  const content = contentOf(body, hash)
  const tokens = Math.ceil(content.length / 4)
  const text = JSON.stringify({
    id: `chatcmpl-${hash.toString("hex", 0, 8)}`,
    object: "chat.completion",
    created: 1,
    model: "soak",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
    usage: { prompt_tokens: 40, completion_tokens: tokens, total_tokens: 40 + tokens },
  })
  response.on("finish", () => {
    const key = hash.toString("latin1", 0, 12)
    report.answered++
    if (answeredBefore.has(key)) report.repeated++
    else answeredBefore.add(key)
  })
  response.writeHead(200, { ...json, "content-length": Buffer.byteLength(text) }).end(text)
}

function fail(fault: Fault, response: ServerResponse): void {
  switch (fault) {
    case "500":
      response.writeHead(500, json).end('{"error": {"message": "internal"}}')
      return
    case "502 page":
      response.writeHead(502, { "content-type": "text/html" }).end("<html>Bad gateway</html>")
      return
    case "cut":
      response.writeHead(200, { ...json, "content-length": "5000" }).write('{"choices": [')
      setTimeout(() => response.destroy(), 20)
      return
    case "malformed":
      response.writeHead(200, json).end('{"choices": [{"message": {"content": "The sum is')
      return
    case "no choices":
      response.writeHead(200, json).end('{"choices": []}')
      return
    case "reset":
      response.socket?.resetAndDestroy()
      return
    case "silence":
      // Never answered: the client's own patience ends it.
      return
    case "invalid UTF-8":
      response.writeHead(200, json)
      response.end(
        Buffer.concat([Buffer.from('{"choices":[{"index":0,"message":{"content":"'), Buffer.from([0xff, 0xfe])]),
      )
      return
  }
}

function refuse(response: ServerResponse): void {
  report.refused++
  // Every other storm does not say for how long.
  const retry = storms % 2 === 0 ? { "retry-after": "2" } : {}
  response.writeHead(429, { ...json, ...retry }).end('{"error": {"message": "slow down"}}')
}

async function serve(raw: string, response: ServerResponse): Promise<void> {
  const number = report.requests++
  if (state === "storm" || underWay >= options.capacity) return refuse(response)
  underWay++
  report.peak = Math.max(report.peak, underWay)
  const closed = new Promise<void>((resolve) => response.once("close", () => resolve()))
  void closed.then(() => underWay--)
  const hash = digest(raw)
  // A fault hits a request by its number, so that its next try meets another fate.
  const lot = digest(`${number}`)
  await Promise.race([closed, sleep(options.delayMs * (0.5 + lot.readUInt32LE(0) / 2 ** 32))])
  if (state === "stall") await Promise.race([closed, calmAgain])
  if (response.closed || response.socket?.destroyed) return
  if (lot.readUInt32LE(4) / 2 ** 32 < options.faulty) {
    const fault = faults[lot[8]! % faults.length]!
    count(report.faults, fault)
    fail(fault, response)
  } else answer(response, JSON.parse(raw) as ChatBody, hash)
}

const server = createServer((request, response) => {
  if (request.url === "/soak") return response.writeHead(200, json).end(JSON.stringify(report))
  if (request.url?.endsWith("/models"))
    return response.writeHead(200, json).end('{"object": "list", "data": [{"id": "soak", "object": "model"}]}')
  if (request.method === "GET") return response.writeHead(404, json).end('{"error": {"message": "not found"}}')
  const chunks: Buffer[] = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("error", () => {})
  response.on("error", () => {})
  request.on("end", () => void serve(Buffer.concat(chunks).toString("utf8"), response))
})
server.keepAliveTimeout = 60_000
server.maxRequestsPerSocket = 0
server.listen({ port: 0, host: "127.0.0.1", backlog: 8_192 }, () =>
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`),
)
process.stdin.on("end", () => process.exit()).resume()

async function disturb(kind: string): Promise<void> {
  count(report.disturbances, kind)
  if (kind === "storm") {
    state = "storm"
    await sleep(options.stormSeconds * 1_000)
    storms++
  } else if (kind === "stall") {
    let end = () => {}
    calmAgain = new Promise((resolve) => {
      end = resolve
    })
    state = "stall"
    await sleep(options.stallSeconds * 1_000)
    end()
  } else {
    const { port } = server.address() as AddressInfo
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
    await sleep(options.restartSeconds * 1_000)
    await new Promise<void>((resolve) => server.listen({ port, host: "127.0.0.1", backlog: 8_192 }, resolve))
  }
  state = "calm"
}

for (let round = 0; options.everySeconds > 0; round++) {
  await sleep(options.everySeconds * 1_000)
  await disturb(["storm", "stall", "restart"][round % 3]!)
}
