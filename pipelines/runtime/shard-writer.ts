import { mkdir, rename } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { RecordBatch, Schema } from "apache-arrow"
import { ParquetSink } from "../io/parquet.ts"
import { batchOf } from "./batch.ts"
import type { Shard } from "./commit.ts"
import { syncFolder, temporaryName, writeFailure } from "./disk.ts"
import { RowError } from "./errors.ts"
import type { Row } from "./step.ts"

const rowsPerBatch = 256
const charactersPerBatch = 4 << 20

/** Writes rows to one Parquet file that exists only when whole. Memory is bounded by one batch and one row group. */
export class ShardWriter {
  readonly #run: string
  readonly #path: string
  readonly #schema: Schema
  readonly #temporary: string
  readonly #refuse: ((row: Row, error: RowError) => Promise<void>) | undefined
  #sink: ParquetSink | null = null
  #rows: Row[] = []
  #characters = 0
  #closed: { rows: number; bytes: number; sha256: string } | null = null

  /**
   * `path` is relative to the run's folder. `refuse` takes rows whose values do not fit the schema; without it such a row is an error.
   */
  constructor(run: string, path: string, schema: Schema, refuse?: (row: Row, error: RowError) => Promise<void>) {
    this.#run = run
    this.#path = path
    this.#schema = schema
    this.#refuse = refuse
    this.#temporary = temporaryName(join(run, path))
  }

  async add(row: Row): Promise<void> {
    this.#rows.push(row)
    this.#characters += charactersIn(row)
    if (this.#rows.length >= rowsPerBatch || this.#characters >= charactersPerBatch) await this.#flush()
  }

  /** Writes what is left and syncs; the file still has its temporary name. */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.#flush()
    this.#closed = await (await this.#open()).close()
  }

  /** Gives the file its name. Call after `close`, when all files of a task are whole. */
  async publish(): Promise<Shard> {
    if (!this.#closed) throw new Error("publish() before close()")
    const path = join(this.#run, this.#path)
    try {
      await rename(this.#temporary, path)
      await syncFolder(dirname(path))
    } catch (error) {
      throw writeFailure(path, error)
    }
    return { path: this.#path, ...this.#closed }
  }

  /** Removes what was written. */
  async abort(): Promise<void> {
    await this.#sink?.abort()
  }

  async #flush(): Promise<void> {
    if (this.#rows.length === 0) return
    const rows = this.#rows
    this.#rows = []
    this.#characters = 0
    const batch = await this.#batch(rows)
    if (batch) await (await this.#open()).write(batch)
  }

  /** A batch of all rows, or of those that fit. */
  async #batch(rows: readonly Row[]): Promise<RecordBatch | null> {
    try {
      return batchOf(this.#schema, rows)
    } catch (error) {
      if (!(error instanceof RowError) || !this.#refuse) throw error
    }
    const fitting: Row[] = []
    for (const row of rows)
      try {
        batchOf(this.#schema, [row])
        fitting.push(row)
      } catch (error) {
        if (!(error instanceof RowError)) throw error
        await this.#refuse(row, error)
      }
    return fitting.length > 0 ? batchOf(this.#schema, fitting) : null
  }

  async #open(): Promise<ParquetSink> {
    if (!this.#sink) {
      try {
        await mkdir(dirname(this.#temporary), { recursive: true, mode: 0o700 })
      } catch (error) {
        throw writeFailure(this.#temporary, error)
      }
      this.#sink = await ParquetSink.create(this.#temporary, this.#schema)
    }
    return this.#sink
  }
}

/** About how much text a row holds, so that rows of long drafts do not pile up in a batch. */
function charactersIn(value: unknown): number {
  if (typeof value === "string") return value.length
  if (typeof value !== "object" || value === null) return 8
  let sum = 0
  for (const member of Object.values(value)) sum += charactersIn(member)
  return sum
}
