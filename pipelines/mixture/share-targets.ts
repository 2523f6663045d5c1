import type { SharesConfig } from "../../schemas/mode-fusion-config.ts"
import type { ShareTarget } from "./fit-shares.ts"
import { categoryOf, languageOf } from "./label-names.ts"

/** The dimensions of a mixture. */
export const dimensions = ["mode", "category", "language"] as const
export type Dimension = (typeof dimensions)[number]

/** What samples are counted under, and how many of them there are. */
export type SupplyCell = Readonly<Record<Dimension, string>> & { readonly supply: number }

/** A share that was asked for, by its name in the report. */
export interface NamedTarget extends ShareTarget {
  /** A dimension, or `cells`. */
  readonly measure: Dimension | "cells"
  /** The value; `others` for all that are not named; of `cells` `mode thinking × language en`. */
  readonly value: string
}

/** What shares ask of the cells. */
export interface Demand {
  readonly targets: readonly NamedTarget[]
  /** Cells that no share leaves a place: 1 for each. */
  readonly excluded: Uint8Array
}

/** Shares that miss the whole by less are meant to be the whole: 0.33 + 0.33 + 0.33. */
const rounding = 0.011

const labelOf: Record<Dimension, (label: string) => string> = {
  mode: (mode) => mode,
  category: categoryOf,
  language: languageOf,
}

/**
 * The targets of shares over cells. The named values of a dimension have their shares; where these add up to less than 1 all others
 * together have the rest, and where they add up to 1 the others have no place. A dimension without shares has no target.
 */
export function shareTargets(cells: readonly SupplyCell[], shares: SharesConfig): Demand {
  const targets: NamedTarget[] = []
  const excluded = new Uint8Array(cells.length)
  const membersOf = (holds: (cell: SupplyCell) => boolean) =>
    Int32Array.from(cells.flatMap((cell, at) => (holds(cell) ? [at] : [])))
  for (const measure of dimensions) {
    const named = new Map<string, number>()
    for (const [name, share] of Object.entries(shares[measure])) {
      const plain = labelOf[measure](name)
      named.set(plain, (named.get(plain) ?? 0) + share)
    }
    if (named.size === 0) continue
    const others = membersOf((cell) => !named.has(cell[measure]))
    const sum = [...named.values()].reduce((sum, share) => sum + share, 0)
    const isExact = Math.abs(1 - sum) < 1e-9
    const isWhole = isExact || (others.length === 0 && Math.abs(1 - sum) < rounding)
    for (const [value, share] of named) {
      const members = membersOf((cell) => cell[measure] === value)
      if (share === 0) for (const cell of members) excluded[cell] = 1
      else targets.push({ measure, value, members, share: isWhole && !isExact ? share / sum : share })
    }
    if (isWhole) for (const cell of others) excluded[cell] = 1
    else targets.push({ measure, value: "others", members: others, share: 1 - sum })
  }
  for (const { share, ...values } of shares.cells) {
    const named = dimensions.flatMap((measure) =>
      values[measure] === undefined ? [] : [[measure, labelOf[measure](values[measure])] as const],
    )
    const members = membersOf((cell) => named.every(([measure, value]) => cell[measure] === value))
    if (share === 0) for (const cell of members) excluded[cell] = 1
    else targets.push({ measure: "cells", value: named.map((part) => part.join(" ")).join(" × "), members, share })
  }
  return { targets, excluded }
}
