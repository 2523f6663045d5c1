import { describe, expect, it } from "vitest"
import { repetition } from "../../filters/repetition.ts"
import type { Reason } from "../../pipelines/runtime/step.ts"
import { responseFilterConfig } from "../../schemas/config.ts"

const defaults = responseFilterConfig.parse({}).repetition
const judge = (columns: { answer?: string; thinking?: string | null; text?: string }, params = {}) =>
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
    // 100 words, of which the last 20 repeat the first 20.
    const answer = `${fresh(80)} ${fresh(20)}`
    expect(judge({ answer })).toBeNull()
    const found = judge({ answer }, { maxShare: 0.19 })
    expect(found).toMatchObject({ reason: "repetition", threshold: 0.19 })
    expect(found?.measured).toBeCloseTo(0.2, 12)
    const { part, kind, spans, repeated } = evidenceOf(found)
    expect([part, kind]).toEqual(["answer", "n-gram"])
    expect(answer.slice(...spans[0]!)).toBe(fresh(20))
    expect(fresh(20).startsWith(repeated)).toBe(true)
  })
  it("does not count what is shorter than an n-gram", () => {
    const twice = (words: number) => `${fresh(words)} ${fresh(5, 900)} ${fresh(words)}`
    expect(judge({ answer: twice(11) })).toBeNull()
    expect(judge({ answer: twice(12) })).not.toBeNull()
  })
  it("ignores case and punctuation", () => {
    expect(judge({ answer: `${fresh(20)} ${fresh(20).toUpperCase().replaceAll(" ", ", ")}` })).not.toBeNull()
  })
  it("measures thinking and answer apart: an answer may restate the thinking", () => {
    expect(judge({ thinking: fresh(100), answer: fresh(100) })).toBeNull()
    expect(evidenceOf(judge({ thinking: `${fresh(50)} ${fresh(50)}`, answer: fresh(9) })).part).toBe("thinking")
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
    expect(evidenceOf(judge({ answer: freshHan(50) + "所以答案是十二。".repeat(30) })).kind).toBe("n-gram")
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
