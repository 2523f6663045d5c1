// Builds one Arrow column over typed arrays. Nothing is coerced: a value that the column cannot hold exactly is an error.
import { isUtf8 } from "node:buffer"
import { type Data, type DataType, DateUnit, type Field, makeData, Type } from "apache-arrow"
import { oneLine, RowError } from "./errors.ts"
import { daysOf, ticksOf, timeTicksOf, unscaledOf } from "./temporal.ts"

/** Stands for "no value here because the struct around it is null": never an error, whatever the column allows. */
const absent = Symbol("absent")

/** Where values stand: the column's path (`rollouts[].seed`) and, for the value at an index, the row. */
interface Place {
  column: string
  row(index: number): number
}

/** A value that does not fit its column: names column and row (from 0). */
export class ColumnError extends RowError {
  readonly column: string
  readonly row: number
  readonly expected: string
  readonly got: string

  constructor(place: Place, index: number, expected: string, value: unknown) {
    const row = place.row(index)
    const got = shown(value)
    super("bad-value", `column ${place.column}, row ${row}: expected ${expected}, got ${got}`)
    this.name = "ColumnError"
    this.column = place.column
    this.row = row
    this.expected = expected
    this.got = got
  }
}

type Values = ArrayLike<unknown>
type IntArray = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array

/**
 * The column of a field. Takes what `cellReader` gives, in either form; text may be string or UTF-8 bytes. `trusted` bytes are
 * not checked to be UTF-8 (the reader checks them).
 */
export function buildColumn(field: Field, values: Values, options: { trusted?: boolean } = {}): Data {
  return build(field, values, { column: field.name, row: (index) => index }, options.trusted ?? false)
}

function build({ type, nullable }: Field, values: Values, place: Place, trusted: boolean): Data {
  const { length } = values
  const { nullBitmap, nullCount } = validityOf(values, nullable, type, place)
  const base = { type, length, nullCount, nullBitmap }
  const fixed = (data: unknown) => makeData({ ...base, data } as never) as Data
  switch (type.typeId) {
    case Type.Null:
      return makeData({ type, length } as never) as Data
    case Type.Bool:
      return fixed(bits(values, place))
    case Type.Int:
      return fixed(integers(type as never, values, place))
    case Type.Float:
      return fixed(floats(new (type.ArrayType as Float64ArrayConstructor)(length), values, place))
    case Type.Utf8:
    case Type.Binary:
      return makeData({ ...base, ...encoded(type.typeId === Type.Utf8, values, place, trusted) } as never) as Data
    case Type.FixedSizeBinary:
      return fixed(fixedBytes((type as never as { byteWidth: number }).byteWidth, values, place))
    case Type.Date:
    case Type.Time:
    case Type.Timestamp:
      return fixed(temporal(type as never, values, place))
    case Type.Decimal:
      return fixed(decimals(type as never, values, place))
    case Type.List:
      return list(type as DataType<Type.List>, base, values, place, trusted)
    case Type.Struct:
      return struct(type as DataType<Type.Struct>, base, values, place, trusted)
    default:
      throw new TypeError(`column ${place.column}: cannot build the Arrow type ${type}`)
  }
}

const isNull = (value: unknown) => value === null || value === undefined || value === absent

function validityOf(values: Values, nullable: boolean, type: DataType, place: Place) {
  let nullBitmap: Uint8Array | undefined
  let nullCount = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (!isNull(value)) continue
    if (value !== absent && !nullable && type.typeId !== Type.Null)
      throw new ColumnError(place, index, `${type}`, value)
    if (!nullable) continue
    nullBitmap ??= new Uint8Array((values.length + 7) >> 3).fill(0xff)
    nullBitmap[index >> 3]! &= ~(1 << (index & 7))
    nullCount++
  }
  return { nullBitmap, nullCount }
}

