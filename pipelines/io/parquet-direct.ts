// Columns of a row group straight from its pages to Arrow: what the library makes of nested values, an object for each list and struct, costs
// many times the reading.
import { type Data, type Field, makeData, type RecordBatch, type Schema, Type } from "apache-arrow"
import type { ColumnMetaData, Compressors, FileMetaData, RowGroup, SchemaElement } from "hyparquet"
import { batchOfColumns } from "../runtime/batch.ts"
import { isReadable, type Leaf, readLeaf } from "./parquet-leaf.ts"

/** A node of a column as it is stored and as Arrow has it. */
interface Node {
  readonly field: Field
  readonly optional: boolean
  /** Of a struct its members, of a list its element, of a leaf none. */
  readonly children: readonly Node[]
  /** Of a leaf: its path in the file (`keyOf`). */
  readonly path: string | null
}

/** Columns that can be read directly. */
export interface DirectColumns {
  readonly schema: Schema
  readonly columns: readonly Node[]
}

/** Reads bytes [start, end) of the file. */
type Slice = (start: number, end: number) => ArrayBuffer | Promise<ArrayBuffer>

/** Null where a column is of a kind that is not read directly. */
export function directColumns(schema: Schema, { schema: elements }: FileMetaData): DirectColumns | null {
  const roots = new Map(treeOf(elements).children.map((tree) => [tree.element.name, tree]))
  const columns: Node[] = []
  for (const field of schema.fields) {
    const tree = roots.get(field.name)
    const node = tree ? nodeOf(tree, field, [field.name]) : null
    if (!node) return null
    columns.push(node)
  }
  return { schema, columns }
}

interface Tree {
  readonly element: SchemaElement
  readonly children: readonly Tree[]
}

function treeOf(elements: readonly SchemaElement[]): Tree {
  let next = 0
  const read = (): Tree => {
    const element = elements[next++]!
    return { element, children: Array.from({ length: element.num_children ?? 0 }, read) }
  }
  return read()
}

/** Arrow's types whose memory is that of Parquet's. */
function isSame({ type: physical }: SchemaElement, { type }: Field): boolean {
  const { bitWidth, isSigned } = type as Field["type"] & { bitWidth?: number; isSigned?: boolean }
  switch (physical) {
    case "BOOLEAN":
      return type.typeId === Type.Bool
    case "BYTE_ARRAY":
      return type.typeId === Type.Utf8 || type.typeId === Type.Binary
    case "INT32":
      return type.typeId === Type.Int && bitWidth === 32 && isSigned === true
    case "INT64":
      return type.typeId === Type.Int && bitWidth === 64 && isSigned === true
    case "FLOAT":
      return type.typeId === Type.Float && type.ArrayType === Float32Array
    case "DOUBLE":
      return type.typeId === Type.Float && type.ArrayType === Float64Array
    default:
      return false
  }
}

function nodeOf({ element, children }: Tree, field: Field, path: readonly string[]): Node | null {
  const { repetition_type } = element
  if (repetition_type === "REPEATED" || repetition_type === undefined) return null
  const optional = repetition_type === "OPTIONAL"
  if (children.length === 0) return isSame(element, field) ? { field, optional, children: [], path: keyOf(path) } : null
  const fields = field.type.children as Field[]
  let of: readonly Tree[] = children
  if (field.type.typeId === Type.List) {
    const [list] = children
    if (children.length > 1 || list!.element.repetition_type !== "REPEATED" || list!.children.length !== 1) return null
    of = list!.children
    path = [...path, list!.element.name]
  } else if (field.type.typeId !== Type.Struct) return null
  if (of.length !== fields.length) return null
  const nodes = of.map((tree, at) => nodeOf(tree, fields[at]!, [...path, tree.element.name]))
  return nodes.includes(null) ? null : { field, optional, children: nodes as Node[], path: null }
}

/** Joined with points the paths of two leaves may be the same: a name may have points itself. */
const keyOf = (path: readonly string[]): string => JSON.stringify(path)

/** A leaf of a column with what its levels mean. */
interface OpenLeaf extends Leaf {
  readonly most: number
}

