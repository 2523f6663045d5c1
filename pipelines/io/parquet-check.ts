// Looks at pages before the library reads them: of damaged ones it makes arrays that grow until memory ends, and values from bytes behind a page.
import type { AsyncBuffer, ColumnMetaData, Compressors, FileMetaData, SchemaElement } from "hyparquet"
import { deltaBinaryUnpack } from "hyparquet/src/delta.js"
import {
  dictionaryCount,
  endsEarly,
  type LeafLevels,
  type OpenPage,
  openPage,
  pagesIn,
  uint32,
  unpacker,
} from "./parquet-page.ts"
import { mostBits, readRuns } from "./parquet-runs.ts"

/** What the schema says of a leaf. */
interface LeafElement {
  readonly levels: LeafLevels
  /** Bytes of a value; 0 where each has its own length, an eighth for a bit. */
  readonly width: number
  /** Whether two paths in its column are the same when joined with points, as the library has them. */
  readonly isAmbiguous: boolean
}

/** A column chunk, and what is known of it. */
interface Chunk extends LeafElement {
  readonly meta: ColumnMetaData
  /** Rows of its group. */
  readonly rows: number
  readonly start: number
  readonly end: number
  /** Values of its dictionary, once that was seen. */
  dictionary: number | null
}

/**
 * Reads bytes as the file's own `slice` does. Whatever stands in them of column chunks, from a page's start on, is looked at: the promise
 * rejects where a page is not what its header says.
 */
export function checkedSlice(
  file: AsyncBuffer,
  { row_groups, schema }: FileMetaData,
  compressors: Compressors,
): (start: number, end?: number) => Promise<ArrayBuffer> {
  const leaves = leavesOf(schema)
  const chunks: Chunk[] = []
  for (const { columns, num_rows } of row_groups)
    for (const { meta_data: meta } of columns) {
      const leaf = meta && leaves.get(JSON.stringify(meta.path_in_schema))
      if (!leaf) continue
      const start = Number(meta.dictionary_page_offset || meta.data_page_offset)
      chunks.push({
        meta,
        rows: Number(num_rows),
        ...leaf,
        start,
        end: start + Number(meta.total_compressed_size),
        dictionary: null,
      })
    }
  chunks.sort((one, other) => one.start - other.start)
  let furthest = 0
  /** For each chunk where it or one before it ends at the latest: rises, whatever a damaged footer says. */
  const ends = chunks.map(({ end }) => (furthest = Math.max(furthest, end)))
  const read = async (start: number, end: number): Promise<ArrayBuffer> => {
    const bytes = await file.slice(start, end)
    for (let at = firstAbove(ends, start); at < chunks.length && chunks[at]!.start < end; at++) {
      const chunk = chunks[at]!
      const [from, to] = [Math.max(start, chunk.start), Math.min(end, chunk.end)]
      if (from < to) checkPages(new Uint8Array(bytes, from - start, to - from), chunk, compressors)
    }
    return bytes
  }
  return (start, end = file.byteLength) => {
    const bytes = read(start, end)
    // The library may never ask for what it fetched beforehand.
    bytes.catch(() => {})
    return bytes
  }
}

/** Index of the first of some rising numbers that is above another. */
function firstAbove(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! > limit) high = middle
    else low = middle + 1
  }
  return low
}

/** The leaves of a schema by their paths, as JSON. */
function leavesOf(elements: readonly SchemaElement[]): Map<string, LeafElement> {
  const leaves = new Map<string, LeafElement>()
  let next = 1
  while (next < elements.length) {
    const joined: string[] = []
    const found: [path: string, leaf: Omit<LeafElement, "isAmbiguous">][] = []
    const walk = (above: readonly string[], { definition, repetition }: LeafLevels): void => {
      const element = elements[next++]!
      const path = [...above, element.name]
      joined.push(path.join("."))
      const levels = {
        definition: definition + Number(element.repetition_type !== "REQUIRED"),
        repetition: repetition + Number(element.repetition_type === "REPEATED"),
      }
      const children = element.num_children ?? 0
      if (children === 0) found.push([JSON.stringify(path), { levels, width: widthOf(element) }])
      for (let child = 0; child < children; child++) walk(path, levels)
    }
    walk([], { definition: 0, repetition: 0 })
    const isAmbiguous = new Set(joined).size < joined.length
    for (const [path, leaf] of found) leaves.set(path, { ...leaf, isAmbiguous })
  }
  return leaves
}

function widthOf({ type, type_length }: SchemaElement): number {
  const widths = { BOOLEAN: 1 / 8, INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8, INT96: 12, BYTE_ARRAY: 0 }
  return type === "FIXED_LEN_BYTE_ARRAY" ? (type_length ?? 0) : (widths[type as keyof typeof widths] ?? 0)
}

