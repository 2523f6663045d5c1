// When two ratios or times of day are equal.
import { isSimple, type Rules, type Simple } from "./math-number-equality.ts"
import { expressionOf } from "./math-quantity.ts"
import { type Comparison, compareExpressions } from "./math-sampling.ts"
import { integer, operation } from "./math-tree.ts"
import type { MathValue } from "./math-values.ts"
import * as rational from "./rational.ts"

/** Compares ratios part by part, up to a common factor; a number is its ratio to one. */
export function compareRatios(a: MathValue, b: MathValue, rules: Rules): Comparison {
  const parts = (value: MathValue) => (value.kind === "ratio" ? value.parts : isSimple(value) ? [value] : null)
  const clock = (value: MathValue) => (value.kind === "clock" && value.half === null ? clockParts(value) : parts(value))
  const [left, right] = [clock(a), clock(b)]
  if (left === null || right === null) return "unequal"
  const one = integer(1)
  const trees = (values: readonly MathValue[]) => values.map((value) => expressionOf(value as Simple))
  const [x, y] = [trees(left), trees(right)]
  if (x.length === 1) x.push(one)
  if (y.length === 1) y.push(one)
  if (x.length !== y.length) return "unequal"
  for (let index = 1; index < x.length; index++) {
    const verdict = compareExpressions(operation("*", x[0]!, y[index]!), operation("*", y[0]!, x[index]!), rules.steps)
    if (verdict !== "equal") return verdict
  }
  return "equal"
}

/** `11:21` without a half of the day may as well be a ratio. */
function clockParts(value: Extract<MathValue, { kind: "clock" }>): Simple[] {
  return [Math.floor(value.minutes / 60), value.minutes % 60].map((part) => ({
    ...value,
    kind: "number",
    value: rational.whole(part),
    unit: null,
    percent: false,
    based: null,
  }))
}

/** Compares times of day, and a time with a duration. */
export function compareClocks(a: MathValue, b: MathValue): Comparison {
  if (a.kind !== "clock" || b.kind !== "clock") return compareDuration(a, b)
  if (a.half !== null && b.half !== null) return a.minutes === b.minutes ? "equal" : "unequal"
  // Without the half, 3:30 may be either.
  return a.minutes % 720 === b.minutes % 720 && (a.half === b.half ? a.minutes === b.minutes : true)
    ? "equal"
    : "unequal"
}

/** `3:20` as hours and minutes. */
function compareDuration(a: MathValue, b: MathValue): Comparison {
  const [clock, time] = a.kind === "clock" ? [a, b] : [b, a]
  if (clock.kind !== "clock" || clock.half !== null || time.kind !== "number") return "unequal"
  const unit = time.unit?.known
  const seconds = unit?.dimension === "time" ? rational.multiply(time.value, unit.factor) : null
  return seconds !== null && rational.equals(seconds, rational.whole(clock.minutes * 60)) ? "equal" : "unequal"
}
