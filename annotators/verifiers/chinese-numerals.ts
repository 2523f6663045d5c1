import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"

/** A number at the start of a text, and what stands behind it. */
export interface LeadingNumber {
  readonly value: Rational
  readonly percent: boolean
  readonly rest: string
}

const digits = new Map([..."零一二三四五六七八九"].map((digit, value) => [digit, value] as const))
for (const [digit, value] of [
  ["〇", 0],
  ["两", 2],
  ["俩", 2],
  ["壹", 1],
  ["贰", 2],
  ["叁", 3],
  ["肆", 4],
  ["伍", 5],
  ["陆", 6],
  ["柒", 7],
  ["捌", 8],
  ["玖", 9],
] as const)
  digits.set(digit, value)
const tens: Record<string, number> = { 十: 10, 拾: 10, 百: 100, 佰: 100, 千: 1_000, 仟: 1_000 }
const myriads: Record<string, number> = { 万: 10_000, 亿: 100_000_000 }

const numeralAt =
  /^(?:[零〇一二两俩三四五六七八九壹贰叁肆伍陆柒捌玖十拾百佰仟万亿]|千(?![克米瓦卡焦帕伏升])|\d+(?:\.\d+)?(?=[十百万亿]|千(?![克米瓦卡焦帕伏升])|分之))+/
const pointAt = /^点([零〇一二三四五六七八九]+)/

/** Longest numeral that is read, in characters. */
const maxLength = 64

/**
 * Reads the Chinese numeral with which a text begins: `三百二十五`, `一百二十点五`, `二分之一`, `一又三分之二`, `百分之五十`, `3万5千`,
 * `负五`, `半`. Null where it begins with none.
 */
export function leadingChineseNumeral(text: string): LeadingNumber | null {
  if (
    !/^(?:[第负零〇一二两俩三四五六七八九壹贰叁肆伍陆柒捌玖十拾百千半]|\d+(?:\.\d+)?(?:[十百万亿分]|千(?![克米瓦卡焦帕伏升])))/.test(
      text,
    )
  )
    return null
  if (text.startsWith("负")) {
    const positive = leadingChineseNumeral(text.slice(1))
    return positive && { ...positive, value: rational.negate(positive.value) }
  }
  if (text.startsWith("第")) return leadingChineseNumeral(text.slice(1))
  if (text.startsWith("半"))
    return { value: rational.divide(rational.whole(1), rational.whole(2))!, percent: false, rest: text.slice(1) }
  const share = /^([百千])分之/.exec(text)
  if (share) {
    const part = decimalNumeral(text.slice(share[0].length)) ?? plainDigits(text.slice(share[0].length))
    if (part === null) return null
    if (share[1] === "百") return { value: part.value, percent: true, rest: part.rest }
    return { value: rational.divide(part.value, rational.whole(1_000))!, percent: false, rest: part.rest }
  }
  const first = decimalNumeral(text)
  if (first === null) return null
  if (first.rest.startsWith("分之")) return fraction(first.value, first.rest.slice(2))
  if (first.rest.startsWith("又")) {
    const bottom = decimalNumeral(first.rest.slice(1))
    const behind = bottom?.rest.startsWith("分之") ? fraction(bottom.value, bottom.rest.slice(2)) : null
    const total = behind && rational.add(first.value, behind.value)
    return total && { value: total, percent: false, rest: behind!.rest }
  }
  return { ...first, percent: false }
}

function fraction(bottom: Rational, text: string): LeadingNumber | null {
  const top = decimalNumeral(text) ?? plainDigits(text)
  const value = top && rational.divide(top.value, bottom)
  return value && { value, percent: false, rest: top.rest }
}

interface Part {
  readonly value: Rational
  readonly rest: string
}

function plainDigits(text: string): Part | null {
  const run = /^\d{1,15}(?:\.\d{1,15})?/.exec(text)?.[0]
  if (run === undefined) return null
  const [before = "", after = ""] = run.split(".")
  return { value: rational.decimal(before, after)!, rest: text.slice(run.length) }
}

function decimalNumeral(text: string): Part | null {
  const run = numeralAt.exec(text.slice(0, maxLength))?.[0]
  if (run === undefined) return null
  const whole = wholeNumeral(run)
  if (whole === null) return null
  const rest = text.slice(run.length)
  const point = pointAt.exec(rest)
  if (!point) return { value: whole, rest }
  const places = [...point[1]!].map((digit) => digits.get(digit)).join("")
  return { value: rational.add(whole, rational.decimal("0", places)!)!, rest: rest.slice(point[0].length) }
}

/** 三百二十五, 一万零五十, 二〇二四 (digits alone), 3万5千, 两百五 (a last digit counts the next lower place). */
function wholeNumeral(run: string): Rational | null {
  const signs = run.match(/\d+(?:\.\d+)?|./gu) ?? []
  if (signs.length > 1 && signs.every((sign) => digits.has(sign)))
    return rational.decimal(signs.map((sign) => digits.get(sign)).join(""), "")
  let [total, section, last] = [rational.whole(0), rational.whole(0), null as Rational | null]
  let lower = 0
  const times = (value: Rational, factor: number) => rational.multiply(value, rational.whole(factor))!
  const plus = (a: Rational, b: Rational) => rational.add(a, b)!
  for (const sign of signs) {
    const ten = tens[sign]
    const myriad = myriads[sign]
    if (ten !== undefined) {
      section = plus(section, times(last ?? rational.whole(1), ten))
      last = null
      lower = ten / 10
    } else if (myriad !== undefined) {
      const below = plus(section, last ?? rational.whole(0))
      total = myriad === 100_000_000 ? times(plus(total, below), myriad) : plus(total, times(below, myriad))
      section = rational.whole(0)
      last = null
      lower = myriad / 10
    } else {
      const digit = digits.get(sign)
      if (last !== null && digits.get("零") !== undefined && rational.compare(last, rational.whole(0)) !== 0)
        return null
      const [before = "", after = ""] = sign.split(".")
      last = digit === undefined ? rational.decimal(before, after) : rational.whole(digit)
      if (last === null) return null
      if (digit === 0) lower = 1
    }
  }
  if (last !== null) section = plus(section, times(last, lower > 1 ? lower : 1))
  return plus(total, section)
}
