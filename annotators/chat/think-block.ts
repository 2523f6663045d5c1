import { closeTag, openTag } from "./think-tags.ts"

/** A trained turn's content, taken apart. */
export interface ThinkBlock {
  /** What stands between the tags; null where there is no block. Blank for the empty block. */
  readonly thinking: string | null
  readonly answer: string
}

/**
 * Takes the content of an assistant's turn apart: a block at its beginning, and what follows. Null where the block does not end. Tags at
 * other places stay in the text: whoever trains on it must refuse them.
 */
export function thinkBlockOf(content: string): ThinkBlock | null {
  const text = content.trimStart()
  if (!text.startsWith(openTag)) return { thinking: null, answer: content }
  const end = text.indexOf(closeTag, openTag.length)
  if (end < 0) return null
  return { thinking: text.slice(openTag.length, end), answer: text.slice(end + closeTag.length) }
}

/**
 * The content of a trained turn in the one form that every surveyed loader keeps. The empty block where `thinking` is null: the mark of
 * an answer without thinking (Qwen3 Technical Report, arXiv 2505.09388, table 9).
 */
export const assistantContent = (thinking: string | null, answer: string): string =>
  `${openTag}\n${thinking === null ? "" : trimmedLines(thinking)}\n${closeTag}\n\n${answer.replace(/^\n+/, "")}`

/** A text without line feeds at its ends. Not by a regular expression: `\n+$` takes quadratic time over many line feeds. */
function trimmedLines(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text[start] === "\n") start++
  while (end > start && text[end - 1] === "\n") end--
  return text.slice(start, end)
}
