import { float64, int64, list, nullable, type RowOf, struct, table, text } from "./columns.ts"
import { message } from "./sample.ts"

/**
 * F4 of the handoff: a prompt for reinforcement learning with what scores its completions, in the columns that TRL (`prompt`, the others
 * become arguments of the reward), verl (`data_source`, `reward_model`, `extra_info`) and open-instruct (`messages`, `ground_truth`,
 * `dataset`) read.
 */
export const rlPrompt = table("rl-prompt", {
  id: text(),
  prompt: list(message),
  /** `rlvr/` and our verifier. */
  data_source: text(),
  ability: text(),
  /** The reference as our verifier takes it. */
  reward_model: struct({ style: text(), ground_truth: text() }),
  /** `verifiers`: JSON, a list of {name, weight, options}. */
  extra_info: struct({ index: int64(), split: text(), verifiers: text() }),
  messages: list(message),
  /** The reference as open-instruct's verifier of the name in `dataset` takes it. */
  ground_truth: list(text()),
  dataset: list(text()),
  solution: text(),
  source: text(),
  license: nullable(text()),
  /** Share of right answers among the question's verified rollouts. */
  pass_rate: float64(),
})
export type RlPrompt = RowOf<typeof rlPrompt>
