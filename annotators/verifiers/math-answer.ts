// Which part of a completion is its answer. Depends on the completion and on the kind of value that is expected, never on the
// reference's value, so that no answer is found because it is the right one.
import {
  lastBoxed,
  lastBoxes,
  lastHashes,
  lastPhrase,
  lastShortAnswer,
  leadingMaths,
  maxAnswerLength,
} from "./answer-markers.ts"
import { answerText } from "./answer-text.ts"
import { symbolsOf } from "./math-tree.ts"
import { type MathValue, type Reading, readValue } from "./math-value.ts"

/** The kind of the reference: whether a number, an expression or words are looked for. */
export type Expected = MathValue["kind"]

/** An answer as it stood in the completion, and its value. */
export interface MathAnswer {
  readonly text: string
  readonly value: MathValue
}

/**
 * Finds the answer: the last box, else the last final-answer phrase, `####`, `A:`, else the last expression. Thinking is left
 * out (`answer-text.ts`). Null when there is none.
 */
export function findAnswer(completion: string, expected: Expected): MathAnswer | null {
  const answer = answerText(completion)
  const reading: Reading = { attachedUnits: expected === "number", grouped: true }
  const marked = markedAnswer(answer, expected, reading)
  if (marked !== undefined) return marked
  return lastExpression(answer, expected, reading)
}

/** The answer behind the strongest marker: undefined without one, null where a marker stands before no answer. */
function markedAnswer(text: string, expected: Expected, reading: Reading): MathAnswer | null | undefined {
  const boxed = lastBoxed(text)
  if (boxed !== null) {
    const several = expected === "list" || expected === "set" ? lastBoxes(text) : null
    return valued(several ?? boxed, reading)
  }
  const hashes = lastHashes(text)
  const hashed = hashes === null ? null : valued(hashes, reading)
  // `#### Step 3` is a heading.
  const headed = hashed !== null && fits(hashed.value, expected)
  // A closing `####` line has the last word over a phrase somewhere before it.
  if (headed && text.trimEnd().endsWith(hashed.text)) return hashed
  const phrase = lastPhrase(text)
  if (phrase !== null) {
    if (denial.test(phrase)) return null
    const said = spokenAnswer(phrase, expected, reading)
    if (said !== null) return said
  }
  if (headed) return hashed
  const short = lastShortAnswer(text)
  return (short === null ? null : spokenAnswer(short, expected, reading)) ?? undefined
}

const denial = /^(?:not|unknown|unclear|undetermined|impossible)\b|^(?:不是|未知)/i

const valued = (text: string, reading: Reading): MathAnswer | null => {
  const value = readValue(text, reading)
  return value && { text: text.trim(), value }
}

const fits = (value: MathValue, expected: Expected) =>
  expected === "number" || expected === "expression" ? value.kind === "number" || value.kind === "expression" : true

/** The answer in a sentence: all of it, its first maths, its result behind `=`, or its first number. */
function spokenAnswer(said: string, expected: Expected, reading: Reading): MathAnswer | null {
  const whole = valued(said, reading)
  if (whole !== null && fits(whole.value, expected) && whole.value.kind !== "opaque") {
    if (expected !== "text" || whole.value.kind !== "text") return whole
  }
  if (expected === "text") return valued(said.split(/,|\s(?:because|since|as|which)\s|，|因为/)[0]!, reading) ?? whole
  const inside = mathsSpans(said).flatMap((maths) => mathsAnswer(maths.text, expected, reading) ?? [])
  // `the largest $n$ is 34`: a symbol names the number and is not it.
  const telling = expected === "number" ? inside.find(({ value }) => isConstant(value)) : inside[0]
  if (telling !== undefined) return telling
  if (expected !== "number") return whole
  const clause = said.split(/\s(?:because|since)\s|，|因为/)[0]!
  const predicate = clause.slice(clause.search(/\s(?:is|are|equals)\s(?!.*\s(?:is|are|equals)\s)/) + 1)
  const result = clause.includes("=") ? clause.slice(clause.lastIndexOf("=") + 1) : predicate
  const number = numbers(result)[0] ?? numbers(said)[0]
  return number === undefined ? null : valued(number.text, reading)
}

