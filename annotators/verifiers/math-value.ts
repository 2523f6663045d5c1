// What an answer says: text -> value. The one place that reads notation; `math-equality.ts` decides on values alone.
import { maxAnswerLength } from "./answer-markers.ts"
import { type Expression, evaluateExactly, parseExpression, readDecimal, symbolsOf } from "./math-expression.ts"
import { normalSymbols, normalText, plainNotation } from "./math-notation.ts"
import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"
import { readTail, type Tail, type Unit, unitOf } from "./units.ts"

/** A value and the two normal forms of its notation. */
export type MathValue = {
  /** Form in which notation is equal: no white space, letter case kept. */
  readonly symbols: string
  /** Form in which words are equal: lower case, single spaces. */
  readonly words: string
  /** The symbol that the answer names (`x` of `x = 5`), or null. */
  readonly name: string | null
} & (
  | { readonly kind: "number"; readonly value: Rational; readonly unit: Unit | null; readonly percent: boolean }
  | { readonly kind: "expression"; readonly expression: Expression; readonly free: readonly string[] }
  | { readonly kind: "text" }
  /** Notation that is not read: comparable only where it is written the same. */
  | { readonly kind: "opaque" }
)

/** How to read an ambiguous answer. */
export interface Reading {
  /** Takes a letter right behind a number for a unit (`3m` as three metres), which is right when the reference is a number. */
  readonly attachedUnits: boolean
}

const none = new Map<string, Rational>()

/** Reads an answer. Null when it is blank or longer than `maxAnswerLength` units. */
export function readValue(text: string, reading: Reading = { attachedUnits: false }): MathValue | null {
  if (text.length > maxAnswerLength) return null
  const plain = plainNotation(text)
  if (plain === "") return null
  const { name, side } = splitEquation(plain)
  const base = { symbols: normalSymbols(plain), words: normalText(plain), name }
  const number = readQuantity(side, reading)
  if (number !== null) return { ...base, kind: "number", ...number }
  if (!isProse(side)) {
    const expression = parseExpression(side)
    if (expression !== null) return { ...base, kind: "expression", expression, free: symbolsOf(expression) }
    return { ...base, kind: "opaque" }
  }
  return { ...base, kind: "text" }
}

/** `x = 5` names x; of `a = b = c` with longer sides the last side counts. Relations other than equality stay whole. */
function splitEquation(plain: string): { name: string | null; side: string } {
  if (!plain.includes("=") || /[<>≤≥≠!]|\\(?:le|ge|ne|in)|,(?!\d{3})|\b(?:and|or)\b/.test(plain))
    return { name: null, side: plain }
  const sides = plain.split("=").map((side) => side.trim())
  const side = sides.at(-1)!
  if (side === "" || sides[0] === "") return { name: null, side: plain }
  const named = /^(?:[a-zA-Z]|\\[a-z]+)$/.test(sides[0]!)
  return { name: named ? sides[0]! : null, side }
}

// Two letters in a row that belong to no command and are no known name make prose, unless signs or digits stand around them.
function isProse(plain: string): boolean {
  const bare = plain.replace(/\\[a-zA-Z]+/g, "").replace(/\b(?:sqrt|pi)\b/g, "")
  if (/\p{L}{4,}|\p{L}{2,}[^\p{L}]+\p{L}{2,}/u.test(bare) || /[^\p{ASCII}]/u.test(bare)) return /\p{L}/u.test(bare)
  return /^[\p{L}\s'.,!-]*\p{L}{2}[\p{L}\s'.,!-]*$/u.test(bare) && !/\\/.test(plain)
}

interface Quantity {
  value: Rational
  unit: Unit | null
  percent: boolean
}

const numberWords = "zero one two three four five six seven eight nine ten eleven twelve".split(" ")
const numberWord = new RegExp(`^(?:${numberWords.join("|")})(?= *$| +[a-z])`, "i")
const leadingWords = /^(?:about|approximately|roughly|around|exactly|only|≈|大约|约|共|是|为)\s*/i
const currencyFirst = /^([-+]?)\s*(?:([$€£¥])|US\$)\s*/

/** A number with its sign, currency, unit, percent sign or multiplier; a constant expression counts where it is rational. */
function readQuantity(side: string, reading: Reading): Quantity | null {
  if (/^-?\d{1,15}$/.test(side)) return { value: rational.whole(Number(side)), unit: null, percent: false }
  let text = side
    .replace(leadingWords, "")
    .replace(numberWord, (word) => String(numberWords.indexOf(word.toLowerCase())))
  const currency = currencyFirst.exec(text)
  if (currency) text = currency[1] + text.slice(currency[0].length)
  const end = endOfNumber(text)
  const behind = text.slice(end)
  const tail = readTail(behind.replace(/\^\{(\d)\}/g, "^$1"), /^\s/.test(behind), reading.attachedUnits)
  if (tail === null || end === 0) return null
  const value = readConstant(text.slice(0, end))
  if (value === null) return null
  return quantity(value, tail, currency?.[2] ?? null)
}

function quantity(value: Rational, tail: Tail, currency: string | null): Quantity | null {
  const times = tail.multiplier === null ? value : rational.multiply(value, tail.multiplier)
  if (times === null) return null
  const unit = tail.unit ?? (currency === null || currency === "¥" ? null : unitOf(currency))
  return { value: times, unit, percent: tail.percent }
}

/** Where the number ends and the words behind it begin: after the last digit, point or closing bracket that no unit owns. */
function endOfNumber(text: string): number {
  let end = text.length
  const power = /(?<=[\p{L}])\^(?:\d|\{\d\})$/u.exec(text)
  if (power) end = power.index
  while (end > 0 && /[^\d)}\]!]/.test(text[end - 1]!)) end--
  // The point of `5.` belongs to the number, that of `5 km.` to nobody.
  if (text[end] === "." && !/\d/.test(text[end + 1] ?? "")) end++
  return end
}

const literal = /^([-+]?)((?:\d{1,3}(?:[, ]\d{3})+|\d+)(?:\.\d*)?(?:[eE][-+]?\d{1,4})?|\.\d+)$/

function readConstant(text: string): Rational | null {
  const trimmed = text.trim()
  const match = literal.exec(trimmed)
  if (match) {
    const value = readDecimal(match[2]!.replaceAll(" ", ""))
    return value && match[1] === "-" ? rational.negate(value) : value
  }
  if (!/\d/.test(trimmed) || /[a-zA-Z]/.test(trimmed.replace(/\\(?:frac|sqrt)|sqrt|\d[eE][-+]?\d/g, ""))) return null
  const expression = parseExpression(trimmed)
  return expression && evaluateExactly(expression, none)
}
