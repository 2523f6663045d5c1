import {
  Binary,
  Bool,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float16,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  LargeUtf8,
  List,
  makeData,
  Null,
  RecordBatch,
  Schema,
  Struct,
  Timestamp,
  TimestampMicrosecond,
  TimeUnit,
  tableFromArrays,
  Uint16,
  Uint64,
  Utf8,
  Utf8View,
  vectorFromArray,
} from "apache-arrow"
import { describe, expect, test } from "vitest"
import { batchOf, rowReader, rowsOf } from "../../../pipelines/runtime/batch.ts"
import { ColumnError } from "../../../pipelines/runtime/column-builder.ts"
import { RowError } from "../../../pipelines/runtime/errors.ts"
import { complaintOf } from "../complaint.ts"
import { random, randomRow, randomSchema } from "../random-rows.ts"

const nullable = (name: string, type: ConstructorParameters<typeof Field>[1]) => new Field(name, type, true)

describe("round trip", () => {
  test.each(Array.from({ length: 100 }, (_, seed) => seed))("random nested rows and their slices, seed %i", (seed) => {
    const next = random(seed)
    const schema = randomSchema(next, { depth: 4, nullable: seed % 4 !== 0 })
    const rows = Array.from({ length: Math.floor(next() * 60) }, () => randomRow(next, schema))
    const batch = batchOf(schema, rows)
    expect(rowsOf(batch)).toEqual(rows)
    const from = Math.floor(next() * (rows.length + 1))
    const to = from + Math.floor(next() * (rows.length - from + 1))
    expect(rowsOf(batch.slice(from, to))).toEqual(rows.slice(from, to))
  })

  test("apache-arrow reads the same numbers, lists and text from our batches", () => {
    const schema = new Schema([
      nullable("t", new Utf8()),
      nullable("l", new List(nullable("element", new Int32()))),
      nullable("b", new Bool()),
    ])
    const batch = batchOf(schema, [
      { t: "a😀", l: [1, null], b: true },
      { t: null, l: null, b: null },
      { t: "", l: [], b: false },
    ])
    expect(batch.toArray().map((row) => JSON.parse(JSON.stringify(row)))).toEqual([
      { t: "a😀", l: [1, null], b: true },
      { t: null, l: null, b: null },
      { t: "", l: [], b: false },
    ])
    expect(batch.data.children.map((column) => column.nullCount)).toEqual([1, 1, 1])
  })

  test("dates, timestamps, decimals, bytes and unsigned integers", () => {
    const schema = new Schema([
      nullable("d", new DateDay()),
      nullable("t", new TimestampMicrosecond()),
      nullable("z", new Timestamp(TimeUnit.NANOSECOND, "UTC")),
      nullable("n", new Decimal(3, 38)),
      nullable("b", new Binary()),
      nullable("f", new FixedSizeBinary(2)),
      nullable("u", new Uint64()),
      nullable("s", new Uint16()),
      nullable("i", new Int8()),
      nullable("x", new Null()),
    ])
    const rows = [
      {
        d: "1969-12-31",
        t: "1969-12-31T23:59:59.999999",
        z: "2024-02-29T12:00:00.000000001Z",
        n: `-${"9".repeat(35)}.999`,
        b: Uint8Array.of(0, 255),
        f: Uint8Array.of(1, 2),
        u: 2n ** 64n - 1n,
        s: 65535,
        i: -128,
        x: null,
      },
      Object.fromEntries(schema.fields.map((field) => [field.name, null])),
    ]
    expect(rowsOf(batchOf(schema, rows))).toEqual(rows)
  })

  test("text may come as UTF-8 bytes, integers as bigint or number, and missing columns are null", () => {
    const schema = new Schema([nullable("t", new Utf8()), nullable("i", new Int32()), nullable("l", new Int64())])
    expect(rowsOf(batchOf(schema, [{ t: Buffer.from("\ufeffé"), i: 5n, l: 6 }, {}]))).toEqual([
      { t: "\ufeffé", i: 5, l: 6n },
      { t: null, i: null, l: null },
    ])
  })

  test("hostile column names", () => {
    const names = ["__proto__", "constructor", "a.b", "", "\u0000", "hasOwnProperty"]
    const schema = new Schema([
      ...names.map((name) => nullable(name, new Int32())),
      nullable("s", new Struct(names.map((name) => nullable(name, new Int32())))),
    ])
    const inner = JSON.parse(`{${names.map((name, at) => `${JSON.stringify(name)}:${at}`).join()}}`)
    const row = { ...inner, s: inner }
    Object.defineProperty(row, "__proto__", { value: 0, enumerable: true, configurable: true, writable: true })
    const [back] = rowsOf(batchOf(schema, [row]))
    expect(JSON.stringify(back)).toBe(JSON.stringify({ ...back, ...{} }))
    expect(Object.keys(back!)).toEqual([...names, "s"])
    expect(Object.entries(back!.s as object)).toEqual(names.map((name, at) => [name, at]))
    // What a row merely inherits is no value.
    expect(rowsOf(batchOf(new Schema([nullable("toString", new Utf8())]), [{}]))).toEqual([{ toString: null }])
  })
})

