import { decimal, multiply, type Rational, whole } from "./rational.ts"

/** A unit that stands behind a number. Two known units compare by dimension and factor; others are words that are not compared. */
export interface Unit {
  readonly name: string
  /** Null for a word that is not in the table (`apples`). */
  readonly known: { readonly dimension: string; readonly factor: Rational } | null
}

/** What stands behind a number: a unit, `percent`, a multiplier such as million, or several of them. */
export interface Tail {
  readonly unit: Unit | null
  readonly percent: boolean
  readonly multiplier: Rational | null
}

const table: Record<string, Record<string, string>> = {
  length: {
    "0.001": "mm millimeter millimetre 毫米",
    "0.01": "cm centimeter centimetre 厘米",
    "0.1": "dm decimeter decimetre 分米",
    "1": "m meter metre 米",
    "1000": "km kilometer kilometre 千米 公里",
    "0.0254": "inch inches",
    "0.3048": "ft foot feet",
    "0.9144": "yd yard",
    "1609.344": "mi mile",
  },
  area: {
    "0.0001": "cm^2 平方厘米",
    "0.01": "dm^2 平方分米",
    "1": "m^2 平方米",
    "1000000": "km^2 平方千米 平方公里",
  },
  volume: {
    "0.000001": "cm^3 立方厘米",
    "0.001": "l liter litre 升",
    "0.000001 ": "ml milliliter millilitre 毫升",
    "1": "m^3 立方米",
  },
  mass: { "0.001": "mg milligram 毫克", "1": "g gram 克", "1000": "kg kilogram 千克 公斤", "1000000": "tonne 吨" },
  time: {
    "1": "s sec second 秒",
    "60": "min minute 分钟",
    "3600": "h hr hour 小时",
    "86400": "day 天",
    "604800": "week 周 星期",
  },
  dollars: { "1": "$ dollar usd 美元", "0.01": "cent" },
  euros: { "1": "€ euro eur" },
  pounds: { "1": "£ gbp" },
  yuan: { "1": "元 yuan rmb cny", "0.1": "角", "0.01": "分" },
  angle: { "1": "° degree deg 度" },
}

const units = new Map<string, NonNullable<Unit["known"]>>()
for (const [dimension, factors] of Object.entries(table))
  for (const [digits, names] of Object.entries(factors)) {
    const [before = "0", after = ""] = digits.trim().split(".")
    for (const name of names.split(" ")) units.set(name, { dimension, factor: decimal(before, after)! })
  }

const multipliers = new Map<string, Rational>([
  ["hundred", whole(100)],
  ["thousand", whole(1_000)],
  ["million", whole(1_000_000)],
  ["billion", whole(1_000_000_000)],
  ["trillion", whole(1_000_000_000_000)],
  ["万", whole(10_000)],
  ["亿", whole(100_000_000)],
])

// Words that make what stands behind a number more than a unit: an alternative, a comparison, an operation, a further clause.
const notUnits = new Set(
  (
    "or and not no to plus minus times more less fewer than over if but is are was because since so least most " +
    "squared cubed divided multiplied equals either neither nor dozen 或 和 不 到"
  ).split(" "),
)

/** The known unit of that name, in the singular or plural; letter case counts for symbols of one letter alone. */
export function unitOf(name: string): Unit {
  const lower = name.length === 1 && name !== "L" ? name : name.toLowerCase()
  const known =
    units.get(lower) ?? (lower.length > 3 && lower.endsWith("s") ? units.get(lower.slice(0, -1)) : undefined)
  return { name: lower, known: known ?? null }
}

/**
 * Reads what stands behind a number. Null when it is no unit: `x`, `or 6`, `times more`. `spaced` says whether white space
 * stood before it: `3 m` is metres, while `3m` is three times m unless `attachedUnits` is set.
 */
export function readTail(text: string, spaced: boolean, attachedUnits: boolean): Tail | null {
  let rest = text.trim().replace(/^of (?:an? )?/, "")
  if (rest === "") return { unit: null, percent: false, multiplier: null }
  let multiplier: Rational | null = null
  for (let first = leadingMultiplier(rest); first !== null; first = leadingMultiplier(rest)) {
    multiplier = multiplier === null ? first.value : multiply(multiplier, first.value)
    if (multiplier === null) return null
    rest = rest.slice(first.name.length).trim()
  }
  const percent = /^(?:%|percent\b|per cent\b)/i.exec(rest)
  if (percent) {
    rest = rest
      .slice(percent[0].length)
      .trim()
      .replace(/^of\s+/, "")
    return rest === "" || isWords(rest) ? { unit: null, percent: true, multiplier } : null
  }
  if (rest === "") return { unit: null, percent: false, multiplier }
  const name = rest.replace(/\.$/, "")
  const unit = unitOf(name)
  if (unit.known) {
    const letter = name.length === 1 && /[a-zA-Z]/.test(name)
    return letter && !spaced && !attachedUnits && multiplier === null ? null : { unit, percent: false, multiplier }
  }
  return (spaced || multiplier !== null || name.length > 3 || !/^[a-z]/i.test(name)) && isWords(name)
    ? { unit, percent: false, multiplier }
    : null
}

function leadingMultiplier(text: string): { name: string; value: Rational } | null {
  const name = /^(?:[a-z]+|[万亿])/i.exec(text)?.[0]
  const value = name === undefined ? undefined : multipliers.get(name.toLowerCase())
  return value === undefined ? null : { name: name!, value }
}

function isWords(text: string): boolean {
  const words = text.split(/[\s/]+/)
  return (
    words.length <= 6 &&
    words.every((word) => /^[\p{L}'°$€£¥-]+(?:\^\d)?$/u.test(word) && !notUnits.has(word.toLowerCase())) &&
    (words[0]!.length >= 3 || unitOf(words[0]!).known !== null || /^[^a-z]/i.test(words[0]!))
  )
}
