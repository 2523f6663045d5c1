/**
 * An exact fraction. It is never reduced (a greatest common divisor costs more than the few operations that an answer needs);
 * `bits` is an upper bound on the size of both parts, by which every operation refuses to grow without limit.
 */
export interface Rational {
  readonly numerator: bigint
  /** Positive. */
  readonly denominator: bigint
  readonly bits: number
}

/** Largest size of a numerator or denominator, in bits; operations beyond it give null. */
export const maxBits = 16_384

const bitsPerDigit = Math.log2(10)

function make(numerator: bigint, denominator: bigint, bits: number): Rational | null {
  if (denominator === 0n || bits > maxBits) return null
  return denominator < 0n
    ? { numerator: -numerator, denominator: -denominator, bits }
    : { numerator, denominator, bits }
}

/** A whole number below 2^53. */
export const whole = (value: number): Rational => ({
  numerator: BigInt(value),
  denominator: 1n,
  bits: Math.ceil(Math.log2(Math.abs(value) + 2)),
})

/** A decimal: digits before and after the point, times ten to `exponent`. Null when it is too large to hold. */
export function decimal(wholeDigits: string, fractionDigits: string, exponent = 0): Rational | null {
  const shift = exponent - fractionDigits.length
  const digits = wholeDigits.length + fractionDigits.length
  const bits = Math.ceil((digits + Math.abs(shift)) * bitsPerDigit) + 1
  if (bits > maxBits) return null
  const value = BigInt(wholeDigits + fractionDigits || "0")
  return shift < 0 ? make(value, 10n ** BigInt(-shift), bits) : make(value * 10n ** BigInt(shift), 1n, bits)
}

export const negate = (a: Rational): Rational => ({ ...a, numerator: -a.numerator })

export function add(a: Rational, b: Rational): Rational | null {
  if (a.denominator === 1n && b.denominator === 1n)
    return make(a.numerator + b.numerator, 1n, Math.max(a.bits, b.bits) + 1)
  const bits = a.bits + b.bits + 1
  if (bits > maxBits) return null
  return make(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator, bits)
}

export function multiply(a: Rational, b: Rational): Rational | null {
  const bits = a.bits + b.bits
  return bits > maxBits ? null : make(a.numerator * b.numerator, a.denominator * b.denominator, bits)
}

/** Null for a division by zero. */
export const divide = (a: Rational, b: Rational): Rational | null =>
  b.numerator === 0n
    ? null
    : multiply(a, { numerator: b.denominator * sign(b), denominator: b.numerator * sign(b), bits: b.bits })

const sign = (a: Rational) => (a.numerator < 0n ? -1n : 1n)

/** To a whole power; null for 0 to a negative power, for a fractional exponent and for results too large to hold. */
export function power(a: Rational, exponent: Rational): Rational | null {
  const times = toWhole(exponent)
  if (times === null) return null
  if (times < 0) return a.numerator === 0n ? null : power(divide(whole(1), a)!, whole(-times))
  const bits = a.bits * times
  if (bits > maxBits) return null
  return make(a.numerator ** BigInt(times), a.denominator ** BigInt(times), Math.max(1, bits))
}

/** The exact square root; null when it is irrational, or when a part is beyond 2^52. */
export function squareRoot(a: Rational): Rational | null {
  if (a.numerator < 0n || a.numerator > limit || a.denominator > limit) return null
  const n = wholeRoot(a.numerator * a.denominator)
  // sqrt(n/d) = sqrt(n d) / d, which is rational exactly when n d is a square.
  return n === null ? null : make(n, a.denominator, a.bits)
}

const limit = 1n << 26n

function wholeRoot(square: bigint): bigint | null {
  const root = BigInt(Math.round(Math.sqrt(Number(square))))
  return root * root === square ? root : null
}

export const equals = (a: Rational, b: Rational): boolean => a.numerator * b.denominator === b.numerator * a.denominator

/** -1, 0 or 1, as a is below, equal to or above b. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** True when a and b differ by at most half a unit of the last of `decimals` places. */
export function equalsWithin(a: Rational, b: Rational, decimals: number): boolean {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator
  const distance = difference < 0n ? -difference : difference
  return distance * 2n * 10n ** BigInt(decimals) <= a.denominator * b.denominator
}

function toWhole(a: Rational): number | null {
  if (a.numerator % a.denominator !== 0n) return null
  const value = a.numerator / a.denominator
  return value > BigInt(maxBits) || value < -BigInt(maxBits) ? null : Number(value)
}

/** A double near it, also where both parts are beyond a double's range; infinite when the value is. */
export function toDouble(a: Rational): number {
  const direct = Number(a.numerator) / Number(a.denominator)
  if (Number.isFinite(direct) && (direct !== 0 || a.numerator === 0n)) return direct
  const scaled = Number((a.numerator << 512n) / a.denominator)
  return Number.isFinite(scaled) ? scaled / 2 ** 512 : Number(a.numerator / a.denominator)
}
