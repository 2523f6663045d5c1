import { describe, expect, it } from "vitest"
import type { LabelledResponse } from "../fixtures/responses/labelled.ts"

/** A case as a row of the response stage. */
export const rowOf = ({ question, thinking, answer, reference, choices, verifier }: LabelledResponse) => ({
  question,
  thinking,
  answer,
  reference: reference ?? null,
  choices: choices ?? null,
  verifier: verifier ?? null,
})

/** Every case must get what its label says, and both kinds must be there. */
export function checkLabelled(cases: readonly LabelledResponse[], say: (one: LabelledResponse) => string | null): void {
  describe("labelled responses", () => {
    it("are enough, and of both kinds", () => {
      const found = cases.filter(({ says }) => says !== null).length
      expect(Math.min(found, cases.length - found)).toBeGreaterThanOrEqual(15)
      expect(cases.length).toBeGreaterThanOrEqual(40)
      expect(new Set(cases.map(({ name, says }) => `${says}${name}`)).size).toBe(cases.length)
    })
    it.each(cases.map((one) => [one.says ?? "nothing", one.name, one] as const))("%s: %s", (_, __, one) => {
      expect(say(one)).toBe(one.says)
    })
  })
}
