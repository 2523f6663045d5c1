/**
 * A complex number in doubles with a running bound on its rounding error (Higham 2002, section 3.3): `error` is in absolute units, so
 * that what is equal can be told from what is merely near, at every magnitude.
 */
export interface Complex {
  readonly re: number
  readonly im: number
  readonly error: number
}

const unit = 2 ** -52

export const complex = (re: number, im = 0, error = 0): Complex => ({ re, im, error })

/** The nearest double to a real number that is not exactly known. */
export const rounded = (re: number): Complex => ({ re, im: 0, error: Math.abs(re) * unit })

export const magnitude = (z: Complex): number => (z.im === 0 ? Math.abs(z.re) : Math.hypot(z.re, z.im))

/** True where the imaginary part is nothing but rounding. */
export const isReal = (z: Complex): boolean => Math.abs(z.im) <= 4 * z.error

/** True for a value that is finite and known to at least seven places, or is zero to nine. */
export const isKnown = (z: Complex): boolean =>
  Number.isFinite(z.re) && Number.isFinite(z.im) && z.error <= Math.max(1e-7 * magnitude(z), 1e-9)

const make = (re: number, im: number, inherited: number): Complex => ({
  re,
  im,
  error: inherited + unit * (Math.abs(re) + Math.abs(im)),
})

export const add = (a: Complex, b: Complex): Complex => make(a.re + b.re, a.im + b.im, a.error + b.error)
export const negate = (a: Complex): Complex => ({ re: -a.re, im: -a.im, error: a.error })
export const subtract = (a: Complex, b: Complex): Complex => add(a, negate(b))

export const multiply = (a: Complex, b: Complex): Complex =>
  make(
    a.re * b.re - a.im * b.im,
    a.re * b.im + a.im * b.re,
    magnitude(a) * b.error + magnitude(b) * a.error + 2 * unit * magnitude(a) * magnitude(b),
  )

/** Not finite where b may be zero within its error. */
export function divide(a: Complex, b: Complex): Complex {
  const size = magnitude(b)
  if (size <= 4 * b.error) return undefinedValue
  const quotient = magnitude(a) / size
  const inherited = (a.error + quotient * b.error) / size + 2 * unit * quotient
  if (a.im === 0 && b.im === 0) return make(a.re / b.re, 0, inherited)
  // By b's size first, so that squares neither overflow nor vanish.
  const [c, d] = [b.re / size, b.im / size]
  return make((a.re * c + a.im * d) / size, (a.im * c - a.re * d) / size, inherited)
}

/** The value of what has none. */
export const undefinedValue: Complex = { re: Number.NaN, im: 0, error: 0 }

export function exponential(z: Complex): Complex {
  const size = Math.exp(z.re)
  const inherited = size * z.error
  return z.im === 0
    ? make(size, 0, inherited + size * unit * Math.abs(z.re))
    : make(size * Math.cos(z.im), size * Math.sin(z.im), inherited + size * unit * magnitude(z))
}

/** The principal branch; not finite at zero. */
export function logarithm(z: Complex): Complex {
  const size = magnitude(z)
  if (size <= 4 * z.error) return undefinedValue
  return make(Math.log(size), isReal(z) ? (z.re < 0 ? Math.PI : 0) : Math.atan2(z.im, z.re), z.error / size + unit)
}

/** The principal branch; 0 to a positive power is 0, and to the power 0 is 1. */
export function power(base: Complex, exponent: Complex): Complex {
  const n = exponent.re
  if (exponent.im === 0 && exponent.error === 0 && Number.isInteger(n) && Math.abs(n) <= 1_024)
    return n < 0 ? divide(complex(1), wholePower(base, -n)) : wholePower(base, n)
  if (magnitude(base) <= 4 * base.error || (base.re === 0 && base.im === 0))
    return isReal(exponent) && n > 0 ? complex(0, 0, base.error ** Math.min(n, 1)) : undefinedValue
  if (base.im === 0 && base.re > 0 && exponent.im === 0) {
    const value = base.re ** n
    const relative = (base.error / base.re) * Math.abs(n) + Math.abs(Math.log(base.re)) * exponent.error
    return make(value, 0, value * (relative + unit))
  }
  return exponential(multiply(exponent, logarithm(base)))
}

function wholePower(base: Complex, exponent: number): Complex {
  let result = complex(1)
  let square = base
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(result, square)
    square = multiply(square, square)
  }
  return result
}

/** The principal square root: of what is real and negative, on the positive imaginary axis. */
export function squareRoot(z: Complex): Complex {
  const size = magnitude(z)
  if (size === 0) return complex(0, 0, Math.sqrt(z.error))
  const inherited = size > 4 * z.error ? z.error / Math.sqrt(size) : Math.sqrt(z.error + size)
  if (isReal(z)) return z.re >= 0 ? make(Math.sqrt(z.re), 0, inherited) : make(0, Math.sqrt(-z.re), inherited)
  const re = Math.sqrt((size + Math.abs(z.re)) / 2)
  const im = Math.abs(z.im) / (2 * re)
  return z.re >= 0 ? make(re, Math.sign(z.im) * im, inherited) : make(im, (Math.sign(z.im) || 1) * re, inherited)
}

export function sine(z: Complex): Complex {
  if (z.im === 0) return make(Math.sin(z.re), 0, z.error + unit)
  const growth = Math.cosh(z.im)
  return make(Math.sin(z.re) * growth, Math.cos(z.re) * Math.sinh(z.im), growth * (z.error + unit * magnitude(z)))
}

export function cosine(z: Complex): Complex {
  if (z.im === 0) return make(Math.cos(z.re), 0, z.error + unit)
  const growth = Math.cosh(z.im)
  return make(Math.cos(z.re) * growth, -Math.sin(z.re) * Math.sinh(z.im), growth * (z.error + unit * magnitude(z)))
}

/** True where two values differ by no more than their rounding may have done. */
export function agree(a: Complex, b: Complex): boolean {
  const distance = magnitude(subtract(a, b))
  return distance <= 8 * (a.error + b.error) + 16 * unit * Math.max(magnitude(a), magnitude(b))
}
