import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { Bool, Field, Float64, Int32, Int64, List, Schema, Struct, Utf8 } from "apache-arrow"
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet"
import { parquetHeader } from "hyparquet/src/column.js"
// @ts-expect-error It has no types.
import { ParquetReader, ParquetSchema, ParquetWriter } from "parquetjs-lite"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { querySql } from "../../../pipelines/io/duckdb.ts"
import { openParquet, type ParquetOptions, ParquetSink, readParquet } from "../../../pipelines/io/parquet.ts"
import { batchOf, rowsOf } from "../../../pipelines/runtime/batch.ts"
import { CotyledonError, RowError } from "../../../pipelines/runtime/errors.ts"
import { rowJson } from "../../../pipelines/runtime/row-json.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { complaintOf } from "../complaint.ts"
import { random, randomPieces, randomRow, randomSchema } from "../random-rows.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cotyledon-parquet-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function write(path: string, schema: Schema, pieces: Row[][], options: ParquetOptions = {}) {
  const sink = await ParquetSink.create(path, schema, options)
  for (const piece of pieces) await sink.write(batchOf(schema, piece))
  return sink.close()
}

async function readAll(path: string, range = {}): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of readParquet(path, range)) rows.push(...rowsOf(batch))
  return rows
}

describe("round trip", () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))("random nested rows, seed %i", async (seed) => {
    const next = random(seed)
    const schema = randomSchema(next, { depth: 3, nullable: seed % 4 !== 0 })
    const rows = Array.from({ length: Math.floor(next() * 200) }, () => randomRow(next, schema))
    const path = join(folder, `random-${seed}.parquet`)
    const codec = seed % 2 ? "snappy" : "zstd"
    const rowsPerGroup = 1 + Math.floor(next() * 60)
    const written = await write(path, schema, randomPieces(next, rows), { codec, rowsPerGroup })
    expect(written.rows).toBe(rows.length)
    const byLibrary = await write(`${path}-by-library`, schema, [rows], { codec, rowsPerGroup, byLibrary: true })
    expect(written).toEqual(byLibrary)
    const file = await openParquet(path)
    expect(`${file.schema}`).toBe(`${schema}`)
    expect(await readAll(path)).toEqual(rows)
    // Whole groups are read otherwise than parts of them.
    const [from, to] = [Math.min(1, rows.length), Math.max(0, rows.length - 1)]
    expect(await readAll(path, { from, to })).toEqual(rows.slice(from, to))
  })
})

const text = (name: string, nullable = false) => new Field(name, new Utf8(), nullable)
const sampleSchema = new Schema([
  text("id"),
  text("text", true),
  new Field("long", new Int64(), false),
  new Field("scores", new List(new Field("element", new Float64(), true)), true),
  new Field("turns", new List(new Field("element", new Struct([text("role"), text("content", true)]), false)), false),
])
const sampleRow = (n: number): Row => ({
  id: `row-${n}`,
  text: n % 5 === 0 ? null : `\ufeff${"long text ".repeat(n % 50)}${n}`,
  long: BigInt(n) * 2n ** 40n,
  scores: n % 7 === 0 ? null : n % 3 === 0 ? [] : [n / 3, null],
  turns: Array.from({ length: n % 4 }, (_, turn) => ({
    role: turn % 2 ? "assistant" : "user",
    content: turn ? `${n}` : null,
  })),
})
const sampleRows = (count: number) => Array.from({ length: count }, (_, n) => sampleRow(n))

