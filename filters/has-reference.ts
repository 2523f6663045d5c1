import type { Verifiable } from "../annotators/verify-answer.ts"
import { canVote } from "../annotators/vote.ts"
import type { RowStep } from "../pipelines/runtime/step.ts"

/**
 * Drops a question without a reference answer: nothing could be verified against it. With `majority` it passes where the answer of
 * most drafts can stand in: never for answers that are run as programs. Reads `reference`, `choices` and `verifier`.
 */
export const hasReference = ({ majority }: { majority: boolean }): RowStep => ({
  kind: "row",
  id: "has-reference",
  version: 1,
  params: { majority },
  about: "Drops questions without a reference answer",
  run(row) {
    if (typeof row.reference === "string" && row.reference.trim() !== "") return null
    return majority && canVote(row as unknown as Verifiable) ? null : { reason: "no-reference" }
  },
})
