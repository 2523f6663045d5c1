import { z } from "zod"
import { float64, int32, nullable, struct, text, type ValueOf } from "./columns.ts"

export const decision = z.enum(["yes", "no", "unsure"])
export type Decision = z.infer<typeof decision>

/** What a judge (a model) decided on one criterion. */
export const judgement = struct({
  criterion: text(),
  decision: { ...text(), zod: decision },
  /** Probability of `yes` where the judge decides by log-probabilities; null otherwise. */
  probability: nullable(float64()),
  /** The judge's own short reason, where it gave one. */
  reason: nullable(text()),
  model: text(),
  promptVersion: int32(),
  /** Id of the exchange in the run's ledger. */
  exchange: text(),
})
export type Judgement = ValueOf<typeof judgement>
