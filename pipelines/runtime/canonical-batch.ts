// The canonical JSON of a batch's rows from its columns: what `canonicalRowJson` gives of each row, without making rows, texts or numbers.
import { type Data, type DataType, type Field, type RecordBatch, Type } from "apache-arrow"
import { areTexts, cellReader } from "./column-reader.ts"
import { JsonBytes } from "./json-bytes.ts"
import { canonicalRowJson } from "./row-json.ts"

/** Bytes of JSON, about, that are gathered before `take` gets them. */
const pieceBytes = 1 << 16

const out = new JsonBytes()

/**
 * Gives the canonical JSON of each row with a line feed behind it, UTF-8, in pieces that stand until `take` returns. False, and nothing was
 * given, where a text may not be UTF-8 or a name stands twice: rows then have to be read one by one.
 */
export function canonicalLines({ data, schema, numRows }: RecordBatch, take: (bytes: Uint8Array) => void): boolean {
  if (!data.children.every(isPlain) || hasTwice(schema.fields)) return false
  const row = objectWriter(schema.fields, data.children)
  out.end = 0
  for (let index = 0; index < numRows; index++) {
    row(index)
    out.byte(lineFeed)
    if (out.end < pieceBytes) continue
    take(out.written)
    out.end = 0
  }
  if (out.end > 0) take(out.written)
  return true
}

/** Whether every text in a batch is UTF-8. */
export const hasOnlyTexts = ({ data }: RecordBatch): boolean => data.children.every(isPlain)

const lineFeed = 10
const [open, close, listOpen, listClose, comma] = [123, 125, 91, 93, 44]

type Write = (index: number) => void

/** Whether all texts in a column are UTF-8, which is looked at once for all of them, and no object has a name twice. */
function isPlain(data: Data): boolean {
  if (data.typeId === Type.Utf8) return areTexts(data)
  if (data.typeId === Type.Struct && hasTwice((data.type as DataType<Type.Struct>).children)) return false
  return data.children.every(isPlain)
}

const hasTwice = (fields: readonly Field[]): boolean => new Set(fields.map(({ name }) => name)).size < fields.length

/** Writes the object at an index, its keys in code unit order. */
function objectWriter(fields: readonly Field[], columns: readonly Data[]): Write {
  const members = fields
    .map(({ name }, at) => ({ name, write: valueWriter(columns[at]!, name) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, write }, at) => ({ key: Buffer.from(`${at === 0 ? "" : ","}${JSON.stringify(name)}:`), write }))
  return (index) => {
    out.byte(open)
    for (const { key, write } of members) {
      out.raw(key)
      write(index)
    }
    out.byte(close)
  }
}

function valueWriter(data: Data, name: string): Write {
  const write = presentWriter(data, name)
  const { nullBitmap, offset } = data
  if (!nullBitmap || nullBitmap.length === 0 || data.nullCount === 0) return write
  return (index) => {
    const bit = offset + index
    if ((nullBitmap[bit >> 3]! >> (bit & 7)) & 1) write(index)
    else out.ascii("null")
  }
}

function presentWriter(data: Data, name: string): Write {
  const { values, valueOffsets: offsets } = data
  switch (data.typeId) {
    case Type.Utf8:
      return (index) => out.text(values as Uint8Array, offsets[index]!, offsets[index + 1]!)
    case Type.Bool:
      return (index) => {
        const bit = data.offset + index
        out.ascii(((values as Uint8Array)[bit >> 3]! >> (bit & 7)) & 1 ? "true" : "false")
      }
    case Type.Int:
      if (values instanceof Int32Array) return (index) => out.integers(values, index, index + 1)
      return (index) => out.ascii(`${values[index]}`)
    case Type.List: {
      const element = data.children[0]!
      if (element.values instanceof Int32Array && element.typeId === Type.Int && element.nullCount === 0)
        return (index) => {
          out.byte(listOpen)
          out.integers(element.values as Int32Array, offsets[index]!, offsets[index + 1]!)
          out.byte(listClose)
        }
      const write = valueWriter(element, `${name}[]`)
      return (index) => {
        out.byte(listOpen)
        for (let at = offsets[index]!; at < offsets[index + 1]!; at++) {
          if (at > offsets[index]!) out.byte(comma)
          write(at)
        }
        out.byte(listClose)
      }
    }
    case Type.Struct:
      return objectWriter((data.type as DataType<Type.Struct>).children, data.children)
    default: {
      const cell = cellReader(data, name, "row")
      return (index) => out.raw(Buffer.from(canonicalRowJson(cell(index))))
    }
  }
}
