import type { ChatAnswer } from "./endpoint/chat.ts"

/** A completion's two parts, as a training sample has them. */
export interface SplitResponse {
  thinking: string | null
  answer: string
}

/**
 * Splits a completion into thinking and answer. A model that thinks apart has done it. Of a plain chain of thought, the last
 * paragraph or line is the answer and what stands before it the thinking; a single line has no thinking.
 */
export function splitResponse({ thinking, answer }: Pick<ChatAnswer, "thinking" | "answer">): SplitResponse {
  if (thinking !== null) return { thinking, answer }
  const trimmed = answer.trimEnd()
  const cut = trimmed.lastIndexOf("\n")
  if (cut < 0) return { thinking: null, answer: trimmed }
  return { thinking: trimmed.slice(0, cut).trim(), answer: trimmed.slice(cut + 1).trim() }
}
