// Makes what `check.py` proves on a machine with a GPU, from questions with solutions (GSM8K's form: id, question, solution, reference):
//   fusion/   a handoff of a mode-fusion run: solutions as thinking, and bare answers as the other mode
//   switch/   the same run handed off with --train-empty-block
//   rl/       a handoff whose rl/ holds questions that neither of the two has
//   distill/  F5: completions of a tiny student with the log-probabilities of a tiny teacher, both of known seeds
// and, with --bundle, the `cotyledon` command for machines that have neither Node nor a registry, so that GRPO's reward is the real one.
//   COTYLEDON_TRAINERS=$(bash test/handoff/environments.sh) node test/handoff/gpu/make.ts FOLDER --questions gsm8k-train.jsonl [--bundle]
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { type Distilled, DistillRows } from "../../../pipelines/export/distill-rows.ts"
import { droppedQuestion, sampleOf, writeRun } from "../../pipelines/export/made-run.ts"
import { bundle } from "./bundle.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    questions: { type: "string" },
    thinking: { type: "string", default: "2400" },
    "non-thinking": { type: "string", default: "1600" },
    prompts: { type: "string", default: "512" },
    bundle: { type: "boolean", default: false },
  },
})
const [folder] = positionals
if (!folder || !values.questions) throw new Error("make.ts FOLDER --questions FILE")
const to = resolve(folder)
const command = fileURLToPath(new URL("../../../dist/ui/bin.js", import.meta.url))

interface Question {
  id: string
  question: string
  solution: string
  reference: string
}

const questions = readFileSync(values.questions, "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Question)

/** The next so many questions. */
const next = (count: string) => questions.splice(0, Number(count))
const final = ({ reference }: Question) => `The answer is $\\boxed{${reference}}$.`
/** GSM8K's solution without its calculator marks and its last line. */
const reasoning = ({ solution }: Question) => solution.replace(/<<.*?>>/g, "").replace(/\n?####.*$/s, "")

const cotyledon = (...args: string[]) => execFileSync(process.execPath, [command, ...args, "--quiet"], { cwd: to })

/** Hands a run off, so that NAME/ is a folder with the one handoff in it. */
function handOff(run: string, name: string, ...more: string[]) {
  cotyledon(
    "handoff",
    run,
    "--to",
    name,
    "--model",
    "0.6B",
    "--max-length",
    "2048",
    "--sequence-length",
    "4096",
    ...more,
  )
}

rmSync(to, { recursive: true, force: true })
mkdirSync(to, { recursive: true })

const jsonLines = (rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("")
writeFileSync(
  join(to, "thinking.jsonl"),
  jsonLines(
    next(values.thinking).map((row) => ({
      id: row.id,
      messages: [
        { role: "user", content: row.question },
        { role: "assistant", content: `<think>\n${reasoning(row)}\n</think>\n\n${final(row)}` },
      ],
    })),
  ),
)
writeFileSync(
  join(to, "non-thinking.jsonl"),
  jsonLines(next(values["non-thinking"]).map((row) => ({ id: row.id, prompt: row.question, answer: final(row) }))),
)
writeFileSync(
  join(to, "fusion.json"),
  JSON.stringify({ recipe: "mode-fusion", thinking: "thinking.jsonl", nonThinking: "non-thinking.jsonl" }),
)
cotyledon("run", "fusion.json", "--out", "fusion-run")
handOff("fusion-run", "fusion")
handOff("fusion-run", "switch", "--train-empty-block")

await writeRun(join(to, "rl-run"), [sampleOf("the only sample")], {
  dropped: next(values.prompts).map(({ id, question, reference }) => droppedQuestion(id, { question, reference })),
})
handOff("rl-run", "rl")
await distil()
if (values.bundle) bundle(join(to, "cotyledon"))
for (const name of ["fusion-run", "rl-run"]) rmSync(join(to, name), { recursive: true })

/** F5 of a few prompts: what a seeded student says, and what a seeded teacher gives it. */
async function distil() {
  const trainers = process.env.COTYLEDON_TRAINERS
  if (!trainers) throw new Error("Set COTYLEDON_TRAINERS to the folder that test/handoff/environments.sh prints")
  const handoff = join(to, "rl", readdirSync(join(to, "rl"))[0]!)
  const script = fileURLToPath(new URL("./rollouts.py", import.meta.url))
  const lines = execFileSync(join(trainers, "trl/bin/python"), [script, handoff], { maxBuffer: 1 << 28 })
  const [models, ...rows] = `${lines}`
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  const writer = new DistillRows(to, { ...models, temperature: 1, endOfTurn: 151_645 })
  for (const row of rows) {
    const distilled: Distilled = {
      id: row.id,
      promptIds: Int32Array.from(row.prompt_ids),
      completionIds: Int32Array.from(row.completion_ids),
      studentLogprobs: Float32Array.from(row.student_logprobs),
      teacherLogprobs: Float32Array.from(row.teacher_logprobs),
      topkIds: Int32Array.from(row.topk_ids.flat()),
      topkLogprobs: Float32Array.from(row.topk_logprobs.flat()),
      step: 0,
    }
    const refused = await writer.add(distilled)
    if (refused) throw new Error(`F5 refuses ${row.id}: ${refused.reason}`)
  }
  const [shard] = await writer.close()
  renameSync(join(to, shard!.path), join(to, "distill/rows.parquet"))
}
