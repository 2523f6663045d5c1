import { Field, Int32, List, makeData, RecordBatch, Schema, Struct, Utf8 } from "apache-arrow"
import { describe, expect, test } from "vitest"
import { batchOf, rowsOf } from "../../../pipelines/runtime/batch.ts"
import { canonicalLines } from "../../../pipelines/runtime/canonical-batch.ts"
import { canonicalRowJson } from "../../../pipelines/runtime/row-json.ts"
import { random, randomRow, randomSchema } from "../random-rows.ts"

const nullable = (name: string, type: ConstructorParameters<typeof Field>[1]) => new Field(name, type, true)

/** The lines of a batch as text; null where there are none. */
function linesOf(batch: RecordBatch): string | null {
  const pieces: Buffer[] = []
  return canonicalLines(batch, (bytes) => pieces.push(Buffer.from(bytes))) ? Buffer.concat(pieces).toString() : null
}

/** As the plain way has it. */
const plain = (batch: RecordBatch) =>
  rowsOf(batch)
    .map((row) => `${canonicalRowJson(row)}\n`)
    .join("")

describe("canonicalLines", () => {
  test.each(Array.from({ length: 100 }, (_, seed) => seed))("random nested rows and their slices, seed %i", (seed) => {
    const next = random(seed)
    const schema = randomSchema(next, { depth: 4, nullable: seed % 4 !== 0 })
    const rows = Array.from({ length: 1 + Math.floor(next() * 60) }, () => randomRow(next, schema))
    const batch = batchOf(schema, rows)
    expect(linesOf(batch)).toBe(plain(batch))
    const from = Math.floor(next() * (rows.length + 1))
    const slice = batch.slice(from, from + Math.floor(next() * (rows.length - from + 1)))
    expect(linesOf(slice)).toBe(plain(slice))
  })

  test("every character, keys in code unit order", () => {
    const schema = new Schema(
      ["b", "a", "B", "ä", "10", "9", "__proto__", 'q"'].map((name) => nullable(name, new Utf8())),
    )
    const texts = Array.from({ length: 0x1_1000 >> 5 }, (_, block) =>
      Array.from({ length: 32 }, (_, at) => String.fromCodePoint((block << 5) + at))
        .join("")
        .toWellFormed(),
    )
    const batch = batchOf(
      schema,
      texts.map((text) => ({ b: text, 'q"': `${text}"` })),
    )
    expect(linesOf(batch)).toBe(plain(batch))
  })

  test("integers of every length and sign, and a row longer than any before", () => {
    const edges = Array.from({ length: 10 }, (_, power) => 10 ** power).flatMap((of) => [of - 1, of, of + 1])
    const all = [...edges, ...edges.map((of) => -of), 2_147_483_647, -2_147_483_648].map((of) =>
      Math.max(-2_147_483_648, Math.min(2_147_483_647, of)),
    )
    const schema = new Schema([new Field("l", new List(new Field("element", new Int32(), false)), false)])
    const long = Array.from({ length: 100_000 }, (_, at) => at - 50_000)
    const batch = batchOf(schema, [{ l: all }, { l: [] }, { l: long }, { l: [7] }])
    expect(linesOf(batch)).toBe(plain(batch))
  })

  const textBatch = (bytes: number[], ends: number[]) => {
    const child = makeData({
      type: new Utf8(),
      length: ends.length,
      nullCount: 0,
      valueOffsets: Int32Array.from([0, ...ends]),
      data: Uint8Array.from(bytes),
    })
    const schema = new Schema([new Field("t", new Utf8(), false)])
    return new RecordBatch(
      schema,
      makeData({ type: new Struct(schema.fields), length: ends.length, nullCount: 0, children: [child] }),
    )
  }

  test("gives nothing where a text is not UTF-8, or two texts share a character", () => {
    expect(linesOf(textBatch([0x61, 0xc3, 0xa4], [1, 3]))).toBe('{"t":"a"}\n{"t":"ä"}\n')
    expect(linesOf(textBatch([0x61, 0xff], [1, 2]))).toBeNull()
    expect(linesOf(textBatch([0x61, 0xc3, 0xa4], [2, 3]))).toBeNull()
  })
})
