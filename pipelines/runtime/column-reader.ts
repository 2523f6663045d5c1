// Reads one Arrow column by index, from its buffers: apache-arrow's own getters lose a leading BOM and replace bad UTF-8.
import { isUtf8 } from "node:buffer"
import { type Data, type DataType, DateUnit, type TimeUnit, Type, type Vector } from "apache-arrow"
import { RowError } from "./errors.ts"
import { dateText, decimalText, timestampText, timeText } from "./temporal.ts"

/** The value at an index of a column. */
export type Cell = (index: number) => unknown

/**
 * `row`: as a row holds it: text as string, 64-bit integers as bigint, dates, times, timestamps and decimals as exact text,
 * binary as Uint8Array, maps as lists of {key, value}. `stored`: as files hold it: text as UTF-8 bytes (views, valid as long as the
 * batch), dates, times, timestamps and decimals as integers; the rest as in a row.
 */
export type CellForm = "row" | "stored"

/**
 * A reader of one column. The returned function throws a RowError where text is not UTF-8; an unreadable type (union, interval)
 * throws at once.
 */
export function cellReader(data: Data, name: string, form: CellForm): Cell {
  const value = valueReader(data, name, form)
  const { nullBitmap, offset } = data
  if (data.typeId === Type.Null || !nullBitmap || nullBitmap.length === 0 || data.nullCount === 0) return value
  return (index) => {
    const bit = offset + index
    return (nullBitmap[bit >> 3]! >> (bit & 7)) & 1 ? value(index) : null
  }
}

function valueReader(data: Data, name: string, form: CellForm): Cell {
  const type = data.type as DataType & {
    unit: number
    scale: number
    byteWidth: number
    listSize: number
    timezone?: string
  }
  const values = data.values
  switch (data.typeId) {
    case Type.Null:
      return () => null
    case Type.Bool:
      return (index) => ((values[(data.offset + index) >> 3] >> ((data.offset + index) & 7)) & 1) === 1
    case Type.Int:
    case Type.Duration:
      return (index) => values[index]
    case Type.Float:
      return values instanceof Uint16Array ? (index) => float16(values[index]!) : (index) => values[index]
    case Type.Date:
      if (form === "stored") return (index) => values[index]
      return type.unit === DateUnit.DAY
        ? (index) => dateText(values[index])
        : (index) => timestampText(BigInt(values[index]), 1, false)
    case Type.Timestamp:
      if (form === "stored") return (index) => values[index]
      return (index) => timestampText(BigInt(values[index]), type.unit as TimeUnit, Boolean(type.timezone))
    case Type.Time:
      if (form === "stored") return (index) => values[index]
      return (index) => timeText(BigInt(values[index]), type.unit)
    case Type.Decimal: {
      const words = values as Uint32Array
      const unscaled = (index: number) => decimalAt(words, index, data.stride)
      return form === "stored" ? unscaled : (index) => decimalText(unscaled(index), type.scale)
    }
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return textReader(data, name, form)
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
      return bytesReader(data)
    case Type.FixedSizeBinary:
      return (index) => values.subarray(index * type.byteWidth, (index + 1) * type.byteWidth)
    case Type.List:
    case Type.LargeList:
    case Type.Map: {
      const element = cellReader(data.children[0]!, `${name}[]`, form)
      const offsets = data.valueOffsets as ArrayLike<number | bigint>
      return (index) => sequence(element, Number(offsets[index]), Number(offsets[index + 1]))
    }
    case Type.FixedSizeList: {
      const element = cellReader(data.children[0]!, `${name}[]`, form)
      return (index) => sequence(element, index * type.listSize, (index + 1) * type.listSize)
    }
    case Type.Struct: {
      const fields = (data.type as DataType<Type.Struct>).children
      const names = fields.map((field) => field.name)
      const cells = fields.map((field, at) => cellReader(data.children[at]!, `${name}.${field.name}`, form))
      return (index) => rowAt(names, cells, index)
    }
    case Type.Dictionary:
      return dictionaryReader(data, name, form)
    default:
      throw new TypeError(`column ${name}: cannot read the Arrow type ${data.type}`)
  }
}

/** One object of named cells. A column may have any name, `__proto__` included. */
export function rowAt(names: readonly string[], cells: readonly Cell[], index: number): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (let at = 0; at < names.length; at++) {
    const name = names[at]!
    const value = cells[at]!(index)
    if (name === "__proto__")
      Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true })
    else row[name] = value
  }
  return row
}

