// The server of the endpoint benchmarks, a process of its own: answers every completion after 50 ms with about 1.9 kB, a streamed
// one at once with 30,000 tokens.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const body = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1,
  model: "bench",
  choices: [{ index: 0, message: { role: "assistant", content: "word ".repeat(330) }, finish_reason: "stop" }],
  usage: { prompt_tokens: 40, completion_tokens: 330, total_tokens: 370 },
})
const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) }

const event = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1,
    model: "bench",
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`
const stream = `${event({ role: "assistant" }, null)}${event({ content: "word " }, null).repeat(30_000)}${event({}, "stop")}data: [DONE]\n\n`

const server = createServer((request, response) => {
  let asked = ""
  request.on("data", (chunk) => {
    asked += chunk
  })
  request.on("end", () => {
    if (asked.includes('"stream":true')) response.writeHead(200, { "content-type": "text/event-stream" }).end(stream)
    else setTimeout(() => response.writeHead(200, headers).end(body), 50)
  })
})
// Longer than any pause of a measurement: the SDK fails a request whose idle connection is closed under it.
server.keepAliveTimeout = 120_000
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
process.stdin.on("end", () => process.exit()).resume()
