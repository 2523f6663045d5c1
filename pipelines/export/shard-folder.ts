import { createHash, type Hash } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { RecordBatch, Schema } from "apache-arrow"
import type { HandoffShard } from "../../schemas/handoff-manifest.ts"
import { ParquetSink } from "../io/parquet.ts"
import { batchOf } from "../runtime/batch.ts"
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
const rowsPerFile = 20_000

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

  constructor(root: string, { folder, name, schema }: { folder: string; name: string; schema: Schema }, sizes = {}) {
    this.#root = root
    this.#folder = folder
    this.#name = name
    this.#schema = schema
    this.#sizes = sizes
  }

  /** `weight`: about how many characters or numbers the row holds. */
  async add(
    row: Row,
    { tokens, trainedTokens, weight }: { tokens: number; trainedTokens: number; weight: number },
  ): Promise<void> {
    const file = await this.#fileForOne()
    file.rows++
    file.tokens += tokens
    file.trainedTokens += trainedTokens
    this.#waiting.push(row)
    this.#weight += weight
    if (this.#waiting.length >= rowsPerBatch || this.#weight >= (this.#sizes.weightPerBatch ?? 4 << 20))
      await this.#flush(file)
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

  async #flush({ sink, hash }: File): Promise<void> {
    if (this.#waiting.length === 0) return
    const rows = this.#waiting
    this.#waiting = []
    this.#weight = 0
    const batch = this.#sizes.batch?.(rows) ?? batchOf(this.#schema, rows)
    if (!canonicalLines(batch, (bytes) => hash.update(bytes)))
      for (const row of rows) hash.update(canonicalRowJson(row)).update("\n")
    await sink.write(batch)
  }

  async #end(): Promise<void> {
    const file = this.#files.at(-1)
    if (!file || file.written) return
    await this.#flush(file)
    const { bytes, sha256 } = await file.sink.close()
    file.written = { bytes, sha256 }
  }
}
