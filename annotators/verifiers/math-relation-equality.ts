// When two equations or inequalities say the same.

import { evaluateNearly } from "./math-near.ts"
import { type Comparison, compareExpressions } from "./math-sampling.ts"
import type { Steps } from "./math-steps.ts"
import { type Expression, operation, symbolsOf } from "./math-tree.ts"
import type { Relation } from "./math-values.ts"
import * as rational from "./rational.ts"

/**
 * Compares `left - right` of both: equal where one is the other times a constant, which must not be zero, and for inequalities must be
 * positive. What follows from each other in other ways is not seen and counts as unequal.
 */
export function compareRelations(a: Relation, b: Relation, steps: Steps): Comparison {
  const [x, y] = [difference(a), difference(b)]
  if (a.operator !== b.operator) return "unequal"
  const factor = ratioAtOnePoint(x, y, steps)
  if (factor === null) return "undecided"
  if (factor === 0 || !Number.isFinite(factor)) return "unequal"
  if (a.operator !== "=" && a.operator !== "\\ne" && factor < 0) return "unequal"
  // x y0 = y x0, which holds everywhere exactly when x = (x0 / y0) y.
  const [x0, y0] = [atPoint(x, x, y), atPoint(y, x, y)]
  return compareExpressions(operation("*", x, y0), operation("*", y, x0), steps)
}

const difference = ({ left, right }: Relation): Expression => operation("-", left, right)

/** Values of the symbols that make no simple expression vanish. */
const sample = (index: number) =>
  rational.divide(rational.whole([37, 59, 83, 101, 131, 163][index % 6]! + index), rational.whole(32))!

const symbolsAt = (x: Expression, y: Expression) =>
  new Map([...new Set([...symbolsOf(x), ...symbolsOf(y)])].sort().map((name, index) => [name, sample(index)]))

function ratioAtOnePoint(x: Expression, y: Expression, steps: Steps): number | null {
  const point = { symbols: symbolsAt(x, y), domain: "real", logBase: "e" } as const
  const [p, q] = [evaluateNearly(x, point, steps), evaluateNearly(y, point, steps)]
  const factor = p.re / q.re
  return Number.isNaN(factor) || p.im !== 0 || q.im !== 0 ? null : factor
}

/** A tree with its symbols replaced by their sample values: the same constant in every evaluation. */
function atPoint(node: Expression, x: Expression, y: Expression): Expression {
  const values = symbolsAt(x, y)
  const replace = (one: Expression): Expression => {
    switch (one.kind) {
      case "symbol": {
        const value = values.get(one.name)
        return value ? { kind: "number", value } : one
      }
      case "number":
      case "constant":
        return one
      case "negative":
        return { ...one, of: replace(one.of) }
      case "operation":
        return { ...one, left: replace(one.left), right: replace(one.right) }
      case "call":
      case "application":
        return { ...one, of: one.of.map(replace) }
      case "series":
        return { ...one, from: replace(one.from), to: replace(one.to), of: replace(one.of) }
    }
  }
  return replace(node)
}
