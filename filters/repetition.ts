import type { Reason, RowStep } from "../pipelines/runtime/step.ts"
import { hashNgrams, NgramSet, ngramLength, splitWords, type Words } from "./ngrams.ts"
import { proseWords } from "./prose-words.ts"
import { responseOf } from "./response.ts"
import { excerptOf, longestFirst, maxSpans, type Span } from "./span.ts"
import { statementsOf } from "./statements.ts"
import { type WordLoop, wordLoops } from "./word-loops.ts"

/** Thresholds, as `filters.repetition` of the config has them. */
export interface RepetitionParams {
  /** Words in a repeated n-gram; half as many characters again in scripts without spaces. */
  readonly ngram: number
  /** Share of words (or, in unbroken runs, of characters) in repetitions above which a response is dropped. */
  readonly maxShare: number
  /** Times that one line, or a block of lines or words, may come in a row. */
  readonly maxLineRepeats: number
}

/**
 * Drops responses with substantial repetition, in the thinking or in the answer, each measured by itself:
 * - `line`: a line, or two to four in turn, that comes too often in a row;
 * - `block`: words that come again right behind themselves too often, apart from a number that counts the copies;
 * - `n-gram`: too many words inside n-grams that came before (Gopher, arXiv 2112.11446, table A1, over words), at least four n-grams
 *   of them. Up to three restatements of the question are free, and n-grams that are mostly numbers and symbols count from half of
 *   the text on;
 * - `character`: short periods in unbroken runs of characters.
 *
 * Linear in the text. Second response criterion of the Qwen3 report (section 4.1).
 */
export function repetition(params: RepetitionParams): RowStep {
  const { ngram, maxShare, maxLineRepeats } = params
  return {
    id: "repetition",
    version: 3,
    params: { ngram, maxShare, maxLineRepeats },
    about: "Drops responses that loop: repeated lines, n-grams or characters",
    kind: "row",
    run(row) {
      const { question, thinking, answer } = responseOf(row)
      return loops(thinking, "thinking", question, params) ?? loops(answer, "answer", question, params)
    },
  }
}

interface Loops {
  kind: "line" | "block" | "n-gram" | "character"
  measured: number
  limit: number
  spans: Span[]
}

function loops(text: string, part: "thinking" | "answer", question: string, params: RepetitionParams): Reason | null {
  if (text === "") return null
  const { maxLineRepeats, maxShare } = params
  const lines = lineLoops(text, maxLineRepeats)
  const found = lines.measured > lines.limit ? lines : wordsLoop(text, question, params)
  const worst = found ?? characterLoops(text, maxShare)
  if (worst.measured <= worst.limit) return null
  const { kind, limit, measured, spans } = worst
  const evidence = { part, kind, spans: spans.slice(0, maxSpans), repeated: excerptOf(text, spans[0]) }
  return { reason: "repetition", measured, threshold: limit, evidence }
}

function wordsLoop(text: string, question: string, params: RepetitionParams): Loops | null {
  const words = splitWords(text)
  const prose = proseWords(text, words)
  const found = [blockLoops(text, words, prose, params), ngramLoops(text, words, prose, question, params)]
  return found.find(({ measured, limit }) => measured > limit) ?? null
}

/** Lines that may take turns in a loop of lines; longer ones are found as blocks. */
const maxLinesInTurn = 4

/**
 * The longest run of one line or of lines in turn, blank lines apart. Lines are the same with their indentation, so that the `end`s
 * of nested code are not; lines without a letter (`}`, `---`, `| 0 | 0 |`) do not count.
 */
function lineLoops(text: string, limit: number): Loops {
  const lines: { text: string; span: Span }[] = []
  const found: Loops = { kind: "line", measured: 0, limit, spans: [] }
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start)
    const end = newline < 0 ? text.length : newline
    const line = text.slice(start, end).trimEnd()
    if (line !== "") lines.push({ text: line, span: [start, end] })
    start = end + 1
  }
  for (let period = 1; period <= maxLinesInTurn; period++) {
    let first = 0
    for (let at = period; at <= lines.length; at++) {
      if (at < lines.length && lines[at]!.text === lines[at - period]!.text) continue
      const repeats = Math.floor((at - first) / period)
      if (repeats > found.measured && lines.slice(first, first + period).some(({ text }) => /\p{L}/u.test(text))) {
        found.measured = repeats
        found.spans = [[lines[first]!.span[0], lines[at - 1]!.span[1]]]
      }
      first = at - period + 1
    }
  }
  return found
}