function bits(values: Values, place: Place): Uint8Array {
  const packed = new Uint8Array((values.length + 7) >> 3)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (value === true) packed[index >> 3]! |= 1 << (index & 7)
    else if (value !== false && !isNull(value)) throw new ColumnError(place, index, "true or false", value)
  }
  return packed
}

function integers(type: { bitWidth: number; isSigned: boolean; ArrayType: unknown }, values: Values, place: Place) {
  const { bitWidth, isSigned } = type
  const least = isSigned ? -(2n ** BigInt(bitWidth - 1)) : 0n
  const most = 2n ** BigInt(isSigned ? bitWidth - 1 : bitWidth) - 1n
  const expected = `an integer from ${least} to ${most}`
  if (bitWidth === 64) {
    const array = isSigned ? new BigInt64Array(values.length) : new BigUint64Array(values.length)
    for (let index = 0; index < values.length; index++) {
      const value = values[index]
      if (isNull(value)) continue
      // Beyond 2^53 a number may already have lost digits: only a bigint says which integer is meant.
      const integer = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value
      if (typeof integer !== "bigint" || integer < least || integer > most)
        throw new ColumnError(place, index, expected, value)
      array[index] = integer
    }
    return array
  }
  const array = new (type.ArrayType as Int32ArrayConstructor)(values.length) as IntArray
  // Comparing numbers with bigints costs many times as much.
  const [low, high] = [Number(least), Number(most)]
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (isNull(value)) continue
    const integer = typeof value === "bigint" ? Number(value) : value
    if (!Number.isInteger(integer) || (integer as number) < low || (integer as number) > high)
      throw new ColumnError(place, index, expected, value)
    array[index] = integer as number
  }
  return array
}

function floats<A extends Float32Array | Float64Array>(array: A, values: Values, place: Place): A {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (typeof value === "number") array[index] = value
    else if (typeof value === "bigint" && BigInt(Number(value)) === value) array[index] = Number(value)
    else if (!isNull(value)) throw new ColumnError(place, index, "a number", value)
  }
  return array
}

function encoded(asText: boolean, values: Values, place: Place, trusted: boolean) {
  const valueOffsets = new Int32Array(values.length + 1)
  let total = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (typeof value === "string" && asText) {
      if (!value.isWellFormed()) throw new ColumnError(place, index, "Unicode text without lone surrogates", value)
      total += Buffer.byteLength(value)
    } else if (value instanceof Uint8Array) {
      if (asText && !trusted && !isUtf8(value)) throw new ColumnError(place, index, "UTF-8 text", value)
      total += value.byteLength
    } else if (!isNull(value)) throw new ColumnError(place, index, asText ? "text" : "bytes", value)
    if (total > 0x7fff_ffff) throw new ColumnError(place, index, "at most 2 GiB of one column in a batch", value)
    valueOffsets[index + 1] = total
  }
  const data = Buffer.allocUnsafeSlow(total)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (typeof value === "string") data.write(value, valueOffsets[index]!, "utf8")
    else if (value instanceof Uint8Array) data.set(value, valueOffsets[index]!)
  }
  return { valueOffsets, data }
}

function fixedBytes(byteWidth: number, values: Values, place: Place): Uint8Array {
  const data = new Uint8Array(values.length * byteWidth)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (isNull(value)) continue
    if (!(value instanceof Uint8Array) || value.byteLength !== byteWidth)
      throw new ColumnError(place, index, `${byteWidth} bytes`, value)
    data.set(value, index * byteWidth)
  }
  return data
}

function temporal(type: DataType & { unit: number; bitWidth?: number }, values: Values, place: Place) {
  const narrow = type.ArrayType === Int32Array || (type.typeId === Type.Time && type.bitWidth === 32)
  const array = narrow ? new Int32Array(values.length) : new BigInt64Array(values.length)
  const parse = (text: string): number | bigint | null => {
    if (type.typeId === Type.Time) return timeTicksOf(text, type.unit)
    if (type.typeId === Type.Timestamp) return ticksOf(text, type.unit)
    return type.unit === DateUnit.DAY ? daysOf(text) : ticksOf(text, 1)
  }
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (isNull(value)) continue
    const ticks = typeof value === "string" ? parse(value) : value
    const whole =
      typeof ticks === "bigint" ? BigInt.asIntN(narrow ? 32 : 64, ticks) === ticks : Number.isSafeInteger(ticks)
    if (!whole) throw new ColumnError(place, index, `${type}`, value)
    if (narrow) array[index] = Number(ticks)
    else array[index] = BigInt(ticks as number | bigint)
  }
  return array
}

