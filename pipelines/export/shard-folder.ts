import { createHash, type Hash } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { RecordBatch, Schema } from "apache-arrow"
import type { HandoffShard } from "../../schemas/handoff-manifest.ts"
import { ParquetSink } from "../io/parquet.ts"
import { batchOf, rowReader, rowsOf } from "../runtime/batch.ts"
import { canonicalLines } from "../runtime/canonical-batch.ts"
import { writeFailure } from "../runtime/disk.ts"
import { canonicalRowJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"

/** How the rows of a folder are cut into files, row groups and batches. */
export interface ShardSizes {
  /** Most rows of a file; default 20,000. */
  rowsPerFile?: number
  /** Most rows of a row group; default 1,000. Readers of nested columns fail on large groups. */
  rowsPerGroup?: number
  /** About the most bytes of a row group; default 16 MiB. */
  bytesPerGroup?: number
  /** Makes a batch of rows; by default from plain objects. */
  batch?: (rows: readonly Row[]) => RecordBatch
  /** Text or numbers (about) of a batch; default 4 Mi. */
  weightPerBatch?: number
}

/** A row of a batch. */
export interface BatchRow {
  readonly batch: RecordBatch
  readonly index: number
}

/** How many of the model's tokens a row has, and about how many characters or numbers it holds (`weight`). */
export interface RowCounts {
  readonly tokens: number
  readonly trainedTokens: number
  readonly weight: number
}

interface File {
  path: string
  sink: ParquetSink
  hash: Hash
  rows: number
  tokens: number
  trainedTokens: number
  written: { bytes: number; sha256: string } | null
}

const rowsPerBatch = 256

/** About the most text of a batch that was read, over all of its rows. */
const batchWeight = 16 << 20
const rowsPerFile = 20_000

/** Rows of a batch in a row from which on it is worth to write them as they stand. */
const fewRows = 32

/**
 * Writes rows to `FOLDER/NAME-00000.parquet`, `-00001` and so on under a root, with the counts and the hash of the rows that the manifest
 * tells. Same rows, same files. Memory is bounded by one batch and one row group.
 */
export class ShardFolder {
  readonly #root: string
  readonly #folder: string
  readonly #name: string
  readonly #schema: Schema
  readonly #sizes: ShardSizes
  readonly #files: File[] = []
  #waiting: Row[] = []
  #weight = 0
  /** Rows of a batch that stand together; they come behind those that wait. */
  #standing: { batch: RecordBatch; start: number; end: number } | null = null

  constructor(root: string, { folder, name, schema }: { folder: string; name: string; schema: Schema }, sizes = {}) {
    this.#root = root
    this.#folder = folder
    this.#name = name
    this.#schema = schema
    this.#sizes = sizes
  }

  async add(row: Row, counts: RowCounts): Promise<void> {
    const file = await this.#fileForOne()
    await this.#settle(file)
    count(file, counts)
    await this.#wait(file, row, counts.weight)
  }

  /**
   * As `add`, of a row that stands in a batch of the same columns: where many of them stand together none is taken apart and put together
   * again. The batch must not change until it is written.
   */
  async addFrom({ batch, index }: BatchRow, counts: RowCounts): Promise<void> {
    const file = await this.#fileForOne()
    if (this.#standing?.batch === batch && this.#standing.end === index) this.#standing.end++
    else {
      await this.#settle(file)
      this.#standing = { batch, start: index, end: index + 1 }
    }
    count(file, counts)
  }

  async #wait(file: File, row: Row, weight: number): Promise<void> {
    this.#waiting.push(row)
    this.#weight += weight
    if (this.#waiting.length >= rowsPerBatch || this.#weight >= (this.#sizes.weightPerBatch ?? 4 << 20))
      await this.#flush(file)
  }

  /** Writes the rows that stand in a batch, or lets them wait where they are few. */
  async #settle(file: File): Promise<void> {
    if (!this.#standing) return
    const { batch, start, end } = this.#standing
    this.#standing = null
    if (end - start < fewRows || `${batch.schema}` !== `${this.#schema}`) {
      const read = rowReader(batch)
      // Of a batch that was read they weigh about the same.
      const weight = batchWeight / batch.numRows
      for (let index = start; index < end; index++) await this.#wait(file, read(index), weight)
      return
    }
    await this.#flush(file)
    await this.#writeBatch(file, batch.slice(start, end))
  }

  /** Where the next row will stand. */
  get pathOfNext(): { file: string; row: number } {
    const open = this.#files.at(-1)
    const fits = open !== undefined && open.rows < (this.#sizes.rowsPerFile ?? rowsPerFile)
    return { file: this.#pathOf(fits ? this.#files.length - 1 : this.#files.length), row: fits ? open.rows : 0 }
  }

  /** Ends the last file. A folder without rows gets no file, unless `evenEmpty`: then one with the schema alone. */
  async close({ evenEmpty = false } = {}): Promise<HandoffShard[]> {
    if (evenEmpty && this.#files.length === 0) await this.#start()
    await this.#end()
    return this.#files.map(({ path, hash, rows, tokens, trainedTokens, written }) => ({
      path,
      ...written!,
      logical_sha256: hash.digest("hex"),
      rows,
      tokens,
      trained_tokens: trainedTokens,
      schema: `${this.#schema}`,
    }))
  }

  async abort(): Promise<void> {
    await this.#files.at(-1)?.sink.abort()
  }

  #pathOf(index: number): string {
    return `${this.#folder}/${this.#name}-${String(index).padStart(5, "0")}.parquet`
  }

  async #fileForOne(): Promise<File> {
    const open = this.#files.at(-1)
    if (open && open.rows < (this.#sizes.rowsPerFile ?? rowsPerFile)) return open
    await this.#end()
    return this.#start()
  }

  async #start(): Promise<File> {
    const path = this.#pathOf(this.#files.length)
    const whole = join(this.#root, path)
    try {
      await mkdir(dirname(whole), { recursive: true })
    } catch (error) {
      throw writeFailure(whole, error)
    }
    const { rowsPerGroup, bytesPerGroup } = this.#sizes
    const sink = await ParquetSink.create(whole, this.#schema, { rowsPerGroup, bytesPerGroup })
    const file = { path, sink, hash: createHash("sha256"), rows: 0, tokens: 0, trainedTokens: 0, written: null }
    this.#files.push(file)
    return file
  }

  async #flush(file: File): Promise<void> {
    if (this.#waiting.length === 0) return
    const rows = this.#waiting
    this.#waiting = []
    this.#weight = 0
    await this.#writeBatch(file, this.#sizes.batch?.(rows) ?? batchOf(this.#schema, rows))
  }

  async #writeBatch({ sink, hash }: File, batch: RecordBatch): Promise<void> {
    if (!canonicalLines(batch, (bytes) => hash.update(bytes)))
      for (const row of rowsOf(batch)) hash.update(canonicalRowJson(row)).update("\n")
    await sink.write(batch)
  }

  async #end(): Promise<void> {
    const file = this.#files.at(-1)
    if (!file || file.written) return
    await this.#settle(file)
    await this.#flush(file)
    const { bytes, sha256 } = await file.sink.close()
    file.written = { bytes, sha256 }
  }
}

function count(file: File, { tokens, trainedTokens }: RowCounts): void {
  file.rows++
  file.tokens += tokens
  file.trainedTokens += trainedTokens
}
