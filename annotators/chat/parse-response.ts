import { closeTag, closingTag, openTag, type ThinkTag, thinkTags } from "./think-tags.ts"

/** The parts of a completion. */
export interface ParsedResponse {
  /** Text of the think block without the line breaks at its ends; empty for the empty block, null where there is no block. */
  readonly thinking: string | null
  /** What stands outside the block, without the line breaks before it; null where there is nothing but thinking without an end. */
  readonly answer: string | null
  /** False where the thinking has no end, or a rendered conversation has no turn of the assistant. */
  readonly complete: boolean
}

/** Blocks that are looked for: what follows is answer. Bounds the work on a text that is nothing but tags. */
const maxBlocks = 16

/**
 * Splits a completion, or the last assistant's turn of a whole rendered conversation, into thinking and answer. Never throws.
 *
 * The opening tag may be missing, since some templates put it into the prompt. Tags that are quoted in code are text (`think-tags.ts` says
 * which ones count). Of several blocks the texts are joined by empty lines, and so is what stands outside of them. A turn's end
 * (`<|im_end|>`) and whatever a model wrote behind it are left out.
 */
export function parseResponse(text: string): ParsedResponse {
  const response = responseOf(text)
  if (response === null) return { thinking: null, answer: null, complete: false }
  const thoughts: string[] = []
  const outside: string[] = []
  let at = 0
  let tags = thinkTags(response)
  let opened = firstBlock(response, tags)
  while (opened !== null && thoughts.length < maxBlocks) {
    outside.push(response.slice(at, opened.at))
    const close = closingTag(tags.filter((tag) => tag.at >= opened!.inner))
    thoughts.push(response.slice(opened.inner, close?.at))
    if (close === null)
      return { thinking: joined(thoughts.map(inner)), answer: joined(outside) || null, complete: false }
    at = close.end
    tags = thinkTags(response, at)
    const [next] = tags
    const follows = next?.open && !hasText(response.slice(at, next.at))
    opened = blockOf(follows ? next : tags.find(isBlockStart))
  }
  if (thoughts.length === 0) return { thinking: null, answer: response, complete: true }
  const last = withoutLeadingBreaks(response.slice(at))
  const before = joined(outside)
  return {
    thinking: joined(thoughts.map(inner)),
    answer: before === "" ? last : [before, last].filter(hasText).join("\n\n"),
    complete: true,
  }
}

/** Where a block starts, and where its text does. */
interface BlockStart {
  at: number
  inner: number
}

const blockOf = (tag: ThinkTag | undefined): BlockStart | null => (tag ? { at: tag.at, inner: tag.end } : null)

const isBlockStart = ({ open, apart, quoted }: ThinkTag) => open && apart && !quoted

/** The first block: behind an opening tag at the start of a line, or from the start where a closing tag has none before it. */
function firstBlock(text: string, tags: readonly ThinkTag[]): BlockStart | null {
  const start = text.length - text.trimStart().length
  // Not even an open quotation makes the very first tag text.
  if (text.startsWith(openTag, start)) return { at: start, inner: start + openTag.length }
  const meant = tags.filter(({ quoted }) => !quoted)
  const close = meant.findIndex((tag) => !tag.open && (tag.apart || !isMention(text, tag)))
  const open = meant.findIndex(isBlockStart)
  const implied = close >= 0 && (open < 0 || close < open) && !meant.slice(0, close).some((tag) => tag.open)
  return implied ? { at: 0, inner: 0 } : blockOf(meant[open])
}

/** A tag that a sentence speaks of: blanks or punctuation on both of its sides. */
const isMention = (text: string, { at, end }: ThinkTag) =>
  /[ \t"'(]/.test(text[at - 1] ?? "") && /[ \t"').,;:!?]/.test(text[end] ?? "")

const turnStart = "<|im_start|>"
const assistantStart = `${turnStart}assistant\n`
const turnEnd = /<\|im_end\|>\s*(?:<\|endoftext\|>\s*)*(?=<\|im_start\|>|$)|<\|endoftext\|>\s*$/

/** The assistant's text: of a rendered conversation its last turn, or null where there is none. */
function responseOf(text: string): string | null {
  let from = 0
  if (text.trimStart().startsWith(turnStart)) {
    const start = text.lastIndexOf(assistantStart)
    if (start < 0 || start + assistantStart.length === text.length) return null
    from = start + assistantStart.length
  }
  if (!text.includes("<|", from)) return from === 0 ? text : text.slice(from)
  const response = text.slice(from)
  const end = turnEnd.exec(response)
  return end ? response.slice(0, end.index) : response
}

const hasText = (text: string) => text.trim() !== ""

const withoutLeadingBreaks = (text: string) => text.replace(/^[\r\n]+/, "")

/** The template puts a line break on either side of the thinking; it is not part of it. */
function inner(text: string): string {
  if (!hasText(text)) return ""
  let end = text.length
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--
  return withoutLeadingBreaks(text.slice(0, end))
}

const joined = (parts: readonly string[]) => parts.map(inner).filter(hasText).join("\n\n")

/** The think block of a training sample and what follows it, in the one form that every surveyed loader keeps. */
export const assistantContent = (thinking: string | null, answer: string): string =>
  `${openTag}\n${(thinking ?? "").replace(/^\n+|\n+$/g, "")}\n${closeTag}\n\n${answer.replace(/^\n+/, "")}`
