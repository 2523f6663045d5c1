// A stand-in for judge and drafter that answers by script, in a process of its own: real HTTP, no model. As judge it keeps every question and
// holds no response for a guess or a disagreement; as drafter it gives the drafts of `scripted-drafts.ts`. argv: questions file, file with one
// JSON string a line of the texts that may leak. The port goes to stdout.
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { type SolvedQuestion, scriptedDraft } from "./scripted-drafts.ts"

interface ChatBody {
  messages: { role: string; content: string }[]
  seed?: number
  response_format?: unknown
}

const lines = (path: string) => readFileSync(path, "utf8").split("\n").filter(Boolean)
const questions = new Map(
  lines(process.argv[2]!).map((line) => {
    const question = JSON.parse(line) as SolvedQuestion
    return [question.question.trim(), question] as const
  }),
)
const leaks = lines(process.argv[3]!).map((line) => JSON.parse(line) as string)
const leak = (chance: number) => leaks[Math.floor(chance * leaks.length)] ?? ""

/** The drafter's instruction stands behind the question. */
const instruction = /\n\n(?:Please reason step by step|Answer at once)[^\n]*$/

function reply({ messages, seed = 0, response_format }: ChatBody) {
  const asked = messages.at(-1)!.content
  if (response_format !== undefined || /JSON/.test(messages[0]!.content))
    return { content: '{"reason": "Nothing speaks for it.", "decision": "no"}' }
  if (messages[0]!.content.startsWith("Name the subject")) return { content: "mathematics" }
  if (asked.includes("Answer at once")) return { content: "I would need to work it out." }
  const question = questions.get(asked.replace(instruction, "").trim())
  if (question === undefined) return { content: "mathematics" }
  const { thinking, answer, finish } = scriptedDraft(question, seed, leak)
  return { content: answer, reasoning_content: thinking, finish }
}

const server = createServer((request, response) => {
  const json = (value: unknown) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
  if (request.url?.endsWith("/models")) return json({ object: "list", data: [{ id: "scripted", object: "model" }] })
  if (request.method === "GET") return response.writeHead(404).end()
  const chunks: Buffer[] = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const { finish = "stop", ...message } = reply(JSON.parse(Buffer.concat(chunks).toString("utf8")) as ChatBody)
    const tokens = Math.ceil(JSON.stringify(message).length / 4)
    json({
      id: "chatcmpl-scripted",
      object: "chat.completion",
      model: "scripted",
      choices: [{ index: 0, finish_reason: finish, message: { role: "assistant", ...message } }],
      usage: { prompt_tokens: 100, completion_tokens: tokens, total_tokens: 100 + tokens },
    })
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
process.stdin.on("end", () => process.exit()).resume()
