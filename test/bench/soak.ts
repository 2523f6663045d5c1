// The soak: a run over very many questions against a server that storms, stalls, restarts and answers some requests faultily
// (`soak-server.ts`), killed every few minutes and started again with the same command, until it ends. Then the same questions
// against a calm server, and both runs must have published the same bytes. About an hour:
//   npm run build && node test/bench/soak.ts
// and a short form of it, with a kill every 20 seconds:
//   node test/bench/soak.ts --questions 10000 --kill 20 --disturb 15 --delay 1000
// Prints a line for each life of the run as it goes, and the verdicts; the exit code is 1 if one of them does not hold.
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { readParquet } from "../../pipelines/io/parquet.ts"
import { rowsOf } from "../../pipelines/runtime/batch.ts"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"
import type { Manifest } from "../../schemas/manifest.ts"
import { heapOptions } from "./heap-options.ts"
import type { SoakReport, SoakServerOptions } from "./soak-server.ts"

const { values } = parseArgs({
  options: {
    questions: { type: "string", default: "200000" },
    /** Requests in flight, over both roles. */
    flight: { type: "string", default: "512" },
    /** Seconds between two kills. */
    kill: { type: "string", default: "300" },
    /** Seconds from one disturbance of the server to the next. */
    disturb: { type: "string", default: "75" },
    /** Mean milliseconds of an answer. */
    delay: { type: "string", default: "1500" },
    /** Share of faulty answers. */
    faulty: { type: "string", default: "0.05" },
    folder: { type: "string" },
  },
})
const questions = Number(values.questions)
const inFlight = Number(values.flight)
const killMs = Number(values.kill) * 1_000
const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const serverPath = fileURLToPath(new URL("soak-server.ts", import.meta.url))
const calm: SoakServerOptions = {
  delayMs: 0,
  faulty: 0,
  capacity: Number.POSITIVE_INFINITY,
  everySeconds: 0,
  stormSeconds: 0,
  stallSeconds: 0,
  restartSeconds: 0,
}
const hard: SoakServerOptions = {
  ...calm,
  delayMs: Number(values.delay),
  faulty: Number(values.faulty),
  // A little less than is asked for, so that the windows of the client have a limit to find.
  capacity: Math.round(inFlight * 0.95),
  everySeconds: Number(values.disturb),
  stormSeconds: 15,
  stallSeconds: 20,
  restartSeconds: 5,
}

const folder = values.folder ?? (await mkdtemp(join(tmpdir(), "cotyledon-soak-")))
await mkdir(folder, { recursive: true })
await writeQuestions(join(folder, "questions.jsonl"))

async function writeQuestions(path: string): Promise<void> {
  const file = createWriteStream(path)
  for (let at = 1; at <= questions; at++) {
    const line = { id: `q${at}`, question: `What is ${at} + ${at % 97}?`, reference: String(at + (at % 97)) }
    if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, "drain")
  }
  file.end()
  await finished(file)
}

async function startServer(options: SoakServerOptions): Promise<{ child: ChildProcess; url: string }> {
  // JSON has no infinity.
  const text = JSON.stringify({ ...options, capacity: Math.min(options.capacity, 1e9) })
  const child = spawn(process.execPath, [serverPath, text], { stdio: ["pipe", "pipe", "inherit"] })
  const port = await new Promise<number>((resolve) => child.stdout!.once("data", (said) => resolve(Number(said))))
  return { child, url: `http://127.0.0.1:${port}` }
}

async function writeConfig(path: string, url: string): Promise<void> {
  const role = {
    baseUrl: `${url}/v1`,
    model: "soak",
    maxInFlight: inFlight / 2,
    timeoutMs: 120_000,
    idleTimeoutMs: 60_000,
  }
  const config = {
    recipe: "cold-start",
    questions: ["questions.jsonl"],
    models: { judge: role, drafter: role },
    judging: { directAttempts: 0, labelDomains: false, criteria: ["not-verifiable"] },
    drafts: { initial: 1, maximum: 2, maxTokens: 512 },
  }
  await writeFile(path, JSON.stringify(config))
}