/** The columns of one row group; null where a chunk is of a kind that is not read directly. Throws where it is not what it says. */
export async function readDirectly(
  { schema, columns }: DirectColumns,
  group: RowGroup,
  { slice, byteLength, compressors }: { slice: Slice; byteLength: number; compressors: Compressors },
): Promise<RecordBatch | null> {
  const known = new Map<string, ColumnMetaData>()
  for (const { meta_data, file_path } of group.columns)
    if (meta_data && !file_path) known.set(keyOf(meta_data.path_in_schema), meta_data)
  const chunks: { path: string; meta: ColumnMetaData; start: number; end: number; levels: Levels }[] = []
  for (const { path, ...levels } of columns.flatMap((node) => leavesOf(node, { definition: 0, repetition: 0 }))) {
    const meta = known.get(path)
    if (!meta || !isReadable(meta)) return null
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset)
    const end = start + Number(meta.total_compressed_size)
    if (!(start >= 0 && end >= start && end <= byteLength))
      throw new RangeError(`column ${path} is outside of the file`)
    chunks.push({ path, meta, start, end, levels })
  }
  const bytesOf = await chunkReader(chunks, slice)
  const leaves = new Map<string, OpenLeaf>()
  for (const { path, meta, start, end, levels } of chunks)
    leaves.set(path, { ...readLeaf(bytesOf(start, end), meta, levels, compressors), most: levels.definition })
  const rows = Number(group.num_rows)
  const data = columns.map((node) => {
    const column = columnOf(node, { definition: 0, repetition: 0, floor: 0 }, leaves)
    if (column.length !== rows)
      throw new RangeError(`column ${node.field.name}: expected ${rows} rows, got ${column.length}`)
    return column
  })
  return batchOfColumns(schema, data, rows)
}

interface Levels {
  readonly definition: number
  readonly repetition: number
}

function leavesOf(node: Node, { definition, repetition }: Levels): ({ path: string } & Levels)[] {
  const own = definition + Number(node.optional)
  if (node.path !== null) return [{ path: node.path, definition: own, repetition }]
  const isList = node.field.type.typeId === Type.List
  const inside = isList ? { definition: own + 1, repetition: repetition + 1 } : { definition: own, repetition }
  return node.children.flatMap((child) => leavesOf(child, inside))
}

/** One read for all chunks where they stand close together, as they do when all columns are wanted. */
async function chunkReader(
  chunks: readonly { start: number; end: number }[],
  slice: Slice,
): Promise<(start: number, end: number) => Uint8Array<ArrayBuffer>> {
  const first = Math.min(...chunks.map(({ start }) => start))
  const last = Math.max(...chunks.map(({ end }) => end))
  const wanted = chunks.reduce((sum, { start, end }) => sum + end - start, 0)
  if (2 * wanted >= last - first) {
    const all = await slice(first, last)
    return (start, end) => new Uint8Array(all, start - first, end - start)
  }
  const parts = new Map<number, ArrayBuffer>()
  for (const { start, end } of chunks) parts.set(start, await slice(start, end))
  return (start) => new Uint8Array(parts.get(start)!)
}

/** Where a node stands: the levels of what is around it, and the definition level from which on the list around it has an element. */
interface Place extends Levels {
  readonly floor: number
}

function columnOf(node: Node, place: Place, leaves: ReadonlyMap<string, OpenLeaf>): Data {
  const { field, optional, children, path } = node
  const definition = place.definition + Number(optional)
  if (path !== null) return leafColumn(node, place, leaves.get(path)!)
  const shapes = leavesOf(node, place).map(({ path }) => shapeOf(leaves.get(path)!, node, place))
  const [shape, ...others] = shapes
  // Each leaf tells the lists and structs around it by its own levels.
  if (!others.every((other) => isEqual(shape!, other)))
    throw new RangeError(`column ${field.name}: its parts do not belong together`)
  const { length, nullCount, nullBitmap, offsets } = shape!
  const base = { type: field.type, length, nullCount, nullBitmap }
  if (offsets) {
    const inside = { definition: definition + 1, repetition: place.repetition + 1, floor: definition + 1 }
    return makeData({ ...base, valueOffsets: offsets, child: columnOf(children[0]!, inside, leaves) } as never) as Data
  }
  const inside = { ...place, definition }
  return makeData({ ...base, children: children.map((child) => columnOf(child, inside, leaves)) } as never) as Data
}

interface Shape {
  readonly length: number
  readonly nullCount: number
  readonly nullBitmap: Uint8Array | undefined
  /** Of a list. */
  readonly offsets: Int32Array | null
}

