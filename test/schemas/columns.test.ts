import { Type } from "apache-arrow"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { batchOf, rowsOf } from "../../pipelines/runtime/batch.ts"
import {
  type Column,
  fieldsOf,
  flag,
  float64,
  int32,
  int64,
  list,
  nullable,
  type RowOf,
  struct,
  type Table,
  table,
  text,
} from "../../schemas/columns.ts"
import { event } from "../../schemas/event.ts"
import { question } from "../../schemas/question.ts"
import { droppedRow, failedRow } from "../../schemas/rejection.ts"
import { reviewQuestion } from "../../schemas/review.ts"
import { group } from "../../schemas/rollout.ts"
import { sample } from "../../schemas/sample.ts"

const everything = table("everything", {
  name: text(),
  small: int32(),
  large: int64(),
  real: float64(),
  yes: flag(),
  maybe: nullable(text()),
  tags: list(text()),
  holes: list(nullable(int32())),
  inner: struct({ a: int32(), b: nullable(list(struct({ c: text() }))) }),
})

const row: RowOf<typeof everything> = {
  name: "a\ufeff𝒳",
  small: -(2 ** 31),
  large: 2n ** 63n - 1n,
  real: 0.1,
  yes: true,
  maybe: null,
  tags: [],
  holes: [1, null],
  inner: { a: 1, b: [{ c: "" }] },
}

describe("a table", () => {
  test("says the same to Arrow and to Zod", () => {
    expect(everything.row.parse(row)).toEqual(row)
    expect(rowsOf(batchOf(everything.schema, [row]))).toEqual([row])
    expect(
      everything.schema.fields.map(({ name, nullable, type }) => `${name}${nullable ? "?" : ""}: ${type}`),
    ).toEqual([
      "name: Utf8",
      "small: Int32",
      "large: Int64",
      "real: Float64",
      "yes: Bool",
      "maybe?: Utf8",
      "tags: List<Utf8>",
      "holes: List<Int32>",
      expect.stringMatching(/^inner: Struct<\{a:Int32, b:List<Struct<\{c:Utf8\}>>\}>$/),
    ])
  })

  test.each<[string, Record<string, unknown>]>([
    ["a null where none is allowed", { name: null }],
    ["a null in a list that allows none", { tags: [null] }],
    ["a fraction", { small: 1.5 }],
    ["33 bits", { small: 2 ** 31 }],
    ["text for a number", { real: "1" }],
    ["a number for text", { name: 1 }],
    ["an unknown column", { other: 1 }],
    ["an unknown member", { inner: { a: 1, b: null, c: 2 } }],
    ["text for a list", { tags: "a" }],
  ])("%s is refused by both", (_, change) => {
    const bad = { ...row, ...change }
    expect(everything.row.safeParse(bad).success).toBe(false)
    expect(() => batchOf(everything.schema, [bad])).toThrow()
  })

  test("nullable changes nothing but that", () => {
    const plain = list(text())
    expect(nullable(plain)).toMatchObject({ arrow: plain.arrow, nullable: true })
    expect(plain.nullable).toBe(false)
    expect(fieldsOf({ a: nullable(plain) })[0]).toMatchObject({ name: "a", nullable: true })
  })
})

/** A value of a column: nulls where they are allowed on the first run, none on the second. */
function sampleOf({ arrow, nullable, zod }: Column, empty: boolean): unknown {
  if (nullable && empty) return null
  const plain: unknown = zod instanceof z.ZodNullable ? zod.unwrap() : zod
  const options = (plain as { options?: unknown[] }).options
  if (options?.every((option) => typeof option === "string")) return options[0]
  switch (arrow.typeId) {
    case Type.Utf8:
      return "text"
    case Type.Bool:
      return true
    case Type.Float:
      return 0.5
    case Type.Int:
      return (arrow as { bitWidth?: number }).bitWidth === 64 ? 5n : 5
    case Type.List:
      return []
    default:
      throw new Error(`no sample value for ${arrow}`)
  }
}

test.each<[string, Table]>([
  ["question", question],
  ["group", group],
  ["sample", sample],
  ["review", reviewQuestion],
  ["dropped", droppedRow],
  ["failed", failedRow],
] as never)("the table %s holds a row of its own type, with and without nulls", (name, of) => {
  expect(of.name).toBe(name)
  const columns = Object.entries(of.columns).filter(([, { arrow }]) => arrow.typeId !== Type.Struct)
  const structs = Object.keys(of.columns).filter((column) => of.columns[column]!.arrow.typeId === Type.Struct)
  for (const empty of [true, false]) {
    const made: Record<string, unknown> = Object.fromEntries(
      columns.map(([column, type]) => [column, sampleOf(type, empty)]),
    )
    for (const column of structs) made[column] = column === "chat_template_kwargs" ? { enable_thinking: true } : null
    expect(of.row.parse(made)).toEqual(made)
    expect(rowsOf(batchOf(of.schema, [made]))).toEqual([made])
  }
})

describe("events", () => {
  const at = { v: 1, at: "2026-01-01T00:00:00.000Z" }

  test("of every kind are told by their name, strictly", () => {
    expect(event.safeParse({ ...at, event: "warning", message: "m" }).success).toBe(true)
    expect(event.safeParse({ ...at, event: "warning" }).success).toBe(false)
    expect(event.safeParse({ ...at, event: "unknown", message: "m" }).success).toBe(false)
    expect(event.safeParse({ v: 2, at: at.at, event: "warning", message: "m" }).success).toBe(false)
    expect(event.safeParse({ v: 1, at: "yesterday", event: "warning", message: "m" }).success).toBe(false)
  })
})
