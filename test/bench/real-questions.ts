// The cold start on real questions with a real model: 40 of GSM8K, 20 of CMATH (Chinese), 20 of MMLU-STEM and 10 of HumanEval through the
// embedded model as judge and drafter, 2 to 4 short drafts each. Shows the funnel beside the yields that public runs report.
//   npm run build && node test/bench/real-questions.ts [DATA] [OUT]
// DATA: folder with gsm8k-train, cmath-zh, mmlu-stem and humaneval .jsonl; default ../shared/data/questions. OUT: default runs/real-questions.
import { spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { quickStart } from "../../pipelines/cold-start/quick-start.ts"

const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const shared = fileURLToPath(new URL("../../../shared/data/questions", import.meta.url))
const [data = shared, out = "runs/real-questions"] = process.argv.slice(2)

const sources = [
  { name: "gsm8k-train", count: 40, license: "MIT", domain: "mathematics" },
  { name: "cmath-zh", count: 20, license: "Apache-2.0", domain: "mathematics" },
  { name: "mmlu-stem", count: 20, license: "MIT", domain: "science" },
  {
    name: "humaneval",
    count: 10,
    license: "MIT",
    domain: "code",
    verifier: "code-tests",
    columns: {
      id: "task_id",
      question: "prompt",
      reference: { prompt: "prompt", entry_point: "entry_point", tests: "test" },
      solution: "canonical_solution",
    },
  },
]

const folder = await mkdtemp(join(tmpdir(), "cotyledon-real-"))
try {
  const questions = []
  for (const { count, ...source } of sources) {
    const lines = (await readFile(resolve(data, `${source.name}.jsonl`), "utf8")).split("\n").filter(Boolean)
    // Spread over the file, whose neighbours are alike.
    const every = Math.max(1, Math.floor(lines.length / count))
    const chosen = lines.filter((_, at) => at % every === 0).slice(0, count)
    const path = join(folder, `${source.name}.jsonl`)
    await writeFile(path, `${chosen.join("\n")}\n`)
    questions.push({ ...source, path, revision: "1" })
  }
  const config = {
    ...quickStart,
    questions,
    // Its threshold for several questions was chosen on questions of one step: choices and functions would all be several.
    judging: { ...quickStart.judging, criteria: ["not-verifiable", "text-generation"] },
    drafts: { ...quickStart.drafts, initial: 2, maximum: 4, maxTokens: 200 },
  }
  await writeFile(join(folder, "config.json"), JSON.stringify(config))
  const run = spawn(process.execPath, [bin, "run", join(folder, "config.json"), "--out", out], { stdio: "inherit" })
  process.exitCode = (await new Promise<number | null>((end) => run.once("close", end))) ?? 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
