import { describe, expect, it } from "vitest"
import { lastConclusion } from "../../filters/conclusions.ts"
import { finalAnswerOf } from "../../filters/final-answer.ts"

const free = { reference: null, choices: null }
const choices = { reference: null, choices: ["one", "two", "three"] }
const of = (thinking: string, question: Parameters<typeof finalAnswerOf>[1] = free) => {
  const answer = finalAnswerOf(question.choices ? "The answer is A." : "\\boxed{1}", question)!
  const found = lastConclusion(thinking, answer, question)
  return found && { said: found.said, kind: found.kind, retracted: found.retracted }
}

describe("conclusions", () => {
  it.each([
    ["3 * 12 = 36. So the answer is 29.", "29", "stated", false],
    ["So the answer is 28. Wait, that is wrong.", "28", "stated", true],
    ["The answer is 28. No, so the answer is 29.", "29", "stated", false],
    ["\\boxed{29}", "29", "stated", false],
    ["所以答案是29。", "29", "stated", false],
    ["36 - 7 = 29", "29", "closing", false],
    ["He has 36 - 7 = $29 left after selling 7 apples.", "29", "closing", false],
    ["Hence 29 are left.", "29", "closing", false],
    ["The gcd is 12.", "12", "last", false],
    ["因此还剩29个。", "29", "closing", false],
  ])("%j concludes %s", (thinking, said, kind, retracted) => {
    expect(of(thinking)).toEqual({ said, kind, retracted })
  })
  it.each([
    "Is the answer 29?",
    "One might think that the answer is 36.",
    "36 - 7 = 29. Check: 29 + 7 = 36.",
    "I add the baskets and take away what was sold.",
    "The baskets hold 12 each and there are 3 of them here in all of this",
    "",
  ])("%j concludes nothing", (thinking) => {
    expect(of(thinking)).toBeNull()
  })
  it.each([
    ["One is odd, so I choose C.", "C"],
    ["It must be two.", "B"],
    ["Three fits. C.", "C"],
    ["不是A也不是B，所以选C。", "C"],
  ])("%j chooses %s", (thinking, letter) => {
    expect(of(thinking, choices)?.said).toBe(letter)
  })
})
