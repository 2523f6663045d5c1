import { createHash } from "node:crypto"
import { join } from "node:path"
import type { RecordBatch } from "apache-arrow"
import type { HandoffManifest, HandoffShard } from "../../../schemas/handoff-manifest.ts"
import { readParquet } from "../../io/parquet.ts"
import { rowReader } from "../../runtime/batch.ts"
import { canonicalLines } from "../../runtime/canonical-batch.ts"
import { CotyledonError, RowError } from "../../runtime/errors.ts"
import { canonicalRowJson } from "../../runtime/row-json.ts"
import type { Row } from "../../runtime/step.ts"
import type { Findings } from "./findings.ts"

/** Which of a shard's columns are read, and how; by default all, as rows. */
export interface RowsOptions<R> {
  /** Columns that are read, where the shard has them; all of them count for the hash, and none may hold what cannot be read. */
  columns?: readonly string[]
  read?: (batch: RecordBatch, columns?: readonly string[]) => (index: number) => R
}

/**
 * The rows of a shard in order, a batch at a time: no row is waited for by itself. When all were taken, their hash must be the manifest's. A
 * row whose text cannot be read, and a file that breaks off, are findings; what can be read comes.
 */
export async function* shardBatches<R = Row>(
  folder: string,
  shard: HandoffShard,
  findings: Findings,
  { columns, read = rowReader as never }: RowsOptions<R> = {},
): AsyncGenerator<Generator<R, void, void>, void, void> {
  const hash = createHash("sha256")
  let first = 0
  let broken: unknown = null
  const rowsOf = function* (rowAt: (index: number) => R, count: number, hashed: boolean): Generator<R, void, void> {
    for (let at = 0; at < count; at++) {
      let row: R
      try {
        row = rowAt(at)
      } catch (error) {
        if (!(error instanceof RowError)) {
          broken = error
          return
        }
        findings.add(shard.path, "readable", error.message, `number ${first + at}`)
        continue
      }
      if (!hashed) hash.update(canonicalRowJson(row)).update("\n")
      yield row
    }
  }
  try {
    for await (const batch of readParquet(join(folder, shard.path))) {
      const hashed = canonicalLines(batch, (bytes) => hash.update(bytes))
      const known = new Set(batch.schema.fields.map(({ name }) => name))
      // Where a batch is hashed row by row, a row must be whole.
      const wanted = hashed ? columns?.filter((name) => known.has(name)) : undefined
      yield rowsOf(read(batch, wanted), batch.numRows, hashed)
      if (broken) throw broken
      first += batch.numRows
    }
  } catch (error) {
    findings.add(shard.path, "readable", messageOf(error))
    return
  }
  if (hash.digest("hex") !== shard.logical_sha256)
    findings.add(shard.path, "logical_sha256", "its rows are not those of the manifest (logical_sha256)")
}

/** As `shardBatches`, row by row. */
export async function* shardRows<R = Row>(
  folder: string,
  shard: HandoffShard,
  findings: Findings,
): AsyncGenerator<R, void, void> {
  for await (const rows of shardBatches<R>(folder, shard, findings)) yield* rows
}

/** What an error says, on one line. */
export function messageOf(error: unknown): string {
  if (error instanceof CotyledonError) {
    const { what, expected, got } = error.complaint
    return [what, expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(", ")
  }
  return error instanceof Error ? error.message : String(error)
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
