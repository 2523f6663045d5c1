import { isBlank } from "./python-text.ts"
import { closingTag, openTag, type ThinkTag, thinkTags } from "./think-tags.ts"

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
  const response = responseOf(text)?.text ?? null
  if (response === null) return { thinking: null, answer: null, complete: false }
  const blocks = thinkBlocks(response, "judged")
  if (blocks.length === 0) return { thinking: null, answer: response, complete: true }
  const thinking = joined(blocks.map(({ inner, close }) => response.slice(inner, close)))
  const ends = [0, ...blocks.map(({ end }) => end ?? response.length)]
  const before = joined(blocks.map(({ at }, block) => response.slice(ends[block], at)))
  if (blocks.at(-1)!.end === null) return { thinking, answer: before || null, complete: false }
  const last = withoutLeadingBreaks(response.slice(ends.at(-1)))
  return {
    thinking,
    answer: before === "" ? last : [before, last].filter(hasText).join("\n\n"),
    complete: true,
  }
}

/**
 * What follows the last block of thinking, and where it starts in the text; what stands before a block that never ends, where none ended
 * before it. For whoever must not take a thought for an answer: here every tag outside of code is meant, wherever it stands.
 */
export function textAfterThinking(text: string): { text: string; at: number } {
  const response = responseOf(text)
  if (response === null) return { text: "", at: text.length }
  const blocks = thinkBlocks(response.text, "meant")
  const open = blocks.at(-1)?.end === null ? blocks.pop() : undefined
  const from = blocks.at(-1)?.end ?? 0
  return { text: response.text.slice(from, open?.at), at: response.at + from }
}

/** A block of thinking, [at, end) with its tags and [inner, close) between them; `end` is null where it is never closed. */
interface ThinkBlock {
  readonly at: number
  readonly inner: number
  readonly close: number
  readonly end: number | null
}

/** How tags outside of code are read: by where they stand, since a sentence may speak of one, or each as one that is meant. */
type Reading = "judged" | "meant"

/** The blocks of a response in order; only the last may be without an end. */
function thinkBlocks(response: string, reading: Reading): ThinkBlock[] {
  const blocks: ThinkBlock[] = []
  let tags = thinkTags(response)
  let opened = firstBlock(response, tags, reading)
  while (opened !== null && blocks.length < maxBlocks) {
    const { inner } = opened
    const close = closingTag(tags.filter((tag) => tag.at >= inner))
    blocks.push({ ...opened, close: close?.at ?? response.length, end: close?.end ?? null })
    if (close === null) break
    tags = thinkTags(response, close.end)
    const [next] = tags
    const follows = next?.open && !hasText(response.slice(close.end, next.at))
    opened = blockOf(follows ? next : tags.find((tag) => isBlockStart(tag, reading)))
  }
  return blocks
}

/** Where a block starts, and where its text does. */
interface BlockStart {
  at: number
  inner: number
}

const blockOf = (tag: ThinkTag | undefined): BlockStart | null => (tag ? { at: tag.at, inner: tag.end } : null)

const isBlockStart = ({ open, apart, quoted }: ThinkTag, reading: Reading) =>
  open && !quoted && (apart || reading === "meant")

/** The first block: behind an opening tag at the start of a line, or from the start where a closing tag has none before it. */
function firstBlock(text: string, tags: readonly ThinkTag[], reading: Reading): BlockStart | null {
  const start = text.length - text.trimStart().length
  // Not even an open quotation makes the very first tag text.
  if (text.startsWith(openTag, start)) return { at: start, inner: start + openTag.length }
  const meant = tags.filter(({ quoted }) => !quoted)
  const isClose = (tag: ThinkTag) => !tag.open && (reading === "meant" || tag.apart || !isMention(text, tag))
  const close = meant.findIndex(isClose)
  const open = meant.findIndex((tag) => isBlockStart(tag, reading))
  const implied = close >= 0 && (open < 0 || close < open) && !meant.slice(0, close).some((tag) => tag.open)
  // Thinking may leave a fence open.
  const fenced = reading === "meant" && meant.length === 0 && tags[0]?.open === false && tags.some(({ apart }) => apart)
  return implied || fenced ? { at: 0, inner: 0 } : blockOf(meant[open])
}

/** A tag that a sentence speaks of: blanks or punctuation on both of its sides. */
const isMention = (text: string, { at, end }: ThinkTag) =>
  /[ \t"'(]/.test(text[at - 1] ?? "") && /[ \t"').,;:!?]/.test(text[end] ?? "")

const turnStart = "<|im_start|>"
const assistantStart = `${turnStart}assistant\n`
const turnEnd = /<\|im_end\|>\s*(?:<\|endoftext\|>\s*)*(?=<\|im_start\|>|$)|<\|endoftext\|>\s*$/

/** The assistant's text and where it starts: of a rendered conversation its last turn, or null where there is none. */
function responseOf(text: string): { text: string; at: number } | null {
  let from = 0
  if (text.trimStart().startsWith(turnStart)) {
    const start = text.lastIndexOf(assistantStart)
    if (start < 0 || start + assistantStart.length === text.length) return null
    from = start + assistantStart.length
  }
  const response = from === 0 ? text : text.slice(from)
  const end = text.includes("<|", from) ? turnEnd.exec(response) : null
  return { text: end ? response.slice(0, end.index) : response, at: from }
}

const hasText = (text: string) => !isBlank(text)

const withoutLeadingBreaks = (text: string) => text.replace(/^[\r\n]+/, "")

/** The template puts a line break on either side of the thinking; it is not part of it. */
function inner(text: string): string {
  if (!hasText(text)) return ""
  let end = text.length
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--
  return withoutLeadingBreaks(text.slice(0, end))
}

const joined = (parts: readonly string[]) => parts.map(inner).filter(hasText).join("\n\n")
