// The probes by themselves, when not every row is read; and what the training template makes of them, which must be the same.
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { openChatTemplate } from "../../../annotators/chat/chat-template.ts"
import type { HandoffManifest, HandoffShard } from "../../../schemas/handoff-manifest.ts"
import type { MessagesRow } from "../../../schemas/messages-row.ts"
import { readParquet } from "../../io/parquet.ts"
import { rowsOf } from "../../runtime/batch.ts"
import { cellReader } from "../../runtime/column-reader.ts"
import { RowError } from "../../runtime/errors.ts"
import type { Row } from "../../runtime/step.ts"
import { int32Sha256 } from "../int32-bytes.ts"
import { probeOf } from "../probes.ts"
import type { SampleEncoder } from "../sample-encoder.ts"
import { readSample, type SampleParts } from "../sample-fault.ts"
import type { Findings } from "./findings.ts"
import { probePlaces } from "./probe-places.ts"
import { messageOf, shardsOf } from "./shard-rows.ts"

/** What of a row of each view decides its tokens. */
const columnsRead = {
  sft: ["id", "prompt", "completion", "chat_template_kwargs", "enable_thinking", "tools"],
  messages: ["id", "messages"],
} as const

type View = keyof typeof columnsRead

/**
 * Encodes the probes' rows of sft/ and of messages/ anew, with the carried tokenizer and both carried templates. Reads those rows alone where
 * the table of documents tells their places (`probe-places.ts`), else the ids of all rows too.
 */
export async function checkProbes(
  folder: string,
  manifest: HandoffManifest,
  { encoder, findings }: { encoder: SampleEncoder; findings: Findings },
): Promise<void> {
  const config = await readFile(join(folder, "tokenizer/tokenizer_config.json"), "utf8").catch(() => "{}")
  const training = await openChatTemplate(join(folder, manifest.template.training), { config }).catch((error) => {
    findings.add(manifest.template.training, "training template", messageOf(error))
    return null
  })
  const probes = new Map(manifest.probes.map((probe) => [probe.row_id, probe]))
  const places = await probePlaces(folder, manifest, new Set(probes.keys()))
  const check = (view: View, path: string, row: Row): void => {
    const id = String(row.id)
    const probe = probes.get(id)!
    const fault = (check: string, what: string) => findings.add(path, check, what, id)
    if (view === "messages") {
      if (!training) return
      const text = training.render({ messages: (row as MessagesRow).messages })
      if (int32Sha256(encoder.tokenizer.encodeMarkup(text)) !== probe.input_ids_sha256)
        fault("training template", "the training template makes other token ids of it than the probe has")
      return
    }
    const read = readSample(row as unknown as SampleParts, { emptyThinkLoss: manifest.template.empty_think_loss })
    if ("fault" in read) {
      fault("sample", read.fault.reason)
      return
    }
    const got = probeOf(id, encoder.encode(read.sample))
    for (const key of ["input_ids_sha256", "labels_sha256", "trained_tokens"] as const)
      if (got[key] !== probe[key]) fault("probe", `its ${key} is not that of the probe`)
  }
  for (const view of ["sft", "messages"] as const) {
    const left = new Set(probes.keys())
    const named = new Map<string, number[]>()
    for (const { path, row } of places.values()) {
      // Both views have the same rows in files of the same names.
      const of = path.replace(/^sft\//, `${view}/`)
      named.set(of, [...(named.get(of) ?? []), row])
    }
    const unreadable = new Set<string>()
    const checkRows = async (shard: HandoffShard, rowsOf: (path: string) => Promise<readonly number[]>) => {
      try {
        const rows = await rowsOf(join(folder, shard.path))
        for await (const row of rowsAt(join(folder, shard.path), rows, columnsIn(shard, view)))
          if (left.delete(String(row.id))) check(view, shard.path, row)
      } catch (error) {
        unreadable.add(shard.path)
        findings.add(shard.path, "readable", error instanceof RowError ? error.message : messageOf(error))
      }
    }
    const shards = shardsOf(manifest, view)
    for (const shard of shards) await checkRows(shard, async () => named.get(shard.path) ?? [])
    for (const shard of shards)
      if (left.size > 0 && !unreadable.has(shard.path)) await checkRows(shard, (path) => rowsWith(path, left))
    for (const id of left) findings.add(view, "probe", "it has a probe and is not there", id)
  }
}

/** The columns of a view that a shard says it has; whether it has them, its footer shows. */
const columnsIn = ({ schema }: HandoffShard, view: View): string[] =>
  columnsRead[view].filter((name) => name !== "tools" || schema.includes(": tools: "))

/** Indexes of the rows with these ids. */
async function rowsWith(path: string, ids: ReadonlySet<string>): Promise<number[]> {
  const rows: number[] = []
  let number = 0
  for await (const batch of readParquet(path, { columns: ["id"] })) {
    const id = cellReader(batch.data.children[0]!, "id", "row")
    for (let at = 0; at < batch.numRows; at++, number++) if (ids.has(String(id(at)))) rows.push(number)
  }
  return rows
}

async function* rowsAt(path: string, rows: readonly number[], columns: readonly string[]): AsyncGenerator<Row> {
  if (rows.length === 0) return
  const ranges = rows.toSorted((a, b) => a - b).map((row) => ({ from: row, to: row + 1 }))
  for await (const batch of readParquet(path, { ranges, columns })) yield* rowsOf(batch)
}
