import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Schema } from "apache-arrow"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openParquet, type ParquetOptions, ParquetSink, readParquet } from "../../../pipelines/io/parquet.ts"
import { batchOf, rowsOf } from "../../../pipelines/runtime/batch.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
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
    const written = await write(path, schema, randomPieces(next, rows), {
      codec,
      rowsPerGroup: 1 + Math.floor(next() * 60),
    })
    expect(written.rows).toBe(rows.length)
    const file = await openParquet(path)
    expect(`${file.schema}`).toBe(`${schema}`)
    expect(await readAll(path)).toEqual(rows)
  })
})
