import { expect, test } from "vitest"
import { TextSet } from "../../../pipelines/export/text-set.ts"

test("knows every text that was added, and no other", () => {
  const set = new TextSet()
  const texts = Array.from({ length: 20_000 }, (_, at) => `text ${at}`)
  expect(texts.every((text) => set.add(text))).toBe(true)
  expect(texts.some((text) => set.add(text))).toBe(false)
  expect(texts.every((text) => set.has(text))).toBe(true)
  expect(texts.some((text) => set.has(`${text}.`))).toBe(false)
  expect(set.size).toBe(20_000)
})
