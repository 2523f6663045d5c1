// Between Arrow types and Parquet schema elements (https://github.com/apache/parquet-format/blob/master/LogicalTypes.md).
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  DateUnit,
  Decimal,
  Field,
  FixedSizeBinary,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Null,
  Schema,
  Struct,
  Time,
  Timestamp,
  TimeUnit,
  Type,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow"
import type { LogicalType, SchemaElement } from "hyparquet"
import { stopError } from "../runtime/errors.ts"

type Leaf = Pick<
  SchemaElement,
  "type" | "type_length" | "converted_type" | "logical_type" | "scale" | "precision" | "num_children"
>

const units = ["MILLIS", "MILLIS", "MICROS", "NANOS"] as const

/** The schema elements of a file, in preorder from the root. Lists have the standard three levels. */
export function elementsOf(schema: Schema, path: string): SchemaElement[] {
  const root: SchemaElement = { name: "schema", num_children: schema.fields.length }
  return [root, ...schema.fields.flatMap((field) => elementsOfField(field, field.name, path))]
}

function elementsOfField({ name, type, nullable }: Field, column: string, path: string): SchemaElement[] {
  const repetition_type = nullable || type.typeId === Type.Null ? "OPTIONAL" : "REQUIRED"
  if (type.typeId === Type.List) {
    const element = type.children[0] as Field
    const of = new Field("element", element.type, element.nullable)
    return [
      { name, repetition_type, num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      ...elementsOfField(of, `${column}[]`, path),
    ]
  }
  if (type.typeId === Type.Struct) {
    if (type.children.length === 0) throw unwritable(type, column, path)
    const children = (type.children as Field[]).flatMap((of) => elementsOfField(of, `${column}.${of.name}`, path))
    return [{ name, repetition_type, num_children: type.children.length }, ...children]
  }
  const leaf = leafOf(type)
  if (leaf === null) throw unwritable(type, column, path)
  return [{ name, repetition_type, ...leaf }]
}

const unwritable = (type: DataType, column: string, path: string) =>
  stopError({
    what: "Parquet cannot hold this column",
    where: `${path}, column ${column}`,
    expected: "text, numbers, lists or objects with at least one key",
    got: type.typeId === Type.Struct ? "objects without any key" : `${type}`,
    remedy: "Leave the column out, or write .jsonl.",
  })

function leafOf(type: DataType): Leaf | null {
  const { bitWidth, isSigned, unit, scale, precision, byteWidth, timezone } = type as DataType & {
    bitWidth: number
    isSigned: boolean
    unit: TimeUnit
    scale: number
    precision: number
    byteWidth: number
    timezone?: string | null
  }
  switch (type.typeId) {
    case Type.Null:
      return { type: "INT32", logical_type: { type: "NULL" } }
    case Type.Bool:
      return { type: "BOOLEAN" }
    case Type.Int: {
      const physical = bitWidth === 64 ? "INT64" : "INT32"
      if (isSigned && bitWidth >= 32) return { type: physical }
      // Without the logical INTEGER type: the library writes its one-byte width as an int, which strict readers refuse.
      return { type: physical, converted_type: `${isSigned ? "INT" : "UINT"}_${bitWidth}` as "UINT_8" }
    }
    case Type.Float:
      return type.ArrayType === Float64Array
        ? { type: "DOUBLE" }
        : type.ArrayType === Float32Array
          ? { type: "FLOAT" }
          : null
    case Type.Utf8:
      return { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } }
    case Type.Binary:
      return { type: "BYTE_ARRAY" }
    case Type.FixedSizeBinary:
      return { type: "FIXED_LEN_BYTE_ARRAY", type_length: byteWidth }
    case Type.Date:
      return (unit as number) === DateUnit.DAY
        ? { type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } }
        : null
    case Type.Time: {
      if (unit === TimeUnit.SECOND) return null
      const logical_type: LogicalType = { type: "TIME", isAdjustedToUTC: false, unit: units[unit] }
      return { type: unit === TimeUnit.MILLISECOND ? "INT32" : "INT64", logical_type }
    }
    case Type.Timestamp: {
      if (unit === TimeUnit.SECOND) return null
      const logical_type: LogicalType = { type: "TIMESTAMP", isAdjustedToUTC: Boolean(timezone), unit: units[unit] }
      return { type: "INT64", logical_type }
    }
    case Type.Decimal:
      return {
        type: "FIXED_LEN_BYTE_ARRAY",
        type_length: bitWidth / 8,
        converted_type: "DECIMAL",
        logical_type: { type: "DECIMAL", precision, scale },
        scale,
        precision,
      }
    default:
      return null
  }
}

/** One node of a file's schema. */
interface Node {
  element: SchemaElement
  children: Node[]
}

