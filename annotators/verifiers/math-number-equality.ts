// When two numbers or expressions are equal, with their units, percent signs and bases.
import { expressionOf } from "./math-quantity.ts"
import { type Comparison, compareExpressions, realValue } from "./math-sampling.ts"
import type { Steps } from "./math-steps.ts"
import { call, type Expression, some } from "./math-tree.ts"
import type { ExpressionValue, MathValue, NumberValue } from "./math-values.ts"
import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"

/** What a comparison is bounded by and how exact it is. */
export interface Rules {
  /** Decimal places to which numbers must agree; null where they must be equal. */
  readonly decimals: number | null
  readonly steps: Steps
}

/** A number, or an expression of one value. */
export type Simple = MathValue & (NumberValue | ExpressionValue)
export const isSimple = (value: MathValue): value is Simple => value.kind === "number" || value.kind === "expression"

/** Compares by the rules that `math-equality.ts` lists for numbers, percent, units, bases and expressions. */
export function compareSimple(a: Simple, b: Simple, rules: Rules): Comparison {
  if (a.kind === "number" && b.kind === "number") return compareNumbers(a, b, rules)
  const units = a.unit?.known && b.unit?.known ? ([a.unit.known, b.unit.known] as const) : null
  if (units && units[0].dimension !== units[1].dimension) return "unequal"
  const sized = (value: Simple, other: Simple): Expression => {
    const tree = expressionOf(value)
    if (units)
      return {
        kind: "operation",
        operator: "*",
        left: tree,
        right: { kind: "number", value: value.unit!.known!.factor },
      }
    // 30 degrees against pi/6.
    const turned = value.unit?.known?.dimension === "angle" && other.unit === null && some(expressionOf(other), isPi)
    return turned ? call("degrees", tree) : tree
  }
  const [x, y] = [sized(a, b), sized(b, a)]
  const verdict = compareExpressions(x, y, rules.steps)
  if (verdict !== "unequal" || rules.decimals === null) return verdict
  const [p, q] = [realValue(x, rules.steps), realValue(y, rules.steps)]
  return p !== null && q !== null && Math.abs(p - q) <= 0.5 * 10 ** -rules.decimals ? "equal" : "unequal"
}

const isPi = (node: Expression) => node.kind === "constant" && node.name === "pi"

function compareNumbers(reference: NumberValue, answer: NumberValue, { decimals }: Rules): Comparison {
  const same = (a: Rational, b: Rational) =>
    decimals === null ? rational.equals(a, b) : rational.equalsWithin(a, b, decimals)
  if ((reference.based === null) !== (answer.based === null)) {
    const [based, bare] = reference.based ? [reference.based, answer] : [answer.based!, reference]
    const digits = /[A-Z]/.test(based.digits) ? null : rational.decimal(based.digits, "")
    return digits && rational.equals(digits, bare.value) ? "equal" : "unequal"
  }
  const known =
    reference.unit?.known && answer.unit?.known ? ([reference.unit.known, answer.unit.known] as const) : null
  if (known) {
    const [unit, other] = known
    if (unit.dimension !== other.dimension)
      return isSameWord(reference, answer) && same(reference.value, answer.value) ? "equal" : "unequal"
    const inBase = [rational.multiply(reference.value, unit.factor), rational.multiply(answer.value, other.factor)]
    if (!rational.equals(unit.factor, other.factor))
      return inBase[0] && inBase[1] && rational.equals(inBase[0], inBase[1]) ? "equal" : "unequal"
  }
  if (reference.percent !== answer.percent) {
    const [percent, bare] = reference.percent ? [reference, answer] : [answer, reference]
    if (bare.unit !== null) return "unequal"
    const asFraction = rational.divide(percent.value, rational.whole(100))
    if (asFraction && same(asFraction, bare.value)) return "equal"
    const atLeastOne = rational.compare(absolute(bare.value), rational.whole(1)) >= 0
    return atLeastOne && same(percent.value, bare.value) ? "equal" : "unequal"
  }
  return same(reference.value, answer.value) ? "equal" : "unequal"
}

const absolute = (a: Rational) => (a.numerator < 0n ? rational.negate(a) : a)

/** One name for two dimensions: a bare degree sign may mean the temperature that the other names, and pounds are money or mass. */
function isSameWord(a: NumberValue, b: NumberValue): boolean {
  const [one, other] = [a.unit!, b.unit!]
  const pair = [one.known!.dimension, other.known!.dimension].sort().join(" ")
  if (pair === "angle celsius" || pair === "angle fahrenheit") return true
  return pair === "mass sterling" && [one, other].some(({ name }) => /^pounds?$/i.test(name))
}
