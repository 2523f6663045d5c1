// Whether two expressions are the same function, decided at fixed points.
import * as complex from "./complex.ts"
import { evaluateExactly } from "./math-exact.ts"
import { compareMagnitudes, magnitudeOf } from "./math-magnitude.ts"
import { evaluateNearly, type Point } from "./math-near.ts"
import type { Steps } from "./math-steps.ts"
import { type Expression, isRationalFunction, some, symbolsOf } from "./math-tree.ts"
import * as rational from "./rational.ts"

/** `undecided`: no value could be found, or notation that is not read, or the reference's words among others. */
export type Comparison = "equal" | "unequal" | "undecided"

/** Points at which two expressions must agree, at least, to be equal. */
const enoughPoints = 3

/**
 * Compares two expressions. Numbers and quotients of polynomials are compared exactly, these at whole points (Schwartz 1980). Others
 * are compared in doubles, within their rounding error: at real points of both signs where both have real values, so that
 * sqrt(x) sqrt(y) = sqrt(xy) and |x| is not x; where there are too few, at complex points. Agreement at three or more points is
 * equality, one disagreement is not. `log` without a base may be either logarithm.
 */
export function compareExpressions(left: Expression, right: Expression, steps: Steps): Comparison {
  const free = [...new Set([...symbolsOf(left), ...symbolsOf(right)])].sort()
  const stepwise = some(left, isSeries) || some(right, isSeries)
  if (stepwise || free.length === 0 || (isRationalFunction(left) && isRationalFunction(right))) {
    const exact = compareExactly(left, right, free, steps)
    if (exact !== "undecided") return exact
  }
  if (free.length === 0 && isLongDecimal(left) !== isLongDecimal(right)) return "unequal"
  const ambiguous = some(left, isLog) || some(right, isLog)
  const first = compareNearly(left, right, free, 10, steps)
  if (first === "undecided" && free.length === 0) return compareSizes(left, right, steps)
  if (!ambiguous || first === "equal") return first
  return compareNearly(left, right, free, "e", steps)
}

/** Of numbers beyond what doubles hold: `2006!` and `2004!`. */
function compareSizes(left: Expression, right: Expression, steps: Steps): Comparison {
  const a = magnitudeOf(left, steps)
  const b = a && magnitudeOf(right, steps)
  return a && b ? compareMagnitudes(a, b) : "undecided"
}

// What cannot be evaluated exactly is hardly ever such a fraction; a double cannot tell 3.141592653589793 from pi.
const isLongDecimal = (node: Expression) =>
  node.kind === "number" && rational.reduced(node.value).denominator > 1_000_000_000_000n

const isSeries = (node: Expression) => node.kind === "series"
const isLog = (node: Expression) => node.kind === "call" && node.name === "log"
const isImaginary = (node: Expression) => node.kind === "constant" && node.name === "i"

function compareExactly(left: Expression, right: Expression, free: readonly string[], steps: Steps): Comparison {
  let [agreements, failures] = [0, 0]
  // What is too large at two points will be so at more.
  for (let point = 0; point < 8 && agreements < enoughPoints && failures < 2; point++) {
    const symbols = new Map(free.map((name, index) => [name, wholeValue(point, index)]))
    const a = evaluateExactly(left, symbols, steps)
    const b = a && evaluateExactly(right, symbols, steps)
    if (a && b && !rational.equals(a, b)) return "unequal"
    if (a && b) agreements++
    else failures++
    if (free.length === 0) break
  }
  return agreements >= (free.length === 0 ? 1 : enoughPoints) ? "equal" : "undecided"
}

function compareNearly(
  left: Expression,
  right: Expression,
  free: readonly string[],
  logBase: 10 | "e",
  steps: Steps,
): Comparison {
  const real =
    some(left, isImaginary) || some(right, isImaginary)
      ? "undecided"
      : agreement(left, right, free, { domain: "real", logBase }, steps)
  return real === "undecided" ? agreement(left, right, free, { domain: "complex", logBase }, steps) : real
}

function agreement(
  left: Expression,
  right: Expression,
  free: readonly string[],
  how: Omit<Point, "symbols">,
  steps: Steps,
): Comparison {
  let agreements = 0
  for (let point = 0; point < (free.length === 0 ? 1 : points.length); point++) {
    const symbols = new Map(free.map((name, index) => [name, pointValue(point, index)]))
    const a = evaluateNearly(left, { ...how, symbols }, steps)
    const b = evaluateNearly(right, { ...how, symbols }, steps)
    if (steps.usedUp) return "undecided"
    if (!complex.isKnown(a) || !complex.isKnown(b)) continue
    if (!complex.agree(a, b)) return "unequal"
    agreements++
  }
  return agreements >= (free.length === 0 ? 1 : enoughPoints) ? "equal" : "undecided"
}

// Whole numbers that no simple relation links, the same on every machine.
const primes = [13, 29, 47, 71, 97, 127, 151, 179, 211, 241, 277, 313, 349, 383, 421, 457, 499, 541, 577, 617]
const prime = (point: number, index: number) =>
  primes[(index + 5 * point) % primes.length]! + 2 * Math.floor(index / primes.length) + point

const wholeValue = (point: number, index: number) => rational.whole(prime(point, index))

/** Sizes and signs of the points: whole and broken, small and large; of negative ones some have all symbols so, some every other. */
const points: readonly { readonly over: number; readonly negative: "none" | "all" | "some" }[] = [
  { over: 16, negative: "none" },
  { over: 64, negative: "none" },
  { over: 16, negative: "all" },
  { over: 64, negative: "some" },
  { over: 512, negative: "none" },
  { over: 1, negative: "none" },
  { over: 16, negative: "some" },
  { over: 1_024, negative: "all" },
  { over: 1, negative: "none" },
  { over: 256, negative: "none" },
  { over: 1, negative: "all" },
  { over: 128, negative: "none" },
]

function pointValue(point: number, index: number): rational.Rational {
  const { over, negative } = points[point]!
  const value = rational.divide(rational.whole(prime(point, index)), rational.whole(over))!
  return negative === "all" || (negative === "some" && index % 2 === 0) ? rational.negate(value) : value
}

/** The real value of an expression at one point, by which many can be sorted; 0 where it has none. */
export function sampleValue(node: Expression, steps: Steps): number {
  const symbols = new Map(symbolsOf(node).map((name, index) => [name, pointValue(0, index)]))
  const { re } = evaluateNearly(node, { symbols, domain: "real", logBase: 10 }, steps)
  return Number.isFinite(re) ? re : 0
}

/** The value of a constant expression as a real double; null where it has none. */
export function realValue(node: Expression, steps: Steps): number | null {
  const value = evaluateNearly(node, { symbols: new Map(), domain: "real", logBase: 10 }, steps)
  return complex.isKnown(value) && complex.isReal(value) ? value.re : null
}
