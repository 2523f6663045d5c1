// Random nested schemas and rows from a seed, with the values that readers and writers get wrong.
import { Bool, type DataType, Field, Float32, Float64, Int32, Int64, List, Schema, Struct, Utf8 } from "apache-arrow"
import type { Row } from "../../pipelines/runtime/step.ts"

/** A generator of numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const texts = [
  "",
  "a",
  "\ufeffBOM first",
  "\ufeff",
  "𝒳 astral 👩‍👩‍👧",
  "naïve",
  "\u0000nul\u0000",
  "line\nbreak\r\n",
  "﷽",
  "\u{10ffff}",
  "x".repeat(300),
]
const integers = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 1234567]
const longs = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]
const doubles = [
  0,
  -0,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  1.7976931348623157e308,
]

/** What a random schema may hold. */
export interface RandomOptions {
  depth: number
  nullable: boolean
  types?: readonly DataType[]
}

const leaves: readonly DataType[] = [new Utf8(), new Int32(), new Int64(), new Float64(), new Float32(), new Bool()]

/** A schema of up to six columns, nested to a depth. */
export function randomSchema(next: () => number, options: RandomOptions): Schema {
  const columns = 1 + Math.floor(next() * 6)
  return new Schema(Array.from({ length: columns }, (_, at) => randomField(next, `c${at}`, options)))
}

function randomField(next: () => number, name: string, options: RandomOptions): Field {
  return new Field(name, randomType(next, options), options.nullable && next() < 0.6)
}

function randomType(next: () => number, options: RandomOptions): DataType {
  const kind = next()
  const inner = { ...options, depth: options.depth - 1 }
  if (options.depth > 0 && kind < 0.3) return new List(randomField(next, "element", inner))
  if (options.depth > 0 && kind < 0.55)
    return new Struct(Array.from({ length: 1 + Math.floor(next() * 3) }, (_, at) => randomField(next, `f${at}`, inner)))
  return choose(next, options.types ?? leaves)
}

export const choose = <T>(next: () => number, of: readonly T[]): T => of[Math.floor(next() * of.length)]!

/** A row of the schema: extremes, nulls where allowed, empty lists. */
export const randomRow = (next: () => number, schema: Schema): Row =>
  Object.fromEntries(schema.fields.map((field) => [field.name, randomValue(next, field)]))

function randomValue(next: () => number, { type, nullable }: Field): unknown {
  if (nullable && next() < 0.3) return null
  if (type instanceof Utf8) return choose(next, texts)
  if (type instanceof Int32) return choose(next, integers)
  if (type instanceof Int64) return choose(next, longs)
  if (type instanceof Float64) return choose(next, doubles)
  if (type instanceof Float32) return Math.fround(choose(next, [0, -0, 1.5, 3.25, 2 ** -20, Number.NaN]))
  if (type instanceof Bool) return next() < 0.5
  if (type instanceof List)
    return Array.from({ length: Math.floor(next() * 4) }, () => randomValue(next, type.children[0]!))
  return Object.fromEntries((type as Struct).children.map((field: Field) => [field.name, randomValue(next, field)]))
}

/** Rows cut into pieces of random length. */
export function randomPieces<T>(next: () => number, rows: readonly T[]): T[][] {
  const pieces: T[][] = []
  for (let at = 0; at < rows.length; ) {
    const length = 1 + Math.floor(next() * 40)
    pieces.push(rows.slice(at, at + length))
    at += length
  }
  return pieces
}