describe("what does not fit is an error with column and row", () => {
  const deep = new List(nullable("element", new Struct([nullable("n", new Int32())])))
  test.each<[string, Field, unknown, string]>([
    [
      "NaN for an integer",
      nullable("c", new Int32()),
      Number.NaN,
      "column c, row 2: expected an integer from -2147483648 to 2147483647, got NaN",
    ],
    [
      "2^31",
      nullable("c", new Int32()),
      2 ** 31,
      "column c, row 2: expected an integer from -2147483648 to 2147483647, got 2147483648",
    ],
    [
      "a fraction",
      nullable("c", new Int32()),
      1.5,
      "column c, row 2: expected an integer from -2147483648 to 2147483647, got 1.5",
    ],
    [
      "2^63",
      nullable("c", new Int64()),
      2n ** 63n,
      `column c, row 2: expected an integer from ${-(2n ** 63n)} to ${2n ** 63n - 1n}, got ${2n ** 63n}`,
    ],
    [
      "a number beyond 2^53",
      nullable("c", new Int64()),
      2 ** 53,
      `column c, row 2: expected an integer from ${-(2n ** 63n)} to ${2n ** 63n - 1n}, got 9007199254740992`,
    ],
    [
      "a bigint that a double cannot hold",
      nullable("c", new Float64()),
      2n ** 53n + 1n,
      "column c, row 2: expected a number, got 9007199254740993",
    ],
    [
      "a lone surrogate",
      nullable("c", new Utf8()),
      "a\ud800",
      'column c, row 2: expected Unicode text without lone surrogates, got "a\\ud800"',
    ],
    [
      "bytes that are no UTF-8",
      nullable("c", new Utf8()),
      Uint8Array.of(0xff, 0),
      "column c, row 2: expected UTF-8 text, got 2 bytes",
    ],
    ["a number for text", nullable("c", new Utf8()), 5, "column c, row 2: expected text, got 5"],
    ["text for a number", nullable("c", new Float64()), "5", 'column c, row 2: expected a number, got "5"'],
    ["0 for true or false", nullable("c", new Bool()), 0, "column c, row 2: expected true or false, got 0"],
    ["null", new Field("c", new Utf8(), false), null, "column c, row 2: expected Utf8, got nothing"],
    ["an object for a list", nullable("c", deep), { n: 1 }, "column c, row 2: expected a list, got an object"],
    ["a list for an object", nullable("c", deep), [[]], "column c[], row 2: expected an object, got a list"],
    [
      "a deep value",
      nullable("c", deep),
      [{ n: 1 }, null, { n: "x" }],
      'column c[].n, row 2: expected an integer from -2147483648 to 2147483647, got "x"',
    ],
    ["an unknown key", nullable("c", deep), [{ m: 1 }], "column c[].m, row 2: expected one of the columns n, got 1"],
    ["no date", nullable("c", new DateDay()), "2023-02-29", 'column c, row 2: expected Date32<DAY>, got "2023-02-29"'],
    [
      "too many places",
      nullable("c", new Decimal(2, 9)),
      "1.234",
      'column c, row 2: expected a decimal of 9 digits, 2 after the point, got "1.234"',
    ],
  ])("%s", (_, field, value, message) => {
    const good = field.nullable ? null : "x"
    const build = () => batchOf(new Schema([field]), [{ c: good }, { c: good }, { c: value }])
    expect(build).toThrow(ColumnError)
    expect(build).toThrow(message)
  })

  test("a column that the schema lacks would be lost", () => {
    expect(() => batchOf(new Schema([nullable("a", new Int32())]), [{ a: 1 }, { a: 1, b: 2 }])).toThrow(
      "column b, row 1: expected one of the columns a, got 2",
    )
  })
})

