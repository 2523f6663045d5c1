import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Dictionary, Field, Int32, LargeUtf8, Schema, TimestampMicrosecond, Utf8 } from "apache-arrow"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { openParquet } from "../../../pipelines/io/parquet.ts"
import { openRowSink, type RowSinkOptions } from "../../../pipelines/io/row-sink.ts"
import { readRows, resolveSources } from "../../../pipelines/io/source.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { complaintOf } from "../complaint.ts"
import { random } from "../random-rows.ts"

let root: string
let folder: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "cotyledon-sink-"))
})
beforeEach(() => {
  folder = mkdtempSync(join(root, "test-"))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function write(name: string, rows: Row[], options: RowSinkOptions = {}) {
  const sink = await openRowSink(join(folder, name), options)
  try {
    for (const row of rows) await sink.write(row)
    return await sink.close()
  } catch (error) {
    await sink.abort()
    throw error
  }
}

async function read(name: string): Promise<Row[]> {
  const [file] = await resolveSources([name], { cwd: folder })
  return (await Array.fromAsync(readRows(file!))).map((of) => ("row" in of ? of.row : { error: of.error.message }))
}

const endings = [".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet", ".arrow"]

describe.each(endings)("%s", (ending) => {
  const rows = Array.from({ length: 2_500 }, (_, n) => ({
    id: `${n}`,
    text: n % 3 ? "\ufeff😀\n" : null,
    big: 2n ** 62n + BigInt(n),
    list:
      n % 4
        ? [
            { a: [n % 2 === 0], b: "x" },
            { a: [], b: null },
          ]
        : [],
    share: n / 4 + 0.1,
  }))

  test("rows come back as they were", async () => {
    const { rows: count, file } = await write(`out${ending}`, rows)
    expect([count, file?.bytes]).toEqual([2_500, readFileSync(join(folder, `out${ending}`)).byteLength])
    expect(await read(`out${ending}`)).toEqual(rows)
  })

  test("until close nothing stands under the name, and abort leaves what stood there", async () => {
    const path = join(folder, `out${ending}`)
    writeFileSync(path, "before")
    const sink = await openRowSink(path)
    await sink.write({ a: 1 })
    expect(readFileSync(path, "utf8")).toBe("before")
    await sink.abort()
    expect(readdirSync(folder)).toEqual([`out${ending}`])
    await write(`out${ending}`, [{ a: "x" }])
    expect(readdirSync(folder)).toEqual([`out${ending}`])
    expect(await read(`out${ending}`)).toEqual([{ a: "x" }])
  })

  test("no rows", async () => {
    const schema = new Schema([new Field("a", new Utf8(), true)])
    expect(await write(`out${ending}`, [], { schema })).toMatchObject({ rows: 0 })
    expect(await read(`out${ending}`)).toEqual([])
  })
})

describe("a schema inferred from rows", () => {
  test("columns merge: missing ones are null, integers widen to numbers, nulls are text", async () => {
    await write("out.parquet", [
      { a: 1, b: null, s: { x: 1 }, l: [] },
      { a: 1.5, n: 5, s: { y: [null] }, l: [null, 2] },
      { a: null, s: null, m: null },
    ])
    const { schema } = await openParquet(join(folder, "out.parquet"))
    expect(`${schema}`).toBe(
      "Schema<{ 0: a: Float64, 1: b: Utf8, 2: s: Struct<{x:Int64, y:List<Utf8>}>, 3: l: List<Int64>, 4: n: Int64, 5: m: Utf8 }>",
    )
    expect(await read("out.parquet")).toEqual([
      { a: 1, b: null, s: { x: 1n, y: null }, l: [], n: null, m: null },
      { a: 1.5, b: null, s: { x: null, y: [null] }, l: [null, 2n], n: 5n, m: null },
      { a: null, b: null, s: null, l: null, n: null, m: null },
    ])
  })

  test.each<[string, Row[], RegExp]>([
    [
      "text and numbers",
      [{ a: "x" }, { a: 1 }],
      /mixes kinds of values\n.*out\.parquet, column a\ntext\ninteger\nWrite \.jsonl/,
    ],
    ["lists and objects, deep", [{ a: [{ b: [] }] }, { a: [{ b: {} }] }], /column a\[\]\.b\nlist\nobject/],
    ["objects without keys", [{ a: {} }], /column a\nText|column a\ntext/i],
    ["no rows at all", [], /No rows, and no schema/],
  ])("%s: a clear error and no file", async (_, rows, complaint) => {
    expect(await complaintOf(write("out.parquet", rows))).toMatch(complaint)
    expect(readdirSync(folder)).toEqual([])
  })

  test("a late row that does not fit is named by its number", async () => {
    const rows: Row[] = Array.from({ length: 1_500 }, (_, n) => ({ a: n }))
    rows[1_234] = { a: "x" }
    expect(await complaintOf(write("out.parquet", rows))).toMatch(
      /out\.parquet, row 1235, column a\nan integer from .*\n"x"\n/,
    )
    rows[1_234] = { a: 1, b: 2 }
    expect(await complaintOf(write("out.arrow", rows))).toMatch(/row 1235, column b\none of the columns a\n2/)
    expect(readdirSync(folder)).toEqual([])
  })
})

test("types that only other writers use become plain ones of the same values", async () => {
  const schema = new Schema([
    new Field("d", new Dictionary(new Utf8(), new Int32()), true),
    new Field("l", new LargeUtf8(), false),
    new Field("t", new TimestampMicrosecond(), true),
  ])
  const row = { d: "x", l: "y", t: "2024-01-01T00:00:00.000001" }
  await write("out.parquet", [row], { schema })
  expect(await read("out.parquet")).toEqual([row])
  expect(`${(await openParquet(join(folder, "out.parquet"))).schema.fields}`).toBe(
    "d: Utf8,l: Utf8,t: Timestamp<MICROSECOND>",
  )
})

test("an unknown ending and a missing folder are clear errors", async () => {
  expect(await complaintOf(openRowSink(join(folder, "out.csv")))).toMatch(/^exit 2\nUnknown kind of output/)
  expect(await complaintOf(openRowSink(join(folder, "no/out.jsonl")))).toMatch(/no\/\.out/)
})

const runScript = (script: string) =>
  execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", maxBuffer: 2 ** 26 })
const module = (path: string) => JSON.stringify(join(import.meta.dirname, "../../../pipelines", path))

test("stdout takes JSON Lines with back-pressure", () => {
  const output = runScript(`
    const { openRowSink } = await import(${module("io/row-sink.ts")})
    const sink = await openRowSink("-")
    for (let n = 0; n < 20000; n++) await sink.write({ n, t: "x".repeat(100) })
    await sink.close()`)
  expect(output.split("\n")).toHaveLength(20_001)
})

test("100,000 rows through JSON Lines and Parquet stay within 150 MB of what 10,000 take", () => {
  const peak = (rows: number) =>
    Number(
      runScript(`
    const { openRowSink } = await import(${module("io/row-sink.ts")})
    const { readRows, resolveSources } = await import(${module("io/source.ts")})
    const cwd = ${JSON.stringify(folder)}
    const copy = async (from, to) => {
      const sink = await openRowSink(cwd + "/" + to)
      for await (const of of from) await sink.write(of.row)
      await sink.close()
    }
    const made = async function* () { for (let n = 0; n < ${rows}; n++) yield { row: { n, text: ("text " + n).repeat(100) } } }
    await copy(made(), "a.jsonl")
    await copy(readRows((await resolveSources(["a.jsonl"], { cwd }))[0]), "b.parquet")
    await copy(readRows((await resolveSources(["b.parquet"], { cwd }))[0]), "c.jsonl.zst")
    console.log(process.resourceUsage().maxRSS / 1024)`),
    )
  const few = peak(10_000)
  expect(peak(100_000) - few).toBeLessThan(150)
}, 120_000)

describe("a full disk", () => {
  const disk = mkdtempSync(join(tmpdir(), "cotyledon-disk-"))
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", disk]).status === 0
  afterAll(() => {
    if (mounted) spawnSync("umount", [disk])
    rmSync(disk, { recursive: true, force: true })
  })

  test.skipIf(!mounted).each(endings)(
    "%s: a clear error, no file, and room again (needs the right to mount)",
    async (ending) => {
      const sink = await openRowSink(join(disk, `out${ending}`))
      const next = random(9)
      const text = () => Array.from({ length: 500 }, () => next().toString(36).slice(2, 9)).join("")
      const fill = async () => {
        for (let n = 0; n < 3_000; n++) await sink.write({ text: text() })
        await sink.close()
      }
      expect(await complaintOf(fill())).toMatch(/^exit 1\nThe disk is full\n.*\nENOSPC\nFree space/)
      // A caller who caught the error gets no file with a hole either.
      expect(await complaintOf(sink.close())).toMatch(/^exit 1\n/)
      await sink.abort()
      expect(readdirSync(disk)).toEqual([])
    },
  )
})
