// When two values are equal: the rules, kind by kind. What is decided by convention is said where it is decided.

import { compareClocks, compareRatios } from "./math-clock-equality.ts"
import { compareSimple, isSimple, type Rules } from "./math-number-equality.ts"
import { expressionOf } from "./math-quantity.ts"
import { compareRelations } from "./math-relation-equality.ts"
import { namesDiffer } from "./math-relations.ts"
import { type Comparison, sampleValue } from "./math-sampling.ts"
import { Steps } from "./math-steps.ts"
import { compareChoices, compareTexts } from "./math-text.ts"
import type { MathValue, TupleValue } from "./math-values.ts"
import { realSet } from "./real-sets.ts"

export type { Comparison } from "./math-sampling.ts"

/**
 * Compares an answer with the reference, within a counted budget of steps.
 *
 * | answer and reference | equal when |
 * | --- | --- |
 * | numbers | equal as fractions; with `decimals`, within half a unit of that place. A rounded decimal is not the number |
 * | percent | 50% = 50 = 0.5; of a number below one, the sign counts: 0.5% is not 0.5 |
 * | units | known units of one dimension by their size (5 km = 5000 m); a unit that one side lacks is not asked for |
 * | another base | both with a base by value; with one base, the digits are compared |
 * | expressions | `compareExpressions`; letter case counts |
 * | names | `x = 5` is 5, but not `y = 5` |
 * | lists, sets | in any order; of sets repetition does not count; one element is the element |
 * | points, vectors, intervals | in order, with the same brackets; a bare list in order is a point; a column is a vector |
 * | sets of numbers | as sets: inequalities, unions, differences, in one form |
 * | equations | up to a factor that is not zero; inequalities up to a positive one |
 * | roots of one unknown | `x_1 = 1, x_2 = 3` in any order: the indices only count |
 * | residues | of one modulus by remainder; a bare number as written |
 * | letters of choices | `B` is `(B) 12`; the letter decides |
 * | ratios | 3:4 = 6:8 = 3/4; times of day as times |
 * | words | without letter case, articles and punctuation |
 * | other kinds | unequal; notation that is not read is undecided unless it is written the same |
 */
export function compareValues(
  reference: MathValue,
  answer: MathValue,
  decimals: number | null = null,
  steps = new Steps(),
): Comparison {
  return compare(reference, answer, { decimals, steps })
}

function compare(a: MathValue, b: MathValue, rules: Rules): Comparison {
  if (!rules.steps.take()) return "undecided"
  if (a.symbols === b.symbols) return "equal"
  const choices = compareChoices(a, b)
  if (choices !== null) return choices
  if (a.relation !== null && b.relation !== null) {
    const verdict = compareRelations(a.relation, b.relation, rules.steps)
    if (verdict === "equal" || a.kind === "relation" || b.kind === "relation") return verdict
  }
  if (namesDiffer(a, b)) return "unequal"
  if (a.kind === "opaque" || b.kind === "opaque") return "undecided"
  if (a.kind === "text" || b.kind === "text") return compareTexts(a, b)
  const [one, other] = [alone(a), alone(b)]
  if (one !== a || other !== b) return compare(one, other, rules)
  if (isSimple(a) && isSimple(b)) return compareSimple(a, b, rules)
  if (isUnordered(a) && isUnordered(b)) return compareUnordered(a, b, rules)
  if (a.kind === "tuple" && b.kind === "tuple") return compareTuples(a, b, rules)
  if (isSetOfNumbers(a) || isSetOfNumbers(b)) return compareSets(a, b, rules)
  if (a.kind === "infinity" || b.kind === "infinity")
    return a.kind === b.kind && (a as { sign: number }).sign === (b as { sign: number }).sign ? "equal" : "unequal"
  if (a.kind === "matrix" || b.kind === "matrix") return compareMatrices(a, b, rules)
  if (a.kind === "residue" || b.kind === "residue") return compareResidues(a, b, rules)
  if (a.kind === "ratio" || b.kind === "ratio") return compareRatios(a, b, rules)
  if (a.kind === "clock" || b.kind === "clock") {
    const clock = compareClocks(a, b)
    // `12:35` may be meant as a ratio, which is a fraction.
    return clock === "unequal" && (isSimple(a) || isSimple(b)) ? compareRatios(a, b, rules) : clock
  }
  return compareMixed(a, b, rules)
}

