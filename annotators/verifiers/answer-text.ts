/** The text in which an answer may stand. */
export interface AnswerText {
  /** What follows the thinking; empty when nothing does. */
  answer: string
  /** The thinking, for answers that are marked inside it when nothing follows; empty when there is none. */
  thinking: string
}

/** Longest text that a verifier reads, in UTF-16 units: the end of the completion, where the answer stands. */
export const maxCompletionLength = 262_144

const opening = "<think>"
const closing = "</think>"

/**
 * Splits a completion at its think tags. The opening tag may be missing, since chat templates put it into the prompt; a block
 * that is never closed is thinking to its end. Of a longer completion only the last `maxCompletionLength` units are read.
 */
export function answerText(completion: string): AnswerText {
  const cut = completion.length > maxCompletionLength
  const text = cut ? completion.slice(-maxCompletionLength) : completion
  const close = text.lastIndexOf(closing)
  const after = close < 0 ? 0 : close + closing.length
  const open = text.indexOf(opening, after)
  if (open >= 0) return { answer: text.slice(after, open), thinking: text.slice(open + opening.length) }
  if (close >= 0) return { answer: text.slice(after), thinking: text.slice(0, close) }
  const unclosed = cut && completion.slice(0, 64).trimStart().startsWith(opening)
  return unclosed ? { answer: "", thinking: text } : { answer: text, thinking: "" }
}
