import { Binary, Bool, type DataType, Field, Float64, Int64, List, Schema, Struct, Utf8 } from "apache-arrow"
import { stopError } from "../runtime/errors.ts"
import type { Row } from "../runtime/step.ts"

type Shape =
  | { kind: "null" | "true or false" | "integer" | "number" | "text" | "bytes" }
  | { kind: "list"; of: Shape }
  | { kind: "object"; fields: Map<string, Shape> }

const unknown: Shape = { kind: "null" }

/**
 * The schema of rows that come without one. Columns stand in the order in which they first appear and all allow null. Integers are
 * int64; integers and fractions in one column make it float64; lists and objects merge their parts; a column that is null
 * everywhere is text. Any other mixture is a stopError that names the column and both kinds.
 */
export function inferSchema(rows: readonly Row[], where: string): Schema {
  const columns = new Map<string, Shape>()
  for (const row of rows) mergeFields(columns, row, "", where)
  return new Schema([...columns].map(([name, shape]) => new Field(name, typeOf(shape), true)))
}

function mergeFields(fields: Map<string, Shape>, value: object, column: string, where: string): void {
  for (const [name, inner] of Object.entries(value)) {
    const path = column ? `${column}.${name}` : name
    fields.set(name, merge(fields.get(name) ?? unknown, inner, path, where))
  }
}

function merge(shape: Shape, value: unknown, column: string, where: string): Shape {
  if (value === null || value === undefined) return shape
  const kind = kindOf(value)
  if (kind === "list") {
    const list: Shape = shape.kind === "null" ? { kind, of: unknown } : shape
    if (list.kind !== "list") throw conflict(shape, kind, column, where)
    for (const element of value as unknown[]) list.of = merge(list.of, element, `${column}[]`, where)
    return list
  }
  if (kind === "object") {
    const object: Shape = shape.kind === "null" ? { kind, fields: new Map() } : shape
    if (object.kind !== "object") throw conflict(shape, kind, column, where)
    mergeFields(object.fields, value as object, column, where)
    return object
  }
  if (shape.kind === kind) return shape
  if (shape.kind === "null") return { kind }
  const numeric = (of: string) => of === "integer" || of === "number"
  if (numeric(shape.kind) && numeric(kind)) return { kind: "number" }
  throw conflict(shape, kind, column, where)
}

function kindOf(value: unknown): Shape["kind"] {
  if (typeof value === "string") return "text"
  if (typeof value === "boolean") return "true or false"
  if (typeof value === "bigint") return "integer"
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "number"
  if (value instanceof Uint8Array) return "bytes"
  return Array.isArray(value) ? "list" : "object"
}

const conflict = (shape: Shape, kind: string, column: string, where: string) =>
  stopError({
    what: "A column mixes kinds of values",
    where: `${where}, column ${column}`,
    expected: shape.kind,
    got: kind,
    remedy: "Write .jsonl, which takes any mixture, or make the column one kind.",
  })

function typeOf(shape: Shape): DataType {
  switch (shape.kind) {
    case "null":
    case "text":
      return new Utf8()
    case "true or false":
      return new Bool()
    case "integer":
      return new Int64()
    case "number":
      return new Float64()
    case "bytes":
      return new Binary()
    case "list":
      return new List(new Field("element", typeOf(shape.of), true))
    default:
      return new Struct([...shape.fields].map(([name, of]) => new Field(name, typeOf(of), true)))
  }
}
