import { z } from "zod"
import { float64, nullable, struct, text, type ValueOf } from "./columns.ts"

/** `unparsed`: no answer could be read. `unverifiable`: the verifier could not run (no sandbox, bad reference). */
export const verdictName = z.enum(["correct", "incorrect", "unparsed", "unverifiable"])
export type VerdictName = z.infer<typeof verdictName>

/** A verifier's verdict. `reward` is null exactly when unparsed or unverifiable: a failure to verify is never a 0. */
export const verdict = struct({
  verdict: { ...text(), zod: verdictName },
  reward: nullable(float64()),
  /** The answer that was read from the completion; null when none was. */
  extracted: nullable(text()),
  /** Why, where the verdict alone does not say it. */
  reason: nullable(text()),
})
/** What a verifier says of one completion. */
export type Verdict = ValueOf<typeof verdict>
