// Sizes beyond what doubles and exact fractions hold: products, powers and factorials as sign and logarithm.
import type { Steps } from "./math-steps.ts"
import type { Expression } from "./math-tree.ts"
import { toDouble } from "./rational.ts"

/** A number as its sign and the natural logarithm of its size, with a bound on the logarithm's absolute error. */
export interface Magnitude {
  readonly sign: 1 | -1
  readonly log: number
  readonly error: number
}

const relative = 2 ** -50

const make = (sign: 1 | -1, log: number, inherited: number): Magnitude | null =>
  Number.isFinite(log) ? { sign, log, error: inherited + relative * Math.abs(log) } : null

/** The magnitude of a constant; null for zero, for sums and for functions other than the factorial. */
export function magnitudeOf(node: Expression, steps: Steps): Magnitude | null {
  if (!steps.take()) return null
  switch (node.kind) {
    case "number": {
      const value = toDouble(node.value)
      return value === 0 ? null : make(value < 0 ? -1 : 1, Math.log(Math.abs(value)), 0)
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
      if (node.name !== "factorial") return null
      const of = magnitudeOf(node.of[0]!, steps)
      if (of === null || of.sign < 0 || of.log < 3) return null
      const n = Math.exp(of.log)
      // Stirling's series (NIST 5.11.1); its next term is below 1e-12 from 20! on.
      const log = n * of.log - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3)
      return make(1, log, 1e-12 + n * of.log * of.error)
    }
    default:
      return null
  }
}

/** Whether two magnitudes are certainly those of different numbers; null where they are near each other. */
export function magnitudesDiffer(a: Magnitude, b: Magnitude): true | null {
  if (a.sign !== b.sign) return true
  return Math.abs(a.log - b.log) > 4 * (a.error + b.error) + 1e-9 ? true : null
}
