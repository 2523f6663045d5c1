import { join } from "node:path"
import { readParquet } from "../../pipelines/io/parquet.ts"
import { rowsOf } from "../../pipelines/runtime/batch.ts"
import { type Commit, readCommits, type Shard } from "../../pipelines/runtime/commit.ts"
import { plainJson } from "../inspect/plain-json.ts"
import type { Fate } from "./view-state.ts"

/** A dropped or failed row as a list shows it; text from outside, not yet made visible. */
export interface LossRow {
  id: string
  step: string
  reason: string
  /** What was measured against which threshold, or the failure's message. */
  detail: string
}

/** The dropped or failed rows of a stage, as far as its tasks were committed when this was opened; read page by page. */
export class Losses {
  readonly total: number
  readonly #run: string
  readonly #fate: Fate
  readonly #shards: Shard[]

  private constructor(run: string, fate: Fate, commits: readonly Commit[]) {
    this.#run = run
    this.#fate = fate
    this.#shards = commits.map((commit) => commit[fate]).filter((shard) => shard !== null)
    this.total = this.#shards.reduce((sum, { rows }) => sum + rows, 0)
  }

  static async open(run: string, stage: string, fate: Fate): Promise<Losses> {
    return new Losses(run, fate, await readCommits(run, stage))
  }

  /** Rows `from` to `from + count`, fewer at the end. */
  async page(from: number, count: number): Promise<LossRow[]> {
    const columns =
      this.#fate === "dropped" ? ["id", "step", "reason", "measured", "threshold"] : ["id", "step", "reason", "message"]
    const rows: LossRow[] = []
    for (const { path, from: first, to } of this.#parts(from, count))
      for await (const batch of readParquet(path, { columns, from: first, to }))
        for (const { id, step, reason, measured, threshold, message } of rowsOf(batch))
          rows.push({
            id: String(id),
            step: String(step),
            reason: String(reason),
            detail: String(message ?? (typeof measured === "number" ? measuredText(measured, threshold) : "")),
          })
    return rows
  }

  /** A row with all that is known of its loss, as JSON with line breaks; null where there is none. */
  async row(at: number): Promise<string | null> {
    for (const { path, from, to } of this.#parts(at, 1))
      for await (const batch of readParquet(path, { from, to }))
        for (const row of rowsOf(batch))
          return plainJson({ ...row, evidence: parsed(row.evidence), row: parsed(row.row) }, 2)
    return null
  }

  *#parts(from: number, count: number): Generator<{ path: string; from: number; to: number }> {
    let start = 0
    for (const { path, rows } of this.#shards) {
      const first = Math.max(from, start)
      const last = Math.min(from + count, start + rows)
      if (first < last) yield { path: join(this.#run, path), from: first - start, to: last - start }
      start += rows
    }
  }
}

const measuredText = (measured: number, threshold: unknown): string =>
  `${Number(measured.toPrecision(6))}${typeof threshold === "number" ? ` against ${Number(threshold.toPrecision(6))}` : ""}`

function parsed(json: unknown): unknown {
  if (typeof json !== "string") return json
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}
