// The soft switch of dual-mode models: `/think` and `/no_think` in user turns and system messages, of which the last one decides (Qwen3
// Technical Report, arXiv 2505.09388, section 4.3 and table 9).
import type { Message } from "../../schemas/sample.ts"
import type { ThinkingMode } from "../../schemas/source-sample.ts"

/** A flag in a text: offsets in UTF-16 units. */
export interface ThinkingFlag {
  readonly mode: ThinkingMode
  readonly start: number
  readonly end: number
}

const flagText = { thinking: "/think", "non-thinking": "/no_think" } as const

/**
 * The flags of one text, in order. A flag is `/think` or `/no_think`, in this spelling, with white space or the end of the text on
 * either side, that stands
 * - at the end of the text (white space and further flags may follow), or
 * - at its beginning (white space and further flags may come before), or
 * - on a line of its own (with white space and further flags), outside of fenced code.
 *
 * Everything else is a mention and no flag: a path (`/think/x`, `cd /think && ls`), a word of a sentence (`the /think command`), what
 * stands in quotes, backticks or before a punctuation mark. Linear in the text.
 */
export function flagsIn(text: string): ThinkingFlag[] {
  const words: ThinkingFlag[] = []
  for (const match of text.matchAll(/(?<!\S)\/(no_)?think(?!\S)/g)) {
    const mode = match[1] === undefined ? "thinking" : "non-thinking"
    words.push({ mode, start: match.index, end: match.index + match[0].length })
  }
  if (words.length === 0) return words
  // Words with nothing but white space between them stand together: what holds for the first of them holds for all.
  const groups: ThinkingFlag[][] = []
  for (const word of words) {
    const group = groups.at(-1)
    if (group !== undefined && isBlank(text, group.at(-1)!.end, word.start)) group.push(word)
    else groups.push([word])
  }
  const fences = [...text.matchAll(/^[ \t]*(?:```|~~~)/gm)].map(({ index }) => index)
  let fencesBefore = 0
  return groups.flatMap((group) => {
    const start = group[0]!.start
    const end = group.at(-1)!.end
    const before = backOverBlanks(text, start)
    const after = forthOverBlanks(text, end)
    if (before === 0 || after === text.length) return group
    while (fencesBefore < fences.length && fences[fencesBefore]! < start) fencesBefore++
    if (fencesBefore % 2 === 1) return []
    return lineEnd.test(text.slice(before, start)) && lineEnd.test(text.slice(end, after)) ? group : []
  })
}

const lineEnd = /[\n\r\u2028\u2029]/
const blank = /\s/

const isBlank = (text: string, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) if (!blank.test(text[at]!)) return false
  return true
}

/** Where the white space before an offset begins. */
function backOverBlanks(text: string, from: number): number {
  let at = from
  while (at > 0 && blank.test(text[at - 1]!)) at--
  return at
}

/** Where the white space behind an offset ends. */
function forthOverBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && blank.test(text[at]!)) at++
  return at
}

/** The last flag of a conversation with the index of its turn; null where there is none. Only user and system turns can carry one. */
export function lastFlag(messages: readonly Message[]): (ThinkingFlag & { turn: number }) | null {
  for (let turn = messages.length - 1; turn >= 0; turn--) {
    const { role, content } = messages[turn]!
    if (role !== "user" && role !== "system") continue
    const flag = flagsIn(content).at(-1)
    if (flag !== undefined) return { ...flag, turn }
  }
  return null
}

/** The mode that a prompt asks for: what its last flag says; thinking where it has none. */
export const askedMode = (prompt: readonly Message[]): ThinkingMode => lastFlag(prompt)?.mode ?? "thinking"

/** A turn's content with a flag at its end, a space before it; white space at the end of the content is taken away. */
export const withFlag = (content: string, mode: ThinkingMode): string => {
  const text = content.trimEnd()
  return text === "" ? flagText[mode] : `${text} ${flagText[mode]}`
}

/** A text without its flags, and without the white space that set them apart. Mentions stay. */
export function withoutFlags(text: string): string {
  const flags = flagsIn(text)
  if (flags.length === 0) return text
  let kept = ""
  let from = 0
  for (const { start, end } of flags) {
    kept += text.slice(from, Math.max(from, backOverBlanks(text, start)))
    from = end
  }
  const rest = text.slice(from)
  return kept === "" ? rest.trimStart() : rest.trim() === "" ? kept : kept + rest
}
