// The funnel against known shares: GSM8K through a server whose drafts are right, wrong, looping, truncated, guessed, mixed ... in known
// shares. Every draft's kind is known, so the table below is a confusion matrix of the response filters, draft by draft.
//   npm run build && node test/bench/known-shares.ts [QUESTIONS.jsonl] [COUNT]
// QUESTIONS: rows {id, question, reference, solution}; default ../shared/data/questions/gsm8k-train.jsonl.
import { spawn } from "node:child_process"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { querySql } from "../../pipelines/io/duckdb.ts"
import { uniform } from "../../pipelines/runtime/fingerprint.ts"
import { type Kind, kindOf, kinds, type SolvedQuestion } from "./scripted-drafts.ts"

const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const server = fileURLToPath(new URL("scripted-server.ts", import.meta.url))
const data = fileURLToPath(new URL("../../../shared/data/questions/gsm8k-train.jsonl", import.meta.url))
const [path = data, count = "7472"] = process.argv.slice(2)
const seed = 42
const reserveShare = 0.02

const folder = await mkdtemp(join(tmpdir(), "cotyledon-shares-"))
const lines = (await readFile(resolve(path), "utf8")).split("\n").filter(Boolean).slice(0, Number(count))
const questions = lines.map((line) => JSON.parse(line) as SolvedQuestion)
await writeFile(join(folder, "questions.jsonl"), `${lines.join("\n")}\n`)
const reserve = questions.filter(({ id }) => uniform(seed, "reserve", id) < reserveShare)
await writeFile(join(folder, "leaks.jsonl"), reserve.map(({ question }) => JSON.stringify(question)).join("\n"))

const child = spawn(process.execPath, [server, join(folder, "questions.jsonl"), join(folder, "leaks.jsonl")], {
  stdio: ["pipe", "pipe", "inherit"],
})
try {
  const port = await new Promise<number>((resolve) => child.stdout.once("data", (text) => resolve(Number(text))))
  const role = { baseUrl: `http://127.0.0.1:${port}/v1`, model: "scripted", maxInFlight: 64 }
  const config = {
    recipe: "cold-start",
    seed,
    questions: [{ path: "questions.jsonl", name: "gsm8k-train", license: "MIT", revision: "1" }],
    models: { judge: role, drafter: role },
    judging: { directAttempts: 1 },
    reserve: { share: reserveShare },
    drafts: { initial: 4, maximum: 8, maxTokens: 2_048 },
  }
  await writeFile(join(folder, "config.json"), JSON.stringify(config))
  const startedMs = Date.now()
  const out = join(folder, "run")
  const run = spawn(process.execPath, [bin, "run", join(folder, "config.json"), "--out", out], {
    stdio: ["ignore", "inherit", "inherit"],
  })
  const code = await new Promise((resolve) => run.once("close", resolve))
  if (code !== 0) throw new Error(`the run ended with exit code ${code}`)
  console.log(`\n${questions.length} questions in ${((Date.now() - startedMs) / 1000).toFixed(0)} s`)
  const unfiltered = join(out, "unfiltered")
  await report((await readdir(unfiltered)).map((file) => join(unfiltered, file)))
} finally {
  child.kill("SIGKILL")
  await rm(folder, { recursive: true, force: true })
}

/** Kind against what dropped it, over all responses; exits with 1 where a kind went another way. */
async function report(unfiltered: string[]): Promise<void> {
  const { rows } = await querySql(
    `SELECT prompt[1].content AS question, seed, coalesce(split_part(rejected_by, ':', 1), 'kept') AS fate FROM unfiltered`,
    { views: { unfiltered } },
  )
  const found = new Map<Kind, Map<string, number>>()
  let drafts = 0
  for await (const row of rows) {
    drafts++
    const kind = kindOf(String(row.question), Number(row.seed))
    const fate = String(row.fate)
    const fates = found.get(kind) ?? new Map<string, number>()
    fates.set(fate, (fates.get(fate) ?? 0) + 1)
    found.set(kind, fates)
  }
  console.log(`${drafts} drafts\nkind            share  planted  drafts  as planted  otherwise`)
  for (const [kind, { share, droppedBy }] of Object.entries(kinds) as [Kind, (typeof kinds)[Kind]][]) {
    const fates = found.get(kind) ?? new Map<string, number>()
    const total = [...fates.values()].reduce((sum, n) => sum + n, 0)
    const right = fates.get(droppedBy ?? "kept") ?? 0
    const others = [...fates].filter(([fate]) => fate !== (droppedBy ?? "kept")).map(([fate, n]) => `${fate} ${n}`)
    console.log(
      `${kind.padEnd(14)} ${(total / drafts).toFixed(3).padStart(6)} ${share.toFixed(3).padStart(8)} ${String(total).padStart(7)} ${String(right).padStart(11)}  ${others.join(", ")}`,
    )
    if (total === 0 || right / total < 0.99) process.exitCode = 1
  }
}
