import { describe, expect, it } from "vitest"
import { math } from "../../../../annotators/verifiers/math.ts"
import { completionText, labelledCompletions, labelledPairs } from "./pairs.ts"

const verdictOf = (completion: string, reference: string, answer: "bare" | "auto" = "bare") =>
  math.verify({ completion, reference, options: { answer } })

describe("labelled pairs", () => {
  for (const [file, pairs] of labelledPairs())
    it(`${file}: ${pairs.length} answers`, () => {
      const missed = pairs.filter(({ answer, reference, verdict }) => verdictOf(answer, reference).verdict !== verdict)
      expect(missed).toEqual([])
      // An answer and a reference that change places are as equal as before; a reference that cannot be read scores nothing.
      const swapped = pairs.filter(
        ({ answer, reference, verdict }) =>
          (verdictOf(reference, answer).verdict === "correct") !== (verdict === "correct"),
      )
      expect(swapped).toEqual([])
    })
})

describe("labelled completions", () => {
  for (const [file, completions] of labelledCompletions())
    it(`${file}: ${completions.length} completions`, () => {
      const missed = completions.flatMap((row) => {
        const { verdict, extracted } = verdictOf(completionText(row), row.reference, "auto")
        const as = row.extracted === undefined || row.extracted === extracted
        return verdict === row.verdict && as ? [] : [{ row, got: { verdict, extracted } }]
      })
      expect(missed).toEqual([])
    })
})

it("no answer is labelled twice for one reference, and each file has answers of both kinds", () => {
  for (const [file, pairs] of labelledPairs()) {
    const keys = pairs.map(({ answer, reference, why }) => JSON.stringify([why, answer, reference]))
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
    const kinds = new Set(pairs.map(({ verdict }) => verdict))
    expect([file, kinds.has("correct"), kinds.has("incorrect")]).toEqual([file, true, true])
  }
})
