import type { Rejection } from "../../schemas/rejection.ts"
import type { Group } from "../../schemas/rollout.ts"
import type { Row, RowStep } from "../runtime/step.ts"

/**
 * Drops a question of which no response is left, and says why: no majority stands in for its missing reference, its reference is
 * suspected, none was right, or all that were right were rejected. The evidence is what the responses died of.
 */
export const responsesLeft = (): RowStep => ({
  kind: "row",
  id: "responses-left",
  version: 2,
  params: {},
  about: "Drops questions of which no response is left",
  run(row) {
    const { rollouts, vote } = row as unknown as Group
    if (rollouts.some(({ rejection }) => rejection === null)) return null
    const responses: Record<string, number> = {}
    for (const { rejection } of rollouts) {
      const name = lossOf(rejection!)
      responses[name] = (responses[name] ?? 0) + 1
    }
    return { reason: reasonOf(row), measured: 0, threshold: 1, evidence: { responses, vote } }
  },
})

function reasonOf({ reference, suspect, correct }: Row): string {
  if (reference === null) return "no-majority"
  if (suspect) return "suspect-reference"
  return correct === 0 ? "none-correct" : "all-rejected"
}

/** A rejection as it is counted: the step, and its reason where that says more. */
export const lossOf = ({ step, reason }: Rejection): string => (step === reason ? step : `${step}: ${reason}`)
