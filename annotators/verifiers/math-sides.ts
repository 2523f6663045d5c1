// Equations and inequalities: what they give to a name, which numbers they allow, else the relation itself.
import { splitAt } from "./math-collections.ts"
import { type Bounds, boundsOf, nameOf, relationOf, type Sides, splitRelation } from "./math-relations.ts"
import type { Token } from "./math-tokens.ts"
import { symbolsOf } from "./math-tree.ts"
import { infinity, type MathValue, realLine, type Written, written } from "./math-values.ts"

/** Reads a text with a relation in it; of a chain of conclusions the last. Null without one. */
export function readRelation(
  plain: string,
  tokens: readonly Token[],
  base: Written,
  read: (part: string) => MathValue,
) {
  const implied = splitAt(plain, tokens, (token) => token.text === "\\Rightarrow" || token.text === "\\implies")
  if (implied !== null && implied.length > 0) return read(implied.at(-1)!)
  const sides = splitRelation(plain, tokens)
  return sides && readSides(sides, base, read)
}

/** Reads the sides of a relation. */
export function readSides(all: Sides, base: Written, read: (part: string) => MathValue): MathValue {
  const rounded = all.operators.indexOf("\\approx")
  // What follows a rounding sign only says again what stood before it.
  const { sides, operators } =
    rounded > 0 || (rounded === 0 && nameOf(all.sides[0]!) === null)
      ? { sides: all.sides.slice(0, rounded + 1), operators: all.operators.slice(0, rounded) }
      : all
  const [first, last] = [sides[0]!, sides.at(-1)!]
  if (operators.every((operator) => operator === "=" || operator === "\\approx")) {
    // a = b = c says the same in any order.
    if (sides.length > 2 && sides.every((side) => /^[a-z]$/.test(side)))
      return { ...base, kind: "set", elements: sides.map(read) }
    const relation = sides.length === 2 ? relationOf(first, "=", last) : null
    const name = nameOf(first)
    const other = name === null && sides.length === 2 ? nameOf(last) : null
    if (name !== null) return { ...read(last), ...base, name, relation }
    if (other !== null) return { ...read(first), ...base, name: other, relation }
    if (relation !== null && symbolsOf(relation.left).length + symbolsOf(relation.right).length > 0)
      return { ...base, kind: "relation", relation }
    const value = read(last)
    return sides.slice(0, -1).some((side) => /[a-zA-Z]/.test(side.replace(/\\[a-zA-Z]+/g, "")))
      ? { ...base, kind: "opaque" }
      : { ...value, ...base }
  }
  if (operators[0] === "\\in" && sides.length === 2) {
    const name = nameOf(first)
    return name === null ? { ...base, kind: "opaque" } : { ...read(last), ...base, name }
  }
  return readInequality({ sides, operators }, base, read)
}

function readInequality({ sides, operators }: Sides, base: Written, read: (part: string) => MathValue): MathValue {
  const relation = sides.length === 2 ? relationOf(sides[0]!, operators[0]!, sides[1]!) : null
  const bounds = boundsOf({ sides, operators })
  if (bounds !== null) {
    const inside = /^\|([^|]+)\|$/.exec(bounds.name)?.[1]
    if (inside !== undefined) return { ...base, ...withinSize(bounds, read), name: inside, relation }
    return { ...base, ...interval(bounds, read), name: bounds.name, relation, inequality: true }
  }
  const name = nameOf(sides[0]!)
  if (operators[0] === "\\ne" && sides.length === 2 && name !== null)
    return {
      ...base,
      kind: "difference",
      from: { ...written("\\mathbb{R}"), ...realLine },
      without: read(sides[1]!),
      name,
      relation,
    }
  if (relation !== null) return { ...base, kind: "relation", relation }
  const parts = sides.slice(1).map((side, index) => relationOf(sides[index]!, operators[index]!, side))
  if (parts.length > 1 && parts.every((part) => part !== null))
    return {
      ...base,
      kind: "list",
      elements: parts.map((part, index) => ({
        ...written(`${sides[index]}${operators[index]}${sides[index + 1]}`),
        kind: "relation",
        relation: part,
      })),
    }
  return { ...base, kind: "opaque" }
}

/** The values of x that `|x| < 2` or `|x| > 2` allows. */
function withinSize(bounds: Bounds, read: (part: string) => MathValue) {
  const negative = (bound: string) => `-(${bound})`
  if (bounds.low === null && bounds.high !== null)
    return {
      ...interval({ ...bounds, low: negative(bounds.high), openLow: bounds.openHigh }, read),
      inequality: true,
    } as const
  const above = interval(bounds, read)
  const below = interval(
    {
      name: bounds.name,
      low: bounds.high === null ? null : negative(bounds.high),
      high: negative(bounds.low!),
      openLow: bounds.openHigh,
      openHigh: bounds.openLow,
    },
    read,
  )
  const parts = [below, above].map((part) => ({ ...written(""), ...part }))
  return { kind: "union", parts } as const
}

function interval(bounds: Bounds, read: (part: string) => MathValue) {
  const low = bounds.low === null ? infinity(-1) : read(bounds.low)
  const high = bounds.high === null ? infinity(1) : read(bounds.high)
  return {
    kind: "tuple",
    open: bounds.openLow ? "(" : "[",
    close: bounds.openHigh ? ")" : "]",
    elements: [low, high],
  } as const
}
