import { createHash } from "node:crypto"
import { join } from "node:path"
import type { RecordBatch } from "apache-arrow"
import type { HandoffManifest, HandoffShard } from "../../../schemas/handoff-manifest.ts"
import { readParquet } from "../../io/parquet.ts"
import { rowReader } from "../../runtime/batch.ts"
import { CotyledonError, RowError } from "../../runtime/errors.ts"
import { canonicalRowJson } from "../../runtime/row-json.ts"
import type { Row } from "../../runtime/step.ts"
import type { Findings } from "./findings.ts"

/**
 * The rows of a shard in order. When all were read, their hash must be the manifest's. A row whose text cannot be read, and a file that
 * breaks off, are findings; what can be read comes. `canonical` gives the canonical JSON of a row where there is a quicker way.
 */
export async function* shardRows<R = Row>(
  folder: string,
  shard: HandoffShard,
  findings: Findings,
  { read = rowReader as never, canonical = canonicalRowJson }: RowsOptions<R> = {},
): AsyncGenerator<R, void, void> {
  const hash = createHash("sha256")
  let number = 0
  try {
    for await (const batch of readParquet(join(folder, shard.path))) {
      const rowAt = read(batch)
      for (let at = 0; at < batch.numRows; at++, number++) {
        let row: R
        try {
          row = rowAt(at)
        } catch (error) {
          if (!(error instanceof RowError)) throw error
          findings.add(shard.path, "readable", error.message, `number ${number}`)
          continue
        }
        hash.update(canonical(row)).update("\n")
        yield row
      }
    }
  } catch (error) {
    findings.add(shard.path, "readable", messageOf(error))
    return
  }
  if (hash.digest("hex") !== shard.logical_sha256)
    findings.add(shard.path, "logical_sha256", "its rows are not those of the manifest (logical_sha256)")
}

export interface RowsOptions<R> {
  read?: (batch: RecordBatch) => (index: number) => R
  canonical?: (row: R) => string | Uint8Array
}

/** What an error says, on one line. */
export function messageOf(error: unknown): string {
  if (error instanceof CotyledonError) {
    const { what, expected, got } = error.complaint
    return [what, expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(", ")
  }
  return error instanceof Error ? error.message : String(error)
}

/** Rows of one folder of shards, one after the other. */
export async function* folderRows<R>(
  shards: readonly HandoffShard[],
  rows: (shard: HandoffShard) => AsyncGenerator<R, void, void>,
): AsyncGenerator<{ path: string; number: number; row: R }, void, void> {
  for (const shard of shards) {
    let number = 0
    for await (const row of rows(shard)) yield { path: shard.path, number: number++, row }
  }
}

/** The shards of a folder. */
export const shardsOf = ({ shards }: HandoffManifest, folder: string): HandoffShard[] =>
  shards.filter(({ path }) => path.startsWith(`${folder}/`))

/** Tokens of a shard, and those of them that bear loss, against its rows. */
export function expectCounts(shard: HandoffShard, got: { tokens: number; trained: number }, findings: Findings): void {
  if (shard.tokens !== got.tokens)
    findings.add(shard.path, "tokens", `the manifest says ${shard.tokens} tokens, its rows have ${got.tokens}`)
  if (shard.trained_tokens !== got.trained)
    findings.add(
      shard.path,
      "trained_tokens",
      `the manifest says that ${shard.trained_tokens} tokens bear loss, its rows have ${got.trained}`,
    )
}
