import { describe, expect, it } from "vitest"
import { repetition } from "../../filters/repetition.ts"
import type { Reason } from "../../pipelines/runtime/step.ts"
import { responseFilterConfig } from "../../schemas/config.ts"
import { repetitionCases } from "../fixtures/responses/repetition.ts"
import { checkLabelled, rowOf } from "./labelled.ts"

const defaults = responseFilterConfig.parse({}).repetition
const judge = (columns: { question?: string; answer?: string; thinking?: string | null; text?: string }, params = {}) =>
  repetition({ ...defaults, ...params }).run({ answer: "", ...columns }, new Map()) as Reason | null
interface Evidence {
  part: string
  kind: string
  spans: [number, number][]
  repeated: string
}
const evidenceOf = (reason: Reason | null) => reason?.evidence as Evidence

/** Words that do not repeat. */
const fresh = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `w${from + i}`).join(" ")
/** Han characters that do not repeat. */
const freshHan = (count: number, from = 0) =>
  String.fromCodePoint(...Array.from({ length: count }, (_, i) => 0x4e00 + from + i))

describe("repetition", () => {
  it("keeps plain text, short text and empty text", () => {
    for (const answer of ["", "5", fresh(500), freshHan(500), "1 + 1 = 2\n1 + 2 = 3\n1 + 3 = 4"])
      expect(judge({ answer })).toBeNull()
  })

  it("measures the share of words inside n-grams that came before", () => {
    // 300 words, of which the last 60 repeat the first 60.
    const answer = `${fresh(240)} ${fresh(60)}`
    expect(judge({ answer })).toBeNull()
    const found = judge({ answer }, { maxShare: 0.19 })
    expect(found).toMatchObject({ reason: "repetition", threshold: 0.19 })
    expect(found?.measured).toBeCloseTo(0.2, 12)
    const { part, kind, spans, repeated } = evidenceOf(found)
    expect([part, kind]).toEqual(["answer", "n-gram"])
    expect(answer.slice(...spans[0]!)).toBe(fresh(60))
    expect(fresh(60).startsWith(repeated)).toBe(true)
  })
  it("does not count what is shorter than an n-gram", () => {
    const phrases = (words: number) => Array.from({ length: 9 }, (_, i) => fresh(words, 100 * i))
    const twice = (words: number) =>
      [...phrases(words), ...phrases(words).map((phrase, i) => `${fresh(1, 9_000 + i)} ${phrase}`)].join(" ")
    expect(judge({ answer: twice(11) })).toBeNull()
    expect(judge({ answer: twice(12) })).not.toBeNull()
  })
  it("does not call a few parallel sentences substantial", () => {
    expect(judge({ answer: `${fresh(47)} x ${fresh(47)}` })).toBeNull()
    expect(judge({ answer: `${fresh(48)} x ${fresh(48)}` })).not.toBeNull()
  })
  it("lets the question be restated three times", () => {
    const question = fresh(60)
    const restated = (times: number) => Array.from({ length: times }, (_, i) => `${question} ${fresh(9, 500 + 10 * i)}`)
    expect(judge({ question, answer: restated(3).join(" ") })).toBeNull()
    expect(judge({ question, answer: restated(6).join(" ") })).not.toBeNull()
  })
  it("counts formulas and tables from half of the text on", () => {
    const row = (at: number) => `${at} 0 0 1 0 0 0 2 0 0 0 3 0 0 0`
    const rows = Array.from({ length: 20 }, (_, i) => row(i)).join("\n")
    expect(judge({ answer: `${fresh(400)}\n${rows}` })).toBeNull()
    expect(judge({ answer: `${fresh(40)}\n${rows}` })).not.toBeNull()
  })
  it("ignores case and punctuation", () => {
    expect(judge({ answer: `${fresh(60)} ${fresh(60).toUpperCase().replaceAll(" ", ", ")}` })).not.toBeNull()
  })
  it("measures thinking and answer apart: an answer may restate the thinking", () => {
    expect(judge({ thinking: fresh(100), answer: fresh(100) })).toBeNull()
    expect(evidenceOf(judge({ thinking: `${fresh(60)} ${fresh(60)}`, answer: fresh(9) })).part).toBe("thinking")
  })

  it("finds lines that come too often in a row", () => {
    const lines = (times: number) => `${fresh(200)}\n${"Wait, again.\n\n".repeat(times)}${fresh(200, 300)}`
    expect(judge({ answer: lines(defaults.maxLineRepeats) })).toBeNull()
    const answer = lines(defaults.maxLineRepeats + 1)
    const found = judge({ answer })
    expect(found).toMatchObject({ measured: defaults.maxLineRepeats + 1, threshold: defaults.maxLineRepeats })
    expect(evidenceOf(found)).toMatchObject({ kind: "line" })
    expect(evidenceOf(found).repeated.startsWith("Wait, again.")).toBe(true)
  })
  it("leaves lines without words alone", () => {
    expect(judge({ answer: `${fresh(200)}\n${"}\n".repeat(9)}` })).toBeNull()
  })

  it("finds loops in text without spaces", () => {
    expect(judge({ answer: "哈".repeat(200) })).not.toBeNull()
    expect(evidenceOf(judge({ answer: freshHan(50) + "所以答案是十二。".repeat(30) })).kind).toBe("block")
    expect(judge({ answer: freshHan(200) + freshHan(17) })).toBeNull()
  })
  it("finds short periods in unbroken runs", () => {
    for (const answer of [
      `0.${"3".repeat(500)}`,
      "ha".repeat(300),
      `${fresh(5)} ${"=".repeat(400)}`,
      "abcdefghijklmnop".repeat(30),
    ]) {
      const found = judge({ answer })
      expect(evidenceOf(found).kind).toBe("character")
      expect(found!.measured).toBeLessThanOrEqual(1)
      expect(found!.measured).toBeGreaterThan(0.8)
    }
    expect(judge({ answer: `${fresh(400)} ${"=".repeat(80)}` })).toBeNull()
  })

  it("reads a column `text` where there is no answer", () => {
    expect(judge({ answer: undefined as never, text: "ha".repeat(300) })).not.toBeNull()
  })
  it("bounds its evidence, whatever the text", () => {
    const phrases = Array.from({ length: 50 }, (_, i) => fresh(15, i * 100))
    const answer = [...phrases, ...phrases.flatMap((phrase, i) => [fresh(3, 90_000 + i * 10), phrase])].join(" ")
    for (const text of [
      answer,
      "\ud800".repeat(10_000),
      "a ".repeat(100_000),
      "\n".repeat(100_000) + "x\n".repeat(9),
    ]) {
      const { spans, repeated } = evidenceOf(judge({ answer: text }))
      expect(spans.length).toBeLessThanOrEqual(8)
      expect(repeated.length).toBeLessThanOrEqual(120)
      expect(repeated.isWellFormed()).toBe(true)
    }
  })
})

checkLabelled(repetitionCases, (one) => judge(rowOf(one))?.reason ?? null)
