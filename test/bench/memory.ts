// Peak memory of a run against its number of questions, with a stand-in for the model server:
//   npm run build && node test/bench/memory.ts 10000 100000
// The peak at 100,000 questions must be within 100 MB of that at 10,000. Prints both, and the rate. Arguments that start with --
// go to the run's Node: --cpu-prof.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"

const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const endpoint = fileURLToPath(new URL("../faults/fake-endpoint.ts", import.meta.url))

/** Peak resident memory of a run's process over `count` questions. `nodeOptions`: for a profile of it. */
export async function peakOfRun(
  count: number,
  nodeOptions: readonly string[] = [],
): Promise<{ peakMegabytes: number; seconds: number; calls: number }> {
  const folder = await mkdtemp(join(tmpdir(), "cotyledon-memory-"))
  const server = spawn(process.execPath, [endpoint, JSON.stringify({ right: 0.8, thinking: 40 })], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  try {
    const port = await new Promise<number>((resolve) => server.stdout.once("data", (text) => resolve(Number(text))))
    await writeQuestions(join(folder, "questions.jsonl"), count)
    const role = { baseUrl: `http://127.0.0.1:${port}/v1`, model: "fake", maxInFlight: 32 }
    const config = {
      recipe: "cold-start",
      questions: ["questions.jsonl"],
      models: { judge: role, drafter: role },
      judging: { directAttempts: 0, labelDomains: false, criteria: ["not-verifiable"] },
      drafts: { initial: 1, maximum: 2, maxTokens: 512 },
    }
    await writeFile(join(folder, "config.json"), JSON.stringify(config))
    const startedMs = Date.now()
    const args = [...nodeOptions, bin, "run", join(folder, "config.json"), "--out", join(folder, "run"), "--quiet"]
    const peak = await peakUntilEnd(spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }))
    const seconds = (Date.now() - startedMs) / 1000
    const { calls } = await runTotals(join(folder, "run"), null)
    return { peakMegabytes: peak / 1024, seconds, calls }
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

/** Peak resident memory in kB, as Linux counts it. */
async function peakUntilEnd(child: ChildProcess): Promise<number> {
  let peak = 0
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "")
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  }, 50)
  const code = await new Promise((resolve) => child.once("close", resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`the run ended with exit code ${code}`)
  return peak
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const counts = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))
  const nodeOptions = process.argv.slice(2).filter((argument) => argument.startsWith("--"))
  let first: number | null = null
  for (const count of counts.length > 0 ? counts.map(Number) : [10_000, 100_000]) {
    const { peakMegabytes, seconds, calls } = await peakOfRun(count, nodeOptions)
    first ??= peakMegabytes
    console.log(
      `${count} questions: peak ${peakMegabytes.toFixed(0)} MB (${(peakMegabytes - first).toFixed(0)} MB more than the first), ` +
        `${calls} calls in ${seconds.toFixed(1)} s, ${(calls / seconds).toFixed(0)} a second`,
    )
  }
}
