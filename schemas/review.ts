import { list, nullable, type RowOf, table, text } from "./columns.ts"
import { group, rollout } from "./rollout.ts"

/** A question with its drafts, put before humans. */
export const reviewQuestion = table("review", {
  id: text(),
  /** `consistently-failed`: no draft agreed with the reference. `accepted-share`: a sample of what was accepted. */
  why: text(),
  question: text(),
  choices: nullable(list(text())),
  reference: nullable(text()),
  domain: nullable(text()),
  source: text(),
  passRate: group.columns.passRate,
  rollouts: list(rollout),
})
export type ReviewQuestion = RowOf<typeof reviewQuestion>