describe("the file", () => {
  test("zero rows keep the schema", async () => {
    const path = join(folder, "zero.parquet")
    expect(await write(path, sampleSchema, [])).toMatchObject({ rows: 0 })
    const file = await openParquet(path)
    expect([file.rows, `${file.schema}`]).toEqual([0, `${sampleSchema}`])
    expect(await readAll(path)).toEqual([])
  })

  test("its bytes depend on the rows alone, and size and hash are those of the file", async () => {
    const rows = sampleRows(2_500)
    const next = random(3)
    const one = await write(join(folder, "one.parquet"), sampleSchema, [rows], { metadata: { b: "2", a: "ä" } })
    const other = await write(join(folder, "other.parquet"), sampleSchema, randomPieces(next, rows), {
      metadata: { a: "ä", b: "2" },
    })
    expect(other).toEqual(one)
    const bytes = readFileSync(join(folder, "one.parquet"))
    expect(one).toEqual({
      rows: 2_500,
      bytes: bytes.byteLength,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    })
    expect((await openParquet(join(folder, "one.parquet"))).metadata).toEqual(
      new Map([
        ["a", "ä"],
        ["b", "2"],
      ]),
    )
  })

  test("of several pages a column, whose bytes are those that the library writes", async () => {
    const schema = new Schema([
      text("short"),
      new Field("long", new List(text("element", true)), true),
      new Field("ids", new List(new Field("element", new Int32(), false)), false),
      new Field("bits", new List(new Field("element", new Bool(), true)), false),
      new Field("turns", new List(new Field("element", new Struct([text("content", true)]), true)), true),
    ])
    const next = random(4)
    const several = (most: number, value: (at: number) => unknown) =>
      Array.from({ length: Math.floor(next() * most) }, (_, at) => value(at))
    const rows = Array.from({ length: 400 }, (_, n) => ({
      short: `${n}`,
      long: n % 9 === 0 ? null : several(8, (at) => (at % 5 === 4 ? null : "long ".repeat(next() * 1_000))),
      ids: several(5_000, (at) => at - n),
      bits: several(2_000, (at) => (at % 11 === 0 ? null : at % 3 === 0)),
      turns:
        n % 10 === 0
          ? null
          : several(9, (at) => (at === 3 ? null : { content: at % 4 === 1 ? null : "turn ".repeat(at * 600) })),
    }))
    const [one, other] = [join(folder, "pages.parquet"), join(folder, "pages-library.parquet")]
    const options = { rowsPerGroup: 150, bytesPerGroup: 1 << 30 }
    const written = await write(one, schema, randomPieces(next, rows), options)
    expect(written).toEqual(await write(other, schema, [rows], { ...options, byLibrary: true }))
    const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(one))
    const pages = row_groups[0]!.columns.map(({ meta_data }) => meta_data!.encoding_stats!.at(-1)!.count)
    expect(pages.map((count) => count > 1)).toEqual([false, true, true, false, true])
    expect(await readAll(one)).toEqual(rows)
  })

  test("row groups are bounded by rows and by bytes", async () => {
    const byRows = join(folder, "by-rows.parquet")
    await write(byRows, sampleSchema, [sampleRows(2_300)])
    expect((await openParquet(byRows)).rowGroups.map(({ rows }) => rows)).toEqual([1000, 1000, 300])
    const schema = new Schema([text("text")])
    const byBytes = join(folder, "by-bytes.parquet")
    const rows = [10, 10, 300, 90, 10].map((length) => ({ text: "x".repeat(length) }))
    await write(byBytes, schema, [rows], { bytesPerGroup: 100 })
    expect((await openParquet(byBytes)).rowGroups.map(({ rows }) => rows)).toEqual([2, 1, 1, 1])
    expect(await readAll(byBytes)).toEqual(rows)
  })

  test("columns and rows can be picked", async () => {
    const path = join(folder, "pick.parquet")
    const rows = sampleRows(2_500)
    await write(path, sampleSchema, [rows])
    const picked = await readAll(path, { columns: ["turns", "id"], from: 990, to: 2_010 })
    expect(picked).toEqual(rows.slice(990, 2_010).map(({ turns, id }) => ({ turns, id })))
    expect(Object.keys(picked[0]!)).toEqual(["turns", "id"])
    expect(await readAll(path, { from: 2_500 })).toEqual([])
    expect(await complaintOf(readAll(path, { columns: ["nope"] }))).toMatch(
      /No column nope\n.*pick\.parquet\none of id, text/,
    )
  })

  test("several ranges of rows are read in the order named, within groups and across them", async () => {
    const path = join(folder, "ranges.parquet")
    const rows = sampleRows(2_500)
    await write(path, sampleSchema, [rows])
    const ranges = [
      { from: 7, to: 8 },
      { from: 998, to: 1_003 },
      { from: 3, to: 5 },
      { from: 2_499, to: 2_600 },
      { from: 2_600, to: 2_601 },
      { from: 4, to: 4 },
    ]
    expect(await readAll(path, { ranges })).toEqual(ranges.flatMap(({ from, to }) => rows.slice(from, to)))
    expect(await readAll(path, { ranges: [] })).toEqual([])
  })

  test("of single rows of a large group only their pages are read", async () => {
    const schema = new Schema([text("id"), text("text")])
    const rows = Array.from({ length: 200 }, (_, n) => ({ id: `${n}`, text: `${n} `.repeat(20_000) }))
    const path = join(folder, "pages.parquet")
    await write(path, schema, [rows])
    expect((await openParquet(path)).rowGroups).toHaveLength(1)
    const ranges = [0, 99, 100, 199].map((from) => ({ from, to: from + 1 }))
    expect(await readAll(path, { ranges })).toEqual(ranges.map(({ from }) => rows[from]))
    // The page of row 150 is damaged: rows of other pages do not read it.
    const { row_groups: groups } = await parquetMetadataAsync(await asyncBufferFromFile(path))
    const { data_page_offset: start, total_compressed_size: size } = groups[0]!.columns[1]!.meta_data!
    const bytes = readFileSync(path)
    bytes.fill(0xff, Number(start) + Math.floor(Number(size) * 0.74), Number(start) + Math.floor(Number(size) * 0.76))
    writeFileSync(path, bytes)
    expect(await readAll(path, { ranges })).toEqual(ranges.map(({ from }) => rows[from]))
    await expect(readAll(path, { from: 140, to: 160 })).rejects.toThrow()
  })

  test("a row group larger than memory should hold is read in parts by its page indexes", async () => {
    const schema = new Schema([text("id"), text("text", true), new Field("tags", new List(text("element")), true)])
    const rows = Array.from({ length: 700 }, (_, n) => ({
      id: `${n}`,
      text: n % 9 === 0 ? null : `${n}`.repeat(40_000),
      tags: n % 4 === 0 ? null : Array.from({ length: n % 3 }, (_, tag) => `${n}-${tag}`),
    }))
    const path = join(folder, "large-group.parquet")
    await write(path, schema, [rows], { bytesPerGroup: 2 ** 30 })
    expect((await openParquet(path)).rowGroups).toHaveLength(1)
    let batches = 0
    const read: Row[] = []
    for await (const batch of readParquet(path)) {
      batches++
      read.push(...rowsOf(batch))
    }
    expect(read).toEqual(rows)
    expect(batches).toBeGreaterThan(1)
  })

  test("a batch of another schema is refused", async () => {
    const sink = await ParquetSink.create(join(folder, "schema.parquet"), sampleSchema)
    const other = batchOf(new Schema([text("id")]), [{ id: "1" }])
    expect(await complaintOf(sink.write(other))).toMatch(/A batch of another schema/)
    await sink.abort()
    expect(existsSync(join(folder, "schema.parquet"))).toBe(false)
  })

  test("an object without keys, and no column at all, are refused by name", async () => {
    const schema = new Schema([new Field("a", new List(new Field("element", new Struct([]), true)), true)])
    expect(await complaintOf(ParquetSink.create(join(folder, "keys.parquet"), schema))).toMatch(/column a\[\]/)
    expect(await complaintOf(ParquetSink.create(join(folder, "keys.parquet"), new Schema([])))).toMatch(
      /at least one column/,
    )
    expect(existsSync(join(folder, "keys.parquet"))).toBe(false)
  })
})