/** How a column's decoded values become what `buildColumn` takes. Null: they already are. */
type Fix = ((value: unknown) => unknown) | null

/** A file's columns: the Arrow schema, and per column the fix for its values. */
export interface FileColumns {
  schema: Schema
  fixes: Fix[]
}

/** The Arrow schema of a file's elements. Maps become lists of {key, value}; a UUID becomes text. */
export function columnsOf(
  elements: readonly SchemaElement[],
  metadata: Map<string, string>,
  path: string,
): FileColumns {
  let next = 0
  const read = (): Node => {
    const element = elements[next++]
    if (!element) throw stopError({ what: "The schema of the Parquet file is cut short", where: path })
    return { element, children: Array.from({ length: element.num_children ?? 0 }, read) }
  }
  const root = read()
  if (next < elements.length)
    throw stopError({
      what: "The schema of the Parquet file does not add up",
      where: path,
      expected: `${next} elements`,
      got: `${elements.length}`,
      remedy: "Fetch or write it again.",
    })
  const columns = root.children.map((node) => fieldOf(node, node.element.name, path))
  const names = new Set(columns.map(({ field }) => field.name))
  if (names.size < columns.length) throw stopError({ what: "Two columns have the same name", where: path })
  return {
    schema: new Schema(
      columns.map(({ field }) => field),
      metadata,
    ),
    fixes: columns.map(({ fix }) => fix),
  }
}

/**
 * The same elements with everything taken away that would make the decoder convert values (and lose digits or a BOM): it then
 * gives the stored integers and bytes, and maps as the lists that they are.
 */
export const physicalElements = (elements: readonly SchemaElement[]): SchemaElement[] =>
  elements.map(({ converted_type, logical_type: _, ...element }) =>
    converted_type === "LIST" ? { ...element, converted_type } : element,
  )

function fieldOf(node: Node, column: string, path: string): { field: Field; fix: Fix } {
  const { element, children } = node
  const { name, repetition_type } = element
  const nullable = repetition_type === "OPTIONAL"
  if (repetition_type === "REPEATED") {
    // Before the three-level layout: a repeated field is a list of required elements.
    const of = children.length > 0 ? structOf(children, column, path) : leafFieldOf(element, column, path)
    return {
      field: listField(name, false, of.type, false),
      fix: (value) => Array.from((value ?? []) as [], of.fix ?? same),
    }
  }
  if (children.length === 0) {
    const { type, fix } = leafFieldOf(element, column, path)
    return { field: new Field(name, type, nullable), fix }
  }
  const kind = element.converted_type ?? element.logical_type?.type
  const only = children.length === 1 ? children[0]! : null
  if (only?.element.repetition_type === "REPEATED") {
    const one = only.children.length === 1 ? only.children[0]! : null
    if (kind === "LIST" && one) {
      const { field, fix } = fieldOf(one, `${column}[]`, path)
      return { field: listField(name, nullable, field.type, field.nullable), fix: listFix(fix) }
    }
    if (kind === "LIST" && only.children.length === 0) {
      const { type, fix } = leafFieldOf(only.element, `${column}[]`, path)
      return { field: listField(name, nullable, type, false), fix: listFix(fix) }
    }
    if (kind === "MAP" || kind === "MAP_KEY_VALUE" || kind === "LIST") {
      const { type, fix } = structOf(only.children, `${column}[]`, path)
      const inner = listFix(fix)
      const unwrap: Fix = (value) => {
        const entries = (value as Record<string, unknown>)[only.element.name] ?? []
        return inner ? inner(entries) : entries
      }
      return { field: listField(name, nullable, type, false), fix: orNull(unwrap) }
    }
  }
  const { type, fix } = structOf(children, column, path)
  return { field: new Field(name, type, nullable), fix }
}

const listField = (name: string, nullable: boolean, type: DataType, elementNullable: boolean) =>
  new Field(name, new List(new Field("element", type, elementNullable)), nullable)

const same = (value: unknown) => value

const orNull =
  (fix: (value: unknown) => unknown): Fix =>
  (value) =>
    value === null || value === undefined ? null : fix(value)

const listFix = (of: Fix): Fix => (of ? orNull((value) => Array.from(value as ArrayLike<unknown>, of)) : null)

function structOf(children: readonly Node[], column: string, path: string): { type: DataType; fix: Fix } {
  const fields = children.map((child) => fieldOf(child, `${column}.${child.element.name}`, path))
  const fixed = fields.filter(({ fix }) => fix !== null)
  const fix = (value: unknown) => {
    // A copy: the library keeps what it decoded and gives it again where ranges of rows overlap.
    const row = { ...(value as Record<string, unknown>) }
    for (const of of fixed) row[of.field.name] = of.fix!(row[of.field.name])
    return row
  }
  return { type: new Struct(fields.map(({ field }) => field)), fix: fixed.length > 0 ? orNull(fix) : null }
}

