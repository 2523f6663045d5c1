// Sizes beyond what doubles and exact fractions hold: products, powers and factorials as sign and logarithm.
import type { Comparison } from "./math-sampling.ts"
import type { Steps } from "./math-steps.ts"
import type { Expression } from "./math-tree.ts"
import { logarithm, negate, toDouble } from "./rational.ts"

/** A number as its sign and the natural logarithm of its size, with a bound on the logarithm's absolute error. */
export interface Magnitude {
  readonly sign: 1 | -1
  readonly log: number
  readonly error: number
}

const relative = 2 ** -50

const make = (sign: 1 | -1, log: number, inherited: number): Magnitude | null =>
  Number.isFinite(log) ? { sign, log, error: inherited + relative * Math.abs(log) } : null

/** The magnitude of a constant; null for zero, for sums and for functions other than roots and the factorial. */
export function magnitudeOf(node: Expression, steps: Steps): Magnitude | null {
  if (!steps.take()) return null
  switch (node.kind) {
    case "number": {
      const { numerator } = node.value
      if (numerator === 0n) return null
      return numerator < 0n ? make(-1, logarithm(negate(node.value)), 0) : make(1, logarithm(node.value), 0)
    }
    case "constant":
      return node.name === "pi" ? make(1, Math.log(Math.PI), 0) : node.name === "e" ? make(1, 1, 0) : null
    case "negative": {
      const of = magnitudeOf(node.of, steps)
      return of && { ...of, sign: of.sign === 1 ? -1 : 1 }
    }
    case "operation": {
      const left = magnitudeOf(node.left, steps)
      const right = left && magnitudeOf(node.right, steps)
      if (!left || !right) return null
      const sign = left.sign === right.sign ? 1 : -1
      if (node.operator === "*") return make(sign, left.log + right.log, left.error + right.error)
      if (node.operator === "/") return make(sign, left.log - right.log, left.error + right.error)
      if (node.operator !== "^" || left.sign < 0) return null
      const exponent = right.sign * Math.exp(right.log)
      return make(1, exponent * left.log, Math.abs(exponent) * (left.error + right.error * Math.abs(left.log)))
    }
    case "call": {
      if (node.name !== "factorial" && node.name !== "root") return null
      const of = magnitudeOf(node.of[0]!, steps)
      if (of === null || of.sign < 0) return null
      if (node.name === "root") {
        const degree = node.of[1]!
        const n = degree.kind === "number" ? toDouble(degree.value) : 0
        return n >= 1 ? make(1, of.log / n, of.error / n) : null
      }
      if (of.log < 3) return null
      const n = Math.exp(of.log)
      // Stirling's series (NIST 5.11.1); its next term is below 1e-12 from 20! on.
      const log = n * of.log - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3)
      return make(1, log, 1e-12 + n * of.log * of.error)
    }
    default:
      return null
  }
}

/** Compares two magnitudes: equal where they agree to nine places and are known as well. */
export function compareMagnitudes(a: Magnitude, b: Magnitude): Comparison {
  const error = 4 * (a.error + b.error)
  if (a.sign !== b.sign || Math.abs(a.log - b.log) > error + 1e-9) return "unequal"
  return error <= 1e-9 ? "equal" : "undecided"
}
