import { group, type Rollout } from "../../schemas/rollout.ts"
import { fateOf } from "../runtime/fate.ts"
import { rowErrorOf } from "../runtime/row-chain.ts"
import { type Fate, type Row, type RowStep, rejectionOf, type Side, type Tally } from "../runtime/step.ts"
import { lossOf } from "./responses-left.ts"

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
    const fate = fateOfResponse(filter, response, side)
    if ("drop" in fate) return { ...rollout, rejection: rejectionOf(filter.id, fate.drop) }
    response = fate.keep[0] ?? response
  }
  return { ...rollout, rejection: null }
}

function fateOfResponse(filter: RowStep, response: Row, side: Side): Fate {
  try {
    return fateOf(filter, filter.run(Object.freeze(response), side), response)
  } catch (error) {
    throw rowErrorOf(error, `${filter.id}: `)
  }
}
