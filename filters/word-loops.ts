// Tandem repeats of words: a block of any length that comes again and again right behind itself. Numbers are left out of the
// comparison at first, so that a loop that counts itself is found as well; what numbers may differ by is looked at afterwards.
import { hashNgrams, LatestNgrams, ngramLength, type Words } from "./ngrams.ts"

/** A block that comes several times in a row; the last copy may be cut. */
export interface WordLoop {
  /** First word and the word behind the last one. */
  readonly from: number
  readonly to: number
  /** Words in one copy. */
  readonly period: number
  /** Copies, the cut one as its share. */
  readonly copies: number
  /** How the copies differ: not at all, in the number that labels each (`Step 3:`), or in other numbers. */
  readonly differ: "not" | "labels" | "numbers"
}

/** Words that a number counts steps behind. `Case 3` is missing on purpose: cases may end alike. */
const labelWords = new Set(
  "step attempt try trial iteration round check pass loop retry wait again time take no number 第".split(" "),
)

/**
 * All tandem repeats of at least `ngram` words (half as many again in scripts without spaces), in order. `masked` are the word
 * hashes with 0 for every number. Linear: each word is compared at most once per way of comparing.
 */
export function wordLoops(text: string, words: Words, ngram: number): WordLoop[] {
  const masked = maskedHashes(text, words)
  const n = ngramLength(words, ngram)
  const hashes = hashNgrams({ ...words, hashes: masked }, n)
  const latest = new LatestNgrams(n, masked, hashes.length)
  const found: WordLoop[] = []
  let period = 0
  let first = 0
  const close = (end: number) => {
    // Fewer than three copies are never a loop; looking at them could cost a period for every word.
    if (period > 0 && end - 1 + n - first >= 2 * period)
      found.push(...loopsWithin(text, words, first - period, end - 1 + n, period))
  }
  for (let at = 0; at < hashes.length; at++) {
    const before = latest.replace(hashes[at]!, at)
    const distance = before < 0 ? 0 : at - before
    if (distance === period) continue
    close(at)
    period = distance
    first = at
  }
  close(hashes.length)
  return found
}

/** Of a masked loop, the longest run in which the copies are the same, in which labels differ, and in which other numbers do. */
const loopsWithin = (text: string, words: Words, from: number, to: number, period: number): WordLoop[] =>
  (["not", "labels", "numbers"] as const).map((differ) =>
    runsOf(text, words, from, to, period, differ).reduce((most, run) => (run.copies > most.copies ? run : most)),
  )

function runsOf(
  text: string,
  words: Words,
  from: number,
  to: number,
  period: number,
  differ: WordLoop["differ"],
): WordLoop[] {
  const runs: WordLoop[] = []
  let start = from
  for (let at = from + period; at <= to; at++) {
    const same =
      at < to &&
      (differ === "numbers" ||
        words.hashes[at] === words.hashes[at - period] ||
        (differ === "labels" && isLabel(text, words, at) && isLabel(text, words, at - period)))
    if (same) continue
    const copies = (at - start) / period
    runs.push({ from: start, to: at, period, copies, differ })
    start = at - period + 1
  }
  return runs
}

/** True for a number that only counts: behind a label word, or as a marker at the start of a line (`3.`, `(3)`, `#3`, `3)`). */
function isLabel(text: string, words: Words, at: number): boolean {
  const start = words.starts[at]!
  if (!isDigit(text.charCodeAt(start))) return false
  if (at > 0 && words.ends[at - 1]! >= start - 2) {
    const before = text.slice(words.starts[at - 1]!, words.ends[at - 1]!).toLowerCase()
    if (labelWords.has(before)) return true
  }
  let line = start - 1
  while (line >= 0 && line > start - 4 && " \t(#[*-".includes(text[line]!)) line--
  return (line < 0 || text[line] === "\n") && ".):、．]*".includes(text[words.ends[at]!] ?? ".")
}

const isDigit = (unit: number) => (unit >= 0x30 && unit <= 0x39) || (unit >= 0xff10 && unit <= 0xff19)

/** Word hashes with one value for all numbers. */
function maskedHashes(text: string, { count, hashes, starts }: Words): Uint32Array {
  const masked = hashes.slice(0, count)
  for (let at = 0; at < count; at++) if (isDigit(text.charCodeAt(starts[at]!))) masked[at] = 0
  return masked
}
