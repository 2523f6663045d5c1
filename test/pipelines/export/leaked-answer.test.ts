import { describe, expect, test } from "vitest"
import { leakedAnswer } from "../../../pipelines/export/leaked-answer.ts"

const asked = (content: string, reference: string) => leakedAnswer([{ role: "user", content }], reference)

describe("an answer given away", () => {
  for (const [content, reference] of [
    ["What is 40 + 2? The answer is 42.", "42"],
    ["What is 40 + 2?\nAnswer: 42", "42"],
    ["What is 40 + 2? \\boxed{42}", "42"],
    ["What is 40 + 2?\n#### 42", "42"],
    ["Which one?\nA. x\nB. y\n\nanswer: (B)", "B"],
    ["40 加 2 是多少?答案是42", "42"],
    ["Find x. Solution: $x^2+1$", "x^2+1"],
    ["Show that the sum is \\frac{355}{113} + \\sqrt{17}, says a hint.", "\\frac{355}{113} + \\sqrt{17}"],
  ] as const)
    test(content, () => expect(asked(content, reference)).not.toBeNull())

  test("by an assistant's turn", () => {
    const prompt = [
      { role: "user", content: "What is 40 + 2?" },
      { role: "assistant", content: "Forty-two." },
      { role: "user", content: "Are you sure?" },
    ]
    expect(leakedAnswer(prompt, "42")).toMatch(/assistant/)
  })
})

describe("no answer given away", () => {
  for (const [content, reference] of [
    ["1 + 1 = 2 and 2 + 2 = ?", "2"],
    ["What is 42 + 0?", "42"],
    ["The answer is 420 for one. What is it for the other?", "42"],
    ["The answer is 4.25 there. Here?", "4"],
    ["Which one?\nA. x\nB. y", "B"],
    ["Give your final answer in \\boxed{}.", "42"],
    ["What is the answer to 6 * 7?", "42"],
    ["Anything", ""],
  ] as const)
    test(`${content} (${reference})`, () => expect(asked(content, reference)).toBeNull())
})
