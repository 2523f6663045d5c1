import type { Rejection } from "../../schemas/rejection.ts"
import { group, type Rollout } from "../../schemas/rollout.ts"
import { uniform } from "../runtime/fingerprint.ts"
import { fateOf, type Row, type RowStep, rejectionOf, type Side, type Tally } from "../runtime/step.ts"

/**
 * Puts every response of a question through the response filters; the first that drops it is written into it. No response is lost:
 * the unfiltered twin and the review dataset are made from the same rows. A filter sees the question's columns, the rollout's
 * and the question's own text.
 */
export const filterResponses = (filters: readonly RowStep[]): RowStep => ({
  kind: "row",
  id: "response-filters",
  version: 1,
  params: {
    order: filters.map(({ id }) => id),
    ...Object.fromEntries(filters.map(({ id, version, params }) => [id, { version, ...(params as object) }])),
  },
  about: filters.map(({ id }) => id).join(", "),
  adds: { rollouts: group.columns.rollouts },
  run(row, side) {
    const rollouts = (row.rollouts as Rollout[]).map((rollout) => filterOne(filters, row, rollout, side))
    const tally: Tally = { responses: rollouts.length, kept: 0 }
    for (const { rejection } of rollouts) {
      const name = rejection ? lossOf(rejection) : "kept"
      tally[name] = (tally[name] ?? 0) + 1
    }
    return { keep: [{ ...row, rollouts }], tally }
  },
})

function filterOne(filters: readonly RowStep[], row: Row, rollout: Rollout, side: Side): Rollout {
  let response: Row = { ...row, ...rollout }
  for (const filter of filters) {
    const fate = fateOf(filter.run(response, side), response)
    if ("drop" in fate) return { ...rollout, rejection: rejectionOf(filter.id, fate.drop) }
    response = fate.keep[0] ?? response
  }
  return { ...rollout, rejection: null }
}

/**
 * Marks the questions that humans see: those on which every draft failed, because the reference may be the wrong one (Qwen3 report,
 * section 4.1), and a share of the others.
 */
export const markForReview = ({ share, seed }: { share: number; seed: number }): RowStep => ({
  kind: "row",
  id: "mark-for-review",
  version: 1,
  params: { share, seed },
  about: "Marks consistently failed questions and a share of the accepted ones for human review",
  adds: { review: group.columns.review },
  run(row) {
    const failed = row.correct === 0
    return { keep: [{ ...row, review: failed || uniform(seed, "review", String(row.id)) < share }] }
  },
})

/** Drops a question of which no response is left, and says what it died of. */
export const responsesLeft = (): RowStep => ({
  kind: "row",
  id: "responses-left",
  version: 1,
  params: {},
  about: "Drops questions of which no response is left",
  run(row) {
    const rollouts = row.rollouts as Rollout[]
    if (rollouts.some(({ rejection }) => rejection === null)) return null
    const reasons: Record<string, number> = {}
    for (const { rejection } of rollouts) {
      const name = lossOf(rejection!)
      reasons[name] = (reasons[name] ?? 0) + 1
    }
    const reason = row.correct === 0 ? "none-correct" : "all-rejected"
    return { reason, measured: 0, threshold: 1, evidence: reasons }
  },
})

const lossOf = ({ step, reason }: Rejection): string => (step === reason ? step : `${step}: ${reason}`)
