import { group, type Rollout } from "../../schemas/rollout.ts"
import { addTally } from "../runtime/counts.ts"
import type { Effects } from "../runtime/effect.ts"
import { RowError } from "../runtime/errors.ts"
import { type ProgramStep, type Row, rejectionOf, type Side, type Tally } from "../runtime/step.ts"
import { standing } from "./choose-samples.ts"
import { lossOf } from "./responses-left.ts"

/**
 * Puts every response of a question that still stands through the criteria that ask a judge, all responses at once and the criteria of one
 * in order. A response on which the judge could not be read or reached is set aside as `not-judged`: it is neither accepted nor does it
 * take the others with it. Rejects with the first such fault where it leaves the question without any response, so that a judge that makes
 * no sense is no filter; what an endpoint's fault cost is tried again by the next run.
 */
export const judgeResponses = (criteria: readonly ProgramStep[], mostResponses: number): ProgramStep => ({
  kind: "program",
  id: "response-judges",
  version: 1,
  params: {
    order: criteria.map(({ id }) => id),
    ...Object.fromEntries(criteria.map(({ id, version, params }) => [id, { version, ...(params as object) }])),
  },
  about: `${criteria.map(({ id }) => id).join(", ")} by a judge, of the responses that stand`,
  adds: { rollouts: group.columns.rollouts },
  bound: criteria.flatMap(({ bound = [] }) => bound.map((one) => ({ ...one, calls: one.calls * mostResponses }))),
  async run(row, effects, side) {
    const judged = await Promise.all(
      (row.rollouts as Rollout[]).map(
        async (rollout): Promise<JudgedRollout> =>
          rollout.rejection === null
            ? judgeOne(criteria, row, rollout, effects, side)
            : { rollout, tally: {}, fault: null },
      ),
    )
    const rollouts = judged.map(({ rollout }) => rollout)
    const faults = judged.flatMap(({ fault }) => fault ?? [])
    const kept = standing(rollouts).length
    if (kept === 0 && faults.length > 0) throw faults.find(({ retryable }) => retryable) ?? faults[0]!
    const tally: Tally = { responses: standing(row.rollouts as Rollout[]).length, kept }
    for (const [at, one] of judged.entries()) {
      addTally(tally, one.tally)
      const before = (row.rollouts as Rollout[])[at]!
      if (before.rejection === null && one.rollout.rejection !== null)
        addTally(tally, { [lossOf(one.rollout.rejection)]: 1 })
    }
    return { keep: [{ ...row, rollouts }], tally, incomplete: faults.some(({ retryable }) => retryable) }
  },
})

interface JudgedRollout {
  rollout: Rollout
  tally: Tally
  /** Why the judge could not decide. */
  fault: RowError | null
}

async function judgeOne(
  criteria: readonly ProgramStep[],
  row: Row,
  rollout: Rollout,
  effects: Effects,
  side: Side,
): Promise<JudgedRollout> {
  let current = rollout
  const tally: Tally = {}
  for (const criterion of criteria) {
    try {
      const fate = await criterion.run({ ...row, ...current }, effects, side)
      addTally(tally, fate.tally ?? {})
      const after = "drop" in fate ? fate.row : fate.keep[0]
      current = {
        ...current,
        judgements: (after?.judgements as Rollout["judgements"] | undefined) ?? current.judgements,
      }
      if ("drop" in fate)
        return { rollout: { ...current, rejection: rejectionOf(criterion.id, fate.drop) }, tally, fault: null }
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      const drop = { reason: "not-judged", evidence: { fault: error.reason, message: error.message } }
      return { rollout: { ...current, rejection: rejectionOf(criterion.id, drop) }, tally, fault: error }
    }
  }
  return { rollout: current, tally, fault: null }
}
