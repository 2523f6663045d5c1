// The same 5,000 requests by us and by the tools that people use today, in one run: 256 in flight, answers of 1.9 kB after 50 ms from a
// server in a process of its own. Ours is the whole run (ledger synced to disk, verification, filters, Parquet), theirs the least script
// that keeps the answers. CPU and memory are those of the process and all that it starts.
//
//   npm run build && COTYLEDON_PEERS=DIR node test/bench/peers.ts [requests] [times]
//
// DIR has a Python environment for each: append (openai), curator (bespokelabs-curator), distilabel (distilabel[openai] and requests),
// designer (data-designer). One that is not there is left out, with a word.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"
import { heapOptions } from "./heap-options.ts"

const requests = Number(process.argv[2] ?? 5_000)
const times = Number(process.argv[3] ?? 1)
const inFlight = 256
const folderOfPeers = process.env.COTYLEDON_PEERS ?? ""
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const scripts = {
  append: "append_loop.py",
  curator: "curator_llm.py",
  distilabel: "distilabel_text.py",
  designer: "designer_column.py",
}

interface Took {
  seconds: number
  cpuSeconds: number
  peakMegabytes: number
  said: string
}

/** User and system time in ticks and resident memory in kB of a process and its descendants. */
async function tree(root: number): Promise<Map<number, { ticks: number; kilobytes: number }>> {
  const parents = new Map<number, number>()
  const all = new Map<number, { ticks: number; kilobytes: number }>()
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue
    const text = await readFile(`/proc/${name}/stat`, "latin1").catch(() => "")
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    if (fields.length < 22) continue
    parents.set(Number(name), Number(fields[1]))
    all.set(Number(name), { ticks: Number(fields[11]) + Number(fields[12]), kilobytes: Number(fields[21]) * 4 })
  }
  const isOurs = (pid: number): boolean => pid === root || (parents.has(pid) && isOurs(parents.get(pid)!))
  return new Map([...all].filter(([pid]) => isOurs(pid)))
}

async function measure(child: ChildProcess): Promise<Took> {
  const startedMs = Date.now()
  let said = ""
  child.stdout!.on("data", (text) => {
    said += text
  })
  const ticks = new Map<number, number>()
  let peak = 0
  const timer = setInterval(async () => {
    let sum = 0
    for (const [pid, took] of await tree(child.pid!)) {
      ticks.set(pid, Math.max(ticks.get(pid) ?? 0, took.ticks))
      sum += took.kilobytes
    }
    peak = Math.max(peak, sum)
  }, 100)
  const [code] = await once(child, "close")
  clearInterval(timer)
  if (code !== 0) throw new Error(`it ended with exit code ${code}`)
  return {
    seconds: (Date.now() - startedMs) / 1_000,
    cpuSeconds: [...ticks.values()].reduce((sum, each) => sum + each, 0) / 100,
    peakMegabytes: peak / 1_024,
    said: said.trim().split("\n").at(-1) ?? "",
  }
}

const server = spawn(process.execPath, [file("endpoint-server.ts")], { stdio: ["pipe", "pipe", "inherit"] })
const [port] = await once(server.stdout, "data")
const baseUrl = `http://127.0.0.1:${String(port).trim()}/v1`

const folder = await mkdtemp(join(tmpdir(), "cotyledon-peers-"))
const questions = join(folder, "questions.jsonl")
const lines = Array.from({ length: requests }, (_, at) =>
  JSON.stringify({
    id: `q${at + 1}`,
    question: `What is ${at + 1} + ${at % 97}?`,
    reference: String(at + 1 + (at % 97)),
  }),
)
await writeFile(questions, `${lines.join("\n")}\n`)

async function ours(out: string): Promise<Took> {
  const role = { baseUrl, model: "bench", maxInFlight: inFlight }
  const config = {
    recipe: "cold-start",
    questions: [questions],
    models: { judge: role, drafter: role },
    judging: { directAttempts: 0, labelDomains: false, criteria: [] },
    drafts: { initial: 1, maximum: 1, maxTokens: 512 },
    reserve: { share: 0 },
  }
  await writeFile(join(out, "config.json"), JSON.stringify(config))
  const args = [
    ...heapOptions,
    file("../../dist/ui/bin.js"),
    "run",
    join(out, "config.json"),
    "--out",
    join(out, "run"),
  ]
  const took = await measure(spawn(process.execPath, [...args, "--quiet"], { stdio: ["ignore", "pipe", "inherit"] }))
  return { ...took, said: String((await runTotals(join(out, "run"), null)).calls) }
}

function theirs(name: keyof typeof scripts, out: string): Promise<Took> {
  const python = join(folderOfPeers, name, "bin/python")
  const args = [file(`peers/${scripts[name]}`), baseUrl, questions, out, String(inFlight)]
  return measure(spawn(python, args, { stdio: ["ignore", "pipe", "ignore"], cwd: out }))
}

try {
  for (let time = 1; time <= times; time++) {
    let first: Took | null = null
    for (const name of ["ours", ...Object.keys(scripts)]) {
      if (name !== "ours" && !existsSync(join(folderOfPeers, name, "bin/python"))) {
        console.log(`${name}: left out, no ${join(folderOfPeers, name)}/bin/python`)
        continue
      }
      const out = await mkdtemp(join(folder, `${name}-`))
      const took = name === "ours" ? await ours(out) : await theirs(name as keyof typeof scripts, out)
      first ??= took
      if (Number(took.said) !== requests) throw new Error(`${name} has ${took.said} answers instead of ${requests}`)
      console.log(
        `${name}: ${Math.round(requests / took.seconds)} requests/s, ${took.cpuSeconds.toFixed(1)} CPU s (${(took.cpuSeconds / first.cpuSeconds).toFixed(1)}x), ` +
          `peak ${took.peakMegabytes.toFixed(0)} MB (${(took.peakMegabytes / first.peakMegabytes).toFixed(1)}x)`,
      )
    }
  }
} finally {
  server.stdin.end()
  await rm(folder, { recursive: true, force: true })
}
