// The kinds of value that an answer may have.
import { normalSymbols, normalText } from "./math-notation.ts"
import type { Expression } from "./math-tree.ts"
import type { Rational } from "./rational.ts"
import type { Unit } from "./units.ts"

/** What every value keeps of how it was written. */
export interface Written {
  /** Form in which notation is equal: no white space, letter case kept. */
  readonly symbols: string
  /** Form in which words are equal: lower case, single spaces. */
  readonly words: string
  /** What the answer names (`x` of `x = 5`), without white space, or null. */
  readonly name: string | null
  /** The whole equation or inequality of which the value is one side, where its sides could be read. */
  readonly relation: Relation | null
}

/** `left operator right`; a `>` is written as the `<` of its sides exchanged. */
export interface Relation {
  readonly operator: "=" | "\\ne" | "<" | "\\le"
  readonly left: Expression
  readonly right: Expression
}

export interface NumberValue {
  readonly kind: "number"
  readonly value: Rational
  readonly unit: Unit | null
  readonly percent: boolean
  /** Digits and base of a number written in another base (`1011_2`); `value` is then its value. */
  readonly based: { readonly digits: string; readonly base: number } | null
}
export interface ExpressionValue {
  readonly kind: "expression"
  readonly expression: Expression
  readonly unit: Unit | null
}
/** Values in brackets, in order: a point, a vector, and an interval where there are two. */
export interface TupleValue {
  readonly kind: "tuple"
  readonly open: "(" | "["
  readonly close: ")" | "]"
  readonly elements: readonly MathValue[]
  /** Set for the bounds of an inequality. */
  readonly inequality?: true
}

/** A value, and how it was written. */
export type MathValue = Written &
  (
    | NumberValue
    | ExpressionValue
    | TupleValue
    | { readonly kind: "infinity"; readonly sign: 1 | -1 }
    /** In braces: no order, no repetition. No element: the empty set. */
    | { readonly kind: "set"; readonly elements: readonly MathValue[] }
    /** Without brackets: the values of an answer that are several. */
    | { readonly kind: "list"; readonly elements: readonly MathValue[] }
    | { readonly kind: "union"; readonly parts: readonly MathValue[] }
    | { readonly kind: "difference"; readonly from: MathValue; readonly without: MathValue }
    | { readonly kind: "matrix"; readonly rows: readonly (readonly MathValue[])[] }
    /** A whole number up to multiples of the modulus. */
    | { readonly kind: "residue"; readonly value: MathValue; readonly modulus: bigint }
    | { readonly kind: "ratio"; readonly parts: readonly MathValue[] }
    /** A time of day, in minutes after midnight; `half` is the named half of the day. */
    | { readonly kind: "clock"; readonly minutes: number; readonly half: "am" | "pm" | null }
    /** An equation or inequality that gives no one value: `relation` is set. */
    | { readonly kind: "relation" }
    | { readonly kind: "text" }
    /** Notation that is not read: comparable only where it is written the same. */
    | { readonly kind: "opaque" }
  )

/** How to read an ambiguous answer. */
export interface Reading {
  /** Takes a letter right behind a number for a unit (`3m` as three metres), which is right when the reference is a number. */
  readonly attachedUnits: boolean
  /** Takes `1,234` for one number; else a comma always separates, which is right when the reference is a list. */
  readonly grouped: boolean
}

/** How a text in plain notation is written, before anything is read from it. */
export const written = (plain: string): Written => ({
  symbols: normalSymbols(plain),
  words: normalText(plain),
  name: null,
  relation: null,
})

export const infinity = (sign: 1 | -1): MathValue => ({
  ...written(sign === 1 ? "\\infty" : "-\\infty"),
  kind: "infinity",
  sign,
})
/** All real numbers. */
export const realLine = { kind: "tuple", open: "(", close: ")", elements: [infinity(-1), infinity(1)] } as const
