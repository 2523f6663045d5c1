// Reads the chunk of one leaf column into typed arrays: no value of it becomes a JavaScript object.
import type { ColumnMetaData, Compressors, Encoding } from "hyparquet"
import { dictionaryCount, endsEarly, type LeafLevels, openPage, pagesIn, uint32, unpacker } from "./parquet-page.ts"
import { mostBits, readRuns } from "./parquet-runs.ts"

/** Values that are there, one after the other: texts and bytes joined, with where each ends; booleans as 0 and 1. */
export interface LeafValues {
  readonly count: number
  readonly data: Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array
  /** Of texts and bytes: one more than there are values. */
  readonly offsets: Int32Array | null
}

/** A leaf column of one row group. */
export interface Leaf {
  /** Levels of all entries, nulls and empty lists included; null where all are 0. */
  readonly repetition: Uint8Array | null
  readonly definition: Uint8Array | null
  readonly entries: number
  readonly values: LeafValues
}

const readable: readonly string[] = ["PLAIN", "RLE", "RLE_DICTIONARY", "PLAIN_DICTIONARY"] satisfies Encoding[]
const types: readonly string[] = ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY"]

/** Whether `readLeaf` knows the chunk's type and encodings. */
export const isReadable = ({ type, encodings }: ColumnMetaData): boolean =>
  types.includes(type) && encodings.every((encoding) => readable.includes(encoding))

/** The column whose chunk these bytes are. Throws an error where they are not what they say. */
export function readLeaf(
  bytes: Uint8Array<ArrayBuffer>,
  meta: ColumnMetaData,
  levels: LeafLevels,
  compressors: Compressors,
): Leaf {
  const { type } = meta
  const expected = Number(meta.num_values)
  const unpack = unpacker(meta, compressors)
  const pages: Leaf[] = []
  let dictionary: LeafValues | null = null
  let entries = 0
  for (const { header, body } of pagesIn(bytes)) {
    if (header.type === "DICTIONARY_PAGE") {
      const count = dictionaryCount(header)
      dictionary = plainValues(unpack(body, header.uncompressed_page_size), 0, type, count)
      continue
    }
    const page = openPage(header, body, { levels, left: expected - entries, unpack })
    entries += page.entries
    const { count, encoding } = page
    pages.push({
      entries: page.entries,
      repetition: page.repetition,
      definition: page.definition,
      values: valuesOf(page.bytes, page.at, { type, count, encoding, dictionary }),
    })
  }
  if (entries !== expected) throw new RangeError(`expected ${expected} values, got ${entries}`)
  if (pages[0]?.repetition?.[0]) throw new RangeError("its first value belongs to no row")
  const [only] = pages
  if (only && pages.length === 1) return only
  return {
    entries,
    repetition: levels.repetition > 0 ? joined(pages.map(({ repetition }) => repetition!)) : null,
    definition: levels.definition > 0 ? joined(pages.map(({ definition }) => definition!)) : null,
    values: joinedValues(
      pages.map(({ values }) => values),
      type,
    ),
  }
}

interface ValueContext {
  readonly type: string
  readonly count: number
  readonly encoding: Encoding
  readonly dictionary: LeafValues | null
}

function valuesOf(page: Uint8Array, at: number, { type, count, encoding, dictionary }: ValueContext): LeafValues {
  if (encoding === "PLAIN") return plainValues(page, at, type, count)
  if (encoding === "RLE" && type === "BOOLEAN") {
    const data = new Uint8Array(count)
    if (count > 0) readRuns(page, at + 4, page.length, 1, data)
    return { count, data, offsets: null }
  }
  if (encoding !== "RLE_DICTIONARY" && encoding !== "PLAIN_DICTIONARY") throw new Error(`a page encoded as ${encoding}`)
  const places = new Int32Array(count)
  if (count > 0) {
    const bits = page[at] ?? mostBits + 1
    if (bits > mostBits) throw new RangeError(`places in a dictionary of ${bits} bits`)
    readRuns(page, at + 1, page.length, bits, places)
  }
  if (!dictionary) throw new Error("a page without its dictionary")
  for (let index = 0; index < count; index++)
    if (places[index]! >= dictionary.count) throw new RangeError("a value that is not in its dictionary")
  return chosen(dictionary, places)
}

