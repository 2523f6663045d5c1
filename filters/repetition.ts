import type { Reason, RowStep } from "../pipelines/runtime/step.ts"
import { hashNgrams, NgramSet, ngramLength, splitWords } from "./ngrams.ts"
import { responseOf } from "./response.ts"

/** Thresholds, as `filters.repetition` of the config has them. */
export interface RepetitionParams {
  /** Words in a repeated n-gram; half as many characters again in scripts without spaces. */
  readonly ngram: number
  /** Share of words (or, in unbroken runs, of characters) in repetitions above which a response is dropped. */
  readonly maxShare: number
  /** Times that one line may come in a row. */
  readonly maxLineRepeats: number
}

/**
 * Drops responses with substantial repetition, in the thinking or in the answer, each measured by itself: a line that comes
 * too often in a row, words inside n-grams that came before (Gopher, arXiv 2112.11446, table A1, over words), and short
 * periods in unbroken runs of characters. Linear in the text. Second response criterion of the Qwen3 report (section 4.1).
 */
export function repetition(params: RepetitionParams): RowStep {
  const { ngram, maxShare, maxLineRepeats } = params
  return {
    id: "repetition",
    version: 1,
    params: { ngram, maxShare, maxLineRepeats },
    about: "Drops responses that loop: repeated lines, n-grams or characters",
    kind: "row",
    run(row) {
      const { thinking, answer } = responseOf(row)
      return loops(thinking, "thinking", params) ?? loops(answer, "answer", params)
    },
  }
}

function loops(text: string, part: "thinking" | "answer", params: RepetitionParams): Reason | null {
  if (text === "") return null
  const found = [
    { kind: "line", limit: params.maxLineRepeats, ...lineLoops(text) },
    { kind: "n-gram", limit: params.maxShare, ...ngramLoops(text, params.ngram) },
    { kind: "character", limit: params.maxShare, ...characterLoops(text) },
  ].find(({ measured, limit }) => measured > limit)
  if (!found) return null
  const { kind, limit, measured, spans } = found
  const evidence = { part, kind, spans: spans.slice(0, maxSpans), repeated: excerpt(text, spans[0]) }
  return { reason: "repetition", measured, threshold: limit, evidence }
}

/** Where a repetition stands in its part of the response, in UTF-16 units: [start, end). */
type Span = [start: number, end: number]

interface Loops {
  measured: number
  spans: Span[]
}

/** Most spans, and longest repeated text, that are kept as evidence. */
const maxSpans = 8
const maxExcerpt = 120

const excerpt = (text: string, span: Span | undefined) =>
  span === undefined ? "" : text.slice(span[0], Math.min(span[1], span[0] + maxExcerpt)).toWellFormed()

/** The longest run of one line, blank lines and white space at the ends apart. Lines without a word (`}`, `---`) do not count. */
function lineLoops(text: string): Loops {
  let longest = { repeats: 0, span: [0, 0] as Span }
  let [line, repeats, first] = ["", 0, 0]
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start)
    const end = newline < 0 ? text.length : newline
    const next = text.slice(start, end).trim()
    if (next !== "") {
      if (next === line) repeats++
      else [line, repeats, first] = [next, 1, start]
      if (repeats > longest.repeats && (repeats === 1 || /[\p{L}\p{N}]/u.test(line)))
        longest = { repeats, span: [first, end] }
    }
    start = end + 1
  }
  return { measured: longest.repeats, spans: [longest.span] }
}

/** Share of the words that stand inside an n-gram which came before. */
function ngramLoops(text: string, ngram: number): Loops {
  const words = splitWords(text)
  const n = ngramLength(words, ngram)
  const hashes = hashNgrams(words, n)
  const seen = new NgramSet(n, words.hashes, hashes.length)
  const spans: Span[] = []
  let covered = 0
  let end = 0
  for (let at = 0; at < hashes.length; at++) {
    if (seen.add(hashes[at]!, at) < 0) continue
    const last = spans.at(-1)
    if (last && at <= end) last[1] = words.ends[at + n - 1]!
    else spans.push([words.starts[at]!, words.ends[at + n - 1]!])
    covered += at + n - Math.max(at, end)
    end = at + n
  }
  return { measured: words.count === 0 ? 0 : covered / words.count, spans: longestFirst(spans) }
}

const longestFirst = (spans: Span[]) => spans.sort((a, b) => b[1] - b[0] - (a[1] - a[0]) || a[0] - b[0])

/** Unbroken text shorter than this is left to the n-grams; a loop in it is at least half as long. In UTF-16 units. */
const unbrokenLength = 128
const minimumLoop = 64
const longestPeriod = 16

/** Share of the characters in short periods (`hahaha...`, `0.3333...`) within runs that no white space breaks. */
function characterLoops(text: string): Loops {
  const spans: Span[] = []
  let covered = 0
  for (let start = 0; start < text.length; ) {
    let end = start
    while (end < text.length && !isSpace(text.charCodeAt(end))) end++
    if (end - start >= unbrokenLength) covered += periodsIn(text, start, end, spans)
    start = end + 1
  }
  return { measured: text.length === 0 ? 0 : covered / text.length, spans: longestFirst(spans) }
}

const isSpace = (unit: number) => unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || unit === 0xa0 || unit === 0x3000

/** Adds the loops of one unbroken run to `spans`; returns how many characters they cover. Visits each unit once per period. */
function periodsIn(text: string, start: number, end: number, spans: Span[]): number {
  const found: Span[] = []
  for (let period = 1; period <= longestPeriod; period++) {
    let from = start
    for (let at = start + period; at <= end; at++) {
      if (at < end && text.charCodeAt(at) === text.charCodeAt(at - period)) continue
      if (at - from >= minimumLoop) found.push([from, at])
      from = at - period + 1
    }
  }
  let covered = 0
  let reach = start
  for (const [from, to] of found.sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    if (to <= reach) continue
    covered += to - Math.max(from, reach)
    reach = to
    spans.push([from, to])
  }
  return covered
}
