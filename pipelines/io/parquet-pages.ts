// Writes the chunk of a leaf column as plain pages of version 2: byte for byte what hyparquet-writer makes of the same values.
import type { ColumnChunk, CompressionCodec, OffsetIndex, Statistics } from "hyparquet"
import { ByteWriter } from "hyparquet-writer"
import { writePageHeader } from "hyparquet-writer/src/datapage.js"
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js"
import type { LeafPath } from "./parquet-gather.ts"
import type { Leaf } from "./parquet-leaf.ts"

/** A page starts at a row, when about so many bytes of values are before it. */
const pageBytes = 1 << 20

export interface PageWriter {
  readonly writer: ByteWriter
  readonly codec: CompressionCodec
  compress(page: Uint8Array): Uint8Array
}

/** A column chunk as the footer tells it, and where its pages start if there are several. */
export interface WrittenColumn {
  readonly chunk: ColumnChunk
  readonly offsetIndex?: OffsetIndex
}

/** Writes a column of one row group behind what `writer` holds. */
export function writePages(
  { elements, most }: LeafPath,
  leaf: Leaf,
  { writer, codec, compress }: PageWriter,
): WrittenColumn {
  const { type } = elements.at(-1)!
  const start = writer.offset
  const pages = pagesOf(leaf, most.definition)
  const locations: OffsetIndex["page_locations"] = []
  let unpacked = 0
  let rows = 0
  for (const page of pages) {
    const offset = writer.offset
    const levels = levelBytes(leaf, page, most)
    const bytes = plainBytes(leaf, page)
    const packed = compress(bytes)
    writePageHeader(writer, {
      type: "DATA_PAGE_V2",
      uncompressed_page_size: levels.bytes.length + bytes.length,
      compressed_page_size: levels.bytes.length + packed.length,
      data_page_header_v2: {
        num_values: page.end - page.start,
        num_nulls: page.end - page.start - (page.lastValue - page.firstValue),
        num_rows: levels.rows,
        encoding: "PLAIN",
        definition_levels_byte_length: levels.definition,
        repetition_levels_byte_length: levels.repetition,
        is_compressed: true,
      },
    })
    unpacked += writer.offset - offset + levels.bytes.length + bytes.length
    writer.appendBytes(levels.bytes)
    writer.appendBytes(packed)
    locations.push({
      offset: BigInt(offset),
      compressed_page_size: writer.offset - offset,
      first_row_index: BigInt(rows),
    })
    rows += levels.rows
  }
  const chunk = {
    meta_data: {
      type: type!,
      encodings: ["PLAIN" as const],
      path_in_schema: elements.slice(1).map(({ name }) => name),
      codec,
      num_values: BigInt(leaf.entries),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(unpacked),
      data_page_offset: BigInt(start),
      statistics: statisticsOf(leaf),
      encoding_stats: [{ page_type: "DATA_PAGE_V2" as const, encoding: "PLAIN" as const, count: pages.length }],
    },
    file_offset: BigInt(start),
  }
  return pages.length > 1 ? { chunk, offsetIndex: { page_locations: locations } } : { chunk }
}

/** Entries [start, end) with the values [firstValue, lastValue). */
interface Page {
  readonly start: number
  readonly end: number
  readonly firstValue: number
  readonly lastValue: number
}

function pagesOf({ entries, repetition, definition, values }: Leaf, most: number): Page[] {
  const { data, offsets, count } = values
  const width = data instanceof Uint8Array ? 1 / 8 : data.BYTES_PER_ELEMENT
  const all = { start: 0, end: entries, firstValue: 0, lastValue: count }
  if ((offsets ? offsets[count]! : width * count) < pageBytes) return [all]
  const pages: Page[] = []
  let [start, firstValue, value, bytes] = [0, 0, 0, 0]
  for (let at = 0; at < entries; at++) {
    const isThere = !definition || definition[at] === most
    const size = !isThere ? 0 : offsets ? offsets[value + 1]! - offsets[value]! : width
    bytes += size
    if (bytes >= pageBytes && at > start && (!repetition || repetition[at] === 0)) {
      pages.push({ start, end: at, firstValue, lastValue: value })
      start = at
      firstValue = value
      bytes = size
    }
    if (isThere) value++
  }
  pages.push({ start, end: entries, firstValue, lastValue: value })
  return pages
}

interface LevelBytes {
  readonly bytes: Uint8Array
  readonly repetition: number
  readonly definition: number
  readonly rows: number
}