type Unordered = Extract<MathValue, { kind: "set" | "list" }>
const isUnordered = (value: MathValue): value is Unordered => value.kind === "set" || value.kind === "list"

const isSetOfNumbers = (value: MathValue) => value.kind === "union" || value.kind === "difference"

/** The element of a set or list of one. */
const alone = (value: MathValue): MathValue =>
  isUnordered(value) && value.elements.length === 1 ? value.elements[0]! : value

function compareOrdered(a: readonly MathValue[], b: readonly MathValue[], rules: Rules): Comparison {
  if (a.length !== b.length) return "unequal"
  let verdict: Comparison = "equal"
  for (const [index, one] of a.entries()) {
    const part = compare(one, b[index]!, rules)
    if (part === "unequal") return "unequal"
    if (part === "undecided") verdict = "undecided"
  }
  return verdict
}

/** Each element of one finds its own in the other. A set's repetitions are left out first, and so are those of its counterpart. */
function compareUnordered(one: Unordered, other: Unordered, rules: Rules): Comparison {
  // A solution that is listed twice is still one solution.
  const areTuples = one.elements.every(({ kind }) => kind === "tuple")
  const bySet = one.kind === "set" || other.kind === "set" || areTuples
  const [a, b] = [withoutIndices(one), withoutIndices(other)]
  const [left, right] = bySet ? [distinct(a.elements, rules), distinct(b.elements, rules)] : [a.elements, b.elements]
  return matched(left, right, rules)
}

/** The roots `x_1 = 1, x_2 = -3` of one unknown: their indices only count them. */
function withoutIndices(list: Unordered): Unordered {
  const names = new Set(list.elements.map(({ name }) => name?.replace(/_(?:\d|\{\d\})$/, "") ?? null))
  const [name] = names
  if (names.size !== 1 || !name || !/^[xyztkr]$/.test(name)) return list
  return { ...list, elements: list.elements.map((one) => ({ ...one, name, relation: null })) }
}

/** From this length on, elements are sorted by their size before they are compared. */
const longList = 8

/** Elements in the order of their value at one point, so that equal ones meet early. */
function sorted(elements: readonly MathValue[], rules: Rules): readonly MathValue[] {
  if (elements.length < longList) return elements
  const keyed = elements.map((element) => [sizeOf(element, rules), element] as const)
  return keyed.sort(([a], [b]) => a - b).map(([, element]) => element)
}

function sizeOf(value: MathValue, rules: Rules): number {
  if (value.kind === "tuple") return value.elements.reduce((sum, one, at) => sum + sizeOf(one, rules) / (at + 1.5), 0)
  return isSimple(value) ? sampleValue(expressionOf(value), rules.steps) : 0
}

function matched(a: readonly MathValue[], b: readonly MathValue[], rules: Rules): Comparison {
  if (a.length !== b.length) return "unequal"
  const [left, right] = [sorted(a, rules), sorted(b, rules)]
  const rest = [...right]
  let verdict: Comparison = "equal"
  for (const [index, one] of left.entries()) {
    // In order first: most lists are.
    const inOrder = rest.indexOf(right[index]!)
    const order = inOrder < 0 ? rest : [rest[inOrder]!, ...rest.filter((_, at) => at !== inOrder)]
    let doubt: MathValue | null = null
    const found = order.find((other) => {
      const part = compare(one, other, rules)
      if (part === "undecided") doubt ??= other
      return part === "equal"
    })
    const partner: MathValue | null = found ?? doubt
    if (partner === null) return "unequal"
    if (found === undefined) verdict = "undecided"
    rest.splice(rest.indexOf(partner), 1)
  }
  return verdict
}

function distinct(elements: readonly MathValue[], rules: Rules): MathValue[] {
  const kept: MathValue[] = []
  for (const one of sorted(elements, rules)) {
    // Sorted ones that are equal stand side by side.
    const near = elements.length < longList ? kept : kept.slice(-2)
    if (!near.some((other) => compare(one, other, rules) === "equal")) kept.push(one)
  }
  return kept
}

