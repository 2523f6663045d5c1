import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Field, Float64, Int64, List, Schema, Struct, Utf8 } from "apache-arrow"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { querySql } from "../../../pipelines/io/duckdb.ts"
import { ParquetSink } from "../../../pipelines/io/parquet.ts"
import { batchOf } from "../../../pipelines/runtime/batch.ts"
import { exitCode } from "../../../pipelines/runtime/errors.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { complaintOf } from "../complaint.ts"

const schema = new Schema([
  new Field("id", new Int64(), false),
  new Field("text", new Utf8(), true),
  new Field("turns", new List(new Field("element", new Struct([new Field("content", new Utf8(), true)]), true)), true),
  new Field("score", new Float64(), true),
])
const rows: Row[] = [
  {
    id: 2n ** 63n - 1n,
    text: "\ufeffa long text that no vector keeps inline",
    turns: [{ content: "\ufeffb" }, null],
    score: 0.5,
  },
  { id: -(2n ** 63n), text: "\ufeff", turns: [], score: null },
  { id: 2n ** 53n + 1n, text: null, turns: null, score: -0 },
]

let folder: string
let file: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cotyledon-duckdb-"))
  file = join(folder, "it's.parquet")
  const sink = await ParquetSink.create(file, schema)
  await sink.write(batchOf(schema, rows))
  await sink.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function query(sql: string, views: Record<string, string[]> = { rows: [file] }) {
  const result = await querySql(sql, { views })
  return { columns: result.columns, rows: await Array.fromAsync(result.rows) }
}

describe("values", () => {
  test("text with its BOM, 64-bit integers and nested values come back exact", async () => {
    expect(await query("SELECT * FROM rows")).toEqual({ columns: ["id", "text", "turns", "score"], rows })
  })

  test("dates, decimals, bytes, maps, arrays and large integers", async () => {
    const { rows: found } = await query(
      `SELECT DATE '2024-02-29' AS d, TIMESTAMP '1969-12-31 23:59:59.999999' AS t, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS z,
        -12.50::DECIMAL(9,2) AS n, '\\xff'::BLOB AS b, MAP {'k': 1} AS m, [1, 2]::INTEGER[2] AS a, (2::HUGEINT ** 100)::HUGEINT AS h,
        TIME '01:02:03' AS c, TIMESTAMP_NS '2024-01-02 03:04:05.123456789' AS ns, TIMESTAMP_S '2024-01-02 03:04:05' AS s, 'x'::ENUM ('x') AS e, 'infinity'::DATE AS i`,
    )
    expect(found).toEqual([
      {
        d: "2024-02-29",
        t: "1969-12-31T23:59:59.999999",
        z: "2024-01-01T00:00:00.000000Z",
        n: "-12.50",
        b: Uint8Array.of(255),
        m: [{ key: "k", value: 1 }],
        a: [1, 2],
        h: 2n ** 100n,
        c: "01:02:03",
        ns: "2024-01-02T03:04:05.123456789",
        s: "2024-01-02T03:04:05",
        e: "x",
        i: "infinity",
      },
    ])
  })

  test("more rows than one chunk, and a column name that comes twice", async () => {
    const result = await query("SELECT range AS a, range + 1 AS a FROM range(5000)")
    expect(new Set(result.columns).size).toBe(2)
    expect(result.rows).toHaveLength(5000)
    expect(Object.values(result.rows.at(-1)!)).toEqual([4999n, 5000n])
  })

  test("two results can be read in turns", async () => {
    const [one, two] = await Promise.all([
      querySql("FROM rows", { views: { rows: [file] } }),
      querySql("FROM rows", { views: { rows: [file] } }),
    ])
    expect((await one.rows.next()).value).toEqual(rows[0])
    expect((await two.rows.next()).value).toEqual(rows[0])
    expect(await Array.fromAsync(one.rows)).toEqual(rows.slice(1))
    expect(await Array.fromAsync(two.rows)).toEqual(rows.slice(1))
  })
})

describe("what a query may not do", () => {
  test.each([
    `COPY (SELECT 1) TO '${"FILE"}' (FORMAT parquet)`,
    `EXPLAIN ANALYZE COPY (SELECT 1) TO '${"FILE"}' (FORMAT parquet)`,
    "SET enable_external_access = true",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "CREATE TABLE t AS SELECT 1",
    "DROP VIEW rows",
    "SELECT 1; SELECT 2",
    "",
  ])("%s: only one SELECT", async (sql) => {
    const before = readFileSync(file)
    await expect(query(sql.replaceAll("FILE", file.replaceAll("'", "''")))).rejects.toMatchObject({
      exit: exitCode.usage,
    })
    expect(readFileSync(file)).toEqual(before)
  })

  test.each([
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd.parquet'",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM duckdb_secrets()",
  ])("%s: no other file", async (sql) => {
    expect(await complaintOf(query(sql))).toMatch(/disabled by configuration/)
  })

  test("an error is DuckDB's first line and leaves no temporary folder", async () => {
    const spills = () => readdirSync(tmpdir()).filter((name) => name.startsWith("cotyledon-sql-")).length
    const before = spills()
    expect(await complaintOf(query("SELEC 1"))).toMatch(
      /^exit 2\nThe query cannot be run\nParser Error: syntax error at or near "SELEC"\n/,
    )
    expect(await complaintOf(query("SELECT missing FROM rows"))).toMatch(/missing/)
    expect(await complaintOf(query("SELECT error('while running')"))).toMatch(/while running/)
    expect(await complaintOf(query("FROM rows", { rows: [] }))).toMatch(/one Parquet file/)
    expect(spills()).toBe(before)
  })

  test("close gives everything back without reading", async () => {
    const result = await querySql("FROM range(1000000)", { views: { rows: [file] } })
    await result.rows.next()
    await result.close()
    await result.close()
    expect(existsSync(file)).toBe(true)
  })
})

test("a query larger than its memory spills", async () => {
  const sql = "SELECT count(*) AS n FROM (SELECT DISTINCT range, repeat('x', 50) || range AS s FROM range(1000000))"
  const result = await querySql(sql, { views: { rows: [file] }, memoryLimit: "100MB" })
  expect(await Array.fromAsync(result.rows)).toEqual([{ n: 1_000_000n }])
})