function levelBytes({ repetition, definition }: Leaf, { start, end }: Page, most: LeafPath["most"]): LevelBytes {
  const into = new ByteWriter(64)
  const write = (levels: Uint8Array | null, highest: number) =>
    levels ? writeRleBitPackedHybrid(into, levels.subarray(start, end), 32 - Math.clz32(highest)) : 0
  let rows = end - start
  if (repetition) {
    rows = 0
    for (let at = start; at < end; at++) if (repetition[at] === 0) rows++
  }
  const written = {
    repetition: write(repetition, most.repetition),
    definition: write(definition, most.definition),
    rows,
  }
  return { bytes: into.getBytes(), ...written }
}

let buffer = Buffer.allocUnsafeSlow(1 << 20)

/** The values of a page as PLAIN has them; they stand until the next call. */
function plainBytes({ values }: Leaf, { firstValue, lastValue }: Page): Uint8Array {
  const { data, offsets } = values
  const count = lastValue - firstValue
  if (!offsets && !(data instanceof Uint8Array)) {
    const width = data.BYTES_PER_ELEMENT
    return new Uint8Array(data.buffer, data.byteOffset + width * firstValue, width * count)
  }
  const most = offsets ? 4 * count + offsets[lastValue]! - offsets[firstValue]! : (count + 7) >> 3
  // Not larger than the largest page of this file needs: a group may hold one row of any size.
  if (buffer.length < most) buffer = Buffer.allocUnsafeSlow(most)
  const page = buffer
  if (!offsets) {
    page.fill(0, 0, most)
    for (let at = 0; at < count; at++) page[at >> 3]! |= (data[firstValue + at] as number) << (at & 7)
    return page.subarray(0, most)
  }
  const bytes = data as Uint8Array
  let end = 0
  for (let at = firstValue; at < lastValue; at++) {
    const [from, to] = [offsets[at]!, offsets[at + 1]!]
    end = page.writeUInt32LE(to - from, end)
    // A call into C++ costs more than a short copy.
    if (to - from > 48) page.set(bytes.subarray(from, to), end)
    else for (let index = from; index < to; index++) page[end + index - from] = bytes[index]!
    end += to - from
  }
  return page.subarray(0, end)
}

/** What the footer says of a chunk's values: bounds without NaN, -0 below and 0 above where a bound is zero. */
function statisticsOf({ entries, values }: Leaf): Statistics & { nan_count: bigint | undefined } {
  const { data, offsets, count } = values
  const counts = { null_count: BigInt(entries - count), nan_count: undefined as bigint | undefined }
  if (offsets) return { ...textBounds(data as Uint8Array, offsets, count), ...counts }
  if (data instanceof Uint8Array) {
    const [no, yes] = [data.includes(0), data.includes(1)]
    return count === 0 ? withBounds(undefined, undefined, counts) : withBounds(!no, yes, counts)
  }
  if (data instanceof BigInt64Array) {
    let [least, most] = [data[0], data[0]]
    for (const value of data) {
      if (value < least!) least = value
      if (value > most!) most = value
    }
    return withBounds(least, most, counts)
  }
  let [least, most]: (number | undefined)[] = []
  let notNumbers = 0
  for (let at = 0; at < count; at++) {
    const value = data[at]!
    if (Number.isNaN(value)) notNumbers++
    else {
      if (least === undefined || value < least) least = value
      if (most === undefined || value > most) most = value
    }
  }
  if (!(data instanceof Int32Array)) counts.nan_count = BigInt(notNumbers)
  return withBounds(least === 0 ? -0 : least, most === 0 ? 0 : most, counts)
}

const withBounds = <C extends object>(
  min_value: Statistics["min_value"],
  max_value: Statistics["max_value"],
  counts: C,
) => ({ min_value, max_value, ...counts }) as C & Statistics

/** The first and the last of the texts by their bytes. */
function textBounds(bytes: Uint8Array, offsets: Int32Array, count: number): Statistics {
  if (count === 0) return { min_value: undefined, max_value: undefined } as unknown as Statistics
  let [least, most] = [0, 0]
  const compare = (one: number, other: number): number => {
    const [from, start] = [offsets[one]!, offsets[other]!]
    const [length, otherLength] = [offsets[one + 1]! - from, offsets[other + 1]! - start]
    const shorter = Math.min(length, otherLength)
    for (let at = 0; at < shorter; at++) {
      const difference = bytes[from + at]! - bytes[start + at]!
      if (difference !== 0) return difference
    }
    return length - otherLength
  }
  for (let at = 1; at < count; at++) {
    if (compare(at, least) < 0) least = at
    if (compare(at, most) > 0) most = at
  }
  const text = (at: number) => bytes.subarray(offsets[at]!, offsets[at + 1]!)
  return { min_value: text(least), max_value: text(most) }
}
