import { describe, expect, it } from "vitest"
import { type LanguageParams, languageMixing } from "../../filters/language-mixing.ts"
import type { Reason } from "../../pipelines/runtime/step.ts"
import { responseFilterConfig } from "../../schemas/config.ts"
import { languageMixingCases } from "../fixtures/responses/language-mixing.ts"
import { checkLabelled, rowOf } from "./labelled.ts"

const defaults = responseFilterConfig.parse({}).language
const judge = (row: object, params: Partial<LanguageParams> = {}) =>
  languageMixing({ ...defaults, ...params }).run({ answer: "", ...row }, new Map()) as Reason | null

interface Evidence {
  part: string
  spans: [number, number][]
}

describe("language-mixing", () => {
  const foreign = "Il faut maintenant calculer le nombre de pommes qui reste."
  const plain = "We count the apples in the baskets of the farmer. "

  it("says where the other language stands", () => {
    const thinking = `${plain}${foreign} That is the number of apples.`
    const found = judge({ thinking })
    const { part, spans } = found!.evidence as Evidence
    expect(part).toBe("thinking")
    expect(thinking.slice(...spans[0]!)).toBe(foreign.slice(0, -1))
    expect(found).toMatchObject({ threshold: 0.02, evidence: { language: "en", other: ["fr"] } })
    expect(found!.measured).toBeCloseTo(10 / 26, 12)
  })
  it("drops a passage from its own length on, whatever the rest", () => {
    const thinking = `${plain.repeat(400)}${foreign} ${foreign} ${plain.repeat(400)}`
    expect(judge({ thinking })).toBeNull()
    expect(judge({ thinking }, { maxPassage: 19 })).toMatchObject({ measured: 20, threshold: 19 })
  })
  it("compares with the question as far as it is told to", () => {
    const row = {
      question: "农夫有几个苹果？一共有多少？",
      thinking: plain,
      answer: "一共有二十九个苹果，这就是答案。",
    }
    expect(judge(row)?.reason).toBe("other-language")
    expect(judge(row, { match: "answer" })).toBeNull()
    expect(judge({ ...row, answer: plain }, { match: "answer" })?.reason).toBe("other-language")
    expect(judge({ ...row, answer: plain }, { match: "off" })).toBeNull()
  })
  it("bounds its evidence and survives hostile text", () => {
    for (const text of [
      "\ud800\udc00\ud800 ".repeat(20_000),
      `${plain}${"中文字符。".repeat(20_000)}${plain.repeat(9_000)}`,
      "$".repeat(100_000),
      "\\begin{a}".repeat(20_000),
      "```".repeat(50_001),
      "A ".repeat(100_000),
      "<div>".repeat(50_000),
      "User:\n".repeat(50_000),
    ]) {
      const found = judge({ thinking: text, answer: text })
      expect(JSON.stringify(found?.evidence ?? null).length).toBeLessThan(1_000)
      expect(JSON.stringify(found?.evidence ?? null).isWellFormed()).toBe(true)
    }
  })
})

checkLabelled(languageMixingCases, (one) => judge(rowOf(one))?.reason ?? null)
