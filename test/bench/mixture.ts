// Rate and peak memory of a whole fusion of short rows, and of its plan alone: `npm run build && node test/bench/mixture.ts [ROWS ...]`.
// 60% thinking and 40% non-thinking samples, 8 categories, 12 languages, uneven. Half of the largest set is asked for, at shares of all three.
// Goals: the peak at 1,000,000 rows within 250 MB of that at 100,000; shares within 0.5 points. Arguments that start with -- go to the
// run's Node: --cpu-prof.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { readMixtureReport } from "../../ui/mixture-report.ts"
import { seeded } from "../faults/random.ts"
import { untilEnd } from "./measured-run.ts"

const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const categories = [
  "mathematics",
  "coding",
  "science",
  "logic",
  "translation",
  "role-play",
  "creative-writing",
  "question-answering",
]
const languages = ["en", "zh", "de", "fr", "es", "it", "pt", "ja", "ko", "ru", "ar", "sw"]

/** Values by weight 1, 1/2, 1/3 ... of their places. */
const uneven = <T>(of: readonly T[], random: () => number): T => of[Math.floor(of.length ** random()) - 1] ?? of[0]!

async function writeSamples(folder: string, count: number): Promise<void> {
  const random = seeded(1)
  for (const mode of ["thinking", "non-thinking"] as const) {
    const file = createWriteStream(join(folder, `${mode}.jsonl`))
    for (let at = 0; at < count * (mode === "thinking" ? 0.6 : 0.4); at++) {
      const question = `Question ${at} of a bench: which number comes after ${at * 7}, and why is that so?`
      const answer = `After ${at * 7} comes ${at * 7 + 1}, because each whole number is one more than the one before it.`
      const labels = { category: uneven(categories, random), language: uneven(languages, random) }
      const row =
        mode === "thinking"
          ? {
              id: `t${at}`,
              prompt: [{ role: "user", content: question }],
              completion: [
                { role: "assistant", content: `<think>\nCounting on from ${at * 7}.\n</think>\n\n${answer}` },
              ],
              chat_template_kwargs: { enable_thinking: true },
              enable_thinking: true,
              ...labels,
            }
          : { id: `n${at}`, question, response: answer, ...labels }
      if (!file.write(`${JSON.stringify(row)}\n`)) await once(file, "drain")
    }
    file.end()
    await finished(file)
  }
}

const counts = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))
const nodeOptions = process.argv.slice(2).filter((argument) => argument.startsWith("--"))
let first: number | null = null
for (const count of counts.length > 0 ? counts.map(Number) : [100_000, 1_000_000]) {
  const folder = await mkdtemp(join(tmpdir(), "cotyledon-mixture-"))
  try {
    await writeSamples(folder, count)
    const config = {
      recipe: "mode-fusion",
      thinking: "thinking.jsonl",
      nonThinking: "non-thinking.jsonl",
      size: count / 2,
      shares: {
        mode: { thinking: 0.6, "non-thinking": 0.4 },
        category: { mathematics: 0.35, coding: 0.2 },
        language: { en: 0.45, zh: 0.15 },
      },
    }
    await writeFile(join(folder, "config.json"), JSON.stringify(config))
    const started = performance.now()
    const run = join(folder, "run")
    const args = [...nodeOptions, bin, "run", join(folder, "config.json"), "--out", run, "--quiet"]
    const { peak, cpuSeconds } = await untilEnd(
      spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }),
    )
    const seconds = (performance.now() - started) / 1_000
    const report = await readMixtureReport(run)
    const off = Math.max(
      ...report.flatMap(({ askedShare, foundShare }) =>
        askedShare === null ? [] : [Math.abs(foundShare - askedShare)],
      ),
    )
    const found = report.find(({ measure }) => measure === "size")!.found
    const megabytes = peak / 1_024
    first ??= megabytes
    const missed = megabytes - first > 250 || off > 0.005
    console.log(
      `${count} rows, ${found} taken: ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of CPU), ${(count / seconds).toFixed(0)} rows/s, ` +
        `peak ${megabytes.toFixed(0)} MB, shares off by ${(off * 100).toFixed(4)} points at most${missed ? "  MISSED" : ""}`,
    )
    if (missed) process.exitCode = 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