function sequence(element: Cell, start: number, end: number): unknown[] {
  const list = new Array<unknown>(end - start)
  for (let at = start; at < end; at++) list[at - start] = element(at)
  return list
}

function textReader(data: Data, name: string, form: CellForm): Cell {
  const bytes = bytesReader(data)
  if (form === "stored") return bytes
  if (data.typeId === Type.Utf8 && areTexts(data)) return knownTextReader(data)
  return (index) => {
    const { buffer, byteOffset, byteLength } = bytes(index)
    const text = Buffer.from(buffer, byteOffset, byteLength)
    if (!isUtf8(text)) throw new RowError("bad-value", `column ${name}: expected UTF-8 text, got other bytes`)
    return text.toString("utf8")
  }
}

/**
 * Whether all texts of a column of Utf8 are UTF-8, which is looked at once for all of them; a text must not start or end inside of a
 * character.
 */
export function areTexts({ values, valueOffsets: offsets, length }: Data): boolean {
  if (length === 0) return true
  const end = offsets[length]!
  if (!isUtf8((values as Uint8Array).subarray(offsets[0]!, end))) return false
  for (let at = 0; at < length; at++)
    if (offsets[at]! < end && ((values as Uint8Array)[offsets[at]!]! & 0xc0) === 0x80) return false
  return true
}

/** A text of at most so many bytes that is that of the row before, or the one before that, is not decoded again: roles, sources, licences. */
const shortText = 24

/** Texts that are known to be UTF-8. */
function knownTextReader({ values, valueOffsets: offsets }: Data): Cell {
  const { buffer, byteOffset, byteLength } = values as Uint8Array
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  const known = [0, 0]
  const texts = ["", ""]
  let oldest = 0
  return (index) => {
    const start = offsets[index]!
    const end = offsets[index + 1]!
    const length = end - start
    if (length === 0) return ""
    if (length > shortText) return bytes.toString("utf8", start, end)
    for (let of = 0; of < 2; of++) {
      const from = offsets[known[of]!]!
      if (texts[of] === "" || offsets[known[of]! + 1]! - from !== length) continue
      let at = 0
      while (at < length && bytes[from + at] === bytes[start + at]) at++
      if (at === length) return texts[of]
    }
    const text = bytes.toString("utf8", start, end)
    known[oldest] = index
    texts[oldest] = text
    oldest = 1 - oldest
    return text
  }
}

function bytesReader(data: Data): (index: number) => Uint8Array {
  const values = data.values as Uint8Array
  if (data.typeId === Type.Utf8View || data.typeId === Type.BinaryView) return viewReader(data)
  const offsets = data.valueOffsets as ArrayLike<number | bigint>
  return (index) => values.subarray(Number(offsets[index]), Number(offsets[index + 1]))
}

// A view is 16 bytes: the length, then either up to 12 bytes, or a 4-byte prefix, a buffer index and an offset.
function viewReader(data: Data): (index: number) => Uint8Array {
  const views = data.values as Uint8Array
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength)
  return (index) => {
    const at = index * 16
    const length = view.getInt32(at, true)
    if (length <= 12) return views.subarray(at + 4, at + 4 + length)
    const start = view.getInt32(at + 12, true)
    return (data.variadicBuffers[view.getInt32(at + 8, true)] as Uint8Array).subarray(start, start + length)
  }
}

function dictionaryReader(data: Data, name: string, form: CellForm): Cell {
  const chunks = (data.dictionary as Vector).data
  const cells = chunks.map((chunk) => cellReader(chunk, name, form))
  return (index) => {
    let at = Number(data.values[index])
    for (let chunk = 0; chunk < chunks.length; chunk++) {
      if (at < chunks[chunk]!.length) return cells[chunk]!(at)
      at -= chunks[chunk]!.length
    }
    throw new RowError("bad-value", `column ${name}: dictionary index out of range`)
  }
}

function decimalAt(words: Uint32Array, index: number, stride: number): bigint {
  let unscaled = 0n
  for (let word = stride - 1; word >= 0; word--) unscaled = (unscaled << 32n) | BigInt(words[index * stride + word]!)
  return BigInt.asIntN(stride * 32, unscaled)
}

function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
