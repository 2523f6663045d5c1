import { turnBorder } from "../chat/control-tokens.ts"
import { textAfterThinking } from "../chat/parse-response.ts"

/** Longest text that a verifier reads, in UTF-16 units: the end of the completion, where the answer stands. */
export const maxCompletionLength = 262_144

/**
 * The text in which an answer may stand: what follows the thinking (`textAfterThinking`), to the end of the turn. Thinking holds every
 * answer that was weighed and is none; a model that goes on behind the end of its turn speaks for others. Of a longer completion only
 * the last `maxCompletionLength` units are read.
 */
export function answerText(completion: string): string {
  const kept = Math.max(0, completion.length - maxCompletionLength)
  const { text, at } = textAfterThinking(completion)
  const answer = text.slice(Math.max(0, kept - at))
  const end = answer.includes("<|") ? answer.search(turnBorder) : -1
  return end < 0 ? answer : answer.slice(0, end)
}