/** A block of this many words is a paragraph: it may come twice in a row, not three times. */
const paragraphWords = 40
/** Copies that differ in numbers must be sentences, without arithmetic, and twice as many: a table and a search by cases are neither. */
const sentenceWords = 8
/** A search or a proof by cases: each supposes something else, many times over, and may go on in the same words. */
const supposition = /\b(?:case|if|when|suppose|assume|for)\b|若|当|如果|假设|情况/i
const mostCases = 8
const arithmetic = /[=+×*/<>≤≥≡÷]/

/** The block that comes most often in a row for its kind. */
function blockLoops(text: string, words: Words, prose: Int32Array, { ngram, maxLineRepeats }: RepetitionParams): Loops {
  let worst: Loops = { kind: "block", measured: 0, limit: maxLineRepeats, spans: [] }
  for (const loop of wordLoops(text, words, ngram)) {
    const limit = limitOf(loop, text, words, prose, maxLineRepeats)
    const measured = Math.floor(loop.copies)
    if (limit === null || measured / limit <= worst.measured / worst.limit) continue
    worst = { kind: "block", measured, limit, spans: [[words.starts[loop.from]!, words.ends[loop.to - 1]!]] }
  }
  return worst
}

/** Copies of a block that are still no loop; null for blocks of numbers and symbols, which are left to the n-grams. */
function limitOf(
  { from, period, differ }: WordLoop,
  text: string,
  words: Words,
  prose: Int32Array,
  maxRepeats: number,
): number | null {
  const inProse = prose[from + period]! - prose[from]!
  if (inProse === 0) return null
  if (differ === "numbers") {
    const copy = text.slice(words.starts[from]!, words.ends[from + period - 1]!)
    if (inProse < sentenceWords || arithmetic.test(copy)) return null
    return supposition.test(copy) ? mostCases * maxRepeats : 2 * maxRepeats
  }
  if (period >= paragraphWords) return Math.min(2, maxRepeats)
  // One or two words in a row (`0 and 0 and 0`) are stress or a list before they are a loop.
  return period < 3 ? 3 * maxRepeats : maxRepeats
}

/** Restatements of the question that are part of thinking. */
const freeRestatements = 3
/** Share of words in repeated formulas and tables from which they are a loop. */
const maxFormulaShare = 0.5
/** Repeated words, in n-grams, below which nothing is substantial: parallel sentences of a short solution. */
const leastRepeated = 4
/** An n-gram with fewer words of prose than this share of it is a formula or a table. */
const proseShare = 1 / 3

/** Share of the words that stand inside an n-gram which came before; 0 where these are few. Cases of their own may end alike. */
function ngramLoops(text: string, words: Words, prose: Int32Array, question: string, params: RepetitionParams): Loops {
  const found = ngramShare(words, prose, question, params, null)
  if (found.measured <= found.limit) return found
  const cases = casesIn(text, words)
  return cases === null ? found : ngramShare(words, prose, question, params, cases)
}

