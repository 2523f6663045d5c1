// The value of a tree in doubles, complex, with a bound on its error.
import * as complex from "./complex.ts"
import { evaluateExactly } from "./math-exact.ts"
import type { Steps } from "./math-steps.ts"
import type { Expression, FunctionName } from "./math-tree.ts"
import * as rational from "./rational.ts"

type Complex = complex.Complex

/** Where an expression is evaluated. */
export interface Point {
  readonly symbols: ReadonlyMap<string, rational.Rational>
  /** Over the reals what has no real value is undefined: the root or logarithm of a negative number, and i. */
  readonly domain: "real" | "complex"
  /** What `log` without a base means: the writer's choice, not ours. */
  readonly logBase: 10 | "e"
}

/** The value of an expression at a point, on principal branches but with real roots of odd degree; not finite where it has none. */
export function evaluateNearly(node: Expression, point: Point, steps: Steps): Complex {
  if (!steps.take()) return complex.undefinedValue
  const at = (one: Expression) => evaluateNearly(one, point, steps)
  switch (node.kind) {
    case "number":
      return fromRational(node.value)
    case "symbol": {
      const value = point.symbols.get(node.name)
      return value === undefined ? complex.undefinedValue : fromRational(value)
    }
    case "constant":
      return node.name === "i" && point.domain === "real" ? complex.undefinedValue : constants[node.name]
    case "negative":
      return complex.negate(at(node.of))
    case "operation": {
      const left = at(node.left)
      if (node.operator === "^") return power(left, node.right, point, steps)
      return operators[node.operator](left, at(node.right))
    }
    case "call": {
      if (node.name === "root") return root(at(node.of[0]!), node.of[1]!, point, steps)
      const of = node.of.map(at)
      if (point.domain === "real" && !isRealArgument(node.name, of[0]!)) return complex.undefinedValue
      const value = functions[node.name](...of)
      return node.name === "log" && point.logBase === 10 ? complex.divide(value, complex.rounded(Math.LN10)) : value
    }
    case "application":
      return unknownFunction(node.name, node.of.map(at))
    case "series":
      return series(node, point, steps)
  }
}

/** Whether a function has a real value at a real argument. */
function isRealArgument(name: FunctionName, { re }: Complex): boolean {
  switch (name) {
    case "ln":
    case "log":
    case "lg":
    case "logarithm":
      return re > 0
    case "arcsin":
    case "arccos":
      return Math.abs(re) <= 1 + 1e-12
    case "arcsec":
    case "arccsc":
      return Math.abs(re) >= 1 - 1e-12
    default:
      return true
  }
}

function fromRational(value: rational.Rational): Complex {
  const near = rational.toDouble(value)
  const exact = value.denominator === 1n && Number.isSafeInteger(near)
  return exact ? complex.complex(near) : complex.rounded(near)
}

const constants: Record<"pi" | "e" | "i" | "infinity", Complex> = {
  pi: complex.rounded(Math.PI),
  e: complex.rounded(Math.E),
  i: complex.complex(0, 1),
  infinity: complex.complex(Number.POSITIVE_INFINITY),
}

const operators = { "+": complex.add, "-": complex.subtract, "*": complex.multiply, "/": complex.divide }

/** The exponent decides the branch: an exact fraction with an odd denominator takes the real root of a negative base. */
function power(base: Complex, exponent: Expression, point: Point, steps: Steps): Complex {
  const exact = base.re < 0 && complex.isReal(base) ? evaluateExactly(exponent, point.symbols, steps) : null
  if (exact !== null && !rational.isWhole(exact)) {
    const { numerator, denominator } = rational.reduced(exact)
    if (denominator % 2n === 1n) {
      const size = complex.power(complex.negate(base), fromRational(exact))
      return numerator % 2n === 0n ? size : complex.negate(size)
    }
  }
  const n = evaluateNearly(exponent, point, steps)
  if (point.domain === "real" && base.re < -4 * base.error && !Number.isInteger(n.re)) return complex.undefinedValue
  return complex.power(base, n)
}

