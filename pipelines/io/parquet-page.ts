// A data page of a leaf column: its levels, and where its values start.
import type { ColumnMetaData, Compressors, Encoding, PageHeader } from "hyparquet"
import { parquetHeader } from "hyparquet/src/column.js"
import { decompressPage } from "hyparquet/src/datapage.js"
import { readRuns } from "./parquet-runs.ts"

/** The highest levels that a leaf column has. */
export interface LeafLevels {
  readonly repetition: number
  readonly definition: number
}

/** What a page is read with. */
export interface PageContext {
  readonly levels: LeafLevels
  /** Entries that the column still lacks. */
  readonly left: number
  unpack(packed: Uint8Array, size: number): Uint8Array
}

/** A page whose levels are read and whose values are not. */
export interface OpenPage {
  /** Levels of all entries, nulls and empty lists included; null where all are 0. */
  readonly repetition: Uint8Array | null
  readonly definition: Uint8Array | null
  readonly entries: number
  /** Values that are there. */
  readonly count: number
  readonly encoding: Encoding
  /** The values, from `at` on. */
  readonly bytes: Uint8Array
  readonly at: number
}

/** The pages of a chunk, dictionaries too: their headers, and their bytes as they are stored. */
export function* pagesIn(
  bytes: Uint8Array<ArrayBuffer>,
): Generator<{ header: PageHeader; body: Uint8Array<ArrayBuffer> }> {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
  // As the library has it: a chunk may end with a byte that belongs to no page.
  while (reader.offset < bytes.length - 1) {
    const header = parquetHeader(reader)
    const end = reader.offset + header.compressed_page_size
    if (!(end >= reader.offset && end <= bytes.length)) throw new RangeError("a page reaches beyond its column")
    const body = bytes.subarray(reader.offset, end)
    reader.offset = end
    yield { header, body }
  }
}

/** Unpacks pages of a chunk. */
export const unpacker =
  ({ codec }: Pick<ColumnMetaData, "codec">, compressors: Compressors): PageContext["unpack"] =>
  (packed, size) =>
    codec === "UNCOMPRESSED" ? packed : decompressPage(packed, size, codec, compressors)

/** Throws an error where a page is not what its header says. */
export function openPage(header: PageHeader, body: Uint8Array, { levels, left, unpack }: PageContext): OpenPage {
  const { data_page_header: first, data_page_header_v2: second } = header
  const of = header.type === "DATA_PAGE" ? first : header.type === "DATA_PAGE_V2" ? second : undefined
  if (!of) throw new Error(`a page of another kind: ${header.type}`)
  const entries = of.num_values
  if (!(entries >= 0 && entries <= left)) throw new RangeError(`a page of ${entries} values where ${left} are left`)
  const repetition = levels.repetition > 0 ? new Uint8Array(entries) : null
  const definition = levels.definition > 0 ? new Uint8Array(entries) : null
  let bytes: Uint8Array
  let at = 0
  if (second && of === second) {
    const ends = [second.repetition_levels_byte_length, 0]
    ends[1] = ends[0]! + second.definition_levels_byte_length
    if (!(ends[0]! >= 0 && ends[1] >= ends[0]! && ends[1] <= body.length)) throw new RangeError("levels beyond a page")
    if (repetition) readRuns(body, 0, ends[0]!, bitsOf(levels.repetition), repetition)
    if (definition) readRuns(body, ends[0]!, ends[1], bitsOf(levels.definition), definition)
    const packed = body.subarray(ends[1])
    bytes = second.is_compressed === false ? packed : unpack(packed, header.uncompressed_page_size - ends[1])
  } else {
    bytes = unpack(body, header.uncompressed_page_size)
    for (const [out, most] of [
      [repetition, levels.repetition],
      [definition, levels.definition],
    ] as const) {
      if (!out) continue
      const end = at + 4 + uint32(bytes, at)
      if (end > bytes.length) throw new RangeError("levels beyond a page")
      readRuns(bytes, at + 4, end, bitsOf(most), out)
      at = end
    }
  }
  if (repetition && levels.repetition > 1) highest(repetition, levels.repetition)
  const count = definition ? highest(definition, levels.definition) : entries
  return { entries, repetition, definition, count, encoding: of.encoding, bytes, at }
}

/** How many values a dictionary's page has. Throws where they are not plain. */
export function dictionaryCount({ dictionary_page_header: of }: PageHeader): number {
  if (of?.encoding !== "PLAIN" && of?.encoding !== "PLAIN_DICTIONARY")
    throw new Error(`a dictionary encoded as ${of?.encoding}`)
  return of.num_values
}

/** How many of the levels are the highest. Throws where one is higher. */
function highest(levels: Uint8Array, most: number): number {
  // Of one bit none is higher, and mostly all are the highest.
  if (most === 1 && !levels.includes(0)) return levels.length
  let count = 0
  for (let at = 0; at < levels.length; at++) {
    if (levels[at]! > most) throw new RangeError(`a level of ${levels[at]} where ${most} is the highest`)
    if (levels[at] === most) count++
  }
  return count
}

const bitsOf = (most: number): number => 32 - Math.clz32(most)

/** Throws where the bytes end before it does. */
export function uint32(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) throw endsEarly()
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

export const endsEarly = () => new RangeError("a page ends before its last value")
