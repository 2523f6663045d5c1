// From Arrow's columns to what Parquet stores of them: the levels and the values of each leaf, without an object for each list and struct.
import { type Data, type DataType, type Field, Type } from "apache-arrow"
import type { SchemaElement } from "hyparquet"
import type { Leaf, LeafValues } from "./parquet-leaf.ts"

/** A step from a column to a leaf of it. */
interface Step {
  readonly kind: "list" | "struct" | "leaf"
  readonly optional: boolean
  /** Which child is next. */
  readonly child: number
  /** Lists up to this step, itself included. */
  readonly repetition: number
}

/** A leaf of a schema. */
export interface LeafPath {
  /** Index of its column. */
  readonly column: number
  readonly name: string
  readonly steps: readonly Step[]
  /** Elements from the root of the schema down to the leaf. */
  readonly elements: readonly SchemaElement[]
  readonly most: { readonly repetition: number; readonly definition: number }
}

/** Rows of a column that stand together. */
export interface ColumnRange {
  readonly data: Data
  readonly start: number
  readonly end: number
}

/** The leaves of a schema in the order of its elements (`elementsOf`); null where one is of a kind whose memory is not Parquet's. */
export function leafPathsOf(fields: readonly Field[], elements: readonly SchemaElement[]): LeafPath[] | null {
  const leaves: LeafPath[] = []
  const [root, ...rest] = elements
  let next = 0
  const walk = (field: Field, column: number, steps: Step[], above: SchemaElement[], repetition: number): boolean => {
    const { type, nullable: optional } = field
    const path = [...above, rest[next++]!]
    if (type.typeId === Type.List) {
      const inside = repetition + 1
      const list = [...path, rest[next++]!]
      return walk(
        type.children[0] as Field,
        column,
        [...steps, { kind: "list", optional, child: 0, repetition: inside }],
        list,
        inside,
      )
    }
    if (type.typeId === Type.Struct)
      return (type.children as Field[]).every((member, child) =>
        walk(member, column, [...steps, { kind: "struct", optional, child, repetition }], path, repetition),
      )
    const own: Step[] = [...steps, { kind: "leaf", optional, child: 0, repetition }]
    const definition = own.reduce((sum, step) => sum + Number(step.optional) + Number(step.kind === "list"), 0)
    const name = path
      .slice(1)
      .map((element) => element.name)
      .join(".")
    leaves.push({ column, name, steps: own, elements: path, most: { repetition, definition } })
    return isPlain(type)
  }
  return fields.every((field, column) => walk(field, column, [], [root!], 0)) ? leaves : null
}

function isPlain(type: DataType): boolean {
  const { bitWidth, isSigned } = type as DataType & { bitWidth?: number; isSigned?: boolean }
  switch (type.typeId) {
    case Type.Utf8:
    case Type.Binary:
    case Type.Bool:
      return true
    case Type.Int:
      return isSigned === true && (bitWidth === 32 || bitWidth === 64)
    case Type.Float:
      return type.ArrayType !== Uint16Array
    default:
      return false
  }
}

/** The levels and values of a leaf in some rows. Throws an error for a null where none is allowed. */
export function gatherLeaf({ steps, most, name }: LeafPath, ranges: readonly ColumnRange[]): Leaf {
  const levels = new Levels(most)
  const parts: { data: Data; runs: number[] }[] = []
  for (const { data, start, end } of ranges) {
    const along = [data]
    for (const { kind, child } of steps.slice(0, -1)) along.push(along.at(-1)!.children[kind === "list" ? 0 : child]!)
    const runs = new Runs()
    gather(steps, along, { start, end, name, levels, runs })
    parts.push({ data: along.at(-1)!, runs: runs.list })
  }
  return { ...levels.taken, values: valuesOf(parts) }
}

interface Into {
  readonly start: number
  readonly end: number
  readonly name: string
  readonly levels: Levels
  /** Indexes of the values that are there. */
  readonly runs: Runs
}

function gather(steps: readonly Step[], along: readonly Data[], { start, end, name, levels, runs }: Into): void {
  const isThere = along.map((data) => presenceOf(data))
  const only = steps.length - 1
  const visit = (depth: number, index: number, definition: number, repetition: number): void => {
    const { kind, optional, repetition: inside } = steps[depth]!
    if (!isThere[depth]!(index)) {
      if (!optional) throw new Error(`column ${name}: a null where none is allowed`)
      levels.add(definition, repetition)
      return
    }
    const own = definition + Number(optional)
    if (kind === "struct") visit(depth + 1, index, own, repetition)
    else if (kind === "leaf") {
      levels.add(own, repetition)
      runs.add(index, index + 1)
    } else {
      const offsets = along[depth]!.valueOffsets as Int32Array
      const [from, to] = [offsets[index]!, offsets[index + 1]!]
      if (from === to) levels.add(own, repetition)
      else if (depth + 1 === only && !hasNulls(along[only]!)) {
        const most = own + 1 + Number(steps[only]!.optional)
        levels.add(most, repetition)
        levels.fill(most, inside, to - from - 1)
        runs.add(from, to)
      } else for (let at = from; at < to; at++) visit(depth + 1, at, own + 1, at === from ? repetition : inside)
    }
  }
  if (only === 0 && !hasNulls(along[0]!)) {
    levels.fill(Number(steps[0]!.optional), 0, end - start)
    runs.add(start, end)
  } else for (let index = start; index < end; index++) visit(0, index, 0, 0)
}