interface Life {
  seconds: number
  /** Null if it was killed. */
  exit: number | null
  /** Seconds from the start to the first request; null if none came. */
  firstRequest: number | null
  cpuSeconds: number
  /** Resident memory in MB and open files, over the life without its first quarter: half of the samples, and the most. */
  memory: { median: number; peak: number }
  files: { median: number; peak: number }
  answered: number
  requests: number
}

const reportOf = async (url: string): Promise<SoakReport | null> =>
  fetch(`${url}/soak`)
    .then((response) => response.json() as Promise<SoakReport>)
    // It is restarting.
    .catch(() => null)

/** The report, as soon as the server listens. */
async function certainReportOf(url: string): Promise<SoakReport> {
  for (;;) {
    const report = await reportOf(url)
    if (report) return report
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

const middle = (numbers: number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** One start of the command, killed after so many milliseconds if it has not ended. */
async function live(url: string, config: string, out: string, killAfterMs: number): Promise<Life> {
  const before = await certainReportOf(url)
  const startedMs = Date.now()
  const child = spawn(process.execPath, [...heapOptions, bin, "run", config, "--out", out, "--quiet"], {
    stdio: ["ignore", "ignore", "inherit"],
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const killer = setTimeout(() => child.kill("SIGKILL"), killAfterMs)
  const samples: { rss: number; files: number }[] = []
  let firstRequest: number | null = null
  let ticks = 0
  const sampler = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "")
    const files = await readdir(`/proc/${child.pid}/fd`).catch(() => [])
    const stats = await readFile(`/proc/${child.pid}/stat`, "latin1").catch(() => "")
    const [user = 0, system = 0] = stats
      .slice(stats.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13)
      .map(Number)
    ticks = Math.max(ticks, user + system)
    const rss = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024
    if (rss > 0) samples.push({ rss, files: files.length })
    if (firstRequest === null && ((await reportOf(url))?.requests ?? 0) > before.requests)
      firstRequest = (Date.now() - startedMs) / 1_000
  }, 250)
  const exit = await ended
  clearTimeout(killer)
  clearInterval(sampler)
  const after = await certainReportOf(url)
  const settled = samples.slice(Math.floor(samples.length / 4))
  const rss = settled.map((sample) => sample.rss)
  const files = settled.map((sample) => sample.files)
  return {
    seconds: (Date.now() - startedMs) / 1_000,
    exit,
    firstRequest,
    cpuSeconds: ticks / 100,
    memory: { median: middle(rss), peak: Math.max(...rss) },
    files: { median: middle(files), peak: Math.max(...files) },
    answered: after.answered - before.answered,
    requests: after.requests - before.requests,
  }
}

function say(name: string, life: Life): void {
  const { seconds, exit, firstRequest, cpuSeconds, memory, files, answered, requests } = life
  console.log(
    `${name}: ${seconds.toFixed(0)} s, ${exit === null ? "killed" : `exit ${exit}`}; ${answered} answers to ${requests} requests, ` +
      `the first after ${firstRequest?.toFixed(1) ?? "-"} s; ${cpuSeconds.toFixed(1)} CPU s; ` +
      `memory ${memory.median.toFixed(0)} MB, at most ${memory.peak.toFixed(0)}; open files ${files.median}, at most ${files.peak}`,
  )
}

/** SHA-256 of each published file of a run, by path. */
async function publishedBytes(run: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  const manifest = JSON.parse(await readFile(join(run, "manifest.json"), "utf8")) as Manifest
  const files = [...manifest.shards, ...Object.values(manifest.beside).flat()].map(({ path }) => path)
  for (const path of [...files.sort(), "manifest.json"])
    digests[path] = createHash("sha256")
      .update(await readFile(join(run, path)))
      .digest("hex")
  return digests
}

/** How many questions have one fate, and how many have none or two. */
async function fates(run: string): Promise<{ once: number; otherwise: number; failed: number }> {
  const seen = new Map<string, number>()
  let failed = 0
  for (const [dataset, column] of [
    ["dataset", "question_id"],
    ["dropped", "id"],
    ["failed", "id"],
  ] as const) {
    const ids = new Set<string>()
    for (const name of await readdir(join(run, dataset)))
      for await (const batch of readParquet(join(run, dataset, name)))
        for (const row of rowsOf(batch)) ids.add(String(row[column]))
    for (const id of ids) seen.set(id, (seen.get(id) ?? 0) + 1)
    if (dataset === "failed") failed = ids.size
  }
  let once = 0
  for (const times of seen.values()) if (times === 1) once++
  return { once, otherwise: seen.size - once + Math.max(0, questions - seen.size), failed }
}

async function bytesUnder(path: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size
  return sum
}

const startedMs = Date.now()
const run = join(folder, "soak")
const server = await startServer(hard)
const config = join(folder, "soak.json")
await writeConfig(config, server.url)
const lives: Life[] = []
for (;;) {
  const life = await live(server.url, config, run, killMs)
  lives.push(life)
  say(`life ${lives.length}`, life)
  if (life.exit === 0) break
  // A run that gives up by itself is started again too, but not for ever.
  if (lives.filter(({ exit }) => exit !== null).length > 3) throw new Error("the run does not end well")
}
const hours = (Date.now() - startedMs) / 3_600_000
const report = await certainReportOf(server.url)
server.child.kill("SIGKILL")

const twinServer = await startServer(calm)
const twin = join(folder, "calm")
const twinConfig = join(folder, "calm.json")
await writeConfig(twinConfig, twinServer.url)
const calmLife = await live(twinServer.url, twinConfig, twin, 3_600_000)
say("calm", calmLife)
twinServer.child.kill("SIGKILL")

const kills = lives.filter(({ exit }) => exit === null).length
const { calls } = await runTotals(run, null)
const lost = report.answered - report.repeated - calls
console.log(`${questions} questions in ${(hours * 60).toFixed(1)} minutes and ${lives.length} lives, ${kills} kills`)
console.log(`server: ${JSON.stringify(report)}`)
console.log(
  `ledger: ${calls} answers, ${((await bytesUnder(join(run, "ledger"))) / 2 ** 20).toFixed(0)} MiB; run folder ${((await bytesUnder(run)) / 2 ** 20).toFixed(0)} MiB`,
)

const { once: fated, otherwise, failed } = await fates(run)
const [ours, theirs] = [await publishedBytes(run), await publishedBytes(twin)]
const differing = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter(
  (path) => ours[path] !== theirs[path],
)
// A life that is killed within seconds of its start has done little: all of them are held against the one that did everything in one go.
const growth = Math.max(...lives.map(({ memory }) => memory.peak)) / calmLife.memory.peak
const mostFiles = Math.max(...lives.map(({ files }) => files.peak))
const verdicts: [string, boolean][] = [
  [
    `each question has one fate: ${fated} of ${questions}, ${otherwise} otherwise, ${failed} failed`,
    fated === questions && failed === 0,
  ],
  [
    `published files as against a calm server: ${Object.keys(ours).length - differing.length} of ${Object.keys(ours).length}${differing
      .slice(0, 3)
      .map((path) => `, not ${path}`)
      .join("")}`,
    differing.length === 0,
  ],
  [`answers asked for again: ${report.repeated}, at most ${inFlight} a kill`, report.repeated <= inFlight * kills],
  [`answers given and not settled in the end: ${lost}`, lost <= inFlight * kills && lost >= 0],
  [`memory, the greatest peak of a life over that of the calm run: ${growth.toFixed(2)}`, !(growth > 1.25)],
  [
    `open files, the most of all lives: ${mostFiles}, at most ${inFlight + 128} for a connection a request and the run's own`,
    mostFiles <= inFlight + 128,
  ],
]
for (const [verdict, holds] of verdicts) console.log(`${holds ? "holds" : "FAILS"}  ${verdict}`)
if (verdicts.some(([, holds]) => !holds)) process.exitCode = 1
if (process.exitCode === 1) console.log(`kept: ${folder}`)
else if (!values.folder) await rm(folder, { recursive: true, force: true })
