// When two values are equal. Exact rationals first; doubles only for what is irrational.
import { type Expression, evaluateExactly, evaluateNearly } from "./math-expression.ts"
import type { MathValue } from "./math-value.ts"
import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"

/** `undecided`: written differently in notation that is not read, or the reference's words among others. */
export type Comparison = "equal" | "unequal" | "undecided"

type NumberValue = Extract<MathValue, { kind: "number" }>

/**
 * Compares an answer with the reference. Numbers are equal as exact rationals, or within half a unit of the last of `decimals`
 * places. Expressions are equal when they agree at fixed points, exactly where they are rational (Schwartz 1980) and else
 * within a relative 1e-9. Words are compared in lower case, symbols as they are.
 */
export function compareValues(reference: MathValue, answer: MathValue, decimals: number | null = null): Comparison {
  if (reference.symbols === answer.symbols) return "equal"
  if (reference.name !== null && answer.name !== null && reference.name !== answer.name) return "unequal"
  if (reference.kind === "number" && answer.kind === "number") return compareNumbers(reference, answer, decimals)
  if (reference.kind === "text" || answer.kind === "text") return compareWords(reference, answer)
  if (reference.kind === "opaque" || answer.kind === "opaque") return "undecided"
  return compareExpressions(reference, answer, decimals)
}

/** Words that hold the reference among others (`Carl is the shortest`, `red or blue`) are neither the reference nor not it. */
function compareWords(reference: MathValue, answer: MathValue): Comparison {
  if (reference.words === answer.words) return "equal"
  return ` ${answer.words} `.replace(/[^\p{L}\p{N}]+/gu, " ").includes(` ${reference.words} `) ? "undecided" : "unequal"
}

function compareNumbers(reference: NumberValue, answer: NumberValue, decimals: number | null): Comparison {
  const same = (a: Rational, b: Rational) =>
    decimals === null ? rational.equals(a, b) : rational.equalsWithin(a, b, decimals)
  const known = reference.unit?.known && answer.unit?.known ? [reference.unit.known, answer.unit.known] : null
  if (known) {
    const [unit, other] = known as [(typeof known)[0], (typeof known)[0]]
    if (unit.dimension !== other.dimension) return "unequal"
    const inBase = [rational.multiply(reference.value, unit.factor), rational.multiply(answer.value, other.factor)]
    if (!rational.equals(unit.factor, other.factor))
      return inBase[0] && inBase[1] && rational.equals(inBase[0], inBase[1]) ? "equal" : "unequal"
  }
  if (reference.percent !== answer.percent) {
    const [percent, bare] = reference.percent ? [reference, answer] : [answer, reference]
    const asFraction = rational.divide(percent.value, rational.whole(100))
    if (asFraction && same(asFraction, bare.value)) return "equal"
    // `50%` for a reference of 50 is right; `0.5%` for 0.5 is a hundredth of it.
    const atLeastOne = rational.compare(absolute(bare.value), rational.whole(1)) >= 0
    return atLeastOne && same(percent.value, bare.value) ? "equal" : "unequal"
  }
  return same(reference.value, answer.value) ? "equal" : "unequal"
}

const absolute = (a: Rational) => (a.numerator < 0n ? rational.negate(a) : a)

// A letter that mathematics may mean as a constant: real points tell only that such expressions are equal, not that they differ.
const constants = new Set(["e", "i"])

function compareExpressions(reference: MathValue, answer: MathValue, decimals: number | null): Comparison {
  const [left, right] = [expressionOf(reference), expressionOf(answer)]
  const free = [...new Set([...freeOf(reference), ...freeOf(answer)])].sort()
  let [exactPoints, nearPoints] = [0, 0]
  for (let point = 0; point < 6 && exactPoints < 3 && nearPoints < 4; point++) {
    const values = free.map((_, index) => pointValue(point, index))
    const exactly = new Map(free.map((name, index) => [name, rational.whole(values[index]!)]))
    const a = evaluateExactly(left, exactly)
    const b = a && evaluateExactly(right, exactly)
    if (a && b) {
      const same = decimals === null || free.length > 0 ? rational.equals(a, b) : rational.equalsWithin(a, b, decimals)
      if (!same) return unequal(free)
      exactPoints++
      if (free.length === 0) return "equal"
      continue
    }
    const nearly = new Map(free.map((name, index) => [name, values[index]! / 16]))
    const [x, y] = [evaluateNearly(left, nearly), evaluateNearly(right, nearly)]
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue
    if (!isNear(x, y, free.length === 0 ? decimals : null)) return unequal(free)
    nearPoints++
    if (free.length === 0) return "equal"
  }
  return exactPoints + nearPoints >= 2 ? "equal" : "undecided"
}

const unequal = (free: readonly string[]): Comparison =>
  free.some((name) => constants.has(name)) ? "undecided" : "unequal"

const isNear = (x: number, y: number, decimals: number | null) =>
  Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y)) ||
  (decimals !== null && Math.abs(x - y) <= 0.5 * 10 ** -decimals)

// Whole numbers that no simple relation links, the same on every machine.
const primes = [13, 29, 47, 71, 97, 127, 151, 179, 211, 241, 277, 313, 349, 383, 421, 457, 499, 541, 577, 617]
const pointValue = (point: number, index: number) =>
  primes[(index + 5 * point) % primes.length]! + 2 * Math.floor(index / primes.length) + point

const expressionOf = (value: MathValue): Expression =>
  value.kind === "expression"
    ? value.expression
    : { kind: "number", value: value.kind === "number" ? value.value : rational.whole(0) }

const freeOf = (value: MathValue): readonly string[] => (value.kind === "expression" ? value.free : [])
