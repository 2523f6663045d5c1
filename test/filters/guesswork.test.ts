import { describe, expect, it } from "vitest"
import { guessSignals } from "../../filters/guess-signals.ts"
import { type GuessworkParams, guesswork } from "../../filters/guesswork.ts"
import { byText } from "../../filters/judged-response.ts"
import { guessworkPrompt } from "../../pipelines/cold-start/prompts/guesswork.ts"
import type { Reason } from "../../pipelines/runtime/step.ts"
import { responseFilterConfig } from "../../schemas/config.ts"
import { guessworkCases } from "../fixtures/responses/guesswork.ts"
import { checkLabelled, rowOf } from "./labelled.ts"

const defaults = responseFilterConfig.parse({}).guesswork
const criterion = (params: Partial<GuessworkParams> = {}) => guesswork({ ...defaults, ...params }, guessworkPrompt)
const judge = (row: object, params: Partial<GuessworkParams> = {}) =>
  byText(criterion(params)).run({ question: "", answer: "", ...row }, new Map()) as Reason | null

const question = "A farmer has 3 baskets with 12 apples each and sells 7 apples. How many apples are left?"
const solved = "3 * 12 = 36, and 36 - 7 = 29."

describe("guesswork", () => {
  it("says what it goes by and where it stands", () => {
    const thinking = "I see baskets and apples. I'll just guess 29."
    const found = judge({ question, thinking, answer: "\\boxed{29}" })!
    expect(found).toMatchObject({ reason: "guesswork", measured: 1, threshold: 0.8 })
    const { part, signals, spans, answer, text } = found.evidence as Record<string, unknown>
    expect([part, answer, text]).toEqual(["thinking", "29", "I'll just guess 29."])
    expect(signals).toEqual(expect.arrayContaining(["guess", "not-derived"]))
    expect(thinking.slice(...(spans as [number, number][])[0]!)).toBe("I'll just guess 29.")
  })
  it("drops from its threshold on, and is in doubt from a lower one", () => {
    const row = {
      question,
      thinking: "The farmer fills wicker baskets, carries them to the market hall and comes home late at night.",
      answer: "\\boxed{29}",
    }
    expect(judge(row)).toBeNull()
    expect(criterion().read(row)).toMatchObject({ doubt: true, evidence: { score: 0.5, signals: ["not-derived"] } })
    expect(criterion({ doubt: 0.6 }).read(row)).toMatchObject({ doubt: false })
    expect(judge(row, { drop: 0.5 })).toMatchObject({ measured: 0.5, threshold: 0.5 })
  })
  it("a guess in front of its check leaves no doubt, one behind a derivation does", () => {
    const read = (thinking: string) => criterion().read({ question, thinking, answer: "\\boxed{29}" })
    expect(read(`I'll guess that it is 29. Check: ${solved} Yes.`)).toMatchObject({ doubt: false })
    expect(read(`${solved} That looks odd. I'll just guess 29.`)).toMatchObject({ doubt: true })
  })
  it("reads the answer where there is no thinking, and a think block inside the answer", () => {
    expect(judge({ question, answer: `${solved} \\boxed{29}` })).toBeNull()
    expect(judge({ question, thinking: null, answer: "\\boxed{29}" })).toMatchObject({ evidence: { part: "answer" } })
    expect(
      judge({ question, text: "<think>\nI'll just guess 29.\n</think>\n\n\\boxed{29}", answer: undefined }),
    ).toMatchObject({
      evidence: { part: "thinking" },
    })
    expect(judge({ question, answer: `<think>\n${solved}\n</think>\n\n\\boxed{29}` })).toBeNull()
  })
  it("survives hostile text in time that grows with its length", () => {
    for (const text of [
      "\ud800\udc00\ud800 ".repeat(20_000),
      "I'll just guess. ".repeat(20_000),
      "maybe ".repeat(50_000),
      "猜".repeat(100_000),
      "?".repeat(200_000),
      "= 1".repeat(60_000),
      "29 ".repeat(60_000),
      "i".repeat(300_000),
      "let me ".repeat(50_000),
      " ".repeat(300_000),
    ]) {
      const found = judge({ question, thinking: text, answer: "\\boxed{29}" })
      expect(JSON.stringify(found?.evidence ?? null).length).toBeLessThan(1_000)
      expect(JSON.stringify(found?.evidence ?? null).isWellFormed()).toBe(true)
    }
  })
  it("scores within 0 and 1 whatever is said", () => {
    for (const { question, thinking, answer, choices } of guessworkCases) {
      const { score } = guessSignals({ question, thinking, answer }, { reference: null, choices: [...(choices ?? [])] })
      expect(score).toBeGreaterThanOrEqual(0)
      expect(score).toBeLessThanOrEqual(1)
    }
  })
  checkLabelled(guessworkCases, (one) => judge(rowOf(one))?.reason ?? null)
})