function compareTuples(a: TupleValue, b: TupleValue, rules: Rules): Comparison {
  const elements = compareOrdered(a.elements, b.elements, rules)
  // Only two elements can be an interval, of which the brackets are part.
  if (a.elements.length === 2 && (a.open !== b.open || a.close !== b.close)) return "unequal"
  return elements
}

function compareSets(a: MathValue, b: MathValue, rules: Rules): Comparison {
  const [left, right] = [realSet(a, rules.steps), realSet(b, rules.steps)]
  if (left === null || right === null) {
    if (a.kind === "union" && b.kind === "union") return matched(a.parts, b.parts, rules)
    if (a.kind === "difference" && b.kind === "difference")
      return compareOrdered([a.from, a.without], [b.from, b.without], rules)
    return "unequal"
  }
  if (left.length !== right.length) return "unequal"
  let verdict: Comparison = "equal"
  for (const [index, one] of left.entries()) {
    const other = right[index]!
    if (one.low.open !== other.low.open || one.high.open !== other.high.open) return "unequal"
    const ends = compareOrdered([one.low.value, one.high.value], [other.low.value, other.high.value], rules)
    if (ends === "unequal") return "unequal"
    if (ends === "undecided") verdict = "undecided"
  }
  return verdict
}

/** The rows of a matrix, a vector as a column; null for other values. */
function rowsOf(value: MathValue): readonly (readonly MathValue[])[] | null {
  if (value.kind === "matrix") return value.rows
  if (value.kind !== "tuple" && value.kind !== "list") return null
  const rows = value.elements.map((row) => (row.kind === "tuple" ? row.elements : null))
  return rows.every((row) => row !== null) ? rows : value.elements.map((element) => [element])
}

function compareMatrices(a: MathValue, b: MathValue, rules: Rules): Comparison {
  const [left, right] = [rowsOf(a), rowsOf(b)]
  if (left === null || right === null) return "unequal"
  const bothMatrices = a.kind === "matrix" && b.kind === "matrix"
  // A row in matrix brackets is the vector that a point is.
  const isRow = (rows: readonly (readonly MathValue[])[]) => rows.length === 1 && rows[0]!.length > 1
  const upright = (rows: readonly (readonly MathValue[])[]) => (isRow(rows) ? rows[0]!.map((one) => [one]) : rows)
  const [x, y] = bothMatrices ? [left, right] : [upright(left), upright(right)]
  if (x.length !== y.length || x.some((row, index) => row.length !== y[index]!.length)) return "unequal"
  return compareOrdered(x.flat(), y.flat(), rules)
}

/** Of one modulus by what is left of it; a bare number is compared as written. */
function compareResidues(a: MathValue, b: MathValue, rules: Rules): Comparison {
  if (a.kind !== "residue") return b.kind === "residue" ? compare(a, b.value, rules) : "unequal"
  if (b.kind !== "residue") return compare(a.value, b, rules)
  if (a.modulus !== b.modulus || a.value.kind !== "number" || b.value.kind !== "number") return "unequal"
  const distance = a.value.value.numerator - b.value.value.numerator
  return a.modulus !== 0n && distance % a.modulus === 0n ? "equal" : "unequal"
}

/** Values of different kinds that may still be the same: a list and a point, an interval and a set, vectors in square brackets. */
function compareMixed(a: MathValue, b: MathValue, rules: Rules): Comparison {
  const [tuple, other] = a.kind === "tuple" ? [a, b] : b.kind === "tuple" ? [b, a] : [null, null]
  if (tuple === null || !isUnordered(other)) return "unequal"
  if (other.kind === "list") {
    const round = tuple.open === "(" && tuple.close === ")"
    if (!round && tuple.elements.length < 3) return "unequal"
    return a.kind === "tuple"
      ? compareOrdered(a.elements, other.elements, rules)
      : compareOrdered(other.elements, tuple.elements, rules)
  }
  // Programming languages print sets and lists in square brackets.
  if (tuple.open === "[" && tuple.close === "]" && tuple.elements.length !== 2)
    return matched(distinct(tuple.elements, rules), distinct(other.elements, rules), rules)
  return "unequal"
}
