// The value of a tree as an exact fraction, wherever it has one.
import type { Steps } from "./math-steps.ts"
import type { Expression, FunctionName, Operator } from "./math-tree.ts"
import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"

/** The exact value of an expression, given those of its symbols; null where it is irrational, undefined or out of budget. */
export function evaluateExactly(
  node: Expression,
  symbols: ReadonlyMap<string, Rational>,
  steps: Steps,
): Rational | null {
  if (!steps.take()) return null
  switch (node.kind) {
    case "number":
      return node.value
    case "symbol":
      return symbols.get(node.name) ?? null
    case "constant":
    case "application":
      return null
    case "negative": {
      const of = evaluateExactly(node.of, symbols, steps)
      return of && rational.negate(of)
    }
    case "operation": {
      const left = evaluateExactly(node.left, symbols, steps)
      const right = left && evaluateExactly(node.right, symbols, steps)
      // A product of large numbers costs what many of small ones do.
      return right && steps.take((left.bits + right.bits) >> 9) ? operators[node.operator](left, right) : null
    }
    case "call": {
      const of: Rational[] = []
      for (const operand of node.of) {
        const value = evaluateExactly(operand, symbols, steps)
        if (value === null) return null
        of.push(value)
      }
      return steps.take(chargeOf(node.name, of)) ? (functions[node.name]?.(...of) ?? null) : null
    }
    case "series": {
      const from = evaluateExactly(node.from, symbols, steps)
      const to = from && evaluateExactly(node.to, symbols, steps)
      const [first, last] = [from && rational.toWhole(from), to && rational.toWhole(to)]
      if (first === null || last === null) return null
      let total: Rational | null = rational.whole(node.operator === "+" ? 0 : 1)
      const inside = new Map(symbols)
      for (let k = first; k <= last && total !== null; k++) {
        const term = evaluateExactly(node.of, inside.set(node.index, rational.whole(k)), steps)
        total = term && operators[node.operator](total, term)
        if (total !== null) total = rational.reduced(total)
      }
      return total
    }
  }
}

/** Steps of a function whose work grows with its argument. */
function chargeOf(name: FunctionName, of: readonly Rational[]): number {
  const growing = name === "factorial" ? of[0] : name === "binomial" ? of[1] : undefined
  // Each factor of a binomial is multiplied and divided away.
  const each = name === "binomial" ? 8 : 1
  return growing === undefined ? 1 : Math.min(4_096, each * Math.abs(rational.toWhole(growing) ?? 0))
}

const operators: Record<Operator, (a: Rational, b: Rational) => Rational | null> = {
  "+": rational.add,
  "-": (a, b) => rational.add(a, rational.negate(b)),
  "*": rational.multiply,
  "/": rational.divide,
  "^": power,
}

/** To a whole power, or to a fractional one where the root is rational: 8^(2/3) = 4. */
function power(base: Rational, exponent: Rational): Rational | null {
  const whole = rational.power(base, exponent)
  if (whole !== null || rational.isWhole(exponent)) return whole
  const { numerator, denominator } = rational.reduced(exponent)
  if (denominator > 52n || numerator > 1_024n || numerator < -1_024n) return null
  const root = rational.root(base, Number(denominator))
  return root && rational.power(root, rational.whole(Number(numerator)))
}

const absolute = (a: Rational) => (a.numerator < 0n ? rational.negate(a) : a)
const best =
  (sign: number) =>
  (first: Rational, ...rest: Rational[]) =>
    rest.reduce((one, other) => (rational.compare(other, one) * sign > 0 ? other : one), first)

const functions: Partial<Record<FunctionName, (...of: Rational[]) => Rational | null>> = {
  abs: (a) => absolute(a!),
  floor: (a) => rational.floor(a!),
  ceiling: (a) => rational.negate(rational.floor(rational.negate(a!))),
  factorial: (a) => rational.factorial(a!),
  root: (a, degree) => (rational.isWhole(degree!) ? rational.root(a!, rational.toWhole(degree!) ?? 0) : null),
  binomial: (n, k) => rational.binomial(n!, k!),
  logarithm: (a, base) => logarithm(a!, base!),
  lg: (a) => logarithm(a!, rational.whole(10)),
  modulo: (a, b) => modulo(a!, b!),
  max: (first, ...rest) => best(1)(first!, ...rest),
  min: (first, ...rest) => best(-1)(first!, ...rest),
  gcd: (...all) => rational.greatestDivisor(all),
  lcm: (...all) =>
    all.reduce<Rational | null>((common, one) => {
      const shared = common && rational.greatestDivisor([common, one])
      const product = common && rational.multiply(common, absolute(one))
      return shared && product && rational.divide(product, shared)
    }, rational.whole(1)),
}

function modulo(a: Rational, b: Rational): Rational | null {
  const quotient = rational.divide(a, b)
  const part = quotient && rational.multiply(rational.floor(quotient), b)
  return part && rational.add(a, rational.negate(part))
}

/** The fraction p/q with base^p = a^q, for small p and q. */
function logarithm(a: Rational, base: Rational): Rational | null {
  if (a.numerator <= 0n || base.numerator <= 0n) return null
  const near = rational.logarithm(a) / rational.logarithm(base)
  for (const q of [1, 2, 3, 4]) {
    const p = Math.round(near * q)
    if (!Number.isFinite(near) || Math.abs(p) > 1_024 || Math.abs(near * q - p) > 1e-9) continue
    const [left, right] = [rational.power(base, rational.whole(p)), rational.power(a, rational.whole(q))]
    if (left && right && rational.equals(left, right)) return rational.divide(rational.whole(p), rational.whole(q))
  }
  return null
}
