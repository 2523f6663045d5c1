// Rows of IN in batches that can be sent to a thread. JSON Lines are sent as bytes, so that threads parse them.
import { type Line, type Place, readLines, rowOfLine, type SourceRow } from "../../pipelines/io/jsonl.ts"
import { readRows, type SourceFile } from "../../pipelines/io/source.ts"

/** Lines of one file, one after the other in `bytes`. */
export interface LineBatch {
  file: string
  /** Number of the first line, from 1. */
  first: number
  bytes: Uint8Array
  /** Where each line ends in `bytes`. */
  ends: readonly number[]
  /** Length of each whole line; `bytes` hold only the start of one that is too long. */
  lengths: readonly number[]
}

/** Rows that were read here. */
export interface RowBatch {
  rows: readonly SourceRow[]
}

export type SourceBatch = LineBatch | RowBatch

/** Rows and bytes (about) from which a batch is full. */
const batchRows = 1_024
const batchBytes = 1 << 18

/** The rows of files in order, in batches. */
export async function* batchesOf(files: readonly SourceFile[]): AsyncGenerator<SourceBatch> {
  for (const file of files) {
    if (file.format.kind === "jsonl") yield* lineBatches(file)
    else yield* rowBatches(file)
  }
}

async function* lineBatches({ path, name, format }: SourceFile): AsyncGenerator<LineBatch> {
  let first = 1
  let held: Line[] = []
  let bytes = 0
  for await (const lines of readLines(path, { name, compression: format.compression }))
    for (const line of lines) {
      if (held.length >= batchRows || (bytes + line.bytes.length > batchBytes && held.length > 0)) {
        yield lineBatch(name, first, held, bytes)
        first += held.length
        held = []
        bytes = 0
      }
      held.push(line)
      bytes += line.bytes.length
    }
  if (held.length > 0) yield lineBatch(name, first, held, bytes)
}

function lineBatch(file: string, first: number, lines: readonly Line[], size: number): LineBatch {
  const bytes = new Uint8Array(size)
  const ends: number[] = []
  let end = 0
  for (const line of lines) {
    bytes.set(line.bytes, end)
    end += line.bytes.length
    ends.push(end)
  }
  return { file, first, bytes, ends, lengths: lines.map(({ length }) => length) }
}

async function* rowBatches(file: SourceFile): AsyncGenerator<RowBatch> {
  let rows: SourceRow[] = []
  let size = 0
  for await (const source of readRows(file)) {
    const { completion } = "row" in source ? source.row : {}
    const length = typeof completion === "string" ? completion.length : 0
    if (rows.length >= batchRows || (size + length > batchBytes && rows.length > 0)) {
      yield { rows }
      rows = []
      size = 0
    }
    rows.push(source)
    size += length
  }
  if (rows.length > 0) yield { rows }
}

/** Rows, or lines with blank ones, of a batch. */
export const lengthOf = (batch: SourceBatch): number => ("rows" in batch ? batch.rows.length : batch.ends.length)

/** Bytes that a batch holds, about. */
export const bytesOf = (batch: SourceBatch): number =>
  "rows" in batch
    ? batch.rows.reduce((sum, source) => sum + ("row" in source ? String(source.row.completion).length : 64), 0)
    : batch.bytes.length

/** The row at an index of a batch; null for a blank line. */
export function rowOf(batch: SourceBatch, index: number): SourceRow | null {
  if ("rows" in batch) return batch.rows[index]!
  const { bytes, ends, lengths } = batch
  const start = index === 0 ? 0 : ends[index - 1]!
  const line = Buffer.from(bytes.buffer, bytes.byteOffset + start, ends[index]! - start)
  return rowOfLine({ bytes: line, length: lengths[index]! }, placeOf(batch, index))
}

/** Where the row at an index of a batch stands. */
export const placeOf = (batch: SourceBatch, index: number): Place =>
  "rows" in batch ? batch.rows[index]!.at : { file: batch.file, line: batch.first + index }

/** A part of a batch, with bytes of its own. */
export function partOf(batch: SourceBatch, from: number, to: number): SourceBatch {
  if ("rows" in batch) return { rows: batch.rows.slice(from, to) }
  const start = from === 0 ? 0 : batch.ends[from - 1]!
  return {
    file: batch.file,
    first: batch.first + from,
    bytes: batch.bytes.slice(start, batch.ends[to - 1]),
    ends: batch.ends.slice(from, to).map((end) => end - start),
    lengths: batch.lengths.slice(from, to),
  }
}

/** What a thread must know of a batch: of rows the columns that are read, without which others would be copied for nothing. */
export function sentBatch(batch: SourceBatch): SourceBatch {
  if (!("rows" in batch)) return batch
  return {
    rows: batch.rows.map((source) => {
      if ("error" in source) return source
      const { id, completion, reference, options } = source.row
      return { row: { id, completion, reference, options }, at: source.at }
    }),
  }
}
