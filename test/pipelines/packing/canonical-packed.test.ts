import { expect, test } from "vitest"
import { canonicalPacked } from "../../../pipelines/packing/canonical-packed.ts"
import { canonicalRowJson } from "../../../pipelines/runtime/row-json.ts"

/** As the plain way has it. */
const plain = (row: Record<string, Int32Array>) =>
  canonicalRowJson(Object.fromEntries(Object.entries(row).map(([name, values]) => [name, [...values]])))

const text = (row: Parameters<typeof canonicalPacked>[0]) => Buffer.from(canonicalPacked(row)).toString("utf8")

test("is the canonical JSON of the row, for integers of every length and sign, and none", () => {
  const edges = Array.from({ length: 10 }, (_, power) => 10 ** power).flatMap((of) => [of - 1, of, of + 1])
  const all = Int32Array.from([...edges, ...edges.map((of) => -of), 2_147_483_647, -2_147_483_648, 151_643, -100])
  const none = new Int32Array(0)
  for (const row of [
    { input_ids: all, labels: all.toReversed(), seq_lengths: Int32Array.of(all.length) },
    { input_ids: none, labels: none, seq_lengths: none },
    { input_ids: Int32Array.of(7), labels: Int32Array.of(-100), seq_lengths: Int32Array.of(1) },
  ])
    expect(text(row)).toBe(plain(row))
})

test("of a row longer than any before is whole", () => {
  const input_ids = Int32Array.from({ length: 100_000 }, (_, at) => at - 50_000)
  const row = { input_ids, labels: input_ids, seq_lengths: Int32Array.of(100_000) }
  expect(text(row)).toBe(plain(row))
})
