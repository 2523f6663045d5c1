import { flag, int32, nullable, struct, text, type ValueOf } from "./columns.ts"
import { finish } from "./rollout.ts"
import { verdictName } from "./verdict.ts"

/** A judge's answer to a question without chain of thought, with its verdict. */
export const directAnswer = struct({
  sample: int32(),
  /** Its start, 200 characters at most. */
  answer: text(),
  /** True where the model thought before it answered: no direct answer then, and not verified. */
  thought: flag(),
  /** What is not `stop` is not verified. */
  finish: { ...text(), zod: finish },
  verdict: { ...text(), zod: verdictName },
  extracted: nullable(text()),
  /** Id of the exchange in the run's ledger. */
  exchange: text(),
})
export type DirectAnswer = ValueOf<typeof directAnswer>
