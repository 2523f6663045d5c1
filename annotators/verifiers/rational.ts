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

/** The exact root of a whole degree, the real one; null when it is irrational or not real, or when a part is beyond 2^52. */
export function root(a: Rational, degree: number): Rational | null {
  if (degree < 1 || degree > 52 || !Number.isInteger(degree)) return null
  if (a.numerator < 0n) {
    const positive = degree % 2 === 1 ? root(negate(a), degree) : null
    return positive && negate(positive)
  }
  const { numerator, denominator } = reduced(a)
  const [n, d] = [wholeRoot(numerator, degree), wholeRoot(denominator, degree)]
  return n === null || d === null ? null : make(n, d, a.bits)
}

const rootLimit = 1n << 52n

function wholeRoot(whole: bigint, degree: number): bigint | null {
  if (whole > rootLimit) return null
  const root = BigInt(Math.round(Number(whole) ** (1 / degree)))
  return root ** BigInt(degree) === whole ? root : null
}

const divisor = (a: bigint, b: bigint): bigint => {
  let [x, y] = [a < 0n ? -a : a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** The same value in lowest terms, where its parts are below 2^256 and Euclid's algorithm is cheap. */
export function reduced(a: Rational): Rational {
  if (a.denominator === 1n || a.bits > 256) return a
  const common = divisor(a.numerator, a.denominator)
  return common === 1n ? a : { ...a, numerator: a.numerator / common, denominator: a.denominator / common }
}

/** The largest whole number that is not above a. */
export function floor(a: Rational): Rational {
  const down = a.numerator / a.denominator
  const whole = down * a.denominator > a.numerator ? down - 1n : down
  return { numerator: whole, denominator: 1n, bits: a.bits + 1 }
}

/** Null for arguments that are no whole numbers below 2^256, and for none. */
export function greatestDivisor(all: readonly Rational[]): Rational | null {
  let common = 0n
  let bits = 1
  for (const one of all) {
    if (!isWhole(one) || one.bits > 256) return null
    common = divisor(one.numerator / one.denominator, common)
    bits = Math.max(bits, one.bits)
  }
  return all.length === 0 ? null : { numerator: common, denominator: 1n, bits }
}

/** n! of a whole number; null for others and for results too large to hold. */
export function factorial(n: Rational): Rational | null {
  const last = toWhole(n)
  if (last === null || last < 0 || last > 1_800) return null
  let product = 1n
  for (let k = 2; k <= last; k++) product *= BigInt(k)
  return make(product, 1n, Math.max(1, Math.ceil(last * Math.log2(last + 1))))
}

/** n (n-1) ... (n-k+1) / k! for a whole k below 512; null for others and for results too large to hold. */
export function binomial(n: Rational, k: Rational): Rational | null {
  const count = toWhole(k)
  if (count === null || count < 0 || count > 512) return null
  const [top, whole_] = [toWhole(n), isWhole(n)]
  // Symmetry saves the long way round.
  const steps = whole_ && top !== null && top >= count ? Math.min(count, top - count) : count
  let product: Rational | null = whole(1)
  for (let i = 0; i < steps && product !== null; i++) {
    const factor = add(n, whole(-i))
    product = factor && multiply(product, factor)
    product = product && divide(product, whole(i + 1))
    product = product && (whole_ ? { ...reducedWhole(product) } : product)
  }
  return product
}

/** A whole value over 1, with a bound that fits it. */
function reducedWhole(a: Rational): Rational {
  const value = a.numerator / a.denominator
  return { numerator: value, denominator: 1n, bits: value.toString(16).length * 4 + 1 }
}

export const isWhole = (a: Rational): boolean => a.numerator % a.denominator === 0n

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

/** The value as a number; null where it is no whole number within +-`maxBits`. */
export function toWhole(a: Rational): number | null {
  if (a.numerator % a.denominator !== 0n) return null
  const value = a.numerator / a.denominator
  return value > BigInt(maxBits) || value < -BigInt(maxBits) ? null : Number(value)
}

/** The natural logarithm of a positive value, also where the value is beyond a double's range. */
export const logarithm = (a: Rational): number => logOf(a.numerator) - logOf(a.denominator)

function logOf(whole: bigint): number {
  const direct = Number(whole)
  if (Number.isFinite(direct)) return Math.log(direct)
  const shift = whole.toString(16).length * 4 - 1_000
  return Math.log(Number(whole >> BigInt(shift))) + shift * Math.LN2
}

/** A double near it, also where both parts are beyond a double's range; infinite when the value is. */
export function toDouble(a: Rational): number {
  const direct = Number(a.numerator) / Number(a.denominator)
  if (Number.isFinite(direct) && (direct !== 0 || a.numerator === 0n)) return direct
  const scaled = Number((a.numerator << 512n) / a.denominator)
  return Number.isFinite(scaled) ? scaled / 2 ** 512 : Number(a.numerator / a.denominator)
}
