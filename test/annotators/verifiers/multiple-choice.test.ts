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
  ["**Answer: C**", "C"],
  ["**Answer:** (D)", "D"],
  ["Answer: B", "B"],
  ["ANSWER: B.", "B"],
  ["Final answer: **A**", "A"],
  ["The final answer is $\\boxed{C}$.", "C"],
  ["The final answer is \\boxed{\\textbf{(D)}}.", "D"],
  ["$\\boxed{\\text{(B) } 12}$", "B"],
  ["\\boxed{\\mathrm{B}}", "B"],
  ["\\boxed{B. London}", "B", cities],
  ["\\boxed{London}", "B", cities],
  ["\\boxed{\\textbf{B}}\n", "B"],
  ["So the correct choice is **B**.", "B"],
  ["Therefore, option B is correct.", "B"],
  ["Option (C) is the right one.", "C"],
  ["Hence B is the answer.", "B"],
  ["Thus, the correct answer is (A).", "A"],
  ["Therefore the answer must be D.", "D"],
  ["My answer is C.", "C"],
  ["I would go with B.", "B"],
  ["I'd pick D.", "D"],
  ["It's B.", "B"],
  ["b", "B"],
  ["(b)", "B"],
  ["[B]", "B"],
  ["B.", "B"],
  ["B)", "B"],
  ["B:", "B"],
  ["**(B)**", "B"],
  ["__B__", "B"],
  ["`B`", "B"],
  ['"B"', "B"],
  ["Ｂ", "B"],
  ["（Ｂ）", "B"],
  ["答案为C", "C"],
  ["故选B", "B"],
  ["故选：D。", "D"],
  ["因此正确答案是（A）。", "A"],
  ["所以答案为 B", "B"],
  ["正确选项是B", "B"],
  ["应选C", "C"],
  ["本题选D。", "D"],
  ["答案是B，不是A。", "B"],
  ["A is wrong, C is wrong, D is wrong. The answer is B.", "B"],
  ["The answer is B because A, C and D are wrong.", "B"],
  ["The answer is B, since option A does not fit.", "B"],
  ["The answer is B rather than C.", "B"],
  ["The answer is B instead of C.", "B"],
  ["I first thought A, but the answer is B.", "B"],
  ["Not A. Not C. Not D. The answer is B.", "B"],
  ["The answer is not A, it is B.", "B"],
  ["The answer is A? No. The answer is B.", "B"],
  ["The capital is London, so the answer is B.", "B", cities],
  ["The answer is B, London, not Paris.", "B", cities],
  ["The answer is London (B).", "B", cities],
  ["The answer is (B) London.", "B", cities],
  ["The capital of England is London.", "B", cities],
  ["london", "B", cities],
  ["**London**", "B", cities],
  ["The answer is new york.", "D", cities],
  ["Step 1: read.\nStep 2: choose.\n\nB", "B"],
  ["Let me think.\n\n**B**\n", "B"],
  ["B\n\nExplanation: A is too small and C too large.", "B"],
  ["(B)\nbecause the others fail", "B"],
  ['{"answer": "B"}', "B"],
  ["#### B", "B"],
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
  ["<think>so the answer is C</think>"],
  ["<think>so the answer is C"],
  ["The answer is not A."],
  ["The answer can't be B."],
  ["I would rule out B."],
  ["The answer is anything except B."],
  ["B or C"],
  ["(B) or (C)"],
  ["B / C"],
  ["B & C"],
  ["\\boxed{B, C}"],
  ["\\boxed{\\text{A or B}}"],
  ["The answer is either B or C."],
  ["The answer is A and B."],
  ["Maybe B, maybe C."],
  ["B or maybe C"],
  ["答案是A和B"],
  ["答案不是B"],
  ["选A或者选B"],
  ["排除B"],
  ["A、B"],
  ["None of the above"],
  ["I do not know."],
  ["The answer is London or Paris.", cities],
  ["The answer is not London.", cities],
  ["The answer is neither Paris nor Rome.", cities],
  ["The answer is (A) London.", cities],
  ["I have a dog."],
  ["As an AI, I cannot choose."],
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