function root(of: Complex, degree: Expression, point: Point, steps: Steps): Complex {
  const n = evaluateNearly(degree, point, steps)
  if (point.domain === "real" && of.re < -4 * of.error && n.re % 2 !== 1) return complex.undefinedValue
  if (n.re === 2 && n.im === 0) return complex.squareRoot(of)
  if (of.re < 0 && complex.isReal(of) && n.re % 2 === 1)
    return complex.negate(complex.power(complex.negate(of), complex.divide(complex.complex(1), n)))
  return complex.power(of, complex.divide(complex.complex(1), n))
}

const one = complex.complex(1)
const i = complex.complex(0, 1)
const half = complex.complex(0.5)
const reciprocal = (z: Complex) => complex.divide(one, z)
const over = (a: Complex, b: Complex) => complex.divide(a, b)
const hyperbolic = (sign: 1 | -1) => (z: Complex) => {
  const [up, down] = [complex.exponential(z), complex.exponential(complex.negate(z))]
  return complex.multiply(half, sign === 1 ? complex.add(up, down) : complex.subtract(up, down))
}
const [cosh, sinh] = [hyperbolic(1), hyperbolic(-1)]

/** A function of a real argument, known by its derivative's size; not defined elsewhere. */
const real = (value: (x: number) => number, slope: (x: number) => number) => (z: Complex) =>
  complex.isReal(z)
    ? complex.complex(value(z.re), 0, slope(z.re) * z.error + Math.abs(value(z.re)) * 2 ** -51)
    : complex.undefinedValue

const arcsine = (z: Complex): Complex => {
  if (complex.isReal(z) && Math.abs(z.re) <= 1)
    return complex.complex(
      Math.asin(z.re),
      0,
      Math.min(z.error / Math.sqrt(Math.max(1 - z.re ** 2, 1e-16)), Math.sqrt(z.error)) + 2 ** -52,
    )
  // -i ln(iz + sqrt(1 - z^2))
  const inside = complex.add(complex.multiply(i, z), complex.squareRoot(complex.subtract(one, complex.multiply(z, z))))
  return complex.negate(complex.multiply(i, complex.logarithm(inside)))
}
const arccosine = (z: Complex) => complex.subtract(complex.rounded(Math.PI / 2), arcsine(z))
const arctangent = real(Math.atan, (x) => 1 / (1 + x * x))

/** Real arguments that may be a whole number within their error are taken for it. */
const stepwise = (value: (x: number) => number) => (z: Complex) => {
  if (!complex.isReal(z)) return complex.undefinedValue
  const whole = Math.round(z.re)
  return complex.complex(value(Math.abs(z.re - whole) <= 4 * z.error ? whole : z.re))
}
const floor = stepwise(Math.floor)

const whole = (z: Complex) => complex.isReal(z) && Number.isInteger(z.re) && Number.isSafeInteger(z.re)

const functions: Record<Exclude<FunctionName, "root">, (...of: Complex[]) => Complex> = {
  sin: (z) => complex.sine(z!),
  cos: (z) => complex.cosine(z!),
  tan: (z) => over(complex.sine(z!), complex.cosine(z!)),
  cot: (z) => over(complex.cosine(z!), complex.sine(z!)),
  sec: (z) => reciprocal(complex.cosine(z!)),
  csc: (z) => reciprocal(complex.sine(z!)),
  arcsin: (z) => arcsine(z!),
  arccos: (z) => arccosine(z!),
  arctan: (z) => arctangent(z!),
  arccot: (z) => complex.subtract(complex.rounded(Math.PI / 2), arctangent(z!)),
  arcsec: (z) => arccosine(reciprocal(z!)),
  arccsc: (z) => arcsine(reciprocal(z!)),
  sinh: (z) => sinh(z!),
  cosh: (z) => cosh(z!),
  tanh: (z) => over(sinh(z!), cosh(z!)),
  coth: (z) => over(cosh(z!), sinh(z!)),
  arsinh: real(Math.asinh, (x) => 1 / Math.sqrt(1 + x * x)) as (z: Complex | undefined) => Complex,
  arcosh: real(Math.acosh, (x) => 1 / Math.sqrt(Math.max(x * x - 1, 1e-16))) as (z: Complex | undefined) => Complex,
  artanh: real(Math.atanh, (x) => 1 / Math.abs(1 - x * x)) as (z: Complex | undefined) => Complex,
  exp: (z) => complex.exponential(z!),
  ln: (z) => complex.logarithm(z!),
  log: (z) => complex.logarithm(z!),
  lg: (z) => over(complex.logarithm(z!), complex.rounded(Math.LN10)),
  logarithm: (z, base) => over(complex.logarithm(z!), complex.logarithm(base!)),
  abs: (z) => complex.complex(complex.magnitude(z!), 0, z!.error),
  floor: (z) => floor(z!),
  ceiling: (z) => stepwise(Math.ceil)(z!),
  degrees: (z) => complex.multiply(z!, complex.rounded(Math.PI / 180)),
  factorial: (z) => gamma(complex.add(z!, one)),
  binomial: (n, k) =>
    over(
      gamma(complex.add(n!, one)),
      complex.multiply(gamma(complex.add(k!, one)), gamma(complex.add(complex.subtract(n!, k!), one))),
    ),
  modulo: (a, b) => complex.subtract(a!, complex.multiply(b!, floor(over(a!, b!)))),
  max: (...all) => extreme(all, 1),
  min: (...all) => extreme(all, -1),
  gcd: (...all) =>
    all.every(whole) ? complex.complex(all.map((z) => Math.abs(z.re)).reduce(commonDivisor)) : complex.undefinedValue,
  lcm: (...all) =>
    all.every(whole)
      ? complex.complex(all.map((z) => Math.abs(z.re)).reduce((a, b) => (a * b) / (commonDivisor(a, b) || 1)))
      : complex.undefinedValue,
}

