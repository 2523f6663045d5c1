// CPU and memory of the live view, the built command in a pseudo-terminal of 80x24 and of 200x60, on a run that never ends: a folder whose
// events grow as those of a large run do (a progress event a second, tasks and drops in between), after an hour of such events.
//
//   npm run build && node test/bench/live-view.ts [seconds]
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { appendFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { spawn } from "@lydell/node-pty"
import { Lock } from "../../pipelines/runtime/lock.ts"
import type { Event, Happening } from "../../schemas/event.ts"

const seconds = Number(process.argv[2] ?? 20)
const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const run = mkdtempSync(join(tmpdir(), "cotyledon-live-view-"))
const log = join(run, "events", "000001.jsonl")
const stages = [
  "questions",
  "filter-questions",
  "reserve",
  "draft",
  "filter-responses",
  "judge-responses",
  "selection",
  "select",
]
const hourMs = 3_600_000
const startMs = Date.now() - hourMs

/** What a run says in its second `at`. */
function happenings(at: number): Happening[] {
  const role = (calls: number) => ({
    identity: "model",
    inFlight: 480 + (at % 33),
    window: 512,
    waiting: at % 900,
    calls,
    attempts: calls,
    input: calls * 500,
    output: calls * 4_000,
    usd: calls * 0.004,
    paused: null,
  })
  const counts = { in: 100, born: 0, out: 70, dropped: 29, failed: 1 }
  const drops = { "judged-criterion": { "no-answer": 20 }, length: { long: 9 } }
  return [
    {
      event: "progress",
      rows: { draft: at % 500, "judge-responses": at % 90 },
      endpoints: { judge: role(at * 60), drafter: role(at * 150) },
    },
    { event: "task.started", stage: "draft", index: at, rows: 100, why: "not done yet" },
    { event: "task.done", stage: "draft", index: at, reused: false, counts, drops, tallies: { drafts: 400 } },
    {
      event: "row.failed",
      stage: "draft",
      id: `q${at}`,
      step: "draft",
      reason: "timed-out",
      message: "no answer in 600 s",
    },
  ]
}

const text = (events: readonly Happening[], atMs: number): string =>
  events
    .map((happening): Event => ({ v: 1, at: new Date(atMs).toISOString(), ...happening }))
    .map((event) => `${JSON.stringify(event)}\n`)
    .join("")

mkdirSync(join(run, "events"))
writeFileSync(
  join(run, "run.json"),
  JSON.stringify({ format: 1, recipe: "cold-start", config: { budget: { usd: 1_000 } } }),
)
const first: Happening[] = [
  {
    event: "run.started",
    recipe: "cold-start",
    version: "0",
    limit: null,
    finish: false,
    pid: process.pid,
    host: "h",
    settled: {},
    damagedRecords: 0,
  },
  ...stages.map(
    (stage, at): Happening => ({
      event: "stage.planned",
      stage,
      tasks: null,
      ...(at > 0 && { input: stages[at - 1]! }),
    }),
  ),
]
writeFileSync(
  log,
  text(first, startMs) +
    Array.from({ length: hourMs / 1_000 }, (_, at) => text(happenings(at), startMs + at * 1_000)).join(""),
)
const lock = await Lock.take(join(run, "locks", "coordinator"))

let at = hourMs / 1_000
const growing = setInterval(() => void appendFile(log, text(happenings(at++), Date.now())), 1_000)

/** Milliseconds of CPU of a process so far, and its memory in MB. */
function used(pid: number): { cpuMs: number; megabytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))![1]
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, megabytes: Math.round(Number(rss) / 1_024) }
}

for (const [columns, rows] of [
  [80, 24],
  [200, 60],
] as const) {
  const env = { ...process.env, TERM: "xterm-256color", CI: "", NODE_ENV: "production" }
  const flags = ["--max-semi-space-size=2", "--max-old-space-size=512"]
  const view = spawn(process.execPath, [...flags, bin, "status", run, "--watch"], { cols: columns, rows, env })
  let bytes = 0
  const seen = Promise.withResolvers<void>()
  view.onData((data) => {
    bytes += data.length
    if (data.includes("help")) seen.resolve()
  })
  await seen.promise
  const start = used(view.pid)
  await pause(3_000)
  const [before, bytesBefore, beforeMs] = [used(view.pid), bytes, performance.now()]
  await pause(seconds * 1_000)
  const [after, elapsedMs] = [used(view.pid), performance.now() - beforeMs]
  const share = (100 * (after.cpuMs - before.cpuMs)) / elapsedMs
  console.log(
    `${columns}x${rows}: ${share.toFixed(2)}% of a core over ${(elapsedMs / 1_000).toFixed(0)} s, ${start.cpuMs} ms to start and ` +
      `read an hour of events, ${after.megabytes} MB, ${Math.round((bytes - bytesBefore) / (elapsedMs / 1_000))} bytes/s to the terminal`,
  )
  view.kill("SIGKILL")
}
clearInterval(growing)
if (lock instanceof Lock) await lock.release()
rmSync(run, { recursive: true, force: true })
