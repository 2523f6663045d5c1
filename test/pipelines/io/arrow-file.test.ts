import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  CompressionType,
  type RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  Table,
  tableFromIPC,
} from "apache-arrow"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ArrowSink, arrowSchema, openArrow, readArrow } from "../../../pipelines/io/arrow-file.ts"
import { batchOf, rowsOf } from "../../../pipelines/runtime/batch.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { complaintOf } from "../complaint.ts"
import { random, randomPieces, randomRow, randomSchema } from "../random-rows.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cotyledon-arrow-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function readAll(path: string): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of readArrow(path)) rows.push(...rowsOf(batch))
  return rows
}

const made = (seed: number) => {
  const next = random(seed)
  const schema = randomSchema(next, { depth: 3, nullable: seed % 4 !== 0 })
  const rows = Array.from({ length: Math.floor(next() * 150) }, () => randomRow(next, schema))
  return { schema, rows, batches: randomPieces(next, rows).map((piece) => batchOf(schema, piece)) }
}

async function write(path: string, { schema, batches }: ReturnType<typeof made>) {
  const sink = await ArrowSink.create(path, schema)
  for (const batch of batches) await sink.write(batch)
  return sink.close()
}

test.each(Array.from({ length: 30 }, (_, seed) => seed))("random nested rows, seed %i", async (seed) => {
  const of = made(seed)
  const path = join(folder, `${seed}.arrow`)
  const written = await write(path, of)
  expect(written).toMatchObject({ rows: of.rows.length, bytes: readFileSync(path).byteLength })
  expect(await readAll(path)).toEqual(of.rows)
  expect(await openArrow(path)).toMatchObject({ rows: of.rows.length })
  expect(`${await arrowSchema(path)}`).toBe(`${of.schema}`)
  // apache-arrow's own reader finds the same rows.
  expect(tableFromIPC(readFileSync(path)).numRows).toBe(of.rows.length)
})

test("zero rows keep the schema", async () => {
  const of = { ...made(1), batches: [], rows: [] }
  const path = join(folder, "zero.arrow")
  await write(path, of)
  expect([await readAll(path), `${await arrowSchema(path)}`]).toEqual([[], `${of.schema}`])
})

describe("what others write", () => {
  const of = made(5)
  const bytes = (writer: RecordBatchFileWriter | RecordBatchStreamWriter): Uint8Array => {
    writer.writeAll(of.batches as RecordBatch[])
    return writer.finish().toUint8Array(true)
  }

  test("streams", async () => {
    const path = join(folder, "stream.arrow")
    writeFileSync(path, bytes(new RecordBatchStreamWriter()))
    expect(await readAll(path)).toEqual(of.rows)
    expect((await openArrow(path)).rows).toBe(of.rows.length)
  })

  test("files compressed with zstd", async () => {
    const path = join(folder, "zstd.arrow")
    writeFileSync(path, bytes(new RecordBatchFileWriter({ compressionType: CompressionType.ZSTD })))
    expect(await readAll(path)).toEqual(of.rows)
  })

  test("dictionaries over several batches", async () => {
    const { tableFromArrays } = await import("apache-arrow")
    const table = tableFromArrays({ d: ["b", "a", "b"] })
    const path = join(folder, "dictionary.arrow")
    const writer = new RecordBatchFileWriter()
    writer.writeAll(new Table([...table.batches, ...table.batches]))
    writeFileSync(path, writer.finish().toUint8Array(true))
    expect((await readAll(path)).map((row) => row.d).join("")).toBe("babbab")
  })
})

describe("damaged and foreign files", () => {
  test.each(["file", "stream"])("every cut of a %s is a clear error", async (kind) => {
    const of = made(5)
    const path = join(folder, `whole-${kind}.arrow`)
    await write(path, of)
    const writer = new RecordBatchStreamWriter()
    writer.writeAll(of.batches)
    const whole = kind === "file" ? readFileSync(path) : Buffer.from(writer.finish().toUint8Array(true))
    const cut = join(folder, "cut.arrow")
    for (const share of [0, 0.01, 0.2, 0.5, 0.9, 0.999]) {
      writeFileSync(cut, whole.subarray(0, Math.floor(whole.byteLength * share)))
      expect(await complaintOf(readAll(cut))).toMatch(/^exit 1\n.*(cut short|Not an Arrow|damaged).*\n.*cut\.arrow/)
    }
  })

  test("other bytes, a missing file, a hollow file", async () => {
    const path = join(folder, "other.arrow")
    writeFileSync(path, '{"a":1}\n')
    expect(await complaintOf(readAll(path))).toMatch(/Not an Arrow file or stream/)
    writeFileSync(path, Buffer.concat([Buffer.from("ARROW1\0\0"), Buffer.alloc(64), Buffer.from("ARROW1")]))
    expect(await complaintOf(readAll(path))).toMatch(/^exit 1\n/)
    expect(await complaintOf(readAll(join(folder, "none.arrow")))).toMatch(/No such file/)
  })
})
