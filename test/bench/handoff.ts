// How fast a handoff is written and verified, and in how much memory: samples of two lengths, each in a process of its own with the
// command's options. Goals: at least 300 MB/s of hashing; memory that a million samples do not raise: `rss` says what it is after half of the
// samples and after all. Up to 8 Mi tokens wait for packing, so that fewer do not show it.
//   node test/bench/handoff.ts [ROWS ...]        default 10000
import { fork } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type VerifyHandoffOptions, verifyHandoffs } from "../../pipelines/export/verify-handoff.ts"
import { writeHandoff } from "../../pipelines/export/write-handoff.ts"
import type { Sample } from "../../schemas/sample.ts"
import { answer, sampleOf, writeRun } from "../pipelines/export/made-run.ts"
import { heapOptions } from "./heap-options.ts"

const work = { make, write, verify, quick }
type Work = keyof typeof work

if (process.send) {
  const [what, rows, words, folder] = process.argv.slice(2) as [Work, string, string, string]
  const start = performance.now()
  const told = await work[what](folder, Number(rows), Number(words))
  const seconds = (performance.now() - start) / 1_000
  const cpu = process.cpuUsage()
  process.send({
    ...told,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1_024,
  })
} else {
  const sizes = process.argv.slice(2).map(Number)
  for (const rows of sizes.length > 0 ? sizes : [10_000])
    for (const words of [40, 1_500]) {
      // Long samples a tenth as often: the same order of bytes.
      const count = words > 100 ? Math.ceil(rows / 10) : rows
      const folder = mkdtempSync(join(tmpdir(), "cotyledon-bench-"))
      const text = textMegabytes(count, words)
      for (const what of Object.keys(work) as Work[]) {
        const told = await inProcess(what, [String(count), String(words), folder])
        const perSecond = Math.round(count / told.cpuSeconds)
        const { cpuSeconds, seconds, peakMegabytes, ...others } = told
        console.log(
          `${what.padEnd(6)} ${count} samples of about ${words} words: ${cpuSeconds.toFixed(1)} CPU s (${seconds.toFixed(1)} s), ${perSecond} samples and ${(text / cpuSeconds).toFixed(1)} MB of text/CPU s, peak ${Math.round(peakMegabytes)} MB ${JSON.stringify(others)}`,
        )
      }
      rmSync(folder, { recursive: true })
    }
}

interface Told {
  seconds: number
  cpuSeconds: number
  peakMegabytes: number
}

function inProcess(what: Work, args: string[]): Promise<Told> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [what, ...args], { execArgv: [...heapOptions] })
    child.once("message", (told) => resolve(told as Told))
    child.once("exit", (code) => code && reject(new Error(`${what} ended with ${code}`)))
  })
}

function* samples(count: number, words: number): Generator<Sample> {
  const some = "we add the two numbers and see that it is 17 then check 数学 again because a sum may be wrong".split(
    " ",
  )
  for (let at = 0; at < count; at++) {
    const thinking = Array.from({ length: words }, (_, word) => some[(at * 7 + word * (1 + (at % 5))) % some.length])
    yield sampleOf(`q${at}`, {
      prompt: [{ role: "user", content: `What is ${at} + ${at % 97}?` }],
      completion: [answer(thinking.join(" "), `The sum is \\boxed{${at + (at % 97)}}.`)],
    })
  }
}

/** Text of the turns of the samples, which the models train on. */
function textMegabytes(count: number, words: number): number {
  let bytes = 0
  for (const { prompt, completion } of samples(count, words))
    for (const { content } of [...prompt, ...completion]) bytes += Buffer.byteLength(content)
  return bytes / 1e6
}

/** Notes memory in megabytes as rows go by. */
function memoryWatch(rows: number) {
  let [half, last] = [0, 0]
  const onProgress = (done: number): void => {
    last = Math.round(process.memoryUsage.rss() / 2 ** 20)
    if (done >= rows / 2 && half === 0) half = last
  }
  return { onProgress, told: () => `${half} MB after half, ${last} MB after all` }
}

async function make(folder: string, rows: number, words: number) {
  await writeRun(join(folder, "run"), samples(rows, words))
  return {}
}

async function write(folder: string, rows: number) {
  const { onProgress, told } = memoryWatch(rows)
  const options = { run: join(folder, "run"), to: join(folder, "out"), model: "0.6B", onProgress }
  const { manifest } = await writeHandoff(options)
  const tokens = manifest.shards.find(({ path }) => path === "tokens/train.bin")!.tokens
  return { tokens, fill: manifest.packing.fill.toFixed(3), rss: told() }
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

async function verified(folder: string, options: VerifyHandoffOptions) {
  const before = process.cpuUsage()
  const [report] = await verifyHandoffs(join(folder, "out"), options)
  const { user, system } = process.cpuUsage(before)
  if (!report!.whole) throw new Error(JSON.stringify(report!.findings[0]))
  const { bytes, milliseconds } = report!.hashed
  const [once, all] = [bytes / 1e6, bytesIn(report!.path) / 1e6]
  return {
    size: `${all.toFixed(0)} MB, ${once.toFixed(0)} MB without links`,
    hashing: `${Math.round((1_000 * once) / milliseconds)} MB/s`,
    whole: `${Math.round((1e6 * once) / (user + system))} MB/CPU s without links`,
  }
}

async function verify(folder: string, rows: number) {
  const { onProgress, told } = memoryWatch(rows)
  return { ...(await verified(folder, { rows: "all", onProgress })), rss: told() }
}

function quick(folder: string) {
  return verified(folder, { rows: "probes" })
}