function leafFieldOf(element: SchemaElement, column: string, path: string): { type: DataType; fix: Fix } {
  const { type, converted_type: converted, logical_type: logical, type_length: width } = element
  const precision = element.precision ?? (logical?.type === "DECIMAL" ? logical.precision : 0)
  const scale = element.scale ?? (logical?.type === "DECIMAL" ? logical.scale : 0)
  if (converted === "DECIMAL" || logical?.type === "DECIMAL")
    return { type: new Decimal(scale, precision, precision > 38 ? 256 : 128), fix: orNull(unscaled) }
  if (logical?.type === "NULL") return { type: new Null(), fix: () => null }
  switch (type) {
    case "BOOLEAN":
      return { type: new Bool(), fix: null }
    case "INT32":
      if (converted === "DATE" || logical?.type === "DATE") return { type: new DateDay(), fix: null }
      if (converted === "TIME_MILLIS" || logical?.type === "TIME")
        return { type: new Time(TimeUnit.MILLISECOND, 32), fix: null }
      return integer32(converted, logical)
    case "INT64": {
      const unit = unitOf(converted, logical)
      if (unit !== null && (converted?.startsWith("TIMESTAMP") || logical?.type === "TIMESTAMP")) {
        const utc = logical?.type === "TIMESTAMP" ? logical.isAdjustedToUTC : true
        return { type: new Timestamp(unit, utc ? "UTC" : null), fix: null }
      }
      if (unit !== null) return { type: new Time(unit as TimeUnit.MICROSECOND, 64), fix: null }
      if (converted === "UINT_64" || (logical?.type === "INTEGER" && !logical.isSigned))
        return { type: new Uint64(), fix: orNull((value) => BigInt.asUintN(64, value as bigint)) }
      return { type: new Int64(), fix: null }
    }
    case "INT96":
      return { type: new Timestamp(TimeUnit.NANOSECOND, null), fix: null }
    case "FLOAT":
      return { type: new Float32(), fix: null }
    case "DOUBLE":
      return { type: new Float64(), fix: null }
    case "BYTE_ARRAY":
      return isText(converted, logical) ? { type: new Utf8(), fix: null } : { type: new Binary(), fix: null }
    case "FIXED_LEN_BYTE_ARRAY":
      if (logical?.type === "UUID") return { type: new Utf8(), fix: orNull(uuidText) }
      if (logical?.type === "FLOAT16") return { type: new Float32(), fix: orNull(float16) }
      return { type: new FixedSizeBinary(width ?? 0), fix: null }
    default:
      throw stopError({ what: "Unknown Parquet type", where: `${path}, column ${column}`, got: String(type) })
  }
}

const isText = (converted: SchemaElement["converted_type"], logical: LogicalType | undefined) =>
  converted === "UTF8" ||
  converted === "ENUM" ||
  converted === "JSON" ||
  logical?.type === "STRING" ||
  logical?.type === "ENUM" ||
  logical?.type === "JSON"

function unitOf(converted: SchemaElement["converted_type"], logical: LogicalType | undefined): TimeUnit | null {
  if (logical?.type === "TIME" || logical?.type === "TIMESTAMP") return units.lastIndexOf(logical.unit) as TimeUnit
  if (converted?.endsWith("_MILLIS")) return TimeUnit.MILLISECOND
  return converted?.endsWith("_MICROS") ? TimeUnit.MICROSECOND : null
}

function integer32(
  converted: SchemaElement["converted_type"],
  logical: LogicalType | undefined,
): { type: DataType; fix: Fix } {
  const bitWidth =
    logical?.type === "INTEGER" ? logical.bitWidth : Number(/^U?INT_(\d+)$/.exec(converted ?? "")?.[1] ?? 32)
  const signed = logical?.type === "INTEGER" ? logical.isSigned : !converted?.startsWith("UINT")
  if (signed) return { type: bitWidth === 8 ? new Int8() : bitWidth === 16 ? new Int16() : new Int32(), fix: null }
  const type = bitWidth === 8 ? new Uint8() : bitWidth === 16 ? new Uint16() : new Uint32()
  return { type, fix: orNull((value) => (value as number) >>> 0) }
}

function unscaled(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value as number | bigint)
  let integer = 0n
  for (const byte of value) integer = (integer << 8n) | BigInt(byte)
  return BigInt.asIntN(value.byteLength * 8, integer)
}

const uuidText = (value: unknown): string =>
  Buffer.from(value as Uint8Array)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")

function float16(value: unknown): number {
  const [low = 0, high = 0] = value as Uint8Array
  const sign = high & 0x80 ? -1 : 1
  const exponent = (high >> 2) & 0x1f
  const fraction = ((high & 3) << 8) | low
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
