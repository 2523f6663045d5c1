import { endianness } from "node:os"
import { constants, zstdCompressSync } from "node:zlib"
import type { RecordBatch, Schema } from "apache-arrow"
import type { Statistics } from "hyparquet"
import { ByteWriter, ParquetWriter } from "hyparquet-writer"
import { writeIndexes } from "hyparquet-writer/src/indexes.js"
import { writeMetadata } from "hyparquet-writer/src/metadata.js"
import { snappyCompress } from "hyparquet-writer/src/snappy.js"
import { cellReader } from "../runtime/column-reader.ts"
import { stopError } from "../runtime/errors.ts"
import { ByteSink, type Written } from "./byte-sink.ts"
import { gatherLeaf, type LeafPath, leafPathsOf } from "./parquet-gather.ts"
import { writePages } from "./parquet-pages.ts"
import { elementsOf } from "./parquet-schema.ts"
import { rowBytes } from "./row-bytes.ts"

/** How a Parquet file is written. */
export interface ParquetOptions {
  /** Default `zstd` (level 3). `snappy` is for older readers. */
  codec?: "zstd" | "snappy" | undefined
  /** Most rows of a row group; default 1,000. */
  rowsPerGroup?: number | undefined
  /** About the most uncompressed bytes of a row group; default 16 MiB. One row may be larger. */
  bytesPerGroup?: number | undefined
  /** Whether the library makes the pages, which is slower and for comparing alone: the bytes are the same. */
  byLibrary?: boolean | undefined
  /** Key-value metadata of the file, written in key order. */
  metadata?: Readonly<Record<string, string>> | undefined
}

/** What a finished Parquet file holds. */
export interface ParquetWritten extends Written {
  rows: number
}

const level3 = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 }

// One output chunk of the page's size saves zlib from joining small ones, and small pages from holding large ones.
const zstd = (page: Uint8Array): Uint8Array =>
  zstdCompressSync(page, { params: level3, chunkSize: Math.max(64, page.byteLength) })

const compressors = { ZSTD: zstd, SNAPPY: snappyCompress }

/** The rows of a batch from `start` to `end` that wait for their row group to fill. */
interface Stretch {
  batch: RecordBatch
  start: number
  end: number
}

/**
 * Writes record batches of one schema to a Parquet file. Row groups end where the rows say, however they were batched, so the same
 * rows give the same bytes. Text is UTF-8 with the String type, lists have the standard three levels, nullability is kept. Await
 * each write before the next: it returns when the disk has taken the full row groups.
 */
export class ParquetSink {
  readonly #sink: ByteSink
  readonly #schema: Schema
  readonly #rowsPerGroup: number
  readonly #bytesPerGroup: number
  readonly #buffer = new ByteWriter(1 << 16)
  readonly #writer: ParquetWriter
  readonly #codec: "ZSTD" | "SNAPPY"
  /** Null where the library must write a column. */
  readonly #leaves: readonly LeafPath[] | null
  #waiting: Stretch[] = []
  #waitingRows = 0
  #waitingBytes = 0
  #rows = 0

