import { describe, expect, it } from "vitest"
import { math } from "../../../../annotators/verifiers/math.ts"
import { compareValues } from "../../../../annotators/verifiers/math-equality.ts"
import { maxSteps, Steps } from "../../../../annotators/verifiers/math-steps.ts"
import { readValue } from "../../../../annotators/verifiers/math-value.ts"
import { verdict as verdictColumn } from "../../../../schemas/verdict.ts"
import { one, seeded } from "./generated.ts"
import { costly } from "./hostile.ts"

const fragments = (
  "1|23|.5|,|.|{|}|(|)|[|]|$|\\|\\frac|\\frac{1}{|^|_|!|%|=|<|\\le |\\pm |x|i|e|+|-|*|/|||\\sqrt{|\\sqrt[3]|\\text{|\\boxed{|####|A:|the answer is |" +
  "答案是|零|万|分之|或|or |and |(1,2)|\\cup |U|\\begin{pmatrix}|\\begin{cases}|&|\\\\|\\end{pmatrix}|\\sin |\\log_|\\sum_{k=1}^{9}|\\ldots|\\overline{3}|" +
  "12:30|°|cm |km/h|m^2|\\setminus|\\in |two |hundred |**|`|\"|\n|'|\u200b|，|9!|\\binom{9}{|\\lfloor |\\pmod{7}|\\quad|\\left(|\\!|f(|x_1=|\\infty|é|\ud800|½|²|√"
).split("|")

describe("hostile notation", () => {
  it("no soup of fragments throws, and every verdict fits its column", () => {
    const random = seeded(127)
    const references = ["5", "x^2+1", "\\{1,2\\}", "yes", "(1,2]", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"]
    const bad: unknown[] = []
    for (let round = 0; round < 1_200; round++) {
      const text = Array.from({ length: 1 + random(12) }, () => one(random, fragments)).join("")
      const options = { answer: one(random, ["bare", "auto"]) }
      for (const [completion, reference] of [
        [text, one(random, references)],
        [one(random, references), text],
      ] as const) {
        const got = math.verify({ completion, reference, options })
        if (!verdictColumn.zod.safeParse(got).success) bad.push({ completion, reference, got })
      }
      // The same text is the same answer, wherever it can be read.
      const same = math.verify({ completion: text, reference: text, options: { answer: "bare" } })
      if (same.verdict === "incorrect") bad.push({ text, same })
    }
    expect(bad).toEqual([])
  })

  for (const [name, [answer, reference]] of Object.entries(costly))
    it(`${name}: within the steps of one verdict`, () => {
      const [a, b] = [readValue(answer), readValue(reference)]
      if (a === null || b === null) throw new Error("blank")
      const steps = new Steps()
      expect(["equal", "unequal", "undecided"]).toContain(compareValues(a, b, null, steps))
      // What is taken beyond the budget is refused: at most one call for each node that was begun.
      expect(maxSteps - steps.left).toBeLessThan(2 * maxSteps)
    })
})
