// How fast we write and read Parquet, against DuckDB's COPY and scan of the same rows in the same process. One run; ratios inside it
// hold, absolute figures drift. Run: node test/bench/parquet.ts [rows]
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { Field, Int64, type RecordBatch, Schema, Utf8 } from "apache-arrow"
import { ParquetSink, readParquet } from "../../pipelines/io/parquet.ts"
import { batchOf, rowReader } from "../../pipelines/runtime/batch.ts"
import { random } from "../pipelines/random-rows.ts"

const count = Number(process.argv[2] ?? 40_000)
const folder = mkdtempSync(join(tmpdir(), "cotyledon-bench-"))
const schema = new Schema([
  new Field("id", new Utf8(), false),
  new Field("text", new Utf8(), false),
  new Field("n", new Int64(), false),
])

const next = random(1)
const words = Array.from({ length: 5_000 }, () =>
  next()
    .toString(36)
    .slice(2, 3 + Math.floor(next() * 9)),
)
const prose = (length: number) => Array.from({ length }, () => words[Math.floor(next() ** 3 * words.length)]).join(" ")
const batches: RecordBatch[] = []
let bytes = 0
for (let start = 0; start < count; start += 1_000) {
  const rows = Array.from({ length: Math.min(1_000, count - start) }, (_, at) => ({
    id: `document-${start + at}`,
    text: prose(100 + Math.floor(next() * 800)),
    n: BigInt(start + at),
  }))
  for (const row of rows) bytes += row.id.length + row.text.length + 8
  batches.push(batchOf(schema, rows))
}

const results: { path: string; seconds: number }[] = []
async function timed(path: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  await work()
  results.push({ path, seconds: (performance.now() - start) / 1000 })
}

const ours = join(folder, "ours.parquet")
const theirs = join(folder, "theirs.parquet")
const instance = await DuckDBInstance.create(":memory:", { threads: "1" })
const connection = await instance.connect()

await timed("ours: write batches", async () => {
  const sink = await ParquetSink.create(ours, schema)
  for (const batch of batches) await sink.write(batch)
  await sink.close()
})
await connection.run(`CREATE TABLE t AS FROM '${ours}'`)
await timed("DuckDB: COPY table, zstd, 1 thread", () =>
  connection.run(`COPY t TO '${theirs}' (FORMAT parquet, CODEC 'zstd', ROW_GROUP_SIZE 2048)`),
)
await timed("ours: read batches", async () => {
  for await (const batch of readParquet(ours)) if (batch.numRows === 0) throw new Error("empty batch")
})
await timed("ours: read rows", async () => {
  for await (const batch of readParquet(ours)) {
    const read = rowReader(batch)
    for (let index = 0; index < batch.numRows; index++) read(index)
  }
})
const scan = "SELECT sum(strlen(id)) + sum(strlen(text)) + sum(n)"
await timed("DuckDB: scan ours, 1 thread", () => connection.runAndReadAll(`${scan} FROM '${ours}'`))
await timed("DuckDB: rows to JS, 1 thread", async () => {
  for await (const chunk of await connection.stream(`FROM '${ours}'`)) chunk.getRows()
})

const sizes = [ours, theirs].map((path) => (statSync(path).size / 1e6).toFixed(1))
console.log(`${count} rows, ${(bytes / 1e6).toFixed(0)} MB; files: ours ${sizes[0]} MB, DuckDB ${sizes[1]} MB`)
for (const { path, seconds } of results)
  console.log(`${path.padEnd(36)} ${(bytes / 1e6 / seconds).toFixed(0).padStart(6)} MB/s`)
const speed = (path: string) => 1 / results.find((of) => of.path.startsWith(path))!.seconds
console.log(`write: ${(speed("ours: write") / speed("DuckDB: COPY")).toFixed(2)}x DuckDB COPY`)
console.log(`read batches: ${(speed("ours: read batches") / speed("DuckDB: scan")).toFixed(2)}x DuckDB scan`)
console.log(`read rows: ${(speed("ours: read rows") / speed("DuckDB: rows")).toFixed(2)}x DuckDB rows to JS`)
connection.closeSync()
instance.closeSync()
rmSync(folder, { recursive: true, force: true })
