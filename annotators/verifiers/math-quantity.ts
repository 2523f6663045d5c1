// Numbers and constant expressions with what stands around them: currency, unit, percent sign, multiplier, words.
import { leadingChineseNumeral } from "./chinese-numerals.ts"
import { evaluateExactly } from "./math-exact.ts"
import { parseTokens } from "./math-parser.ts"
import { Steps } from "./math-steps.ts"
import { tokenize } from "./math-tokens.ts"
import { type Expression, literal, some, symbolsOf } from "./math-tree.ts"
import type { ExpressionValue, NumberValue, Reading } from "./math-values.ts"
import { leadingNumberWords } from "./number-words.ts"
import * as rational from "./rational.ts"
import { readTail, type Tail, unitOf } from "./units.ts"

const noSymbols = new Map<string, rational.Rational>()
/** Steps of the evaluation that finds out whether an expression is a number. */
const readingSteps = 2_000

const leadingWords =
  /^(?:about|approximately|approx\.?|roughly|around|exactly|only|just|nearly|almost|a total of|\\approx|\\sim|≈|大约|大概|约|共|一共|是|为|有)\s*/i
const currencyFirst = /^([-+]?)\s*(?:(?:US|HK|CA|A|C|NZ|S)?\s?([$€£¥])|(USD|EUR|GBP|CNY|RMB)(?=\s?\d))\s*/

const ofAngle = /(?:sin|cos|tan|cot|sec|csc)(?![a-zA-Z])[^a-zA-Z]*(?:°|degrees?)$/

export const numberOf = (value: rational.Rational): NumberValue => ({
  kind: "number",
  value,
  unit: null,
  percent: false,
  based: null,
})

/** A number with sign, currency, unit, percent sign or multiplier, in digits or words; or a constant expression with a unit. */
export function readQuantity(side: string, reading: Reading): NumberValue | ExpressionValue | null {
  if (/^-?\d{1,15}$/.test(side)) return numberOf(rational.whole(Number(side)))
  const based = basedNumber(side)
  if (based !== null) return based
  let text = side.replace(leadingWords, "")
  const worded = wordedNumber(text)
  if (worded !== null) return worded
  const currency = currencyFirst.exec(text)
  if (currency) text = currency[1] + text.slice(currency[0].length)
  text = text.replace(/(\d)\s*\^?\s*\{?\s*(?:st|nd|rd|th)\s*\}?$/, "$1")
  const compound = compoundQuantity(text, reading)
  if (compound !== null) return compound
  for (const split of splits(text)) {
    const tail = readTail(text.slice(split), /\s/.test(text[split] ?? "") || text[split] === "(", reading.attachedUnits)
    if (tail === null) continue
    // The degrees of `\sin 30°` are those of its argument.
    if (tail.unit?.known?.dimension === "angle" && ofAngle.test(text)) continue
    const value = constantOf(text.slice(0, split), reading)
    if (value !== null) return quantity(value, tail, currency?.[2] ?? currency?.[3] ?? null)
  }
  return null
}

/** Where words behind a number may begin: behind its last digit or bracket, else at white space. */
function splits(text: string): number[] {
  let end = text.length
  const power = /(?<=[\p{L}])\^(?:\d|\{-?\d\})(?:\)?)$/u.exec(text)
  if (power) end = power.index
  const note = /\s*\(\D{2,40}\)$/.exec(text)
  if (note) end = note.index
  while (end > 0 && /[^\d)}\]!]/.test(text[end - 1]!)) end--
  // The point of `5.` belongs to the number, that of `5 km.` to nobody.
  if (text[end] === "." && !/\d/.test(text[end + 1] ?? "")) end++
  const places = end > 0 ? [end] : []
  // `m^2 s^{-1}`, `\pi cm`: the words begin before the last digit, or behind letters.
  for (const match of text.matchAll(/(?<=[\p{L}\d)}\]])\s+(?=[\p{L}°$€£¥%(])/gu))
    if (places.length < 6 && match.index !== end) places.push(match.index)
  return places
}

/** A constant expression, as the number that it is where it is rational. */
function constantOf(text: string, reading: Reading): NumberValue | ExpressionValue | null {
  const trimmed = text.trim()
  if (trimmed === "" || trimmed.includes("=")) return null
  const tokens = tokenize(trimmed, reading.grouped)
  const expression = tokens && parseTokens(tokens)
  return expression && symbolsOf(expression).length === 0 ? constant(expression) : null
}

/** The number that an expression is, else the expression; null for infinities. */
export function constant(expression: Expression): NumberValue | ExpressionValue | null {
  if (some(expression, (node) => node.kind === "constant" && node.name === "infinity")) return null
  const exact = evaluateExactly(expression, noSymbols, new Steps(readingSteps))
  return exact === null ? { kind: "expression", expression, unit: null } : numberOf(exact)
}

