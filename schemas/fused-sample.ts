import { z } from "zod"
import { float64, int32, list, nullable, type RowOf, table, text } from "./columns.ts"
import { sample } from "./sample.ts"
import { thinkingMode } from "./source-sample.ts"

/** Where the flag that decides the mode of a sample stands. */
export const flagPlace = z.enum(["user", "system", "none"])
export type FlagPlace = z.infer<typeof flagPlace>

const { id, prompt, completion, chat_template_kwargs, enable_thinking } = sample.columns

/**
 * A sample of the set of both modes: the SFT row F3 of the handoff. Its first five columns are those of `sample`; the others say where
 * the row comes from. `completion` holds one assistant turn: its think block, empty where the mode is non-thinking, and the answer.
 */
export const fusedSample = table("fused-sample", {
  /** The source row's id; the second and later copies of one row append `/copy-2`, `/copy-3` ... */
  id,
  prompt,
  completion,
  chat_template_kwargs,
  enable_thinking,
  question_id: text(),
  source: text(),
  license: nullable(text()),
  revision: nullable(text()),
  domain: text(),
  category: text(),
  language: text(),
  mode: { ...text(), zod: thinkingMode },
  flag: { ...text(), zod: flagPlace },
  reference: nullable(text()),
  model: nullable(text()),
  pass_rate: nullable(float64()),
  /** Which copy of its source row it is, from 1. */
  copy: int32(),
  /** JSON of the source's other columns; null when there are none. */
  metadata: nullable(text()),
  /** `step@version` of every step of this run that touched the row, in order. */
  steps: list(text()),
})
/** A row of a fusion's dataset. */
export type FusedSample = RowOf<typeof fusedSample>