describe("damaged and foreign files", () => {
  test("every cut of a file is a clear error, never fewer rows", async () => {
    const path = join(folder, "whole.parquet")
    await write(path, sampleSchema, [sampleRows(300)], { rowsPerGroup: 100 })
    const whole = readFileSync(path)
    const cut = join(folder, "cut.parquet")
    for (const bytes of [
      0,
      3,
      4,
      11,
      12,
      100,
      Math.floor(whole.byteLength / 2),
      whole.byteLength - 4,
      whole.byteLength - 1,
    ]) {
      writeFileSync(cut, whole.subarray(0, bytes))
      const complaint = await complaintOf(readAll(cut))
      expect(complaint).toMatch(/^exit 1\nNot a whole Parquet file\n.*cut\.parquet\n/)
    }
  })

  test("a file with its middle missing or a flipped bit never gives fewer rows and never crashes", async () => {
    const path = join(folder, "middle.parquet")
    await write(path, sampleSchema, [sampleRows(300)])
    const whole = readFileSync(path)
    const broken = join(folder, "broken.parquet")
    writeFileSync(broken, Buffer.concat([whole.subarray(0, 200), whole.subarray(400)]))
    expect(await complaintOf(readAll(broken))).toMatch(/broken\.parquet/)
    const next = random(11)
    for (let round = 0; round < 40; round++) {
      const copy = Buffer.from(whole)
      // Page data only: the footer's texts have no checksum.
      copy[100 + Math.floor(next() * (whole.byteLength * 0.6))]! ^= 1 << Math.floor(next() * 8)
      writeFileSync(broken, copy)
      const outcome = await readAll(broken).then(
        (rows) => rows,
        (error: unknown) => (error instanceof CotyledonError || error instanceof RowError ? "error" : error),
      )
      // A flipped level may give other values (the manifest's hash finds that), but never other rows or a crash.
      if (outcome !== "error") expect(outcome).toHaveLength(300)
    }
  })

  test("members of a struct that stand in other rows than the others are no rows", async () => {
    const turns = (...lengths: number[]) => {
      let turn = 0
      const row = (length: number) => ({
        turns: Array.from({ length }, () => ({ role: "user", content: `t${turn++}` })),
      })
      return lengths.map(row)
    }
    const schema = new Schema([sampleSchema.fields.find(({ name }) => name === "turns")!])
    const [one, other] = [join(folder, "one-two.parquet"), join(folder, "two-one.parquet")]
    await write(one, schema, [turns(1, 2)])
    await write(other, schema, [turns(2, 1)])
    const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(one))
    const { data_page_offset: start, total_compressed_size: bytes } = row_groups[0]!.columns[1]!.meta_data!
    const [from, to] = [Number(start), Number(start + bytes)]
    const [whole, another] = [readFileSync(one), readFileSync(other)]
    expect(await readAll(one)).toEqual(turns(1, 2))
    // The contents of the other file, which has as many turns in other rows.
    const mixed = join(folder, "mixed.parquet")
    writeFileSync(mixed, Buffer.concat([whole.subarray(0, from), another.subarray(from, to), whole.subarray(to)]))
    expect(await complaintOf(readAll(mixed))).toMatch(/column turns: its parts do not belong together/)
  })

  test("what the library reads is looked at before: its arrays would grow with a damaged run", async () => {
    const path = join(folder, "levels.parquet")
    const schema = new Schema([text("text", true)])
    const rows = Array.from({ length: 2_000 }, (_, n) => ({ text: n % 2 ? `${n}` : null }))
    await write(path, schema, [rows], { rowsPerGroup: 2_000 })
    expect(await readAll(path, { from: 3, to: 5 })).toEqual(rows.slice(3, 5))
    const whole = readFileSync(path)
    const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(path))
    const start = Number(row_groups[0]!.columns[0]!.meta_data!.data_page_offset)
    const reader = { view: new DataView(whole.buffer, whole.byteOffset, whole.byteLength), offset: start }
    const { data_page_header_v2: page } = parquetHeader(reader)
    expect(page!.definition_levels_byte_length).toBeGreaterThan(8)
    // A run of 20,000,000 instead of the levels of 2,000 values.
    Uint8Array.of(0x80, 0xb4, 0x89, 0x13, 1).forEach((byte, at) => {
      whole[reader.offset + at] = byte
    })
    writeFileSync(path, whole)
    for (const range of [{}, { from: 3, to: 5 }])
      expect(await complaintOf(readAll(path, range))).toMatch(/levels\.parquet\n.*a run goes on behind the last value/)
  })

  test("a row that was made of another's end is no row, also where only rows before it are read", async () => {
    const path = join(folder, "split.parquet")
    const schema = new Schema([new Field("ids", new List(new Field("element", new Int32(), false)), false)])
    const rows = Array.from({ length: 1_500 }, (_, n) => ({ ids: [n, n + 1] }))
    await write(path, schema, [rows], { rowsPerGroup: 1_500 })
    const range = { from: 0, to: 1_000 }
    expect(await readAll(path, range)).toEqual(rows.slice(0, 1_000))
    const whole = readFileSync(path)
    // Levels 0, 1, 0, 1, 0, 1, 0, 1 become 0, 1, 0, 1, 0, 1, 0, 0.
    const levels = whole.indexOf(Buffer.alloc(8, 0xaa))
    whole[levels + 4] = 0x2a
    writeFileSync(path, whole)
    expect(await complaintOf(readAll(path, range))).toMatch(/split\.parquet\n.*expected 1500 rows, got 1501/)
  })

  test("a list that goes on with no element is none", async () => {
    const path = join(folder, "empty-goes-on.parquet")
    const schema = new Schema([new Field("ids", new List(new Field("element", new Int32(), false)), false)])
    await write(path, schema, [Array.from({ length: 500 }, (_, n) => ({ ids: n % 2 ? [] : [n, n + 1] }))])
    const whole = readFileSync(path)
    // Levels 0, 1, 0 of two elements and an empty list become 0, 0, 1: the second element starts a row, and the empty list goes on with it.
    const levels = whole.indexOf(Buffer.of(0x92, 0x24, 0x49))
    whole[levels] = 0x94
    writeFileSync(path, whole)
    expect(await complaintOf(readAll(path))).toMatch(/empty-goes-on\.parquet\n.*an empty list goes on/)
  })

  test("names with points: columns whose paths read alike are told apart", async () => {
    const path = join(folder, "points.parquet")
    const schema = new Schema([
      new Field("a", new Struct([text("b", true), text("c.d"), new Field("c", new Struct([text("d")]), false)]), false),
      text("a.b"),
      new Field("l", new List(text("element")), false),
      text("l.list.element"),
    ])
    const rows = Array.from({ length: 1_500 }, (_, n) => ({
      a: { b: n % 2 ? null : `in ${n}`, "c.d": `point ${n}`, c: { d: `inner ${n}` } },
      "a.b": `flat ${n}`,
      l: Array.from({ length: n % 3 }, (_, at) => `element ${at} of ${n}`),
      "l.list.element": `text ${n}`,
    }))
    await write(path, schema, [rows], { rowsPerGroup: 700 })
    expect(await readAll(path)).toEqual(rows)
    const columns = ["a.b", "l", "l.list.element"]
    const others = rows.slice(3, 900).map(({ a: _, ...row }) => row)
    expect(await readAll(path, { columns, from: 3, to: 900 })).toEqual(others)
    // Inside of a column the library would mix them up.
    expect(await complaintOf(readAll(path, { columns: ["a"], from: 3, to: 900 }))).toMatch(
      /points\.parquet\n.*two read alike/,
    )
  })

  test("a key __proto__ inside of a column comes back, or is an error, and never a null", async () => {
    const path = join(folder, "proto.parquet")
    const schema = new Schema([new Field("a", new Struct([text("__proto__", true)]), false)])
    const rows = ["x", "y"].map((value) => ({ a: JSON.parse(`{"__proto__":"${value}"}`) }))
    await write(path, schema, [rows])
    expect((await readAll(path)).map((row) => rowJson(row))).toEqual(rows.map((row) => rowJson(row)))
    expect(await complaintOf(readAll(path, { from: 1 }))).toMatch(/proto\.parquet\n.*a key __proto__/)
  })

  test("a schema with elements that belong to no column is no file without columns", async () => {
    const path = join(folder, "rootless.parquet")
    await write(path, sampleSchema, [sampleRows(3)])
    const whole = readFileSync(path)
    const root = whole.lastIndexOf("schema") + "schema".length
    expect([...whole.subarray(root, root + 2)]).toEqual([0x15, 2 * sampleSchema.fields.length])
    whole[root + 1] = 0
    writeFileSync(path, whole)
    for (const attempt of [() => openParquet(path), () => readAll(path)])
      expect(await complaintOf(attempt())).toMatch(/schema of the Parquet file does not add up\n.*rootless\.parquet/)
  })

  test("other files and missing ones", async () => {
    const path = join(folder, "text.parquet")
    writeFileSync(path, "id,text\n1,hello world\n")
    expect(await complaintOf(openParquet(path))).toMatch(/Not a whole Parquet file/)
    writeFileSync(path, Buffer.concat([Buffer.alloc(100), Buffer.from([0xff, 0xff, 0xff, 0x7f]), Buffer.from("PAR1")]))
    expect(await complaintOf(openParquet(path))).toMatch(/damaged/)
    writeFileSync(path, Buffer.concat([Buffer.alloc(100, 0x3c), Buffer.from([90, 0, 0, 0]), Buffer.from("PAR1")]))
    expect(await complaintOf(openParquet(path))).toMatch(/damaged/)
    expect(await complaintOf(openParquet(join(folder, "none.parquet")))).toMatch(/No such file/)
  })
})