function decimals(type: { scale: number; precision: number; bitWidth: number }, values: Values, place: Place) {
  const stride = type.bitWidth / 32
  const words = new Uint32Array(values.length * stride)
  const limit = 10n ** BigInt(type.precision)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (isNull(value)) continue
    const unscaled = typeof value === "string" ? unscaledOf(value, type.scale) : value
    if (typeof unscaled !== "bigint" || unscaled >= limit || unscaled <= -limit)
      throw new ColumnError(place, index, `a decimal of ${type.precision} digits, ${type.scale} after the point`, value)
    for (let word = 0, rest = unscaled; word < stride; word++, rest >>= 32n)
      words[index * stride + word] = Number(BigInt.asUintN(32, rest))
  }
  return words
}

interface Base {
  type: DataType
  length: number
  nullCount: number
  nullBitmap: Uint8Array | undefined
}

function list(type: DataType<Type.List>, base: Base, values: Values, place: Place, trusted: boolean): Data {
  const valueOffsets = new Int32Array(values.length + 1)
  const elements: unknown[] = []
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof Uint8Array))) {
      const list = value as ArrayLike<unknown>
      for (let at = 0; at < list.length; at++) elements.push(list[at])
    } else if (!isNull(value)) throw new ColumnError(place, index, "a list", value)
    valueOffsets[index + 1] = elements.length
  }
  const field = type.children[0]!
  const of: Place = { column: `${place.column}[]`, row: (at) => place.row(ownerOf(valueOffsets, at)) }
  return makeData({ ...base, valueOffsets, child: build(field, elements, of, trusted) } as never) as Data
}

/** Index of the list that holds the element at a position. */
function ownerOf(offsets: Int32Array, position: number): number {
  let owner = 0
  while (offsets[owner + 1]! <= position) owner++
  return owner
}

function struct(type: DataType<Type.Struct>, base: Base, values: Values, place: Place, trusted: boolean): Data {
  const fields = type.children
  const known = new Set(fields.map((field) => field.name))
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (isNull(value)) continue
    if (typeof value !== "object" || Array.isArray(value) || ArrayBuffer.isView(value))
      throw new ColumnError(place, index, "an object", value)
    expectKnown(value as object, known, place, index)
  }
  const children = fields.map((field) => {
    const column = new Array<unknown>(values.length)
    for (let index = 0; index < values.length; index++) {
      const value = values[index]
      column[index] = isNull(value) ? absent : ownValue(value as Record<string, unknown>, field.name)
    }
    return build(field, column, { column: `${place.column}.${field.name}`, row: place.row }, trusted)
  })
  return makeData({ ...base, children } as never) as Data
}

/** A field's own value; never what an object inherits. */
export const ownValue = (value: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(value, name) ? value[name] : undefined

/** Throws for a value in a field that the schema lacks: it would be lost. */
export function expectKnown(value: object, known: ReadonlySet<string>, place: Place, index: number): void {
  for (const name in value)
    if (!known.has(name) && (value as Record<string, unknown>)[name] !== undefined)
      throw new ColumnError(
        { column: place.column ? `${place.column}.${name}` : name, row: place.row },
        index,
        `one of the columns ${[...known].join(", ")}`,
        (value as Record<string, unknown>)[name],
      )
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing"
  if (typeof value === "string") return oneLine(JSON.stringify(value), 60)
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return `${value}`
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  return Array.isArray(value) ? "a list" : "an object"
}