interface Span {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Most delimiters without a partner that are looked at in one text. */
const maxUnclosed = 64

/** Maths between delimiters, in order, without the delimiters. */
function mathsSpans(text: string): Span[] {
  const spans: Span[] = []
  let unclosed = 0
  for (let at = 0; at < text.length && unclosed < maxUnclosed; at++) {
    const unit = text.charCodeAt(at)
    const opens = unit === 0x24 || (unit === 0x5c && (text[at + 1] === "(" || text[at + 1] === "["))
    if (!opens) {
      if (unit === 0x5c) at++
      continue
    }
    const match = leadingMaths.exec(text.slice(at, at + maxAnswerLength))
    if (match) {
      const inside = match.slice(1).find((group) => group !== undefined) ?? ""
      spans.push({ text: inside, start: at, end: at + match[0].length })
      at += match[0].length - 1
    } else unclosed++
  }
  return spans
}

const isConstant = (value: MathValue) =>
  value.kind === "number" || (value.kind === "expression" && symbolsOf(value.expression).length === 0)

/** What maths in a text says: what stands behind its last `=`, or all of it where a relation or list is expected. */
function mathsAnswer(maths: string, expected: Expected, reading: Reading): MathAnswer | null {
  if (expected !== "number" && maths.search(/[=<>,]|\\(?:[lg]eq?|neq?)(?![a-zA-Z])/) >= 0) {
    const whole = valued(maths, reading)
    if (whole !== null && (whole.value.kind === expected || whole.value.kind === "relation")) return whole
  }
  const side = valued(lastSide(maths), reading)
  return side !== null && fits(side.value, expected) ? side : null
}

const lastSide = (maths: string) => maths.slice(maths.lastIndexOf("=") + 1)

// A sign belongs to a number only where it cannot be an operator.
const numberIn =
  /(?:(?<![\d)\]}%] ?)(?<![a-zA-Z])[-+−])?[$€£¥￥]?\s?(?:(?<=[$€£] ?)\d{1,3}(?: \d{3})+(?!\d)|[\d０-９]{1,3}(?:[,，][\d０-９]{3})+(?![\d０-９])|[\d０-９]+)(?:[.．][\d０-９]+)?(?:(?: [\d０-９]{1,9})?\s?[/／]\s?[\d０-９]{1,32}(?![\d０-９]|\.\d)|[eE][-+]?\d{1,4}(?!\d))?(?!\d*(?:st|nd|rd|th)\b)\s?[%％]?/g

const numbers = (text: string): Span[] =>
  [...text.matchAll(numberIn)].map((match) => ({
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }))

/** Longest text that may be nothing but notation, in UTF-16 units. */
const maxNotation = 256

/** A text without words, as the one value that it is. */
function wholeText(text: string, reading: Reading): MathAnswer | null {
  const trimmed = text.trim()
  if (trimmed.length > maxNotation || trimmed.includes("\n")) return null
  if (/\p{L}{2}/u.test(trimmed.replace(/\\[a-zA-Z]+/g, " "))) return null
  const whole = valued(trimmed, reading)
  return whole !== null && whole.value.kind !== "text" && whole.value.kind !== "opaque" ? whole : null
}

/** The last number or maths of a text without markers; for an expected text the last line, where that is short. */
function lastExpression(text: string, expected: Expected, reading: Reading): MathAnswer | null {
  const alone = wholeText(text, reading)
  if (alone !== null) return alone
  if (expected === "text") return lastWords(text, reading)
  const digit = lastDigit(text)
  const from = digit < 0 ? text.length : digit + 1
  const window = text.slice(Math.max(0, from - maxAnswerLength), from + 256)
  const maths = mathsSpans(window).at(-1)
  const number = expected === "number" ? numbers(window).at(-1) : undefined
  if (maths !== undefined && (number === undefined || maths.end >= number.end)) {
    const inside = mathsAnswer(maths.text, expected, reading)
    if (inside !== null) return inside
    // Maths that closes the text is its answer, also where it is of another kind than the reference.
    const other = /^[\s.*_]*$/.test(window.slice(maths.end)) ? valued(lastSide(maths.text), reading) : null
    if (other !== null && other.value.kind !== "text" && other.value.kind !== "opaque") return other
  }
  if (number !== undefined) return valued(resultOf(window) ?? number.text, reading)
  const words = expected === "number" ? null : lastWords(text, reading)
  return words !== null && words.value.kind !== "text" && fits(words.value, expected) ? words : null
}

// Words and signs behind a result that say the sentence goes on to another one.
const goesOn =
  /[,;，；]|\b(?:is|are|was|were|so|thus|hence|therefore|then|makes?|means?|gives?|totals?|leaves?|left)\b/i

/** The result of a closing sentence such as `it takes 120/24 = 5 hours to read 120 pages`: the number behind its last `=`. */
function resultOf(window: string): string | null {
  const text = window.trimEnd()
  const line = text.slice(text.lastIndexOf("\n") + 1)
  const sentence = line.slice(line.slice(0, -1).search(/[.!?] [^.!?]*$/) + 1)
  const equals = sentence.lastIndexOf("=")
  if (equals < 0) return null
  const behind = sentence.slice(equals + 1).trim()
  const first = numbers(behind)[0]
  return first === undefined || first.start > 1 || goesOn.test(behind.slice(first.end)) ? null : first.text
}

function lastDigit(text: string): number {
  for (let at = text.length - 1; at >= 0; at--) {
    const unit = text.charCodeAt(at)
    if ((unit >= 0x30 && unit <= 0x39) || (unit >= 0xff10 && unit <= 0xff19)) return at
  }
  return -1
}

/** Longest unmarked last line that is taken for an answer: a few words, not a sentence. */
const maxLine = { units: 48, words: 3 }

function lastWords(text: string, reading: Reading): MathAnswer | null {
  const end = text.slice(-maxAnswerLength).trimEnd()
  const line = end.slice(end.lastIndexOf("\n") + 1).trim()
  return line === "" || line.length > maxLine.units || line.split(/\s+/).length > maxLine.words
    ? null
    : valued(line, reading)
}
