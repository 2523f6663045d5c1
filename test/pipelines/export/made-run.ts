// A finished run made by hand: samples of both modes and the questions that were not taken, as a run's folder has them.
import { createHash } from "node:crypto"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { ParquetSink } from "../../../pipelines/io/parquet.ts"
import { batchOf } from "../../../pipelines/runtime/batch.ts"
import { canonicalRowJson } from "../../../pipelines/runtime/row-json.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { nullable, type Table, table, text } from "../../../schemas/columns.ts"
import type { Manifest, ManifestShard } from "../../../schemas/manifest.ts"
import { type DroppedRow, droppedRow } from "../../../schemas/rejection.ts"
import type { Group } from "../../../schemas/rollout.ts"
import { type Message, type Sample, sample } from "../../../schemas/sample.ts"

const zero = "0".repeat(64)

/** Samples with a column of tools, as JSON. */
export const sampleWithTools = table("sample", { ...sample.columns, tools: nullable(text()) })

/** A sample; `over` replaces what it says. */
export function sampleOf(id: string, over: Partial<Sample> & { tools?: string | null } = {}): Sample {
  const thinking = over.enable_thinking ?? true
  return {
    id,
    prompt: [{ role: "user", content: `What is ${id.length} + ${id.length}?` }],
    completion: [answer(thinking ? `Adding ${id.length} to itself.` : "", `\\boxed{${2 * id.length}}`)],
    chat_template_kwargs: { enable_thinking: thinking },
    enable_thinking: thinking,
    question_id: id,
    source: "sums",
    license: "Apache-2.0",
    domain: "mathematics",
    reference: String(2 * id.length),
    reference_origin: "source",
    verdict: "correct",
    extracted: String(2 * id.length),
    rejected_by: null,
    rejection_evidence: null,
    pass_rate: 0.5,
    pass_rate_low: 0.2,
    pass_rate_high: 0.8,
    rollouts: 8,
    model: "model",
    temperature: 0.6,
    top_p: 0.95,
    max_tokens: 512,
    seed: 1,
    output_tokens: 20,
    exchange: zero,
    steps: ["drafts@1"],
    ...over,
  }
}

/** An assistant's turn with its think block. */
export const answer = (thinking: string, text: string): Message => ({
  role: "assistant",
  content: `<think>\n${thinking}\n</think>\n\n${text}`,
})

/** As many samples, every fifth without thinking, some of them dialogues; texts of several scripts. */
export const samplesOf = (count: number): Sample[] =>
  Array.from({ length: count }, (_, at) => {
    const thinking = at % 5 !== 4
    const question = `${at}: how many 苹果 are ${at} and ${at % 7}? ${"Count them one by one. ".repeat(at % 11)}`
    const history: Message[] =
      at % 6 === 5
        ? [
            { role: "system", content: "Be brief. Ωμέγα" },
            { role: "user", content: "Hello" },
            { role: "assistant", content: "Hello. What shall I count?" },
          ]
        : []
    return sampleOf(`q${at}`, {
      prompt: [...history, { role: "user", content: thinking ? question : `${question} /no_think` }],
      completion: [
        answer(
          thinking ? `${at} and ${at % 7} make ${at + (at % 7)}.\n\n${"So it is. ".repeat(at % 23)}`.trim() : "",
          `${at + (at % 7)} 🍎`,
        ),
      ],
      chat_template_kwargs: { enable_thinking: thinking },
      enable_thinking: thinking,
      source: at % 3 === 0 ? "sums" : "apples",
      license: at % 3 === 0 ? "Apache-2.0" : null,
      domain: at % 2 === 0 ? "mathematics" : "logic",
    })
  })

/** A question that a cold start drafted and did not take. */
export function droppedQuestion(
  id: string,
  over: Partial<Group> & { step?: string; why?: object | null } = {},
): DroppedRow {
  const { step = "selection", why = { why: "unreached" }, ...rest } = over
  const group: Group = {
    id,
    question: `What is ${id} times two?`,
    reference: "8",
    choices: null,
    verifier: null,
    verifierOptions: null,
    solution: null,
    domain: "mathematics",
    language: "en",
    source: "sums",
    license: "Apache-2.0",
    revision: null,
    metadata: null,
    referenceOrigin: "source",
    judgements: [],
    rollouts: [],
    correct: 3,
    verified: 8,
    passRate: 0.375,
    passRateLow: 0.1,
    passRateHigh: 0.7,
    vote: null,
    suspect: false,
    review: false,
    ...rest,
  }
  return {
    id,
    step,
    reason: step === "selection" ? "not-selected" : step,
    measured: null,
    threshold: null,
    evidence: why === null ? null : JSON.stringify(why),
    row: JSON.stringify(group),
  }
}

export interface MadeRun {
  readonly stage?: string
  readonly dropped?: readonly DroppedRow[]
  /** Columns of the dataset, where they are not those of samples. */
  readonly table?: Table
  readonly rowsPerFile?: number
}

/** Writes a run's folder whose dataset is these rows. */
export async function writeRun(
  folder: string,
  rows: Iterable<Row | Sample>,
  { stage = "cold-start", dropped = [], table = sample, rowsPerFile = 10_000 }: MadeRun = {},
): Promise<string> {
  const shards = await writeShards(folder, "dataset", table, rows, rowsPerFile)
  const manifest: Manifest = {
    schema_version: 1,
    stage,
    created_by: "cotyledon test",
    git_commit: null,
    seed: 0,
    license: [],
    lineage: { fingerprint: zero, inputs: [], stages: [], models: [], limit: null, finished_early: false },
    shards,
    beside: { dropped: await writeShards(folder, "dropped", droppedRow, dropped, rowsPerFile) },
    rows: { in: 0, out: 0, dropped: 0, failed: 0 },
    drops: {},
    tallies: {},
    mixture: [],
  }
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest))
  return folder
}

async function writeShards(
  root: string,
  folder: string,
  { schema }: Table,
  rows: Iterable<Row>,
  rowsPerFile: number,
): Promise<ManifestShard[]> {
  await mkdir(join(root, folder), { recursive: true })
  const shards: ManifestShard[] = []
  const write = async (some: Row[]) => {
    const path = `${folder}/part-${String(shards.length).padStart(5, "0")}.parquet`
    const sink = await ParquetSink.create(join(root, path), schema)
    const logical = createHash("sha256")
    for (let at = 0; at < some.length; at += 256) await sink.write(batchOf(schema, some.slice(at, at + 256)))
    for (const row of some) logical.update(`${canonicalRowJson(row)}\n`)
    const { rows, bytes, sha256 } = await sink.close()
    shards.push({ path, rows, bytes, sha256, logical_sha256: logical.digest("hex"), schema: `${schema}` })
  }
  let waiting: Row[] = []
  for (const row of rows) {
    waiting.push(row)
    if (waiting.length === rowsPerFile) {
      await write(waiting)
      waiting = []
    }
  }
  if (waiting.length > 0 || shards.length === 0) await write(waiting)
  return shards
}
