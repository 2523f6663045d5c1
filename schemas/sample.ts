import { flag, float64, int32, list, nullable, type RowOf, struct, table, text, type ValueOf } from "./columns.ts"
import { referenceOrigin } from "./rollout.ts"
import { verdictName } from "./verdict.ts"

/** One turn of a conversation. */
export const message = struct({ role: text(), content: text() })
export type Message = ValueOf<typeof message>

/**
 * A training conversation: the SFT row F3 of the handoff. Its first five columns are what trainers load; the others say
 * where the row comes from and are ignored by them. `completion` holds one assistant turn with its think block.
 */
export const sample = table("sample", {
  /** The question's id; the second and later samples of one question append `/sample-2`, `/sample-3` ... */
  id: text(),
  prompt: list(message),
  completion: list(message),
  chat_template_kwargs: struct({ enable_thinking: flag() }),
  enable_thinking: flag(),
  question_id: text(),
  source: text(),
  license: nullable(text()),
  domain: text(),
  reference: nullable(text()),
  /** `majority`: no source gave the reference, the drafts voted for it; null where there is none. */
  reference_origin: nullable({ ...text(), zod: referenceOrigin }),
  /** What the verifier said, and of which answer. */
  verdict: { ...text(), zod: verdictName },
  extracted: nullable(text()),
  /** `step: reason` of the response filter that dropped it; null in the filtered dataset. */
  rejected_by: nullable(text()),
  /** JSON {measured, threshold, evidence} of that rejection: spans, n-grams, a judge's reason; null in the filtered dataset. */
  rejection_evidence: nullable(text()),
  /** Share of right answers among the question's verified rollouts, with its 95% interval. */
  pass_rate: nullable(float64()),
  pass_rate_low: nullable(float64()),
  pass_rate_high: nullable(float64()),
  rollouts: int32(),
  model: text(),
  temperature: nullable(float64()),
  top_p: nullable(float64()),
  max_tokens: nullable(int32()),
  seed: int32(),
  output_tokens: int32(),
  /** Id of the exchange in the run's ledger. */
  exchange: text(),
  /** `step@version` of every step that touched the row, in order. */
  steps: list(text()),
})
/** An SFT conversation as a row. */
export type Sample = RowOf<typeof sample>
