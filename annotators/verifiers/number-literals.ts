// Numbers as they are written in digits: separators of thousands, decimals, powers of ten, repeating decimals.
import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"

/** A number and where it ends in its text. */
export interface NumberLiteral {
  readonly value: Rational
  readonly end: number
}

const plainAt = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,4}(?![\d.]))?/y
const groupedAt =
  /(?!0\d*,)\d{1,3}(?:(?:,\d{3})+|(?:\s\d{3})+(?!\s*\/))(?!\d|[,\s]\d)(?:\.\d*)?(?:[eE][-+]?\d{1,4}(?![\d.]))?/y
const repeatingAt =
  /(\d*)\.(\d*?)(?:\\(?:overline|dot)\s*\{\s*(\d+)\s*\}|\\(?:overline|dot)\s*(\d)|\((\d+)\))(?:(\d*)\\dot\s*(?:\{(\d)\}|(\d)))?/y
const goesOnAt = /(\d*)\.(\d{2,})\s?\\ldots(?![a-zA-Z])/y

/**
 * The number that begins at `at`. With `grouped`, `1,234` and `1 234` are one number; else a comma separates. Null where none
 * begins, or it is too large to hold.
 */
export function readNumber(text: string, at: number, grouped: boolean): NumberLiteral | null {
  const repeating = repeatingNumber(text, at)
  if (repeating !== null) return repeating
  const match = (grouped ? matchAt(groupedAt, text, at) : null) ?? matchAt(plainAt, text, at)
  if (match === null) return null
  const value = decimalValue(match[0])
  return value && { value, end: at + match[0].length }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** The value of a decimal literal with optional separators of thousands and power of ten. Null when it is too large to hold. */
export function decimalValue(digits: string): Rational | null {
  const [mantissa = "", exponent = "0"] = digits.split(/[eE]/)
  const [before = "", after = ""] = mantissa.replace(/[,\s]/g, "").split(".")
  return before + after === "" ? null : rational.decimal(before, after, Number(exponent))
}

/** `0.1\overline{6}`, `0.\dot{1}4285\dot{7}`, `0.(3)`, and `0.333...` where the digits show the period twice. */
function repeatingNumber(text: string, at: number): NumberLiteral | null {
  const marked = matchAt(repeatingAt, text, at)
  if (marked) {
    const [all, before = "", prefix = "", group, digit, bracket, between, last, lastDigit] = marked
    const period = `${group ?? digit ?? bracket ?? ""}${between ?? ""}${last ?? lastDigit ?? ""}`
    // `0.(3)` is a notation; `5.(3)` may as well be a product.
    if (bracket === undefined || before === "0") return repeating(before, prefix, period, at + all.length)
  }
  const open = matchAt(goesOnAt, text, at)
  if (!open) return null
  const [all, before = "", digits = ""] = open
  for (let length = 1; length * 2 <= digits.length; length++) {
    const period = digits.slice(-length)
    const shown = digits.slice(-2 * length, -length)
    const enough = length > 1 || digits.length < 3 || digits.at(-3) === period
    if (period === shown && enough) return repeating(before, digits.slice(0, -length), period, at + all.length)
  }
  return null
}

function repeating(before: string, prefix: string, period: string, end: number): NumberLiteral | null {
  const head = rational.decimal(before || "0", prefix)
  // 0.(p) = p / (10^k - 1), shifted behind the prefix.
  const nines = rational.decimal("9".repeat(period.length), "", prefix.length)
  const digits = rational.decimal(period, "")
  const tail = nines && digits && rational.divide(digits, nines)
  const value = head && tail && rational.add(head, tail)
  return value && { value, end }
}