  private constructor(sink: ByteSink, schema: Schema, options: ParquetOptions) {
    this.#sink = sink
    this.#schema = schema
    this.#rowsPerGroup = options.rowsPerGroup ?? 1_000
    this.#bytesPerGroup = options.bytesPerGroup ?? 16 * 2 ** 20
    const metadata = Object.entries(options.metadata ?? {}).sort(([left], [right]) => (left < right ? -1 : 1))
    const elements = elementsOf(schema, sink.path)
    this.#codec = (options.codec ?? "zstd") === "zstd" ? "ZSTD" : "SNAPPY"
    this.#leaves = endianness() === "LE" && !options.byLibrary ? leafPathsOf(schema.fields, elements) : null
    this.#writer = new ParquetWriter({
      writer: this.#buffer,
      schema: elements,
      codec: this.#codec,
      compressors,
      createdBy: "cotyledon",
      kvMetadata: metadata.map(([key, value]) => ({ key, value })),
    })
  }

  /** Creates (or empties) the file. The path should be a temporary name that the caller renames after `close`. */
  static async create(path: string, schema: Schema, options: ParquetOptions = {}): Promise<ParquetSink> {
    if (schema.fields.length === 0)
      throw stopError({ what: "A Parquet file needs at least one column", where: path, got: "none" })
    const sink = await ByteSink.create(path)
    try {
      return new ParquetSink(sink, schema, options)
    } catch (error) {
      await sink.abort()
      throw error
    }
  }

  /** Rows taken so far. */
  get rows(): number {
    return this.#rows
  }

  async write(batch: RecordBatch): Promise<void> {
    this.#expectSchema(batch)
    const sizes = rowBytes(batch)
    let start = 0
    for (let row = 0; row < batch.numRows; row++) {
      const size = sizes[row]!
      const full = this.#waitingRows === this.#rowsPerGroup || this.#waitingBytes + size > this.#bytesPerGroup
      if (full && this.#waitingRows > 0) {
        if (row > start) this.#waiting.push({ batch, start, end: row })
        start = row
        await this.#writeGroup()
      }
      this.#waitingRows++
      this.#waitingBytes += size
    }
    if (batch.numRows > start) this.#waiting.push({ batch, start, end: batch.numRows })
    this.#rows += batch.numRows
  }

  /** Writes what waits and the footer, syncs, and tells what the file holds. Rejects, and removes nothing, when a write failed. */
  async close(): Promise<ParquetWritten> {
    if (this.#waitingRows > 0) await this.#writeGroup()
    this.#writeFooter()
    await this.#flush()
    return { rows: this.#rows, ...(await this.#sink.close()) }
  }

  /** Gives the file up and removes it. */
  async abort(): Promise<void> {
    this.#waiting = []
    await this.#sink.abort()
  }

  async #writeGroup(): Promise<void> {
    if (this.#leaves) this.#writeLeaves(this.#leaves)
    else this.#writeByLibrary()
    for (const { meta_data } of this.#writer.row_groups.at(-1)?.columns ?? []) releaseRows(meta_data?.statistics)
    this.#waiting = []
    this.#waitingRows = 0
    this.#waitingBytes = 0
    await this.#flush()
  }

  /** Writes the row group from Arrow's memory; what the library's `write` leaves in the writer for the footer is left there. */
  #writeLeaves(leaves: readonly LeafPath[]): void {
    const start = this.#buffer.offset
    const to = { writer: this.#buffer, codec: this.#codec, compress: compressors[this.#codec] }
    const written = leaves.map((path) => {
      const ranges = this.#waiting.map(({ batch, start, end }) => ({
        data: batch.data.children[path.column]!,
        start,
        end,
      }))
      return writePages(path, gatherLeaf(path, ranges), to)
    })
    this.#writer.pendingIndexes.push(...written)
    const columns = written.map(({ chunk }) => chunk)
    this.#writer.num_rows += BigInt(this.#waitingRows)
    this.#writer.row_groups.push({
      columns,
      total_byte_size: columns.reduce((sum, { meta_data }) => sum + meta_data!.total_uncompressed_size, 0n),
      num_rows: BigInt(this.#waitingRows),
      total_compressed_size: BigInt(this.#buffer.offset - start),
    })
  }

  #writeByLibrary(): void {
    const columnData = this.#schema.fields.map(({ name }, at) => ({
      name,
      encoding: "PLAIN" as const,
      data: storedValues(this.#waiting, at, name),
    }))
    this.#writer.write({ columnData, rowGroupSize: this.#waitingRows })
  }

  // As the library's `finish`, but for the version: it writes 2, which older readers refuse; the files are as 1 allows.
  #writeFooter(): void {
    const { schema, num_rows, row_groups, kvMetadata, createdBy, pendingIndexes } = this.#writer
    writeIndexes(this.#buffer, pendingIndexes)
    const metadata = { version: 1, created_by: createdBy, schema, num_rows, row_groups, metadata_length: 0 }
    writeMetadata(this.#buffer, { ...metadata, ...(kvMetadata?.length ? { key_value_metadata: kvMetadata } : {}) })
    this.#buffer.appendUint32(0x31524150)
  }

  async #flush(): Promise<void> {
    await this.#sink.write(this.#buffer.getBytes())
    // The file offset goes on; only the buffer starts again.
    ;(this.#buffer as ByteWriter & { index: number }).index = 0
  }

  #expectSchema({ schema: { fields } }: RecordBatch): void {
    const ours = this.#schema.fields
    const same = fields.length === ours.length && ours.every((of, at) => `${fields[at]}` === `${of}`)
    if (same) return
    throw stopError({
      what: "A batch of another schema",
      where: this.#sink.path,
      expected: `${ours}`,
      got: `${fields}`,
    })
  }
}

/** The footer stores at most 16 bytes of a text's bounds; this is enough of them to find those. */
const boundBytes = 64

/**
 * The bounds of a row group are views of its rows and live until the footer is written: without copies every row would. A bound may
 * be cut where its first bytes can still be rounded up, that is below the last code point (and below 0xff for bytes).
 */
function releaseRows(statistics: Statistics | undefined): void {
  if (!statistics) return
  const { min_value: least, max_value: most } = statistics
  if (least instanceof Uint8Array) statistics.min_value = Uint8Array.from(least.subarray(0, boundBytes))
  if (most instanceof Uint8Array)
    statistics.max_value = Uint8Array.from((most[0] ?? 0) < 0xf4 ? most.subarray(0, boundBytes) : most)
}

function storedValues(stretches: readonly Stretch[], column: number, name: string): unknown[] {
  const values: unknown[] = []
  for (const { batch, start, end } of stretches) {
    const cell = cellReader(batch.data.children[column]!, name, "stored")
    for (let index = start; index < end; index++) values.push(cell(index))
  }
  return values
}