describe("DuckDB", () => {
  test("rows that are read twice are the same both times, also where the library's values are put right", async () => {
    const path = join(folder, "twice.parquet")
    await sql(
      `COPY (SELECT {'of': map {'a': i, 'b': 2}, 'n': i} AS s FROM range(3) t(i)) TO '${path}' (FORMAT parquet)`,
    )
    const rows = await readAll(path)
    expect(rows[1]).toEqual({
      s: {
        of: [
          { key: "a", value: 1n },
          { key: "b", value: 2n },
        ],
        n: 1n,
      },
    })
    const [twice, again] = [
      { from: 0, to: 3 },
      { from: 1, to: 3 },
    ]
    expect(await readAll(path, { ranges: [twice, again] })).toEqual([...rows, ...rows.slice(1)])
  })

  const sql = async (statement: string) => {
    const instance = await DuckDBInstance.create(":memory:")
    const connection = await instance.connect()
    await connection.run(statement)
    connection.closeSync()
    instance.closeSync()
  }

  test.each(["zstd", "snappy"] as const)("reads what we write (%s): random nested rows", async (codec) => {
    for (let seed = 100; seed < 120; seed++) {
      const next = random(seed)
      const schema = randomSchema(next, { depth: 3, nullable: seed % 3 !== 0 })
      const rows = Array.from({ length: 1 + Math.floor(next() * 100) }, () => randomRow(next, schema))
      const path = join(folder, `duckdb-${codec}-${seed}.parquet`)
      await write(path, schema, randomPieces(next, rows), { codec, rowsPerGroup: 17 })
      const result = await querySql("FROM rows", { views: { rows: [path] } })
      expect(await Array.fromAsync(result.rows)).toEqual(rows)
    }
  })

  test.each(["zstd", "snappy", "gzip", "brotli", "uncompressed"])(
    "we read what it writes (%s), nested values included",
    async (codec) => {
      const path = join(folder, `by-duckdb-${codec}.parquet`)
      const rows = Array.from({ length: 3_000 }, (_, n) => ({ ...sampleRow(n), small: n % 100, flag: n % 2 === 0 }))
      const source = join(folder, "source.parquet")
      const schema = new Schema([
        ...sampleSchema.fields,
        new Field("small", new Int32(), false),
        new Field("flag", new Bool(), false),
      ])
      await write(source, schema, [rows])
      await sql(`COPY (FROM '${source}') TO '${path}' (FORMAT parquet, CODEC '${codec}', ROW_GROUP_SIZE 2048)`)
      expect(await readAll(path)).toEqual(rows)
    },
  )

  test("we read its dates, decimals, maps, unsigned integers, UUIDs and enums exactly; written again DuckDB sees the same types", async () => {
    const path = join(folder, "types.parquet")
    await sql(`COPY (SELECT DATE '1969-02-28' AS d, TIMESTAMP '2024-01-02 03:04:05.123456' AS t, TIMESTAMPTZ '2024-01-02 03:04:05+00' AS z,
      TIMESTAMP_NS '2024-01-02 03:04:05.123456789' AS ns, TIMESTAMP_MS '2024-01-02 03:04:05.123' AS ms,
      (-12.50)::DECIMAL(4,2) AS d4, 99999999999999.99::DECIMAL(18,2) AS d18, -12345678901234567890123456789.123456789::DECIMAL(38,9) AS d38,
      MAP {'a': 1, '\u00fc': NULL} AS m, 18446744073709551615::UBIGINT AS u64, 4294967295::UINTEGER AS u32, 255::UTINYINT AS u8, (-128)::TINYINT AS i8,
      'c0ffee00-1234-5678-9abc-def012345678'::UUID AS u, 'x'::ENUM ('x', 'y') AS e, '\\xff\\x00'::BLOB AS b, TIME '23:59:59.999999' AS c,
      1.5::FLOAT AS f, [[1, NULL], [], NULL]::INTEGER[][] AS l, {'a': {'b': NULL}, 'c': NULL}::STRUCT(a STRUCT(b TEXT), c STRUCT(d INTEGER)) AS s,
      NULL::INTEGER AS n) TO '${path}' (FORMAT parquet)`)
    expect(await readAll(path)).toEqual([
      {
        d: "1969-02-28",
        t: "2024-01-02T03:04:05.123456",
        z: "2024-01-02T03:04:05.000000Z",
        ns: "2024-01-02T03:04:05.123456789",
        ms: "2024-01-02T03:04:05.123",
        d4: "-12.50",
        d18: "99999999999999.99",
        d38: "-12345678901234567890123456789.123456789",
        m: [
          { key: "a", value: 1 },
          { key: "ü", value: null },
        ],
        u64: 2n ** 64n - 1n,
        u32: 4294967295,
        u8: 255,
        i8: -128,
        u: "c0ffee00-1234-5678-9abc-def012345678",
        e: "x",
        b: Uint8Array.of(255, 0),
        c: "23:59:59.999999",
        f: 1.5,
        l: [[1, null], [], null],
        s: { a: { b: null }, c: null },
        n: null,
      },
    ])
    const again = join(folder, "types-again.parquet")
    const { schema } = await openParquet(join(folder, "types.parquet"))
    await write(again, schema, [await readAll(join(folder, "types.parquet"))])
    expect(await readAll(again)).toEqual(await readAll(join(folder, "types.parquet")))
    const result = await querySql(
      "SELECT typeof(d) d, typeof(t) t, typeof(z) z, typeof(d18) d18, typeof(u64) u64, typeof(i8) i8, typeof(c) c FROM again",
      { views: { again: [again] } },
    )
    expect(await Array.fromAsync(result.rows)).toEqual([
      {
        d: "DATE",
        t: "TIMESTAMP",
        z: "TIMESTAMP WITH TIME ZONE",
        d18: "DECIMAL(18,2)",
        u64: "UBIGINT",
        i8: "TINYINT",
        c: "TIME",
      },
    ])
  })
})

