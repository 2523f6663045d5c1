import { z } from "zod"
import { list, nullable, type RowOf, table, text } from "./columns.ts"
import { group, rollout } from "./rollout.ts"

/** Why a question is put before humans. */
export const reviewWhy = z.enum(["suspect-reference", "consistently-failed", "accepted-share"])
export type ReviewWhy = z.infer<typeof reviewWhy>

/** A question with its drafts, put before humans. */
export const reviewQuestion = table("review", {
  id: text(),
  /**
   * `suspect-reference`: the drafts agree on another answer than the reference. `consistently-failed`: none agreed with it, nor they
   * with each other. `accepted-share`: a sample of what was accepted.
   */
  why: { ...text(), zod: reviewWhy },
  question: text(),
  choices: nullable(list(text())),
  reference: nullable(text()),
  referenceOrigin: group.columns.referenceOrigin,
  domain: nullable(text()),
  source: text(),
  passRate: group.columns.passRate,
  passRateLow: group.columns.passRateLow,
  passRateHigh: group.columns.passRateHigh,
  /** What the drafts agree on, and how many of them: the evidence against a suspected reference, or for a majority's. */
  vote: group.columns.vote,
  rollouts: list(rollout),
})
export type ReviewQuestion = RowOf<typeof reviewQuestion>
