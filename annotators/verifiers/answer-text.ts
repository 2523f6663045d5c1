/** Longest text that a verifier reads, in UTF-16 units: the end of the completion, where the answer stands. */
export const maxCompletionLength = 262_144

// A model that goes on behind the end of its turn speaks for others.
const turnEnd = /<\|(?:im_end|im_start|endoftext|end|eot_id)\|>/

const opening = "<think>"
const closing = "</think>"

/**
 * The text in which an answer may stand: what follows the thinking, to the end of the turn. Thinking holds every answer that was
 * weighed and is none. Its opening tag may be missing, since chat templates put it into the prompt; a block that is never closed is
 * thinking to its end. Of a longer completion only the last `maxCompletionLength` units are read.
 */
export function answerText(completion: string): string {
  const cut = completion.length > maxCompletionLength
  const text = cut ? completion.slice(-maxCompletionLength) : completion
  const close = text.lastIndexOf(closing)
  const after = close < 0 ? 0 : close + closing.length
  const open = text.indexOf(opening, after)
  // The tag with which a block began may be cut off.
  if (cut && close < 0 && completion.slice(0, 64).trimStart().startsWith(opening)) return ""
  const answer = text.slice(after, open < 0 ? text.length : open)
  const end = answer.includes("<|") ? answer.search(turnEnd) : -1
  return end < 0 ? answer : answer.slice(0, end)
}