/** `cases`: 1 for each word whose n-gram is not counted, or null. */
function ngramShare(
  words: Words,
  prose: Int32Array,
  question: string,
  params: RepetitionParams,
  cases: Uint8Array | null,
): Loops {
  const n = ngramLength(words, params.ngram)
  const hashes = hashNgrams(words, n)
  const seen = new NgramSet(n, words.hashes, hashes.length)
  const asked = splitWords(question)
  const askedHashes = hashNgrams(asked, n)
  const inQuestion = new NgramSet(n, asked.hashes, askedHashes.length)
  askedHashes.forEach((hash, at) => {
    inQuestion.add(hash, at)
  })
  const spans: Span[] = []
  const covered = { prose: 0, formula: 0, question: 0 }
  let end = 0
  for (let at = 0; at < hashes.length; at++) {
    if (seen.add(hashes[at]!, at) < 0 || cases?.[at] === 1) continue
    const kind =
      askedHashes.length > 0 && inQuestion.find(hashes[at]!, words.hashes, at) >= 0
        ? "question"
        : prose[at + n]! - prose[at]! < n * proseShare
          ? "formula"
          : "prose"
    covered[kind] += at + n - Math.max(at, end)
    const last = spans.at(-1)
    if (last && at <= end) last[1] = words.ends[at + n - 1]!
    else spans.push([words.starts[at]!, words.ends[at + n - 1]!])
    end = at + n
  }
  const repeated = covered.prose + covered.formula + covered.question
  const total = repeated < leastRepeated * n ? Number.POSITIVE_INFINITY : words.count
  const restated = Math.max(0, covered.question - (freeRestatements - 1) * asked.count)
  const inProse = (covered.prose + restated) / total
  const all = inProse + covered.formula / total
  const limit = Math.max(params.maxShare, maxFormulaShare)
  const found = inProse > params.maxShare ? { measured: inProse, limit: params.maxShare } : { measured: all, limit }
  return { kind: "n-gram", ...found, spans: longestFirst(spans) }
}

/** The opening of a case, up to what is said about it: "Case 3:", "- If x = 2,", "(iii) when n is odd," 当x=2时， */
const caseOpening =
  /^(?:[-*•]\s*|\(?[\divx]{1,4}[.)]\s*|\*\*)*(?:(?:case|if|when|suppose|assume|for)\b|若|当|如果|假设|情况)[^,，:：.。\n]{0,80}/i

/** Marks the words of lines and statements that open a case which was not opened before; null where there are fewer than two. */
function casesIn(text: string, words: Words): Uint8Array | null {
  const opened = new Set<string>()
  const spans: Span[] = []
  for (const line of linesOf(text)) {
    const statements = statementsOf(text.slice(...line)).map(([from, to]): Span => [line[0] + from, line[0] + to])
    const cases = statements.filter((span) => isNewCase(text, span, opened))
    // A line of one case is that case to its end; a paragraph may have several.
    spans.push(...(cases.length === 1 && cases[0] === statements[0] ? [line] : cases))
  }
  if (spans.length < 2) return null
  const marks = new Uint8Array(words.count)
  let next = 0
  for (let at = 0; at < words.count; at++) {
    while (next < spans.length && spans[next]![1] <= words.starts[at]!) next++
    if (next < spans.length && spans[next]![0] <= words.starts[at]!) marks[at] = 1
  }
  return marks
}

function isNewCase(text: string, [from, to]: Span, opened: Set<string>): boolean {
  const opening = caseOpening.exec(text.slice(from, Math.min(to, from + 128)))?.[0]
  if (opening === undefined || opened.has(opening)) return false
  opened.add(opening)
  return true
}

function linesOf(text: string): Span[] {
  const spans: Span[] = []
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start)
    const end = newline < 0 ? text.length : newline
    let from = start
    while (from < end && isSpace(text.charCodeAt(from))) from++
    if (from < end) spans.push([from, end])
    start = end + 1
  }
  return spans
}

/** Unbroken text shorter than this is left to the n-grams; a loop in it is at least half as long. In UTF-16 units. */
const unbrokenLength = 128
const minimumLoop = 64
const longestPeriod = 16

/** Share of the characters in short periods (`hahaha...`, `0.3333...`) within runs that no white space breaks. */
function characterLoops(text: string, limit: number): Loops {
  const spans: Span[] = []
  let covered = 0
  for (let start = 0; start < text.length; ) {
    let end = start
    while (end < text.length && !isSpace(text.charCodeAt(end))) end++
    if (end - start >= unbrokenLength) covered += periodsIn(text, start, end, spans)
    start = end + 1
  }
  return { kind: "character", measured: covered / text.length, limit, spans: longestFirst(spans) }
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