describe("types of other writers", () => {
  const columnBatch = (data: ReturnType<typeof makeData>) =>
    new RecordBatch(
      new Schema([nullable("c", data.type)]),
      makeData({ type: new Struct([nullable("c", data.type)]), length: data.length, nullCount: 0, children: [data] }),
    )

  test("dictionaries, large text, fixed-size lists and half floats", () => {
    const table = tableFromArrays({ d: ["b", "a", "b"] })
    expect(table.schema.fields[0]!.type).toBeInstanceOf(Dictionary)
    expect(rowsOf(table.batches[0]!)).toEqual([{ d: "b" }, { d: "a" }, { d: "b" }])
    const large = vectorFromArray(["\ufeffx", null, ""], new LargeUtf8()).data[0]!
    expect(rowsOf(columnBatch(large))).toEqual([{ c: "\ufeffx" }, { c: null }, { c: "" }])
    const fixed = vectorFromArray([[1, 2], null, [3, 4]], new FixedSizeList(2, nullable("element", new Float32())))
      .data[0]!
    expect(rowsOf(columnBatch(fixed).slice(1, 3))).toEqual([{ c: null }, { c: [3, 4] }])
    const half = makeData({ type: new Float16(), length: 5, data: Uint16Array.of(0x3c00, 0xc000, 0x7c00, 0x7e00, 1) })
    expect(rowsOf(columnBatch(half)).map((row) => row.c)).toEqual([
      1,
      -2,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      2 ** -24,
    ])
  })

  test("text views", () => {
    const long = Buffer.from("\ufeffmore than twelve bytes")
    const views = Buffer.alloc(32)
    views.writeInt32LE(3, 0)
    views.write("abc", 4)
    views.writeInt32LE(long.byteLength, 16)
    long.copy(views, 20, 0, 4)
    const data = makeData({ type: new Utf8View(), length: 2, views, variadicBuffers: [long] } as never) as ReturnType<
      typeof makeData
    >
    expect(rowsOf(columnBatch(data))).toEqual([{ c: "abc" }, { c: "\ufeffmore than twelve bytes" }])
  })

  test("one row with bad UTF-8 leaves the others readable", () => {
    const data = makeData({
      type: new Utf8(),
      length: 3,
      valueOffsets: Int32Array.of(0, 1, 2, 3),
      data: Uint8Array.of(97, 0xff, 98),
    })
    const read = rowReader(columnBatch(data))
    expect(read(0)).toEqual({ c: "a" })
    expect(() => read(1)).toThrow(RowError)
    expect(() => read(1)).toThrow("column c: expected UTF-8 text, got other bytes")
    expect(read(2)).toEqual({ c: "b" })
  })
})

test("columns can be picked, in the order named", async () => {
  const batch = batchOf(new Schema([nullable("a", new Int32()), nullable("b", new Int32())]), [{ a: 1, b: 2 }])
  expect(Object.entries(rowsOf(batch, ["b", "a"])[0]!)).toEqual([
    ["b", 2],
    ["a", 1],
  ])
  expect(await complaintOf((async () => rowsOf(batch, ["c"]))())).toBe("exit 1\nNo column c\none of a, b")
})
