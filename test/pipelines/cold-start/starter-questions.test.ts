import { describe, expect, it } from "vitest"
import { math } from "../../../annotators/verifiers/math.ts"
import { multipleChoice } from "../../../annotators/verifiers/multiple-choice.ts"
import { reserveSimilarity } from "../../../filters/reserve-similarity.ts"
import { responseFilterConfig } from "../../../schemas/config.ts"
import { droppedKinds, mismatches, readStarterQuestions } from "../../fixtures/check-starter-questions.ts"

const questions = readStarterQuestions()
const isDropped = (id: string) => droppedKinds.some((kind) => id.startsWith(`starter-${kind}-`))

describe("starter questions", () => {
  it("have the references that an independent computation gives", () => {
    expect(mismatches(questions)).toEqual([])
  })
  it("the check finds a wrong reference and a question that it cannot compute", () => {
    const [first] = questions
    expect(mismatches([{ ...first!, reference: "13" }])).toEqual([`${first!.id}: reference 13, computed 12`])
    expect(mismatches([{ ...first!, id: "starter-new-01" }])).toEqual(["starter-new-01: no computation"])
  })
  it("are 24, and two of each kind that the question filter must drop", () => {
    expect(questions.filter(({ id }) => !isDropped(id)).length).toBe(24)
    for (const kind of droppedKinds) expect(questions.filter(({ id }) => id.includes(kind)).length).toBe(2)
    expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length)
    expect(new Set(questions.map(({ domain }) => domain))).toEqual(new Set(["mathematics", "code", "logic", "science"]))
  })
  it("have references that the verifiers read and tell apart", () => {
    for (const { id, reference, choices } of questions.filter(({ id }) => !isDropped(id))) {
      const score = (answer: string) =>
        choices
          ? multipleChoice.verify({ completion: `The answer is ${answer}.`, reference, options: { choices } })
          : math.verify({ completion: `The answer is ${answer}.`, reference })
      expect(score(reference).verdict, id).toBe("correct")
      expect(score(choices ? (reference === "A" ? "B" : "A") : "77").verdict, id).toBe("incorrect")
    }
  })
  it("are not so alike that one in the reserve drops another", () => {
    const step = reserveSimilarity(responseFilterConfig.parse({}).similarity)
    for (const reserved of questions)
      for (const { id, question } of questions)
        if (id !== reserved.id)
          expect(
            step.run({ question, answer: "" }, new Map([["reserve", [{ ...reserved }]]])),
            `${id} in the light of ${reserved.id}`,
          ).toBeNull()
  })
})
