import { ByteWriter } from "hyparquet-writer"
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js"
import { expect, test } from "vitest"
import { readRuns } from "../../../pipelines/io/parquet-runs.ts"
import { random } from "../random-rows.ts"

test.each([1, 2, 3, 7, 8, 9, 13, 16, 17, 24])(
  "numbers of %i bits, in runs and groups, are those that were written",
  (bits) => {
    const next = random(bits)
    for (let round = 0; round < 30; round++) {
      const values = Array.from({ length: Math.floor(next() * 8) }, () => {
        const value = Math.floor(next() * 2 ** bits)
        return Array.from({ length: 1 + Math.floor(next() * 40) }, () =>
          next() < 0.8 ? value : Math.floor(next() * 2 ** bits),
        )
      }).flat()
      const writer = new ByteWriter()
      writeRleBitPackedHybrid(writer, values, bits)
      const bytes = Uint8Array.from(writer.getBytes())
      const out = new Int32Array(values.length)
      readRuns(bytes, 0, bytes.length, bits, out)
      expect([...out]).toEqual(values)
      const longer = new Int32Array(values.length + 300)
      expect(() => readRuns(bytes, 0, bytes.length, bits, longer)).toThrow(RangeError)
    }
  },
)

test("numbers of no bits are all 0, and need no bytes", () => {
  const out = Int32Array.of(7, 7)
  readRuns(new Uint8Array(0), 0, 0, 0, out)
  expect([...out]).toEqual([0, 0])
})

test("a count that never ends is no number", () => {
  expect(() => readRuns(new Uint8Array(9).fill(0xff), 0, 9, 3, new Uint8Array(8))).toThrow(RangeError)
})

test("a number that is too large for its bits, and a run behind the last number, are none", () => {
  const read = (bytes: number[], bits: number, count: number) => {
    const out = new Uint8Array(count)
    readRuns(Uint8Array.from(bytes), 0, bytes.length, bits, out)
    return [...out]
  }
  expect(read([3 << 1, 1], 1, 3)).toEqual([1, 1, 1])
  expect(() => read([3 << 1, 2], 1, 3)).toThrow(/a number of more than 1 bits/)
  expect(() => read([4 << 1, 1], 1, 3)).toThrow(/goes on behind the last value/)
})
