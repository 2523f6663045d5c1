import { int32, list, nullable, struct, text, type ValueOf } from "./columns.ts"

/** A draft of a question that was made elsewhere, as its file has it; what of it is thinking is told apart when it is used. */
export const importedDraft = struct({
  content: text(),
  /** The reasoning where the file has it apart (`reasoning_content`). */
  reasoning: nullable(text()),
  /** `length` where the file says that it was cut, else `stop`. */
  finish: text(),
  /** Null where the file does not say. */
  outputTokens: nullable(int32()),
  /** Whose answer it is, as the config declares. */
  model: text(),
})
export type ImportedDraft = ValueOf<typeof importedDraft>

/** The column that questions get in runs with imported drafts, in the order of the files; empty once they are drafts. */
export const importedDrafts = list(importedDraft)
