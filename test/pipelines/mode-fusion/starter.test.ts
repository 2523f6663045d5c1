import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { flagsIn } from "../../../annotators/chat/thinking-flags.ts"
import { quickStart } from "../../../pipelines/mode-fusion/quick-start.ts"

interface Starter {
  id: string
  category: string
  language: string
  prompt?: string
  answer?: string
  messages?: { role: string; content: string }[]
}

const rows = readFileSync(quickStart.nonThinking.path, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Starter)
const textOf = ({ prompt, answer, messages }: Starter) => messages?.map(({ content }) => content) ?? [prompt!, answer!]

it("covers the categories of the recipe and five languages, each row once", () => {
  expect(rows.length).toBeGreaterThanOrEqual(60)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  expect(new Set(rows.map((row) => textOf(row)[0])).size).toBe(rows.length)
  const categories = Map.groupBy(rows, ({ category }) => category)
  expect([...categories.keys()].sort()).toEqual([
    "coding",
    "creative-writing",
    "instruction-following",
    "mathematics",
    "question-answering",
    "role-play",
    "translation",
  ])
  for (const [category, own] of categories) expect(own.length, category).toBeGreaterThanOrEqual(8)
  expect(new Set(rows.map(({ language }) => language)).size).toBeGreaterThanOrEqual(5)
})
it("has dialogues, and no flags", () => {
  expect(rows.filter(({ messages }) => (messages?.length ?? 0) > 2).length).toBeGreaterThanOrEqual(8)
  for (const row of rows) for (const text of textOf(row)) expect(flagsIn(text), row.id).toEqual([])
})
it("adds and multiplies right", () => {
  let sums = 0
  for (const row of rows)
    for (const [, a, sign, b, result] of textOf(row)
      .join("\n")
      .matchAll(/(?<![\d.×÷+-] ?)(\d[\d.]*) ([×÷+-]) (\d[\d.]*) = \**(\d[\d.]*\d|\d)/g)) {
      const [x, y] = [Number(a), Number(b)]
      const computed = sign === "×" ? x * y : sign === "÷" ? x / y : sign === "+" ? x + y : x - y
      expect(computed, `${row.id}: ${a} ${sign} ${b}`).toBeCloseTo(Number(result))
      sums++
    }
  expect(sums).toBeGreaterThanOrEqual(5)
})