function checkPages(bytes: Uint8Array<ArrayBuffer>, chunk: Chunk, compressors: Compressors): void {
  const { meta, levels, isAmbiguous } = chunk
  // The library sets the prototype of its objects instead.
  if (meta.path_in_schema.slice(1).includes("__proto__")) throw new Error("a key __proto__ inside of a column")
  if (isAmbiguous) throw new Error("keys with points in a column, of which two read alike")
  const unpack = unpacker(meta, compressors)
  let left = Number(meta.num_values)
  let rows = 0
  for (const { header, body } of pagesIn(bytes)) {
    if (header.type === "DICTIONARY_PAGE") {
      const count = dictionaryCount(header)
      checkPlain(unpack(body, header.uncompressed_page_size), 0, count, chunk)
      chunk.dictionary = count
      continue
    }
    const page = openPage(header, body, { levels, left, unpack })
    const own = rowsOf(page)
    if (header.type === "DATA_PAGE_V2") {
      const { num_nulls: nulls, num_rows } = header.data_page_header_v2!
      if (nulls !== page.entries - page.count)
        throw new RangeError(`expected ${page.entries - page.count} nulls in a page, got ${nulls}`)
      // Of nested values some writers count other things: only whole chunks are read of them (see `readParquet`).
      if (!page.repetition && num_rows !== own) throw new RangeError(`expected ${own} rows in a page, got ${num_rows}`)
    }
    checkValues(page, chunk)
    left -= page.entries
    rows += own
  }
  // Of one page too many or too few, all rows behind it would be others'.
  if (bytes.length >= chunk.end - chunk.start && (left !== 0 || rows !== chunk.rows))
    throw new RangeError(`expected ${chunk.rows} rows, got ${rows}`)
}

function rowsOf({ repetition, entries }: OpenPage): number {
  if (!repetition) return entries
  let rows = 0
  for (let at = 0; at < entries; at++) if (repetition[at] === 0) rows++
  return rows
}

function checkValues({ bytes, at, count, encoding }: OpenPage, chunk: Chunk): void {
  const { type } = chunk.meta
  if (encoding === "PLAIN") checkPlain(bytes, at, count, chunk)
  else if (count === 0) return
  else if (encoding === "RLE") readRuns(bytes, at + 4, bytes.length, 1, new Uint8Array(count))
  else if (encoding === "RLE_DICTIONARY" || encoding === "PLAIN_DICTIONARY") {
    const bits = bytes[at] ?? mostBits + 1
    if (bits > mostBits) throw new RangeError(`places in a dictionary of ${bits} bits`)
    const places = new Int32Array(count)
    readRuns(bytes, at + 1, bytes.length, bits, places)
    const { dictionary } = chunk
    if (dictionary !== null && places.some((place) => place >= dictionary))
      throw new RangeError("a value that is not in its dictionary")
  } else if (encoding === "BYTE_STREAM_SPLIT") checkPlain(bytes, at, count, chunk)
  else if (encoding === "DELTA_LENGTH_BYTE_ARRAY" || encoding === "DELTA_BYTE_ARRAY")
    checkLengths(bytes, at, count, encoding)
  else if (encoding === "DELTA_BINARY_PACKED" && type !== "INT32" && type !== "INT64")
    throw new Error(`${type} encoded as ${encoding}`)
}

function checkPlain(bytes: Uint8Array, start: number, count: number, { width }: Chunk): void {
  if (width > 0) {
    if (!(start + Math.ceil(width * count) <= bytes.length)) throw endsEarly()
    return
  }
  let at = start
  for (let index = 0; index < count; index++) at += 4 + uint32(bytes, at)
  if (at > bytes.length) throw endsEarly()
}

/** Texts of which only the lengths, and of the one kind what they share with the one before, stand in front. */
function checkLengths(bytes: Uint8Array, at: number, count: number, encoding: string): void {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: at }
  const shared = new Int32Array(count)
  if (encoding === "DELTA_BYTE_ARRAY") deltaBinaryUnpack(reader, count, shared)
  const own = new Int32Array(count)
  deltaBinaryUnpack(reader, count, own)
  let end = reader.offset
  let before = 0
  for (let index = 0; index < count; index++) {
    const [kept, added] = [shared[index]!, own[index]!]
    if (kept < 0 || kept > before || added < 0) throw new RangeError("a text of a length that it cannot have")
    before = kept + added
    end += added
  }
  if (end > bytes.length) throw endsEarly()
}
