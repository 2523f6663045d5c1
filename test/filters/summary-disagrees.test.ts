import { describe, expect, it } from "vitest"
import { byText } from "../../filters/judged-response.ts"
import { summaryDisagrees } from "../../filters/summary-disagrees.ts"
import { summaryDisagreesPrompt } from "../../pipelines/cold-start/prompts/summary-disagrees.ts"
import type { Reason } from "../../pipelines/runtime/step.ts"
import { summaryDisagreesCases } from "../fixtures/responses/summary-disagrees.ts"
import { checkLabelled, rowOf } from "./labelled.ts"

const criterion = summaryDisagrees(summaryDisagreesPrompt)
const judge = (row: object) => byText(criterion).run({ question: "", ...row }, new Map()) as Reason | null

describe("summary-disagrees", () => {
  it("says both answers and where the thinking has its own", () => {
    const thinking = "36 - 7 = 29. So the final answer is 29. I am done."
    const found = judge({ thinking, answer: "\\boxed{31}" })!
    expect(found).toMatchObject({
      reason: "summary-disagrees",
      evidence: { thought: "29", answered: "31", part: "thinking" },
    })
    const { spans, text } = found.evidence as { spans: [number, number][]; text: string }
    expect(thinking.slice(...spans[0]!)).toBe("So the final answer is 29.")
    expect(text).toBe("So the final answer is 29.")
  })
  it("compares with the verifier's equality", () => {
    expect(judge({ thinking: "So the answer is 0.5.", answer: "\\boxed{\\frac{1}{2}}" })).toBeNull()
    expect(judge({ thinking: "So the answer is 0.5.", answer: "\\boxed{\\frac{1}{3}}" })).not.toBeNull()
    expect(judge({ thinking: "So the answer is $(x+1)^2$.", answer: "\\boxed{x^2+2x+1}" })).toBeNull()
  })
  it("leaves a doubt where nothing can be compared", () => {
    const doubtful = { doubt: true }
    const python = "```python\ndef f(x):\n    return x\n```"
    expect(
      criterion.read({ question: "", thinking: "I return x.", answer: python, verifier: "code-tests" }),
    ).toMatchObject(doubtful)
    expect(criterion.read({ question: "", thinking: "I add them.", answer: "\\boxed{3}" })).toMatchObject(doubtful)
    expect(criterion.read({ question: "", thinking: "So the answer is 3.", answer: "\\boxed{3}" })).toMatchObject({
      doubt: false,
    })
    expect(criterion.read({ question: "", thinking: "", answer: "\\boxed{3}" })).toMatchObject({ doubt: false })
  })
  it("survives hostile text in time that grows with its length", () => {
    for (const text of [
      "\ud800\udc00\ud800 ".repeat(20_000),
      "The answer is 1. ".repeat(20_000),
      "= 1".repeat(60_000),
      "\\boxed{".repeat(40_000),
      "So the answer is ".repeat(20_000),
      "$".repeat(200_000),
      "2 ".repeat(100_000),
      "答案是".repeat(60_000),
    ]) {
      const found = judge({ thinking: text, answer: "\\boxed{2}" })
      expect(JSON.stringify(found?.evidence ?? null).length).toBeLessThan(2_000)
      expect(JSON.stringify(found?.evidence ?? null).isWellFormed()).toBe(true)
    }
  })
  checkLabelled(summaryDisagreesCases, (one) => {
    const reading = criterion.read(rowOf(one))
    if ("drop" in reading) return reading.drop.reason
    // What is labelled as fine may be in doubt: that is for the judge.
    return one.says === null ? null : reading.doubt ? "doubt" : "kept"
  })
})
