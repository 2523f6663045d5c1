import { describe, expect, it } from "vitest"
import { finalAnswerOf, sameAnswer } from "../../filters/final-answer.ts"

const free = { reference: null, choices: null }
const cities = { reference: null, choices: ["the city of Lima", "Quito", "Bogota"] }

describe("final-answer", () => {
  it.each([
    ["The answer is \\boxed{29}.", free, "29"],
    ["So it is 29 apples.", free, "29"],
    ["**Bob** is it. The answer is Bob.", { ...free, reference: "Carl" }, "Bob"],
    ["答案是 29。", free, "29"],
    ["选C。", cities, "C"],
    ["The answer is B.", cities, "B"],
    ["```python\nx = 1\n```", { ...free, verifier: "code-tests" }, null],
    ["", free, null],
  ])("%j is read as %o", (answer, question, text) => {
    expect(finalAnswerOf(answer, question)?.text ?? null).toBe(text)
  })

  const mentions = (answer: string, text: string, question = free as Parameters<typeof finalAnswerOf>[1]) => {
    const { mention } = finalAnswerOf(answer, question)!
    mention!.lastIndex = 0
    return mention!.test(text)
  }
  it.each([
    ["29", "so 29 are left", true],
    ["29", "129 or 290 or 29.5", false],
    ["29", "twenty-nine apples", true],
    ["29", "剩下二十九个", true],
    ["12,000", "12000 or so", true],
    ["1234567", "1,234,567", true],
    ["3.32", "3.3219", true],
    ["5", "x = -5", false],
    ["7", "36 - 7", true],
    ["-5", "x = -5", true],
    ["\\frac{3}{4}", "3/4", true],
    ["9\\pi", "so 9π", true],
    ["2\\sqrt{3}", "2√3", true],
    ["2x - 3", "2x + 3", false],
    ["2x + 3", "f'(x) = 2x+3", true],
  ])("%j in %j: %o", (answer, text, found) => {
    expect(mentions(`\\boxed{${answer}}`, text)).toBe(found)
  })
  it("finds a choice by its letter or its text, in any case of the text alone", () => {
    for (const text of ["so A", "(A)", "it is lima? no: The City of Lima"])
      expect(mentions("A", text, cities)).toBe(true)
    for (const text of ["a city", "LA", "Quito"]) expect(mentions("A", text, cities)).toBe(false)
  })

  it.each([
    ["0.75", "3/4", true],
    ["29", "30", false],
    ["(x+1)^2", "x^2+2x+1", true],
    ["Bob", "Carl", false],
  ])("%j and %j: %o", (said, answer, same) => {
    expect(sameAnswer(said, finalAnswerOf(`\\boxed{${answer}}`, free)!)).toBe(same)
  })
})
