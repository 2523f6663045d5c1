import { z } from "zod"
import { flag, float64, list, nullable, type RowOf, table, text } from "./columns.ts"
import { message } from "./sample.ts"

/** The two modes of a dual-mode model: it thinks before it answers, or it answers at once. */
export const thinkingMode = z.enum(["thinking", "non-thinking"])
export type ThinkingMode = z.infer<typeof thinkingMode>

/** A conversation as a source has it, before anything is checked. One row of a source becomes one. */
export const sourceSample = table("source-sample", {
  /** The source's own id, else `sha256:` and the first 24 hex digits of the hash of the conversation. */
  id: text(),
  question_id: text(),
  /** All turns; the last one should be the assistant's that is trained. */
  messages: list(message),
  /** The thinking of the last turn where the source keeps it apart (`reasoning_content`, or a column). */
  reasoning: nullable(text()),
  /** The source's own `enable_thinking`, where it has one. */
  declared: nullable(flag()),
  /** The mode of the source that the row stands in. */
  mode: { ...text(), zod: thinkingMode },
  /** JSON of the tools that the source offers to the model; null where there are none. */
  tools: nullable(text()),
  category: nullable(text()),
  domain: nullable(text()),
  language: nullable(text()),
  source: text(),
  license: nullable(text()),
  revision: nullable(text()),
  reference: nullable(text()),
  model: nullable(text()),
  pass_rate: nullable(float64()),
  /** JSON of the source's other columns; null when there are none. */
  metadata: nullable(text()),
})
export type SourceSample = RowOf<typeof sourceSample>
