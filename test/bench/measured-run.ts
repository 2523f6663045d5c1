// A whole run of the built command against a stand-in for the model server, measured from outside.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { readEvents } from "../../pipelines/runtime/events.ts"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"
import { heapOptions } from "./heap-options.ts"

const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const endpoint = fileURLToPath(new URL("../faults/fake-endpoint.ts", import.meta.url))

/** What a run's process took. */
export interface MeasuredRun {
  peakMegabytes: number
  /** User and system time of the process. */
  cpuSeconds: number
  seconds: number
  /** Settled answers. */
  calls: number
  /** From the run's last event, which says that it is done, to the end of the process. */
  endSeconds: number
}

/** Runs a cold start over `count` sums. `config` goes over the bench's own; `nodeOptions`: for a profile of the process. */
export async function measuredRun(
  count: number,
  options: {
    nodeOptions?: readonly string[]
    delayMs?: number
    maxInFlight?: number
    config?: Record<string, unknown>
  } = {},
): Promise<MeasuredRun> {
  const { nodeOptions = [], delayMs = 0, maxInFlight = 32 } = options
  const folder = await mkdtemp(join(tmpdir(), "cotyledon-memory-"))
  const server = spawn(process.execPath, [endpoint, JSON.stringify({ right: 0.8, thinking: 40, delayMs })], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  try {
    const port = await new Promise<number>((resolve) => server.stdout.once("data", (text) => resolve(Number(text))))
    await writeQuestions(join(folder, "questions.jsonl"), count)
    const role = { baseUrl: `http://127.0.0.1:${port}/v1`, model: "fake", maxInFlight }
    const config = {
      recipe: "cold-start",
      questions: ["questions.jsonl"],
      models: { judge: role, drafter: role },
      judging: { directAttempts: 0, labelDomains: false, criteria: ["not-verifiable"] },
      drafts: { initial: 1, maximum: 2, maxTokens: 512 },
      ...options.config,
    }
    await writeFile(join(folder, "config.json"), JSON.stringify(config))
    const startedMs = Date.now()
    const args = [
      ...heapOptions,
      ...nodeOptions,
      bin,
      "run",
      join(folder, "config.json"),
      "--out",
      join(folder, "run"),
      "--quiet",
    ]
    const { peak, cpuSeconds } = await untilEnd(
      spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }),
    )
    const endedMs = Date.now()
    const seconds = (endedMs - startedMs) / 1000
    const doneAt = (await readEvents(join(folder, "run", "events"))).at(-1)!.at
    const { calls } = await runTotals(join(folder, "run"), null)
    return {
      peakMegabytes: peak / 1024,
      cpuSeconds,
      seconds,
      calls,
      endSeconds: (endedMs - Date.parse(doneAt)) / 1_000,
    }
  } finally {
    server.kill("SIGKILL")
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeQuestions(path: string, count: number): Promise<void> {
  const file = createWriteStream(path)
  for (let at = 1; at <= count; at++) {
    const line = { id: `q${at}`, question: `What is ${at} + ${at % 97}?`, reference: String(at + (at % 97)) }
    if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, "drain")
  }
  file.end()
  await finished(file)
}

/** Peak resident memory in kB and CPU seconds, as Linux counts them (100 ticks a second). */
export async function untilEnd(child: ChildProcess): Promise<{ peak: number; cpuSeconds: number }> {
  let peak = 0
  let ticks = 0
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "")
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
    const stat = await readFile(`/proc/${child.pid}/stat`, "latin1").catch(() => "")
    const [user = 0, system = 0] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13)
      .map(Number)
    ticks = Math.max(ticks, user + system)
  }, 50)
  const code = await new Promise((resolve) => child.once("close", resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`the run ended with exit code ${code}`)
  return { peak, cpuSeconds: ticks / 100 }
}