function extreme(all: readonly Complex[], sign: 1 | -1): Complex {
  if (!all.every(complex.isReal)) return complex.undefinedValue
  return all.reduce((best, one) => ((one.re - best.re) * sign > 0 ? one : best))
}

function commonDivisor(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y > 0) [x, y] = [y, x % y]
  return x
}

// Lanczos 1964 with g = 7 and nine terms: 15 digits for real arguments.
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

function gamma(z: Complex): Complex {
  if (!complex.isReal(z)) return complex.undefinedValue
  const x = z.re
  if (x < 0.5) {
    const reflected = complex.multiply(
      complex.sine(complex.complex(Math.PI * x, 0, 1e-15)),
      gamma(complex.complex(1 - x)),
    )
    return complex.divide(complex.rounded(Math.PI), reflected)
  }
  const t = x + 6.5
  const sum = lanczos.reduce((total, term, k) => (k === 0 ? term : total + term / (x - 1 + k)), 0)
  const value = Math.sqrt(2 * Math.PI) * t ** (x - 0.5) * Math.exp(-t) * sum
  const value_ = Number.isInteger(x) && x < 20 ? Math.round(value) : value
  return complex.complex(value_, 0, Math.abs(value_) * (1e-13 + z.error * Math.log(x + 2)))
}

/** A fixed smooth function for every name, of all its arguments: equal where the arguments are, and else not. */
function unknownFunction(name: string, of: readonly Complex[]): Complex {
  let seed = 7
  for (const character of name) seed = (seed * 31 + character.charCodeAt(0)) % 1_009
  return of.reduce(
    (total, z, index) => {
      const phase = complex.complex(0.5 + (seed % 97) / 128 + index)
      const wave = complex.sine(complex.multiply(phase, z))
      const curve = complex.divide(complex.multiply(z, z), complex.complex(3 + (seed % 31) + index))
      return complex.add(complex.multiply(total, complex.complex(1.375)), complex.add(wave, curve))
    },
    complex.complex(1 + (seed % 13)),
  )
}

function series(node: Extract<Expression, { kind: "series" }>, point: Point, steps: Steps): Complex {
  const [from, to] = [node.from, node.to].map((bound) => evaluateExactly(bound, point.symbols, steps))
  const [first, last] = [from && rational.toWhole(from), to && rational.toWhole(to)]
  if (first == null || last == null || last - first > 1_000) return complex.undefinedValue
  let total = complex.complex(node.operator === "+" ? 0 : 1)
  const symbols = new Map(point.symbols)
  for (let k = first; k <= last && !steps.usedUp; k++) {
    const term = evaluateNearly(node.of, { ...point, symbols: symbols.set(node.index, rational.whole(k)) }, steps)
    total = operators[node.operator](total, term)
  }
  return steps.usedUp ? complex.undefinedValue : total
}