/** Values of a dictionary at some places. */
function chosen({ data, offsets }: LeafValues, places: Int32Array): LeafValues {
  const count = places.length
  if (!offsets) {
    const values = new (data.constructor as new (length: number) => Int32Array)(count)
    for (let index = 0; index < count; index++) values[index] = (data as Int32Array)[places[index]!]!
    return { count, data: values, offsets: null }
  }
  const ends = new Int32Array(count + 1)
  let total = 0
  for (let index = 0; index < count; index++) {
    const place = places[index]!
    total += offsets[place + 1]! - offsets[place]!
    if (total > mostBytes) throw tooLarge()
    ends[index + 1] = total
  }
  const bytes = new Uint8Array(total)
  for (let index = 0; index < count; index++) {
    const place = places[index]!
    copy(data as Uint8Array, offsets[place]!, offsets[place + 1]!, bytes, ends[index]!)
  }
  return { count, data: bytes, offsets: ends }
}

const arrays = { INT32: Int32Array, INT64: BigInt64Array, FLOAT: Float32Array, DOUBLE: Float64Array }

function plainValues(page: Uint8Array, at: number, type: string, count: number): LeafValues {
  if (type === "BYTE_ARRAY") return plainBytes(page, at, count)
  if (type === "BOOLEAN") {
    if (at + Math.ceil(count / 8) > page.length) throw endsEarly()
    const data = new Uint8Array(count)
    for (let index = 0; index < count; index++) data[index] = (page[at + (index >> 3)]! >> (index & 7)) & 1
    return { count, data, offsets: null }
  }
  const array = arrays[type as keyof typeof arrays]
  const width = array.BYTES_PER_ELEMENT
  if (at + width * count > page.length) throw endsEarly()
  // A copy: the page may stand anywhere, and belongs to the chunk where it is not compressed.
  const data = new array(count)
  new Uint8Array(data.buffer).set(page.subarray(at, at + width * count))
  return { count, data, offsets: null }
}

function plainBytes(page: Uint8Array, start: number, count: number): LeafValues {
  const offsets = new Int32Array(count + 1)
  // Each value has four bytes of length in front of it.
  const most = page.length - start - 4 * count
  if (most < 0) throw endsEarly()
  const data = new Uint8Array(most)
  let at = start
  let total = 0
  for (let index = 0; index < count; index++) {
    const from = at + 4
    const end = from + uint32(page, at)
    if (total + end - from > most) throw endsEarly()
    copy(page, from, end, data, total)
    total += end - from
    offsets[index + 1] = total
    at = end
  }
  return { count, data: total === most ? data : data.subarray(0, total), offsets }
}

/** A call into C++ costs more than a short copy. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > 48) to.set(from.subarray(start, end), at)
  else for (let index = start; index < end; index++) to[at + index - start] = from[index]!
}

function joined<A extends Uint8Array | Int32Array>(parts: readonly A[]): A {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const whole = new (parts[0]!.constructor as new (length: number) => A)(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function joinedValues(parts: readonly LeafValues[], type: string): LeafValues {
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  if (parts.length === 0)
    return type === "BYTE_ARRAY" || type === "BOOLEAN"
      ? { count, data: new Uint8Array(0), offsets: type === "BOOLEAN" ? null : new Int32Array(1) }
      : { count, data: new arrays[type as keyof typeof arrays](0), offsets: null }
  const data = joined(parts.map((part) => part.data as Int32Array))
  if (!parts[0]!.offsets) return { count, data, offsets: null }
  if (data.length > mostBytes) throw tooLarge()
  const offsets = new Int32Array(count + 1)
  let index = 0
  let start = 0
  for (const part of parts) {
    for (let at = 1; at <= part.count; at++) offsets[++index] = start + part.offsets![at]!
    start += part.data.length
  }
  return { count, data, offsets }
}

/** Arrow's offsets are of 32 bits. */
const mostBytes = 0x7fff_ffff

const tooLarge = () => new RangeError("more than 2 GiB of one column in a row group")
