import { type FileHandle, open } from "node:fs/promises"
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib"
import type { RecordBatch, Schema } from "apache-arrow"
import { Schema as ArrowSchema } from "apache-arrow"
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  type RowGroup,
} from "hyparquet"
import { batchOfColumns } from "../runtime/batch.ts"
import { buildColumn } from "../runtime/column-builder.ts"
import { CotyledonError, stopError } from "../runtime/errors.ts"
import { readError } from "./file-error.ts"
import { checkedSlice } from "./parquet-check.ts"
import { directColumns, readDirectly } from "./parquet-direct.ts"
import { columnsOf, type FileColumns, physicalElements } from "./parquet-schema.ts"
import { unpackSnappy } from "./parquet-snappy.ts"

/** What a Parquet file says of itself. */
export interface ParquetFile {
  schema: Schema
  rows: number
  rowGroups: { rows: number; bytes: number }[]
  /** Key-value metadata. */
  metadata: Map<string, string>
}

/** Rows of a file by index, `to` exclusive. */
export interface RowRange {
  readonly from: number
  readonly to: number
}

/**
 * Which part of a file to read: the rows `from` to `to` (exclusive), or several `ranges` one after the other; columns come in the order
 * named.
 */
export interface ParquetRange {
  columns?: readonly string[] | undefined
  from?: number | undefined
  to?: number | undefined
  ranges?: readonly RowRange[] | undefined
}

const rowsPerBatch = 1_024

/** Row groups above this are read in parts where the file has page indexes. */
const largeGroupBytes = 64 * 2 ** 20

/** Of fewer rows of a group than this share only the pages are read in which they stand, where the file has page indexes. */
const smallShare = 1 / 8

/** Reads the footer. A truncated or foreign file is a stopError that says what is wrong with it. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const file = await openFile(path)
  try {
    const { metadata, columns } = await footerOf(file, path)
    return {
      schema: columns.schema,
      rows: Number(metadata.num_rows),
      rowGroups: metadata.row_groups.map(({ num_rows, total_byte_size }) => ({
        rows: Number(num_rows),
        bytes: Number(total_byte_size),
      })),
      metadata: columns.schema.metadata,
    }
  } finally {
    await file.handle.close()
  }
}

/**
 * The rows of a file in order, as batches of at most 1,024 rows. Memory is bounded by one row group (by a part of it where the file
 * has page indexes). Text stays bytes, so that a BOM survives; bytes that are no UTF-8 fail when their row is read.
 */
export async function* readParquet(path: string, range: ParquetRange = {}): AsyncGenerator<RecordBatch, void, void> {
  const file = await openFile(path)
  try {
    const { metadata, columns } = await footerOf(file, path)
    const { schema, fixes } = pick(columns, range.columns, path)
    const options = {
      file: { ...file.buffer, slice: checkedSlice(file.buffer, metadata, decompressors) },
      metadata: { ...metadata, schema: physicalElements(metadata.schema) },
      compressors: decompressors,
      utf8: false,
      parsers: { timestampFromNanoseconds: (nanoseconds: bigint) => nanoseconds as never },
    }
    const direct = fixes.some((fix) => fix !== null) ? null : directColumns(schema, metadata)
    const scans = new Map<boolean, ReturnType<typeof parquetScan>>()
    const scanOf = (paged: boolean) => {
      const scan = scans.get(paged) ?? parquetScan({ ...options, useOffsetIndex: paged })
      scans.set(paged, scan)
      return scan
    }
    const ranges = range.ranges ?? [{ from: range.from ?? 0, to: range.to ?? Number.POSITIVE_INFINITY }]
    for (const part of ranges.flatMap((of) => [...partsOf(metadata, of)])) {
      const group = direct && wholeGroup(metadata, part)
      const batch = group && (await readDirectly(direct, group, { ...file.buffer, compressors: decompressors }))
      if (batch) {
        yield batch
        continue
      }
      const scan = await scanOf(part.paged)
      const values: ArrayLike<unknown>[] = []
      for (const [at, { name, type }] of schema.fields.entries()) {
        // To skip pages of nested values the library trusts what they say of their rows, which is wrong in files of parquetjs.
        const rowStart = type.children?.length && !part.paged ? part.groupStart : part.start
        const raw = await scan.readColumn({ column: name, rowStart, rowEnd: part.end })
        expectRows(raw.length, part.end - rowStart, `${path}, column ${name}`)
        const own = sliceOf(raw, part.start - rowStart, raw.length)
        const fix = fixes[at]
        values.push(fix ? Array.from(own, fix) : own)
      }
      for (let start = 0; start < part.end - part.start; start += rowsPerBatch) {
        const length = Math.min(rowsPerBatch, part.end - part.start - start)
        const children = schema.fields.map((field, at) =>
          buildColumn(field, sliceOf(values[at]!, start, start + length), { trusted: true }),
        )
        yield batchOfColumns(schema, children, length)
      }
    }
  } catch (error) {
    throw damaged(error, path)
  } finally {
    await file.handle.close()
  }
}

interface Part {
  /** Where its row group starts. */
  groupStart: number
  start: number
  end: number
  paged: boolean
}

