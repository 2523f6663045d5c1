import { describe, expect, it } from "vitest"
import { multipleChoice } from "../../../annotators/verifiers/multiple-choice.ts"

const cities = ["Paris", "London", "Rome", "New York"]
const read = (completion: string, choices?: string[], reference = "B") =>
  multipleChoice.verify({ completion, reference, ...(choices ? { options: { choices } } : {}) })

const letters: [completion: string, letter: string, choices?: string[]][] = [
  ["The answer is (B)", "B"],
  ["The answer is B.", "B"],
  ["B", "B"],
  ["B.", "B"],
  ["(b)", "B"],
  ["b", "B"],
  ["**C**", "C"],
  ["**C.**", "C"],
  ["Option D", "D"],
  ["Answer: d", "D"],
  ["\\boxed{C}", "C"],
  ["\\boxed{\\text{(C)}}", "C"],
  ["$\\boxed{B}$", "B"],
  ["答案是B", "B"],
  ["答案：（B）", "B"],
  ["选B", "B"],
  ["A: C", "C"],
  ["The correct option is D", "D"],
  ["The correct answer is option C.", "C"],
  ["I choose A", "A"],
  ["I think it is C.", "C"],
  ["B) Because\nA and C are wrong", "B"],
  ["First A. Then C.\nSo the answer is C.", "C"],
  ["The answer is A. No, the answer is D.", "D"],
  ["The answer is B because A is wrong.", "B"],
  ["The answer is B, not A.", "B"],
  ["The answer is not B but C.", "C"],
  ["The answer is A because it has a tail", "A"],
  ["<think>A or C?</think>\n\nB", "B"],
  ["<think>so the answer is C</think>", "C"],
  ["I think it is Rome.", "C", cities],
  ["The answer is New York.", "D", cities],
  ["Paris", "A", cities],
  ["the answer is: A. Paris", "A", cities],
  ["The answer is **B. London**", "B", cities],
  ["The answer is 14.", "B", ["4", "14", "41", "1"]],
  ["\\boxed{\\frac12}", "A", ["\\frac12", "2"]],
  ["The answer is gene 1 on chromosome A", "C", ["neither", "both", "gene 1 on chromosome A", "gene 1"]],
  ["(A) and (B) both", "C", ["resistance", "reactance", "(A) and (B) both", "none of above"]],
  ["Bb Bb", "C", ["BB BB", "BB Bb", "Bb Bb", "bb bb"]],
  ["C", "C", ["Error", "a", "b", "c"]],
]
const none: [completion: string, choices?: string[]][] = [
  ["not B"],
  ["The answer is not B"],
  ["It isn't B."],
  ["不是B"],
  ["A or B"],
  ["The answer is A or B."],
  ["答案：A或B"],
  ["Neither A nor B"],
  ["A/B"],
  ["A, B"],
  ["The answer is B and C."],
  ["Both A and B are correct"],
  ["It could be either A or C"],
  ["The answer is A. No, the answer is not A."],
  ["A car is a vehicle."],
  ["The answer is a dog"],
  [""],
  ["?"],
  ["<think>maybe A"],
  ["<think>A then B</think>"],
  ["The answer is E", cities],
  ["Not Paris", cities],
  ["Paris or Rome", cities],
  ["c", ["Error", "a", "b", "c"]],
  ["(B) Paris", cities],
  ["The answer is (B) Rome", cities],
]

describe("multiple choice", () => {
  for (const [completion, letter, choices] of letters)
    it(`${JSON.stringify(completion)} is ${letter}`, () => {
      const got = read(completion, choices)
      expect(got).toMatchObject({ extracted: letter, verdict: letter === "B" ? "correct" : "incorrect" })
      expect(got.reward).toBe(letter === "B" ? 1 : 0)
    })
  for (const [completion, choices] of none)
    it(`${JSON.stringify(completion)} is no answer`, () => {
      const got = read(completion, choices)
      expect(got).toMatchObject({ verdict: "unparsed", reward: null, extracted: null })
      expect(got.reason).toBeTruthy()
    })

  it("takes a letter or a choice's text as reference", () => {
    for (const reference of ["B", "(B)", "b.", "London", "london"])
      expect(read("B", cities, reference).verdict).toBe("correct")
    for (const reference of ["E", "Berlin", ""]) expect(read("B", cities, reference).verdict).toBe("unverifiable")
    expect(read("B", undefined, "London").verdict).toBe("unverifiable")
    expect(multipleChoice.verify({ completion: "B", reference: 1 }).verdict).toBe("unverifiable")
    expect(multipleChoice.verify({ completion: "B", reference: "B", options: { choices: "AB" } }).verdict).toBe(
      "unverifiable",
    )
  })

  it("every letter of every count of choices is read back", () => {
    for (let count = 2; count <= 26; count++) {
      const choices = Array.from({ length: count }, (_, i) => `choice number ${i + 100}`)
      for (let i = 0; i < count; i++) {
        const letter = String.fromCharCode(65 + i)
        for (const text of [`The answer is (${letter}).`, `${letter}`, `The answer is ${choices[i]}.`])
          expect(read(text, choices, letter).verdict, text).toBe("correct")
      }
    }
  })

  it("survives hostile text", () => {
    for (const text of [
      "(A) ".repeat(100_000),
      "A or ".repeat(100_000),
      `The answer is ${"not ".repeat(100_000)}B`,
      "\ud800".repeat(100_000),
      "*".repeat(1_000_000),
      "(".repeat(1_000_000),
    ])
      for (const choices of [undefined, cities]) expect(read(text, choices).verdict).not.toBe("correct")
  })
})
