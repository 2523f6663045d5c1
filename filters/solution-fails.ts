import { runsProgram, verifierVersions, verifyAnswer } from "../annotators/verify-answer.ts"
import { RowError } from "../pipelines/runtime/errors.ts"
import type { ProgramStep } from "../pipelines/runtime/step.ts"
import type { Question } from "../schemas/question.ts"

/**
 * Drops a question of code whose own worked solution fails its tests: no draft could pass them, and drafts cost money. Where the
 * solution cannot be run (no working sandbox) the row fails with the reason and a later run tries it again. Reads `solution`,
 * `reference`, `verifier` and `verifierOptions`; questions without a solution, or that a rule verifies, are kept.
 */
export const solutionFails = (): ProgramStep => ({
  kind: "program",
  id: "solution-fails",
  version: 1,
  params: { verifiers: verifierVersions },
  about: "Drops questions of code whose own solution fails their tests",
  async run(row, effects) {
    const question = row as unknown as Question
    if (!runsProgram(question) || question.reference === null || question.solution === null) return { keep: [row] }
    const { verdict, reason } = await verifyAnswer(question.solution, question, effects)
    if (verdict === "unverifiable")
      throw new RowError("unverifiable", reason ?? "the solution could not be run", { retryable: true })
    if (verdict === "correct") return { keep: [row] }
    return { drop: { reason: "solution-fails", evidence: { verdict, verdictReason: reason } }, row }
  },
})
