import { decimal, divide, multiply, type Rational, whole } from "./rational.ts"

/** A unit that stands behind a number. Two known units compare by dimension and factor; others are words that are not compared. */
export interface Unit {
  readonly name: string
  /** Null for a word that is not in the table (`apples`). */
  readonly known: KnownUnit | null
}

/** A product of powers of base dimensions, such as `length^1 time^-1`, and its size in base units. */
export interface KnownUnit {
  readonly dimension: string
  readonly factor: Rational
}

/** What stands behind a number: a unit, `percent`, a multiplier such as million, or several of them. */
export interface Tail {
  readonly unit: Unit | null
  readonly percent: boolean
  readonly multiplier: Rational | null
}

const noTail: Tail = { unit: null, percent: false, multiplier: null }

const table: Record<string, Record<string, string>> = {
  length: {
    "0.000000001": "nm nanometer 纳米",
    "0.000001": "\\mum micrometer 微米",
    "0.001": "mm millimeter millimetre 毫米",
    "0.01": "cm centimeter centimetre 厘米",
    "0.1": "dm decimeter decimetre 分米",
    "1": "m meter metre 米",
    "1000": "km kilometer kilometre 千米 公里",
    "0.0254": "in inch inches",
    "0.3048": "ft foot feet",
    "0.9144": "yd yard",
    "1609.344": "mi mile",
  },
  "length^2": {
    "0.0001": "平方厘米",
    "0.01": "平方分米",
    "1": "平方米",
    "10000": "hectare 公顷",
    "1000000": "平方千米 平方公里",
  },
  "length^3": {
    "0.001": "l liter litre 升 立方分米",
    "0.000001": "ml milliliter millilitre 毫升 立方厘米",
    "1": "立方米",
  },
  mass: {
    "0.001": "mg milligram 毫克",
    "1": "g gram 克",
    "500": "斤",
    "1000": "kg kilogram 千克 公斤",
    "1000000": "tonne 吨",
    "453.59237": "lb lbs pound",
    "28.349523125": "oz ounce",
  },
  time: {
    "0.001": "ms millisecond",
    "1": "s sec second 秒 秒钟",
    "60": "min minute 分钟",
    "3600": "h hr hour 小时 时",
    "86400": "day 天",
    "604800": "week 周 星期",
  },
  month: {
    "1": "month 个月",
    "12": "yr year 年",
    "120": "decade",
    "1200": "century centuries",
  },
  dollar: { "1": "$ dollar usd 美元", "0.01": "cent ¢" },
  euro: { "1": "€ euro eur" },
  sterling: { "1": "£ gbp" },
  yuan: { "1": "元 ¥ yuan rmb cny 圆", "0.1": "角", "0.01": "分" },
  angle: { "1": "° degree deg 度" },
  celsius: { "1": "°C" },
  fahrenheit: { "1": "°F" },
  energy: { "1": "J joule 焦", "1000": "kJ kilojoule 千焦" },
  power: { "1": "W watt 瓦", "1000": "kW kilowatt 千瓦" },
  force: { "1": "N newton 牛 牛顿" },
  frequency: { "1": "Hz hertz" },
  pressure: { "1": "Pa pascal 帕", "1000": "kPa kilopascal", "101325": "atm" },
  resistance: { "1": "\\Omega ohm 欧 欧姆", "1000": "kilohm" },
  voltage: { "1": "V volt 伏", "0.001": "mV millivolt" },
  current: { "1": "A amp ampere 安", "0.001": "mA milliampere" },
  charge: { "1": "C coulomb" },
  kelvin: { "1": "K kelvin" },
  substance: { "1": "mol mole" },
}

const units = new Map<string, KnownUnit>()
for (const [dimension, factors] of Object.entries(table))
  for (const [digits, names] of Object.entries(factors)) {
    const [before = "0", after = ""] = digits.split(".")
    for (const name of names.split(" ")) units.set(name, { dimension, factor: decimal(before, after)! })
  }
units.set("mph", quotient(units.get("mile")!, units.get("hour")!)!)
units.set("kph", quotient(units.get("km")!, units.get("hour")!)!)

const multipliers = new Map<string, Rational>([
  ["hundred", whole(100)],
  ["thousand", whole(1_000)],
  ["million", whole(1_000_000)],
  ["billion", whole(1_000_000_000)],
  ["trillion", whole(1_000_000_000_000)],
  ["dozen", whole(12)],
  ["万", whole(10_000)],
  ["亿", whole(100_000_000)],
])

// Words that make what stands behind a number more than a unit: an alternative, a comparison, an operation, a further clause.
const notUnits = new Set(
  (
    "or and not no to plus minus times more less fewer than over if but is are was because since so least most " +
    "divided multiplied equals either neither nor mod 或 和 不 到"
  ).split(" "),
)

/** The known unit of that name, in the singular or plural; letter case counts for symbols of one letter alone. */
export function unitOf(name: string): Unit {
  return { name, known: single(name) ?? compound(name) }
}

