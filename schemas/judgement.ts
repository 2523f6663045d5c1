import { z } from "zod"
import { float64, int32, list, nullable, struct, text, type ValueOf } from "./columns.ts"

export const decision = z.enum(["yes", "no", "unsure"])
export type Decision = z.infer<typeof decision>

/** How often a judge said what. Votes that could not be read are in none of them. */
export const votes = struct({ yes: int32(), no: int32(), unsure: int32() })
export type Votes = ValueOf<typeof votes>

/** What a judge (a model) decided on one criterion. */
export const judgement = struct({
  criterion: text(),
  decision: { ...text(), zod: decision },
  /** Probability of `yes` where the judge decides by log-probabilities; null otherwise. */
  probability: nullable(float64()),
  /** The judge's own short reason: that of the first vote for the decision. Null where it gave none. */
  reason: nullable(text()),
  /** Null where the judge decides by log-probabilities. */
  votes: nullable(votes),
  model: text(),
  promptVersion: int32(),
  /** Ids of the exchanges in the run's ledger, one for each vote that was read, in order. */
  exchanges: list(text()),
})
export type Judgement = ValueOf<typeof judgement>