/** The row groups that overlap the range, cut to it; large ones with page indexes in parts of about `largeGroupBytes`. */
function* partsOf(metadata: FileMetaData, { from, to }: RowRange): Generator<Part> {
  let next = 0
  for (const { num_rows, total_byte_size, columns } of metadata.row_groups) {
    const rows = Number(num_rows)
    const groupStart = next
    next += rows
    const start = Math.max(from, groupStart)
    const end = Math.min(to, next)
    if (start >= end) continue
    // A column of one page has no index: it is read whole for every part, which must stay cheap.
    const indexed = columns.every(
      ({ offset_index_offset, meta_data }) =>
        offset_index_offset !== undefined || Number(meta_data?.total_uncompressed_size ?? 0) < 2 ** 20,
    )
    const large = Number(total_byte_size) > largeGroupBytes
    const paged = indexed && (large || end - start < rows * smallShare)
    const step = large && indexed ? Math.max(1, Math.floor((rows * largeGroupBytes) / Number(total_byte_size))) : rows
    for (let at = start; at < end; at += step) yield { groupStart, start: at, end: Math.min(end, at + step), paged }
  }
}

/** The row group that a part is, where that makes one batch. */
function wholeGroup(metadata: FileMetaData, { start, end, paged }: Part): RowGroup | null {
  if (paged || end - start > rowsPerBatch) return null
  let groupStart = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    if (groupStart === start)
      return rows === end - start && Number(group.total_byte_size) <= largeGroupBytes ? group : null
    groupStart += rows
    if (groupStart > start) return null
  }
  return null
}

interface OpenFile {
  handle: FileHandle
  buffer: AsyncBuffer
}

async function openFile(path: string): Promise<OpenFile> {
  try {
    const handle = await open(path, "r")
    const { size } = await handle.stat()
    return { handle, buffer: { byteLength: size, slice: (start, end = size) => readExactly(handle, path, start, end) } }
  } catch (error) {
    throw readError(error, path)
  }
}

async function readExactly(handle: FileHandle, path: string, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(0, end - start))
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesRead } = await handle.read(bytes, at, bytes.byteLength - at, start + at).catch((error) => {
      throw readError(error, path)
    })
    if (bytesRead === 0)
      throw stopError({
        what: "The Parquet file ends too early",
        where: path,
        expected: `${end} bytes or more`,
        got: `${start + at}`,
        remedy: "Fetch or write it again.",
      })
    at += bytesRead
  }
  return bytes.buffer
}

async function footerOf(file: OpenFile, path: string): Promise<{ metadata: FileMetaData; columns: FileColumns }> {
  const { byteLength } = file.buffer
  const tail = Buffer.from(await file.buffer.slice(Math.max(0, byteLength - 4), byteLength)).toString("latin1")
  if (byteLength < 12 || tail !== "PAR1")
    throw stopError({
      what: "Not a whole Parquet file",
      where: path,
      expected: 'the last four bytes to be "PAR1"',
      got: byteLength === 0 ? "an empty file" : `${JSON.stringify(tail)} after ${byteLength} bytes`,
      remedy:
        tail === "PARE"
          ? "Encrypted Parquet is not supported: decrypt it first."
          : "It may be cut short: fetch or write it again.",
    })
  try {
    const metadata = await parquetMetadataAsync(file.buffer, { geoparquet: false })
    const pairs = (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ""] as const)
    return { metadata, columns: columnsOf(metadata.schema, new Map(pairs), path) }
  } catch (error) {
    throw damaged(error, path)
  }
}

function damaged(error: unknown, path: string): CotyledonError {
  if (error instanceof CotyledonError) return error
  const got = error instanceof Error ? error.message : String(error)
  return stopError(
    {
      what: "The Parquet file is damaged or of a kind not supported",
      where: path,
      got,
      remedy: "Fetch or write it again.",
    },
    error,
  )
}

function pick({ schema, fixes }: FileColumns, names: readonly string[] | undefined, path: string): FileColumns {
  if (!names) return { schema, fixes }
  const at = names.map((name) => {
    const index = schema.fields.findIndex((field) => field.name === name)
    if (index !== -1) return index
    const found = schema.fields.map((field) => field.name).join(", ")
    throw stopError({ what: `No column ${name}`, where: path, expected: `one of ${found}` })
  })
  return { schema: new ArrowSchema(at.map((index) => schema.fields[index]!)), fixes: at.map((index) => fixes[index]!) }
}

function expectRows(got: number, expected: number, where: string): void {
  if (got === expected) return
  throw stopError({
    what: "The Parquet file is damaged",
    where,
    expected: `${expected} rows`,
    got: `${got}`,
    remedy: "Fetch or write it again.",
  })
}

const sliceOf = (values: ArrayLike<unknown>, start: number, end: number): ArrayLike<unknown> =>
  start === 0 && end === values.length ? values : Array.prototype.slice.call(values, start, end)

// One output chunk of the page's size saves zlib from growing and joining small ones.
const sized = (length: number) => ({ maxOutputLength: length, chunkSize: Math.max(64, length) })

const inflate =
  (codec: (page: Uint8Array, options: { maxOutputLength: number; chunkSize: number }) => Uint8Array) =>
  (page: Uint8Array, length: number) =>
    length === 0 ? new Uint8Array(0) : codec(page, sized(length))

const decompressors: Compressors = {
  ZSTD: inflate(zstdDecompressSync),
  GZIP: inflate(gunzipSync),
  BROTLI: inflate(brotliDecompressSync),
  SNAPPY: unpackSnappy,
}