const hasNulls = ({ nullBitmap, nullCount }: Data): boolean => Boolean(nullBitmap?.length) && nullCount > 0

function presenceOf(data: Data): (index: number) => boolean {
  if (!hasNulls(data)) return () => true
  const { nullBitmap, offset } = data
  return (index) => ((nullBitmap![(offset + index) >> 3]! >> ((offset + index) & 7)) & 1) === 1
}

/** Indexes that rise, as runs: from and to, one after the other. */
class Runs {
  readonly list: number[] = []

  add(from: number, to: number): void {
    if (from === to) return
    if (this.list.at(-1) === from) this.list[this.list.length - 1] = to
    else this.list.push(from, to)
  }
}

class Levels {
  readonly #repetition: boolean
  readonly #definition: boolean
  #repetitions = new Uint8Array(1_024)
  #definitions = new Uint8Array(1_024)
  #entries = 0

  constructor({ repetition, definition }: LeafPath["most"]) {
    this.#repetition = repetition > 0
    this.#definition = definition > 0
  }

  add(definition: number, repetition: number): void {
    this.#need(1)
    this.#definitions[this.#entries] = definition
    this.#repetitions[this.#entries++] = repetition
  }

  fill(definition: number, repetition: number, count: number): void {
    this.#need(count)
    const end = this.#entries + count
    this.#definitions.fill(definition, this.#entries, end)
    this.#repetitions.fill(repetition, this.#entries, end)
    this.#entries = end
  }

  get taken(): { entries: number; repetition: Uint8Array | null; definition: Uint8Array | null } {
    return {
      entries: this.#entries,
      repetition: this.#repetition ? this.#repetitions.subarray(0, this.#entries) : null,
      definition: this.#definition ? this.#definitions.subarray(0, this.#entries) : null,
    }
  }

  #need(count: number): void {
    if (this.#entries + count <= this.#definitions.length) return
    const length = Math.max(2 * this.#definitions.length, this.#entries + count)
    const [definitions, repetitions] = [new Uint8Array(length), new Uint8Array(length)]
    definitions.set(this.#definitions.subarray(0, this.#entries))
    repetitions.set(this.#repetitions.subarray(0, this.#entries))
    this.#definitions = definitions
    this.#repetitions = repetitions
  }
}

/** Values of some runs, joined. */
function valuesOf(parts: readonly { data: Data; runs: readonly number[] }[]): LeafValues {
  let count = 0
  for (const { runs } of parts) for (let at = 0; at < runs.length; at += 2) count += runs[at + 1]! - runs[at]!
  const { typeId, type } = parts[0]!.data
  if (typeId === Type.Utf8 || typeId === Type.Binary) return bytesOf(parts, count)
  if (typeId === Type.Bool) return { count, data: booleansOf(parts, count), offsets: null }
  const data = new (type.ArrayType as Int32ArrayConstructor)(count)
  let at = 0
  for (const { data: of, runs } of parts)
    for (let run = 0; run < runs.length; run += 2) {
      data.set((of.values as Int32Array).subarray(runs[run]!, runs[run + 1]!), at)
      at += runs[run + 1]! - runs[run]!
    }
  return { count, data, offsets: null }
}

function booleansOf(parts: readonly { data: Data; runs: readonly number[] }[], count: number): Uint8Array {
  const booleans = new Uint8Array(count)
  let at = 0
  for (const { data, runs } of parts)
    for (let run = 0; run < runs.length; run += 2)
      for (let index = runs[run]!; index < runs[run + 1]!; index++) {
        const bit = data.offset + index
        booleans[at++] = ((data.values as Uint8Array)[bit >> 3]! >> (bit & 7)) & 1
      }
  return booleans
}

function bytesOf(parts: readonly { data: Data; runs: readonly number[] }[], count: number): LeafValues {
  let total = 0
  for (const { data, runs } of parts)
    for (let run = 0; run < runs.length; run += 2)
      total += data.valueOffsets[runs[run + 1]!]! - data.valueOffsets[runs[run]!]!
  if (total > 0x7fff_ffff) throw new RangeError("more than 2 GiB of one column in a row group")
  const bytes = new Uint8Array(total)
  const offsets = new Int32Array(count + 1)
  let [at, end] = [0, 0]
  for (const { data, runs } of parts) {
    const own = data.valueOffsets as Int32Array
    for (let run = 0; run < runs.length; run += 2) {
      const [from, to] = [runs[run]!, runs[run + 1]!]
      bytes.set((data.values as Uint8Array).subarray(own[from]!, own[to]!), end)
      for (let index = from; index < to; index++) offsets[++at] = end + own[index + 1]! - own[from]!
      end += own[to]! - own[from]!
    }
  }
  return { count, data: bytes, offsets }
}
