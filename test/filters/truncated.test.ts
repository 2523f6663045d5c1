import { describe, expect, it } from "vitest"
import { truncated } from "../../filters/truncated.ts"
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

describe("truncated", () => {
  const step = truncated()
  const reasons: [columns: Row, reason: string | null][] = [
    [{}, null],
    [{ finish: "length" }, "truncated"],
    [{ finish: "filtered" }, "refused"],
    [{ finish: "filtered", answer: "" }, "refused"],
    [{ answer: "<think>so far" }, "truncated"],
    [{ answer: "<think>a</think>5" }, null],
    [{ answer: "<think>a</think>5\n<think>again" }, "truncated"],
    [{ answer: "use the `<think>` tag" }, null],
    [{ answer: "" }, "empty-answer"],
    [{ answer: " \n\u200b" }, "empty-answer"],
    [{ answer: "<think>a</think>\n\n" }, "empty-answer"],
  ]
  for (const [columns, reason] of reasons)
    it(`${JSON.stringify(columns)}: ${reason}`, () => {
      const result = step.run(row(columns), none)
      expect(result === null ? null : (result as { reason: string }).reason).toBe(reason)
    })
  it("fails a row without its columns", () => {
    expect(() => step.run(row({ finish: "done" }), none)).toThrow(/finish/)
    expect(() => step.run({ finish: "stop" }, none)).toThrow(/answer/)
    expect(() => step.run(row({ thinking: 5 }), none)).toThrow(/thinking/)
  })
})