// Its limits: no zstd, no null or empty lists, 64-bit integers as doubles beyond 2^53 on reading.
describe("parquetjs-lite", () => {
  const flat = new Schema([
    text("id"),
    text("text", true),
    new Field("long", new Int64(), false),
    new Field("score", new Float64(), true),
    new Field("count", new Int32(), false),
    new Field("flag", new Bool(), false),
    new Field("tags", new List(text("element")), false),
  ])

  test("reads our snappy files: flat columns and lists", async () => {
    const path = join(folder, "for-parquetjs.parquet")
    const rows = Array.from({ length: 500 }, (_, n) => ({
      id: `${n}`,
      text: n % 3 ? `text ${n} é😀` : null,
      long: BigInt(n) * 2n ** 40n,
      score: n % 4 ? n / 8 : null,
      count: 7 - n,
      flag: n % 2 === 0,
      tags: Array.from({ length: 1 + (n % 3) }, (_, tag) => `${n}-${tag}`),
    }))
    await write(path, flat, [rows], { codec: "snappy", rowsPerGroup: 200 })
    const reader = await ParquetReader.openFile(path)
    const cursor = reader.getCursor()
    const read: unknown[] = []
    for (let row = await cursor.next(); row; row = await cursor.next())
      read.push({
        ...row,
        text: row.text ?? null,
        score: row.score ?? null,
        long: BigInt(row.long),
        tags: row.tags.list.map((of: { element: string }) => of.element),
      })
    await reader.close()
    expect(read).toEqual(rows)
  })

  test("of several pages of lists, whose headers are wrong about their rows, parts are read too", async () => {
    const path = join(folder, "by-parquetjs-pages.parquet")
    const schema = new ParquetSchema({ n: { type: "INT32" }, tags: { type: "UTF8", repeated: true } })
    const rows = Array.from({ length: 400 }, (_, n) => ({
      n,
      tags: Array.from({ length: n % 4 }, (_, tag) => `${n}-${tag}`),
    }))
    const writer = await ParquetWriter.openFile(schema, path, { useDataPageV2: true, pageSize: 50, rowGroupSize: 400 })
    for (const row of rows) await writer.appendRow(row)
    await writer.close()
    expect(await readAll(path)).toEqual(rows)
    for (const from of [1, 60, 130, 340]) expect(await readAll(path, { from })).toEqual(rows.slice(from))
  })

  test.each(["UNCOMPRESSED", "SNAPPY", "GZIP"])("we read what it writes (%s)", async (compression) => {
    const path = join(folder, `by-parquetjs-${compression}.parquet`)
    const schema = new ParquetSchema({
      id: { type: "UTF8", compression },
      long: { type: "INT64", compression },
      score: { type: "DOUBLE", optional: true, compression },
      flag: { type: "BOOLEAN", compression },
      tags: { type: "UTF8", repeated: true, compression },
      turns: {
        repeated: true,
        fields: { role: { type: "UTF8", compression }, n: { type: "INT32", optional: true, compression } },
      },
    })
    const rows = Array.from({ length: 300 }, (_, n) => ({
      id: `\ufeff${n}`,
      long: n * 1e6,
      score: n % 4 ? n / 8 : undefined,
      flag: n % 2 === 0,
      tags: Array.from({ length: n % 3 }, (_, tag) => `${tag}`),
      turns: Array.from({ length: n % 2 }, () => ({ role: "user", n: n % 5 ? n : undefined })),
    }))
    const writer = await ParquetWriter.openFile(schema, path, { rowGroupSize: 128 })
    for (const row of rows) await writer.appendRow(row)
    await writer.close()
    expect(await readAll(path)).toEqual(
      rows.map((row) => ({
        ...row,
        long: BigInt(row.long),
        score: row.score ?? null,
        turns: row.turns.map((turn) => ({ role: turn.role, n: turn.n ?? null })),
      })),
    )
  })
})

