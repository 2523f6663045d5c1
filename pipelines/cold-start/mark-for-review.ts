import { group } from "../../schemas/rollout.ts"
import { uniform } from "../runtime/fingerprint.ts"
import type { RowStep } from "../runtime/step.ts"

/**
 * Marks the questions that humans see: those on which every draft failed, because the reference may be the wrong one (Qwen3 report,
 * section 4.1), and a share of the others. A question for which no reference was found at all is not put before them.
 */
export const markForReview = ({ share, seed }: { share: number; seed: number }): RowStep => ({
  kind: "row",
  id: "mark-for-review",
  version: 2,
  params: { share, seed },
  about: "Marks consistently failed questions and a share of the accepted ones for human review",
  adds: { review: group.columns.review },
  run(row) {
    const failed = row.correct === 0
    const review = row.reference !== null && (failed || uniform(seed, "review", String(row.id)) < share)
    return { keep: [{ ...row, review }] }
  },
})
