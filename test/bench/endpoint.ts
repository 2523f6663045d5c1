// Requests per second, CPU per request and memory of the endpoint client with its ledger on, beside the bare openai SDK behind a
// semaphore, at 64, 512 and 4,096 in flight, against a local server in a process of its own. Each measurement is a process of
// its own too.
//
//   node test/bench/endpoint.ts [requests] [in flight ...]
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import OpenAI from "openai"
import { Budget } from "../../annotators/endpoint/budget.ts"
import { Endpoint } from "../../annotators/endpoint/endpoint.ts"
import { Ledger } from "../../pipelines/runtime/ledger.ts"
import { LedgerEffects } from "../../pipelines/runtime/settle.ts"
import { modelConfig } from "../../schemas/config.ts"
import { heapOptions } from "./heap-options.ts"

interface Measured {
  client: string
  inFlight: number
  requestsPerSecond: number
  cpuMicroseconds: number
  peakRssMb: number
}

const prompt = "Natalia sold clips to 48 of her friends, and then half as many. How many did she sell altogether?"

/** At most `limit` at a time, in the fewest lines: what people write by hand. */
function semaphore(limit: number): <T>(run: () => Promise<T>) => Promise<T> {
  let free = limit
  const waiting: (() => void)[] = []
  return async (run) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    else free--
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}

const clients: Record<string, (baseUrl: string, inFlight: number) => (row: number) => Promise<string>> = {
  openai: (baseUrl, inFlight) => {
    const client = new OpenAI({ baseURL: baseUrl, apiKey: "none", maxRetries: 0 })
    const limited = semaphore(inFlight)
    return (row) =>
      limited(async () => {
        const answer = await client.chat.completions.create({
          model: "bench",
          messages: [{ role: "user", content: `${row}: ${prompt}` }],
          max_tokens: 512,
        })
        return answer.choices[0]!.message.content!
      })
  },
  endpoint: (baseUrl, inFlight) => {
    const endpoint = new Endpoint({
      role: "drafter",
      config: modelConfig.parse({ baseUrl, model: "bench", maxInFlight: inFlight }),
      identity: "bench",
      budget: new Budget({ tokens: 1e12 }),
      resolveBaseUrl: async () => baseUrl,
      report: () => {},
    })
    const folder = mkdtempSync(join(tmpdir(), "cotyledon-bench-"))
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
    const effects = Ledger.open(folder, "exclusive").then((ledger) => new LedgerEffects(ledger))
    return async (row) => {
      const request = { messages: [{ role: "user" as const, content: `${row}: ${prompt}` }], maxTokens: 512, seed: row }
      return (await (await effects).settle(endpoint.chat(request, 0))).value.answer
    }
  },
}

/** One client, measured after a warm-up. */
async function measure(name: string, baseUrl: string, inFlight: number, requests: number): Promise<Measured> {
  const ask = clients[name]!(baseUrl, inFlight)
  let next = 0
  const run = async (count: number) => {
    // Rows are started as the client takes them: no more than twice the requests in flight exist at once.
    const last = next + count
    const worker = async () => {
      while (next < last) if ((await ask(next++)).length !== 1_650) throw new Error("a wrong answer")
    }
    await Promise.all(Array.from({ length: inFlight * 2 }, worker))
  }
  await run(inFlight * 4)
  const cpu = process.cpuUsage()
  const start = performance.now()
  await run(requests)
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return {
    client: name,
    inFlight,
    requestsPerSecond: Math.round(requests / seconds),
    cpuMicroseconds: Math.round((user + system) / requests),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
  }
}

const [, script, ...rest] = process.argv
if (rest[0] === "measure") {
  const [, name, baseUrl, inFlight, requests] = rest
  process.stdout.write(JSON.stringify(await measure(name!, baseUrl!, Number(inFlight), Number(requests))))
  process.exit()
}

const requests = Number(rest[0] ?? 20_000)
const levels = rest.length > 1 ? rest.slice(1).map(Number) : [64, 512, 4_096]
const server = spawn(process.execPath, [new URL("endpoint-server.ts", import.meta.url).pathname], {
  stdio: ["pipe", "pipe", "inherit"],
})
const [port] = await once(server.stdout, "data")
const baseUrl = `http://127.0.0.1:${String(port).trim()}/v1`
for (const inFlight of levels) {
  const rows = ["openai", "endpoint"].map(
    (name) =>
      JSON.parse(
        execFileSync(
          process.execPath,
          [
            ...(name === "endpoint" ? heapOptions : []),
            ...[script!, "measure", name, baseUrl, String(inFlight), String(requests)],
          ],
          { encoding: "utf8" },
        ),
      ) as Measured,
  )
  console.table(rows)
  const [bare, ours] = rows as [Measured, Measured]
  const ratio = (key: "requestsPerSecond" | "cpuMicroseconds" | "peakRssMb") => (ours[key] / bare[key]).toFixed(2)
  console.log(
    `endpoint / openai at ${inFlight}: requests/s ${ratio("requestsPerSecond")}, CPU ${ratio("cpuMicroseconds")}, RSS ${ratio("peakRssMb")}`,
  )
}
server.stdin.end()