function quantity(
  value: NumberValue | ExpressionValue,
  tail: Tail,
  currency: string | null,
): NumberValue | ExpressionValue | null {
  const unit = tail.unit ?? (currency === null ? null : unitOf(currency))
  if (value.kind === "expression") {
    if (tail.multiplier !== null || tail.percent) return null
    return { ...value, unit }
  }
  const times = tail.multiplier === null ? value.value : rational.multiply(value.value, tail.multiplier)
  return times && { ...numberOf(times), unit, percent: tail.percent }
}

/** `five apples`, `two thirds`, `minus four`, `三百二十五元`, `百分之五十`. */
function wordedNumber(text: string): NumberValue | null {
  const sign = /^(?:minus|negative|负)\s*/i.exec(text)?.[0] ?? ""
  const unsigned = text.slice(sign.length)
  const chinese = /^[^\x00-\x7f]|^\d/.test(unsigned) ? leadingChineseNumeral(unsigned) : null
  const english = chinese === null && /^[a-z]/i.test(unsigned) ? leadingNumberWords(unsigned) : null
  const found = chinese ?? english
  if (found === null) return null
  const tail = readTail(found.rest, chinese !== null || /^\s/.test(found.rest), true)
  if (tail === null) return null
  const value = sign === "" ? found.value : rational.negate(found.value)
  const times = tail.multiplier === null ? value : rational.multiply(value, tail.multiplier)
  return times && { ...numberOf(times), unit: tail.unit, percent: tail.percent || (chinese?.percent ?? false) }
}

/** `3 hours 20 minutes`, `5 ft 6 in`, `2元5角`: quantities of one dimension, from large to small. */
function compoundQuantity(text: string, reading: Reading): NumberValue | null {
  const turned = /^(-?)(\d{1,4})°\s*(\d{1,2})'(?:\s*(\d{1,2})'')?$/.exec(text)
  if (turned) {
    const [, sign, degrees, minutes, seconds = "0"] = turned
    const total = rational.whole(Number(degrees) * 3_600 + Number(minutes) * 60 + Number(seconds))
    const value = rational.divide(sign === "-" ? rational.negate(total) : total, rational.whole(3_600))!
    return { ...numberOf(value), unit: unitOf("°") }
  }
  if (!/^\d[\d.]*\s*[^\d\s^\\{}()[\]=]+\s*(?:,|and)?\s*\d[\d.]*\s*[^\d\s^\\{}()[\]=]+$/.test(text) || text.length > 64)
    return null
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(\s*)([^\d\s,]+)/g)]
  const [large, small] = parts.map(([, digits, space, name]) => {
    const tail = readTail(name!, space !== "" || reading.attachedUnits, true)
    return { value: digits!, unit: tail?.unit?.known ?? null, name: tail?.unit?.name ?? "" }
  })
  // 分 is a minute behind hours, and a coin elsewhere.
  if (small?.name === "分" && large?.unit?.dimension === "time") small.unit = unitOf("分钟").known
  if (!large?.unit || !small?.unit || large.unit.dimension !== small.unit.dimension) return null
  if (rational.compare(large.unit.factor, small.unit.factor) <= 0) return null
  const inBase = (one: typeof large) => {
    const [before = "", after = ""] = one.value.split(".")
    return rational.multiply(rational.decimal(before, after)!, one.unit!.factor)!
  }
  const total = rational.divide(rational.add(inBase(large), inBase(small))!, small.unit.factor)
  return total && { ...numberOf(total), unit: { name: small.name, known: small.unit } }
}

const baseNames: Record<string, number> = {
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  sixteen: 16,
}

/** `1011_2`, `2A_{16}`, `12_{\text{eight}}`. */
function basedNumber(text: string): NumberValue | null {
  const match = /^\(?([0-9A-F]{1,64}|[0-9a-f]{1,64})\)?\s*_\s*\{?\s*\(?(\d{1,2}|[a-z]{3,7})\)?\s*\}?$/.exec(text)
  if (!match || !/\d/.test(match[1]!)) return null
  const base = baseNames[match[2]!] ?? Number(match[2])
  if (!(base >= 2 && base <= 36)) return null
  let value = 0n
  for (const digit of match[1]!) {
    const worth = Number.parseInt(digit, 36)
    if (worth >= base) return null
    value = value * BigInt(base) + BigInt(worth)
  }
  const whole = rational.decimal(String(value), "")
  return whole && { ...numberOf(whole), based: { digits: match[1]!.toUpperCase().replace(/^0+(?=.)/, ""), base } }
}

/** A whole number as an expression, for values that compare as expressions. */
export const expressionOf = (value: NumberValue | ExpressionValue): Expression =>
  value.kind === "expression" ? value.expression : literal(value.value)
