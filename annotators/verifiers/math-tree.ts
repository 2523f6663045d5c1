// The tree of an expression, and what can be asked of it without evaluating it.
import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"

/** A parsed expression. A new construct is a kind or a function here, and a case in each evaluation. */
export type Expression =
  | { readonly kind: "number"; readonly value: Rational }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "constant"; readonly name: "pi" | "e" | "i" | "infinity" }
  | { readonly kind: "negative"; readonly of: Expression }
  | { readonly kind: "operation"; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "call"; readonly name: FunctionName; readonly of: readonly Expression[] }
  /** A function that is only a name, as `f` of `f(x+1)`. */
  | { readonly kind: "application"; readonly name: string; readonly of: readonly Expression[] }
  | {
      readonly kind: "series"
      readonly operator: "+" | "*"
      readonly index: string
      readonly from: Expression
      readonly to: Expression
      readonly of: Expression
    }

export type Operator = "+" | "-" | "*" | "/" | "^"

/**
 * Functions of one argument, then of more: `root` (of, degree), `logarithm` (of, base), `binomial` (n, k), `modulo` (a, b) and the
 * four that take any number. `log` is the logarithm without a base, which writers take to base 10 or e.
 */
export type FunctionName =
  | "sin"
  | "cos"
  | "tan"
  | "cot"
  | "sec"
  | "csc"
  | "arcsin"
  | "arccos"
  | "arctan"
  | "arccot"
  | "arcsec"
  | "arccsc"
  | "sinh"
  | "cosh"
  | "tanh"
  | "coth"
  | "arsinh"
  | "arcosh"
  | "artanh"
  | "exp"
  | "ln"
  | "log"
  | "lg"
  | "abs"
  | "floor"
  | "ceiling"
  | "factorial"
  | "degrees"
  | "root"
  | "logarithm"
  | "binomial"
  | "modulo"
  | "max"
  | "min"
  | "gcd"
  | "lcm"

export const literal = (value: Rational): Expression => ({ kind: "number", value })
export const integer = (value: number): Expression => literal(rational.whole(value))
export const negated = (of: Expression): Expression => ({ kind: "negative", of })
export const operation = (operator: Operator, left: Expression, right: Expression): Expression => ({
  kind: "operation",
  operator,
  left,
  right,
})
export const call = (name: FunctionName, ...of: Expression[]): Expression => ({ kind: "call", name, of })

/** The operands of a node, in order. */
export function operands(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case "number":
    case "symbol":
    case "constant":
      return []
    case "negative":
      return [node.of]
    case "operation":
      return [node.left, node.right]
    case "call":
    case "application":
      return node.of
    case "series":
      return [node.from, node.to, node.of]
  }
}

/** The free symbols of an expression, sorted. */
export function symbolsOf(expression: Expression): string[] {
  const names = new Set<string>()
  const visit = (node: Expression, bound: readonly string[]): void => {
    if (node.kind === "symbol" && !bound.includes(node.name)) names.add(node.name)
    const inside = node.kind === "series" ? [...bound, node.index] : bound
    for (const operand of operands(node)) visit(operand, inside)
  }
  visit(expression, [])
  return [...names].sort()
}

/** True when a node of the tree, itself included, satisfies the test. */
export const some = (node: Expression, test: (node: Expression) => boolean): boolean =>
  test(node) || operands(node).some((operand) => some(operand, test))

/** True for quotients of polynomials: they are equal exactly when they agree at enough points, whatever the points. */
export const isRationalFunction = (node: Expression): boolean =>
  !some(
    node,
    (one) =>
      one.kind === "constant" ||
      one.kind === "call" ||
      one.kind === "application" ||
      one.kind === "series" ||
      (one.kind === "operation" && one.operator === "^" && !isWhole(one.right)),
  )

const isWhole = (node: Expression): boolean =>
  node.kind === "negative" ? isWhole(node.of) : node.kind === "number" && node.value.denominator === 1n
