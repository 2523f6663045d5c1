// Sets of real numbers in one form: disjoint intervals in ascending order.

import { expressionOf } from "./math-quantity.ts"
import { realValue } from "./math-sampling.ts"
import type { Steps } from "./math-steps.ts"
import type { MathValue } from "./math-values.ts"

/** A bound of an interval: its place on the line, and the value that it was written as. */
export interface Bound {
  readonly at: number
  readonly value: MathValue
  readonly open: boolean
}

export interface Interval {
  readonly low: Bound
  readonly high: Bound
}

/** The set that a value describes; null where it is none, or its bounds are no real constants. */
export function realSet(value: MathValue, steps: Steps): Interval[] | null {
  const intervals = pieces(value, steps)
  return intervals && merged(intervals)
}

function pieces(value: MathValue, steps: Steps): Interval[] | null {
  switch (value.kind) {
    case "number":
    case "expression": {
      const at = place(value, steps)
      return at === null ? null : [pointAt(at, value)]
    }
    case "set":
    case "list":
      return all(value.elements, steps)
    case "union":
      return all(value.parts, steps)
    case "tuple": {
      const [first, last] = value.elements
      if (value.elements.length !== 2) return null
      const [low, high] = [place(first!, steps), place(last!, steps)]
      if (low === null || high === null) return null
      const interval = {
        low: { at: low, value: first!, open: value.open === "(" },
        high: { at: high, value: last!, open: value.close === ")" },
      }
      return low < high ? [interval] : low === high && value.open === "[" && value.close === "]" ? [interval] : []
    }
    case "difference": {
      const [from, without] = [realSet(value.from, steps), realSet(value.without, steps)]
      if (from === null || without === null) return null
      return without.reduce((left, hole) => left.flatMap((interval) => cut(interval, hole)), from)
    }
    default:
      return null
  }
}

function all(values: readonly MathValue[], steps: Steps): Interval[] | null {
  const found: Interval[] = []
  for (const value of values) {
    const part = pieces(value, steps)
    if (part === null) return null
    found.push(...part)
  }
  return found
}

function place(value: MathValue, steps: Steps): number | null {
  if (value.kind === "infinity") return value.sign * Number.POSITIVE_INFINITY
  return value.kind === "number" || value.kind === "expression" ? realValue(expressionOf(value), steps) : null
}

const pointAt = (at: number, value: MathValue): Interval => {
  const bound = { at, value, open: false }
  return { low: bound, high: bound }
}

/** What a hole leaves of an interval. */
function cut(interval: Interval, hole: Interval): Interval[] {
  const { low, high } = interval
  if (hole.high.at < low.at || hole.low.at > high.at) return [interval]
  const left: Interval[] = []
  const [leftHigh, rightLow] = [
    { ...hole.low, open: !hole.low.open },
    { ...hole.high, open: !hole.high.open },
  ]
  if (low.at < leftHigh.at || (low.at === leftHigh.at && !low.open && !leftHigh.open))
    left.push({ low, high: leftHigh })
  if (rightLow.at < high.at || (rightLow.at === high.at && !high.open && !rightLow.open))
    left.push({ low: rightLow, high })
  return left
}

/** Overlapping and touching intervals as one. */
function merged(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => a.low.at - b.low.at || Number(a.low.open) - Number(b.low.open))
  const apart: Interval[] = []
  for (const next of sorted) {
    const last = apart.at(-1)
    const touches =
      last !== undefined &&
      (next.low.at < last.high.at || (next.low.at === last.high.at && !(next.low.open && last.high.open)))
    if (!touches) apart.push(next)
    else if (next.high.at > last.high.at || (next.high.at === last.high.at && last.high.open))
      apart[apart.length - 1] = { low: last.low, high: next.high }
  }
  return apart
}
