import { float32, float64, int32, int64, list, type RowOf, table, text } from "./columns.ts"

/**
 * F5 of the handoff: one completion with the log-probabilities that distillation needs, for T completion tokens. `student_logprobs` and
 * `teacher_logprobs` [T] are of the sampled tokens; `topk_ids` and `topk_logprobs` [T * k] are the teacher's k likeliest tokens
 * of each place, likeliest first, one place after the other; `tail_logprobs` [T] is the logarithm of what the teacher gives to all others
 * together.
 */
export const distillRow = table("distill", {
  id: text(),
  prompt_ids: list(int32()),
  completion_ids: list(int32()),
  student_logprobs: list(float32()),
  teacher_logprobs: list(float32()),
  topk_ids: list(int32()),
  topk_logprobs: list(float32()),
  tail_logprobs: list(float32()),
  /** SHA-256 of the two checkpoints, and of the tokenizer.json that both share. */
  student_digest: text(),
  teacher_digest: text(),
  tokenizer_digest: text(),
  /** The student's optimiser step from which the completion was sampled. */
  step: int64(),
  temperature: float64(),
  k: int32(),
})
export type DistillRow = RowOf<typeof distillRow>
