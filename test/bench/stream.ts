// CPU of the endpoint client for one streamed answer of 30,000 tokens, beside the openai SDK's iterator, against a local server in a
// process of its own that writes as fast as it can. Each measurement is a process of its own; the first answers warm it up.
//
//   node test/bench/stream.ts [answers]
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import OpenAI from "openai"
import { Budget } from "../../annotators/endpoint/budget.ts"
import { Endpoint } from "../../annotators/endpoint/endpoint.ts"
import { modelConfig } from "../../schemas/config.ts"

const tokens = 30_000
const prompt = "Count the ways."

const clients: Record<string, (baseUrl: string) => () => Promise<string>> = {
  openai: (baseUrl) => {
    const client = new OpenAI({ baseURL: baseUrl, apiKey: "none", maxRetries: 0 })
    return async () => {
      let text = ""
      const stream = await client.chat.completions.create({
        model: "bench",
        messages: [{ role: "user", content: prompt }],
        max_tokens: tokens + 1,
        stream: true,
      })
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? ""
      return text
    }
  },
  endpoint: (baseUrl) => {
    const endpoint = new Endpoint({
      role: "drafter",
      config: modelConfig.parse({ baseUrl, model: "bench", streamAboveTokens: 1 }),
      identity: "bench",
      budget: new Budget({}),
      resolveBaseUrl: async () => baseUrl,
      report: () => {},
    })
    const { signal } = new AbortController()
    const request = { messages: [{ role: "user" as const, content: prompt }], maxTokens: tokens + 1 }
    return async () => (await endpoint.chat(request, 0).perform(signal)).value.answer
  },
}

const [, script, ...rest] = process.argv
if (rest[0] === "measure") {
  const [, name, baseUrl, answers] = rest
  const ask = clients[name!]!(baseUrl!)
  for (let at = 0; at < 5; at++) if ((await ask()).length !== tokens * 5) throw new Error("a wrong answer")
  const times: number[] = []
  for (let at = 0; at < Number(answers); at++) {
    const before = process.cpuUsage()
    await ask()
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1_000)
  }
  times.sort((a, b) => a - b)
  process.stdout.write(String(times[times.length >> 1]))
  process.exit()
}

const answers = rest[0] ?? "15"
const server = spawn(process.execPath, [new URL("endpoint-server.ts", import.meta.url).pathname], {
  stdio: ["pipe", "pipe", "inherit"],
})
const [port] = await once(server.stdout, "data")
const baseUrl = `http://127.0.0.1:${String(port).trim()}/v1`
const cpuMs = (name: string) =>
  Number(execFileSync(process.execPath, [script!, "measure", name, baseUrl, answers], { encoding: "utf8" }))
const bare = cpuMs("openai")
const ours = cpuMs("endpoint")
console.log(`${tokens} tokens streamed, median CPU: openai ${bare.toFixed(0)} ms, endpoint ${ours.toFixed(0)} ms`)
console.log(`endpoint / openai: ${(ours / bare).toFixed(2)}`)
server.stdin.end()
