// `cotyledon verify` of many responses, measured from outside: rows a second, CPU use and peak memory.
//   npm run build && node test/bench/verify-command.ts
// Goals: memory at 100,000 rows within 100 MB of that at 10,000; two workers use more than one and a half cores and finish sooner than
// one; the same bytes in OUT whatever the number of workers. Exits with 1 when one is missed.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { fileURLToPath } from "node:url"

const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const folder = await mkdtemp(join(tmpdir(), "cotyledon-verify-bench-"))
let missed = false

interface Cost {
  seconds: number
  cpuSeconds: number
  peakMegabytes: number
}

/** Peak resident memory and CPU time of a process, as Linux counts them (100 ticks a second), threads included. */
async function costOf(child: ChildProcess): Promise<Cost> {
  const startedMs = performance.now()
  let [peak, ticks] = [0, 0]
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
  }, 20)
  const code = await new Promise((resolve) => child.once("close", resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`verify ended with exit code ${code}`)
  return { seconds: (performance.now() - startedMs) / 1_000, cpuSeconds: ticks / 100, peakMegabytes: peak / 1_024 }
}

interface Kind {
  verifier: string
  rows: number
  /** Text before the answer. */
  thinkingBytes: number
}

const sentence = "We add the two numbers, check the result once more, and find that it holds. "
const answers: Record<string, (at: number) => object> = {
  math: (at) => ({
    completion: ["\\boxed{42}", "The answer is $\\frac{84}{2}$.", "so x = 42", "#### 41", "\\boxed{\\sqrt{1764}}"][
      at % 5
    ],
    reference: "42",
  }),
  "multiple-choice": (at) => ({
    completion: ["The answer is (B).", "\\boxed{C}", "I choose London.", "Not B, but A"][at % 4],
    reference: "B",
    options: { choices: ["Paris", "London", "Rome", "New York"] },
  }),
}

async function writeRows({ verifier, rows, thinkingBytes }: Kind): Promise<string> {
  const path = join(folder, `${verifier}-${rows}-${thinkingBytes}.jsonl`)
  const file = createWriteStream(path)
  const thinking = `<think>\n${sentence.repeat(Math.ceil(thinkingBytes / sentence.length))}</think>\n\n`
  for (let at = 0; at < rows; at++) {
    const row = answers[verifier]!(at) as { completion: string }
    const line = { id: at, ...row, completion: thinking + row.completion }
    if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, "drain")
  }
  file.end()
  await finished(file)
  return path
}

async function measured(
  kind: Kind,
  input: string,
  workers: number,
  ending = ".jsonl",
): Promise<Cost & { out: string }> {
  const out = `${input}.${workers}${ending}`
  const child = spawn(
    process.execPath,
    [bin, "verify", kind.verifier, input, out, "--workers", String(workers), "--quiet"],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  )
  const cost = await costOf(child)
  console.log(
    `${kind.verifier.padEnd(16)} ${String(kind.rows).padStart(7)} rows of ${String(kind.thinkingBytes / 1_000).padStart(3)} KB, ${workers} worker${workers === 1 ? " " : "s"}: ` +
      `${Math.round(kind.rows / cost.seconds)
        .toString()
        .padStart(6)} rows/s, ${cost.seconds.toFixed(1)} s, ` +
      `${(cost.cpuSeconds / cost.seconds).toFixed(2)} cores, peak ${cost.peakMegabytes.toFixed(0)} MB`,
  )
  return { ...cost, out }
}

function goal(name: string, reached: boolean): void {
  missed ||= !reached
  if (!reached) console.log(`MISSED: ${name}`)
}

const sizes: { verifier: string; thinkingBytes: number; counts: number[] }[] = [
  { verifier: "math", thinkingBytes: 2_000, counts: [10_000, 100_000] },
  { verifier: "math", thinkingBytes: 30_000, counts: [10_000, 100_000] },
  { verifier: "multiple-choice", thinkingBytes: 2_000, counts: [100_000] },
]
try {
  for (const { verifier, thinkingBytes, counts } of sizes) {
    const peaks: number[] = []
    for (const rows of counts) {
      const kind = { verifier, rows, thinkingBytes }
      const input = await writeRows(kind)
      const one = await measured(kind, input, 1)
      const two = await measured(kind, input, 2)
      peaks.push(two.peakMegabytes)
      goal("the same bytes from 1 and 2 workers", (await readFile(one.out)).equals(await readFile(two.out)))
      if (rows >= 100_000) goal("two workers use over 1.5 cores", two.cpuSeconds / two.seconds > 1.5)
      for (const path of [input, one.out, two.out]) await rm(path)
    }
    goal("peak memory does not grow with the rows", peaks.at(-1)! - peaks[0]! < 100)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = missed ? 1 : 0
