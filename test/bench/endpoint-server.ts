// The server of the endpoint benchmark, a process of its own: answers every completion after 50 ms with about 1.9 kB.
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

const server = createServer((request, response) => {
  request.resume()
  request.on("end", () => setTimeout(() => response.writeHead(200, headers).end(body), 50))
})
server.keepAliveTimeout = 120_000
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
process.stdin.on("end", () => process.exit()).resume()