describe("a full disk", () => {
  const disk = mkdtempSync(join(tmpdir(), "cotyledon-disk-"))
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]).status === 0
  afterAll(() => {
    if (mounted) spawnSync("umount", [disk])
    rmSync(disk, { recursive: true, force: true })
  })

  test.skipIf(!mounted)(
    "is a stopError with path and remedy, and abort leaves nothing (needs the right to mount)",
    async () => {
      const path = join(disk, "full.parquet")
      const schema = new Schema([text("text")])
      const sink = await ParquetSink.create(path, schema, { rowsPerGroup: 1 })
      const next = random(5)
      const row = () => ({ text: Array.from({ length: 20_000 }, () => Math.floor(next() * 36).toString(36)).join("") })
      const fill = async () => {
        for (;;) await sink.write(batchOf(schema, [row(), row()]))
      }
      expect(await complaintOf(fill())).toMatch(/^exit 1\nThe disk is full\n.*full\.parquet\nENOSPC\nFree space/)
      expect(await complaintOf(sink.close())).toMatch(/^exit 1\n/)
      await sink.abort()
      expect(readdirSync(disk)).toEqual([])
    },
  )
})

test("a folder that cannot be written to is named", async () => {
  expect(await complaintOf(ParquetSink.create(join(folder, "no", "such", "x.parquet"), sampleSchema))).toMatch(
    /no\/such\/x\.parquet/,
  )
})
