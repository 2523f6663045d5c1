import { snappyCompress } from "hyparquet-writer/src/snappy.js"
import { expect, test } from "vitest"
import { unpackSnappy } from "../../../pipelines/io/parquet-snappy.ts"
import { random } from "../random-rows.ts"

test("random pages come back", () => {
  const next = random(5)
  for (const most of [0, 1, 59, 60, 61, 300, 70_000, 200_000])
    for (let round = 0; round < 8; round++) {
      const kinds = 1 + Math.floor(next() ** 3 * 256)
      const page = Uint8Array.from({ length: Math.floor(most * next()) }, () => Math.floor(next() * kinds))
      expect(Buffer.compare(unpackSnappy(snappyCompress(page), page.length), page)).toBe(0)
    }
})

test("literals with lengths of one to four bytes, and copies of each kind", () => {
  const literal = (tag: number, ...length: number[]) => [5, (tag << 2) | 0, ...length, 1, 2, 3, 4, 5]
  const page = Uint8Array.of(1, 2, 3, 4, 5)
  for (const packed of [literal(4), literal(60, 4), literal(61, 4, 0), literal(62, 4, 0, 0), literal(63, 4, 0, 0, 0)])
    expect([...unpackSnappy(Uint8Array.from(packed), 5)]).toEqual([...page])
  for (const copy of [
    [1, 2],
    [2 | (3 << 2), 2, 0],
    [3 | (3 << 2), 2, 0, 0, 0],
  ])
    expect([...unpackSnappy(Uint8Array.from([6, 1 << 2, 7, 8, ...copy]), 6)]).toEqual([7, 8, 7, 8, 7, 8])
})

test.each([
  ["a literal of 4 GiB", [10, 63 << 2, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]],
  ["a literal of 2 GiB", [10, 63 << 2, 0, 0, 0, 0x80, 1, 2, 3, 4]],
  ["a literal behind the page", [10, 9 << 2, 1, 2, 3]],
  ["a copy from before the start", [10, 0, 1, 1 | (5 << 2), 2]],
  ["a copy from nowhere", [10, 0, 1, 1 | (5 << 2), 0]],
  ["a copy behind the page", [10, 0, 1, 2 | (20 << 2), 1, 0]],
  ["a copy that is cut", [10, 0, 1, 2 | (8 << 2), 1]],
  ["another length", [9, 8 << 2, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ["too few bytes", [10, 8 << 2, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ["no length", [0x80, 0x80]],
  ["nothing", []],
])("%s is an error at once", (_, packed) => {
  expect(() => unpackSnappy(Uint8Array.from(packed), 10)).toThrow(/not the Snappy it should be/)
})

test("a page that says 2 GiB of a few bytes is not allocated", () => {
  const packed = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 7, 0, 1)
  expect(() => unpackSnappy(packed, 2 ** 31 - 1)).toThrow(/not the Snappy it should be/)
})
