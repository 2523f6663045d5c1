// The probes by themselves, when not every row is read; and what the training template makes of them, which must be the same.
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { openChatTemplate } from "../../../annotators/chat/chat-template.ts"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import type { MessagesRow } from "../../../schemas/messages-row.ts"
import { openParquet, readParquet } from "../../io/parquet.ts"
import { rowReader } from "../../runtime/batch.ts"
import { RowError } from "../../runtime/errors.ts"
import type { Row } from "../../runtime/step.ts"
import { int32Sha256 } from "../int32-bytes.ts"
import { probeOf } from "../probes.ts"
import type { SampleEncoder } from "../sample-encoder.ts"
import { readSample, type SampleParts } from "../sample-fault.ts"
import type { Findings } from "./findings.ts"
import { messageOf } from "./shard-rows.ts"

/**
 * Encodes the probes' rows of sft/ and of messages/ anew, with the carried tokenizer and both carried templates. Reads the ids of all rows
 * and, beside them, only the row groups in which probes stand.
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
  const left = { sft: new Set(probes.keys()), messages: new Set(probes.keys()) }
  for (const view of ["sft", "messages"] as const)
    for (const { path } of manifest.shards.filter(({ path }) => path.startsWith(`${view}/`)))
      try {
        for await (const row of rowsOfProbes(join(folder, path), left[view])) {
          const id = String(row.id)
          left[view].delete(id)
          const probe = probes.get(id)!
          if (view === "messages") {
            if (!training) continue
            const text = training.render({ messages: (row as MessagesRow).messages })
            if (int32Sha256(encoder.tokenizer.encodeMarkup(text)) !== probe.input_ids_sha256)
              findings.add(
                path,
                "training template",
                "the training template makes other token ids of it than the probe has",
                id,
              )
            continue
          }
          const read = readSample(row as unknown as SampleParts)
          if ("fault" in read) {
            findings.add(path, "sample", read.fault.reason, id)
            continue
          }
          const got = probeOf(id, encoder.encode(read.sample))
          for (const key of ["input_ids_sha256", "labels_sha256", "trained_tokens"] as const)
            if (got[key] !== probe[key]) findings.add(path, "probe", `its ${key} is not that of the probe`, id)
        }
      } catch (error) {
        findings.add(path, "readable", error instanceof RowError ? error.message : messageOf(error))
      }
  for (const view of ["sft", "messages"] as const)
    for (const id of left[view]) findings.add(view, "probe", "it has a probe and is not there", id)
}

/** The rows of a file with these ids. Only the row groups that hold one are read whole. */
async function* rowsOfProbes(path: string, wanted: ReadonlySet<string>): AsyncGenerator<Row> {
  const places: number[] = []
  let number = 0
  for await (const batch of readParquet(path, { columns: ["id"] })) {
    const read = rowReader(batch)
    for (let at = 0; at < batch.numRows; at++, number++) if (wanted.has(String(read(at).id))) places.push(number)
  }
  let from = 0
  for (const { rows } of (await openParquet(path)).rowGroups) {
    const to = from + rows
    const inGroup = new Set(places.filter((place) => place >= from && place < to))
    let at = from
    if (inGroup.size > 0)
      for await (const batch of readParquet(path, { from, to })) {
        const read = rowReader(batch)
        for (let index = 0; index < batch.numRows; index++, at++) if (inGroup.has(at)) yield read(index)
      }
    from = to
  }
}
