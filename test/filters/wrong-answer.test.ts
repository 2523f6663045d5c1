import { describe, expect, it } from "vitest"
import { wrongAnswer } from "../../filters/wrong-answer.ts"
import { RowError } from "../../pipelines/runtime/errors.ts"
import type { Row } from "../../pipelines/runtime/step.ts"

const none = new Map<string, readonly Row[]>()
const row = (columns: Row): Row => ({
  question: "q",
  thinking: null,
  answer: "5",
  finish: "stop",
  verdict: "correct",
  ...columns,
})

describe("wrong-answer", () => {
  const step = wrongAnswer()
  it("keeps right answers and names the reason of the others", () => {
    expect(step.run(row({}), none)).toBeNull()
    expect(step.run(row({ verdict: "incorrect", extracted: "6" }), none)).toMatchObject({
      reason: "wrong-answer",
      evidence: { extracted: "6" },
    })
    expect(step.run(row({ verdict: "unparsed" }), none)).toMatchObject({ reason: "no-answer" })
    expect(step.run(row({ verdict: "unverifiable" }), none)).toMatchObject({ reason: "unverifiable" })
  })
  it("fails a row without a verdict", () => {
    for (const verdict of [undefined, null, "right", 1])
      expect(() => step.run(row({ verdict }), none)).toThrow(RowError)
  })
})
