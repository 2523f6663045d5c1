// Dates, times, timestamps and decimals: integers in Arrow and Parquet, text in a row, exact both ways.

/** Units of a time or timestamp, by Arrow's number for them: second, millisecond, microsecond, nanosecond. */
const digitsOfUnit = [0, 3, 6, 9] as const

const msPerDay = 86_400_000

/** Days since 1970-01-01 as `2024-02-29`. Throws a RangeError outside the years -271821 to 275760. */
export const dateText = (days: number): string => isoDate(new Date(days * msPerDay))

/** `2024-02-29` as days since 1970-01-01; null when it is no date. */
export function daysOf(text: string): number | null {
  if (!/^(?:\d{4}|[+-]\d{6})-\d\d-\d\d$/.test(text)) return null
  const ms = Date.parse(`${text}T00:00:00Z`)
  return Number.isNaN(ms) || isoDate(new Date(ms)) !== text ? null : ms / msPerDay
}

/** Ticks since 1970-01-01 as `2024-02-29T12:30:00.000001`, with `Z` when `utc`. `unit` is Arrow's: 0 s to 3 ns. */
export function timestampText(ticks: bigint, unit: number, utc: boolean): string {
  const digits = digitsOfUnit[unit] ?? 0
  const perSecond = 10n ** BigInt(digits)
  const seconds = floorDivide(ticks, perSecond)
  const date = new Date(Number(seconds) * 1000)
  return `${isoDate(date)}T${date.toISOString().slice(-13, -5)}${fraction(ticks - seconds * perSecond, digits)}${utc ? "Z" : ""}`
}

/** What `timestampText` wrote, as ticks; null when it is no timestamp or finer than the unit. */
export function ticksOf(text: string, unit: number): bigint | null {
  const match = /^([+-]?\d+-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?$/.exec(text)
  const days = match ? daysOf(match[1]!) : null
  const ofDay = match ? timeTicksOf(`${match[2]}${match[3] ? `.${match[3]}` : ""}`, unit) : null
  if (days === null || ofDay === null) return null
  return BigInt(days) * 86_400n * 10n ** BigInt(digitsOfUnit[unit] ?? 0) + ofDay
}

/** Ticks since midnight as `12:30:00.000001`. */
export function timeText(ticks: bigint, unit: number): string {
  const digits = digitsOfUnit[unit] ?? 0
  const perSecond = 10n ** BigInt(digits)
  const seconds = Number(ticks / perSecond)
  const two = (value: number) => String(value).padStart(2, "0")
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return clock + fraction(ticks % perSecond, digits)
}

/** What `timeText` wrote, as ticks; null when it is no time or finer than the unit. */
export function timeTicksOf(text: string, unit: number): bigint | null {
  const match = /^(\d\d):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?$/.exec(text)
  if (!match) return null
  const digits = digitsOfUnit[unit] ?? 0
  const given = (match[4] ?? "").replace(/0+$/, "")
  if (given.length > digits) return null
  const seconds = BigInt(match[1]!) * 3600n + BigInt(match[2]!) * 60n + BigInt(match[3]!)
  return seconds * 10n ** BigInt(digits) + BigInt(given.padEnd(digits, "0") || "0")
}

/** An unscaled decimal as text: `decimalText(-1250n, 2)` is `-12.50`. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return `${unscaled * 10n ** BigInt(-scale)}`
  const digits = `${unscaled < 0n ? -unscaled : unscaled}`.padStart(scale + 1, "0")
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** A decimal's text as the unscaled integer; null when it is no decimal or has more places than `scale`. */
export function unscaledOf(text: string, scale: number): bigint | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (!match) return null
  const places = (match[3] ?? "").replace(/0+$/, "")
  if (places.length > scale) return null
  const magnitude = BigInt(match[2]! + places.padEnd(scale, "0"))
  return match[1] ? -magnitude : magnitude
}

const isoDate = (date: Date) => date.toISOString().slice(0, -14)

const fraction = (ticks: bigint, digits: number) => (digits === 0 ? "" : `.${String(ticks).padStart(digits, "0")}`)

const floorDivide = (value: bigint, by: bigint) => (value >= 0n ? value / by : -((-value + by - 1n) / by))
