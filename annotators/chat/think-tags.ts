// Where think tags stand in a text, and which of them are meant: a chain of thought may quote the tags in code.

export const openTag = "<think>"
export const closeTag = "</think>"

/** One think tag, [at, end). */
export interface ThinkTag {
  readonly open: boolean
  readonly at: number
  readonly end: number
  /** Inside a fence or between backticks. */
  readonly quoted: boolean
  /** At the start of a line, blanks aside; a closing one also where an empty line or the end of the text follows. */
  readonly apart: boolean
}

const fence = /^ {0,3}(`{3,}|~{3,})/
const tagPattern = /<(\/?)think>/g
const anyTag = /<\/?think>/g

/** Tags that are looked at, and the longest line that is searched for backticks: a text with more is hostile, not a thought. */
const maxTags = 1_000
const maxQuotedLine = 65_536

/** The tags from a place on, in order, at most about 1,000. Work is linear in the text. */
export function thinkTags(text: string, from = 0): ThinkTag[] {
  const tags: ThinkTag[] = []
  let tag = nextTag(text, from)
  if (tag < 0) return tags
  let fenced: string | null = null
  for (let start = from; start < text.length && tags.length < maxTags; ) {
    const feed = text.indexOf("\n", start)
    const end = feed < 0 ? text.length : feed
    const mark = start === from && from > 0 ? undefined : fence.exec(text.slice(start, Math.min(end, start + 64)))?.[1]
    if (fenced === null || mark === undefined) {
      if (tag < start) tag = nextTag(text, start)
      if (tag < 0) break
      if (tag < end) for (const found of tagsOfLine(text, start, end, fenced !== null, from)) tags.push(found)
    }
    if (mark !== undefined) {
      if (fenced === null) fenced = mark
      else if (mark.startsWith(fenced) && text.slice(start, end).trim() === mark) fenced = null
    }
    start = end + 1
  }
  return tags
}

/** The first place from which on a tag may stand. */
function nextTag(text: string, from: number): number {
  anyTag.lastIndex = from
  const found = anyTag.exec(text)
  return found ? found.index : -1
}

function tagsOfLine(text: string, start: number, end: number, fenced: boolean, from: number): ThinkTag[] {
  const line = text.slice(start, end)
  const quotes = fenced || line.length > maxQuotedLine ? [] : backtickSpans(line)
  let quote = 0
  return [...line.matchAll(tagPattern).take(maxTags)].map((found) => {
    const at = start + found.index
    const after = at + found[0].length
    while (quote < quotes.length && quotes[quote]![1] <= found.index) quote++
    const inside = quote < quotes.length && quotes[quote]![0] < found.index
    const atStart = isBlank(line.slice(0, Math.min(found.index, 256)), found.index) && (start > from || from === 0)
    const ends = found[1] === "/" && /^[ \t\r]*(?:\n[ \t\r]*\n|\n?$)/.test(text.slice(after, after + 64))
    return { open: found[1] === "", at, end: after, quoted: fenced || inside, apart: atStart || ends }
  })
}

const isBlank = (before: string, length: number) => length <= 256 && before.trim() === ""

/** The spans between equal runs of backticks in a line, in order. */
function backtickSpans(line: string): [start: number, end: number][] {
  const runs = [...line.matchAll(/`+/g)].map(({ 0: run, index }) => ({ index, length: run.length }))
  const next = new Map<number, number>()
  const partner = new Array<number>(runs.length)
  for (let at = runs.length - 1; at >= 0; at--) {
    partner[at] = next.get(runs[at]!.length) ?? -1
    next.set(runs[at]!.length, at)
  }
  const spans: [number, number][] = []
  for (let at = 0; at < runs.length; at++) {
    const end = partner[at]!
    if (end < 0) continue
    spans.push([runs[at]!.index, runs[end]!.index + runs[end]!.length])
    at = end
  }
  return spans
}

/**
 * The tag that closes a block which was opened before the first of these tags; null where none does. Tags that stand apart count
 * before those inside a line, and quoted ones hardly: only a quoted tag that stands apart, since a fence may have been left open. Inner
 * blocks are skipped as long as the tags balance.
 */
export function closingTag(tags: readonly ThinkTag[]): ThinkTag | null {
  const meant = tags.filter(({ quoted }) => !quoted)
  return (
    balanced(meant.filter(({ apart }) => apart)) ??
    balanced(meant) ??
    meant.findLast(({ open }) => !open) ??
    tags.find(({ open, apart }) => !open && apart) ??
    null
  )
}

function balanced(tags: readonly ThinkTag[]): ThinkTag | null {
  let depth = 1
  for (const tag of tags) {
    depth += tag.open ? 1 : -1
    if (depth === 0) return tag
  }
  return null
}