const isEqual = (one: Shape, other: Shape): boolean =>
  one.length === other.length &&
  one.nullCount === other.nullCount &&
  Buffer.compare(one.nullBitmap ?? none, other.nullBitmap ?? none) === 0 &&
  (one.offsets ?? []).every((offset, at) => other.offsets![at] === offset)

const none = new Uint8Array(0)

/** Which of a list's or struct's slots are there, and where lists end, by one leaf's levels. */
function shapeOf(
  { repetition, definition, entries, most, values }: OpenLeaf,
  { field, optional }: Node,
  place: Place,
): Shape {
  const isList = field.type.typeId === Type.List
  const own = place.definition + Number(optional)
  if (isList && place.repetition === 0 && most === own + 1 && entries === values.count) return fullLists(repetition!)
  const offsets = isList ? new Int32Array(entries + 1) : null
  const bits = new Bits(entries)
  let length = 0
  let elements = 0
  for (let at = 0; at < entries; at++) {
    const level = definition ? definition[at]! : 0
    if (level < place.floor) continue
    if (!repetition || repetition[at]! <= place.repetition) {
      if (level < own) bits.unset(length)
      if (offsets) offsets[length] = elements
      length++
    } else if (isList && level <= own) throw new RangeError(`column ${field.name}: an empty list goes on`)
    // An element starts where nothing inside of it is repeated.
    if (isList && level > own && repetition![at]! <= place.repetition + 1) elements++
  }
  if (offsets) offsets[length] = elements
  return { length, ...bits.of(length), offsets: offsets?.slice(0, length + 1) ?? null }
}

/** Lists without others inside of them, none of them empty or null: each goes on to where the next row starts. */
function fullLists(repetition: Uint8Array): Shape {
  const starts: number[] = []
  for (let at = repetition.indexOf(0); at >= 0; at = repetition.indexOf(0, at + 1)) starts.push(at)
  return {
    length: starts.length,
    nullCount: 0,
    nullBitmap: undefined,
    offsets: Int32Array.from([...starts, repetition.length]),
  }
}

/** Bits of which most are set; there is no bitmap where all are. */
class Bits {
  readonly #count: number
  #bytes: Uint8Array | undefined
  #unset = 0

  constructor(count: number) {
    this.#count = count
  }

  unset(at: number): void {
    this.#bytes ??= new Uint8Array((this.#count + 7) >> 3).fill(0xff)
    this.#bytes[at >> 3]! &= ~(1 << (at & 7))
    this.#unset++
  }

  of(length: number): { nullCount: number; nullBitmap: Uint8Array | undefined } {
    return { nullCount: this.#unset, nullBitmap: this.#bytes?.slice(0, (length + 7) >> 3) }
  }
}

function leafColumn({ field, optional }: Node, place: Place, leaf: OpenLeaf): Data {
  const { definition, entries, values, most } = leaf
  let length = entries
  const bits = new Bits(entries)
  /** For each slot the value that it has; null where each has its own. */
  let places: Int32Array | null = null
  if (definition && values.count < entries) {
    places = new Int32Array(entries)
    length = 0
    let value = 0
    for (let at = 0; at < entries; at++) {
      if (definition[at]! < place.floor) continue
      places[length] = definition[at] === most ? value++ : -1
      if (optional && definition[at]! < most) bits.unset(length)
      length++
    }
    places = places.subarray(0, length)
  }
  const base = { type: field.type, length, ...bits.of(length) }
  const { data, offsets } = values
  if (offsets) {
    let ends = offsets
    if (places) {
      ends = new Int32Array(length + 1)
      for (let at = 0; at < length; at++) ends[at + 1] = places[at]! < 0 ? ends[at]! : offsets[places[at]! + 1]!
    }
    return makeData({ ...base, valueOffsets: ends, data } as never) as Data
  }
  let slots = data
  if (places) {
    slots = new (data.constructor as new (length: number) => Int32Array)(length)
    for (let at = 0; at < length; at++) if (places[at]! >= 0) slots[at] = (data as Int32Array)[places[at]!]!
  }
  if (field.type.typeId === Type.Bool) {
    const packed = new Uint8Array((length + 7) >> 3)
    for (let at = 0; at < length; at++) if (slots[at]) packed[at >> 3]! |= 1 << (at & 7)
    slots = packed
  }
  return makeData({ ...base, data: slots } as never) as Data
}
