// Texts without white space: one word for the tokenizer. Counts the work of merging, which does not depend on the machine.
import { describe, expect, test } from "vitest"
import { openBoth } from "./kernels.ts"
import { longTexts } from "./long-texts.ts"

const { kernels } = await openBoth("qwen3")

describe.each(Object.entries(longTexts))("%s", (_, text) => {
  // Just below, at and beyond the lengths at which another way of merging begins.
  test.each([17, 64, 65, 256, 257, 8_196])("%i bytes: as by definition", (length) => {
    expect(kernels.wasm.encode(text(length))).toEqual(kernels.plain.encode(text(length)))
  })

  test("the work grows with the length, not with its square", () => {
    const work = (length: number) => {
      const before = kernels.wasm.steps
      kernels.wasm.encode(text(length))
      return Number(kernels.wasm.steps - before)
    }
    const [short, long] = [work(60_000), work(960_000)]
    expect(long).toBeGreaterThan(8 * short)
    expect(long).toBeLessThan(24 * short)
    expect(long).toBeLessThan(40 * 960_000)
  })
})

test("marks that never end are ordered without a square of work, and as by definition", () => {
  const marks = `q${"\u0316\u0301\u0345".repeat(300)}`
  expect(kernels.wasm.encode(marks)).toEqual(kernels.plain.encode(marks))
  const many = kernels.wasm.encode("\u0301\u0316".repeat(500_000))
  expect(many.length).toBeGreaterThan(100_000)
})