function single(name: string): KnownUnit | null {
  const exact = units.get(name)
  if (exact) return exact
  const lower = name.length === 1 && name !== "L" ? name : name.toLowerCase()
  return (
    units.get(lower) ?? (lower.length > 3 && lower.endsWith("s") ? units.get(lower.slice(0, -1)) : undefined) ?? null
  )
}

const worded = /\b(square|sq\.?|cubic|cu\.?)\s+([a-z]+)/gi

/** `cm^2`, `square feet`, `m/s`, `miles per hour`, `kg m^2 s^{-1}`: a product of powers of known units. */
function compound(name: string): KnownUnit | null {
  if (!/[\s/^*]/.test(name) || name.length > 64) return null
  const [top = "", ...under] = name
    .replace(worded, (_, kind: string, unit: string) => `${unit}^${kind.toLowerCase().startsWith("s") ? 2 : 3}`)
    .replace(/\s+squared\b/gi, "^2")
    .replace(/\s+cubed\b/gi, "^3")
    .replace(/\bper\b/gi, "/")
    .split("/")
  let product = powers(top)
  for (const one of under) {
    const divisor = powers(one)
    product = product && divisor && quotient(product, divisor)
  }
  return product
}

function powers(text: string): KnownUnit | null {
  let product: KnownUnit | null = { dimension: "", factor: whole(1) }
  for (const part of text.trim().split(/[\s*]+/)) {
    const match = /^([^^]+?)(?:\^\{?(-?\d)\}?)?$/.exec(part)
    const unit = match && single(match[1]!)
    if (!unit) return null
    const power = Number(match[2] ?? 1)
    for (let i = 0; i < Math.abs(power) && product; i++)
      product = power > 0 ? combine(product, unit, 1) : combine(product, unit, -1)
  }
  return product
}

function quotient(a: KnownUnit, b: KnownUnit): KnownUnit | null {
  return combine(a, b, -1)
}

function combine(a: KnownUnit, b: KnownUnit, sign: 1 | -1): KnownUnit | null {
  const exponents = new Map<string, number>()
  for (const [unit, times] of [
    [a, 1],
    [b, sign],
  ] as const)
    for (const term of unit.dimension.split(" ").filter(Boolean)) {
      const [base = "", power = "1"] = term.split("^")
      exponents.set(base, (exponents.get(base) ?? 0) + times * Number(power))
    }
  const factor = sign === 1 ? multiply(a.factor, b.factor) : divide(a.factor, b.factor)
  const dimension = [...exponents]
    .filter(([, power]) => power !== 0)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([base, power]) => (power === 1 ? base : `${base}^${power}`))
    .join(" ")
  return factor && { dimension, factor }
}

/**
 * Reads what stands behind a number. Null when it is no unit: `x`, `or 6`, `times more`. `spaced` says whether white space
 * stood before it: `3 m` is metres, while `3m` is three times m unless `attachedUnits` is set.
 */
export function readTail(text: string, spaced: boolean, attachedUnits: boolean): Tail | null {
  let rest = text.trim().replace(/^of (?:an? )?/, "")
  if (rest === "") return noTail
  let multiplier: Rational | null = null
  for (let first = leadingMultiplier(rest); first !== null; first = leadingMultiplier(rest)) {
    multiplier = multiplier === null ? first.value : multiply(multiplier, first.value)
    if (multiplier === null) return null
    rest = rest.slice(first.name.length).trim()
  }
  const percent = /^(?:%|percent(?:age)?s?\b|per cent\b|pct\b)/i.exec(rest)
  if (percent) {
    rest = rest
      .slice(percent[0].length)
      .trim()
      .replace(/^of\s+/, "")
    return rest === "" || isWords(rest) ? { unit: null, percent: true, multiplier } : null
  }
  if (rest === "") return { unit: null, percent: false, multiplier }
  const name = rest
    .replace(/\.$/, "")
    .replace(/^°\s+(?=[CF]$)/, "°")
    .replace(/\^\{(-?\d)\}/g, "^$1")
  const unit = unitOf(name)
  if (unit.known) {
    const letter = /^[a-zA-Z](?:$|[\^*/])/.test(name)
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

// Short words that belong to what is counted: `hours a day`, `5 in all`.
const shortWords = new Set("a an of in on at by".split(" "))

/** Words that may name what is counted. Symbols that are no units, alone or raised (`v^2`), are factors and not words. */
function isWords(text: string): boolean {
  const words = text
    .replace(/[()]/g, " ")
    .trim()
    .split(/[\s/]+/)
  return words.length <= 6 && words.every(isWord) && !shortWords.has(words[0]!.toLowerCase())
}

function isWord(word: string): boolean {
  if (!/^[\p{L}°$€£¥][\p{L}'°$€£¥.-]*(?:\^-?\d)?$/u.test(word) || notUnits.has(word.toLowerCase())) return false
  const bare = word.replace(/\^-?\d$/, "")
  if (single(bare) !== null || /^units?$/i.test(bare) || shortWords.has(word.toLowerCase())) return true
  return bare === word && (!/^[a-zA-Z]{1,2}$/.test(word) || /^(?:sq|cu|pm|am)$/i.test(word))
}
