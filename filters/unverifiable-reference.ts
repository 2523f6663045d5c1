import { referenceFault, type Verifiable, verifierIdOf, verifierVersions } from "../annotators/verify-answer.ts"
import type { RowStep } from "../pipelines/runtime/step.ts"

/**
 * Drops a question whose reference no answer could be scored against (it cannot be parsed, or names an unknown verifier), before
 * anything is paid for it. A question without a reference is left to `has-reference`. Reads `reference`, `choices`, `verifier` and
 * `verifierOptions`.
 */
export const unverifiableReference = (): RowStep => ({
  kind: "row",
  id: "unverifiable-reference",
  version: 1,
  params: { verifiers: verifierVersions },
  about: "Drops questions whose reference the verifier cannot read",
  run(row) {
    const question = row as unknown as Verifiable
    if (typeof question.reference !== "string" || question.reference.trim() === "") return null
    const fault = referenceFault(question)
    return fault === null
      ? null
      : { reason: "unverifiable-reference", evidence: { verifier: verifierIdOf(question), fault } }
  },
})
