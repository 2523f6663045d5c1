import type { SharesConfig } from "../../schemas/mode-fusion-config.ts"
import { apportion } from "./apportion.ts"
import { type FitProblem, fitShares, largestFit } from "./fit-shares.ts"
import { roundCounts, type WholeTarget } from "./round-counts.ts"
import { type Dimension, dimensions, type NamedTarget, type SupplyCell, shareTargets } from "./share-targets.ts"

/** What a mixture should be. */
export interface MixtureRules {
  /** Rows; null: the most that there can be. */
  readonly size: number | null
  readonly shares: SharesConfig
  /** Times that one sample may be taken. */
  readonly maxCopies: number
  /** Difference of shares that does not matter. */
  readonly tolerance: number
}

/** A target with its rows. */
export interface PlannedTarget extends NamedTarget {
  readonly places: number
  /** Rows that its cells can give, copies included. */
  readonly supply: number
}

/** How many rows each cell gives. */
export interface CountPlan {
  readonly size: number
  readonly places: Int32Array
  readonly targets: readonly PlannedTarget[]
  /** What keeps the set from being larger; null where the asked size is reached. */
  readonly limitedBy: string | null
}

/**
 * The counts of a mixture: the asked size, or the largest at which the shares hold; whole numbers by largest remainder in each dimension.
 * Of a small set whose size is free, the largest size is taken at which rounding to whole rows stays within the tolerance. Size 0 where
 * the shares cannot be met at any size; `limitedBy` then says why. Time and memory go with the cells and the targets alone.
 */
export function planCounts(cells: readonly SupplyCell[], rules: MixtureRules): CountPlan {
  const { targets, excluded } = shareTargets(cells, rules.shares)
  const capacities = Float64Array.from(cells, ({ supply }, at) => (excluded[at] === 1 ? 0 : supply * rules.maxCopies))
  const weights = Float64Array.from(cells, ({ supply }) => supply)
  const all = { members: Int32Array.from(cells.keys()), share: 1 }
  const problem: FitProblem = { capacities, weights, targets: [all, ...targets] }
  const supplyOf = ({ members }: { members: Int32Array }) => members.reduce((sum, cell) => sum + capacities[cell]!, 0)
  const wanted = Math.min(rules.size ?? Number.POSITIVE_INFINITY, supplyOf(all))
  let { size, counts } = largestFit(problem, wanted)
  const sizeWithout = (dimension: Dimension) =>
    largestFit({ ...problem, targets: [all, ...targets.filter(({ measure }) => measure !== dimension)] }, wanted).size
  const isReached = rules.size !== null && size === rules.size
  const limitedBy = isReached
    ? null
    : limitOf({ cells, capacities, counts, targets, supplyOf, size, sizeWithout, rules })
  if (!isReached) {
    const even = evenSize(size, targets, rules.tolerance)
    if (even !== size) {
      const fit = fitShares(problem, even)
      counts = "counts" in fit ? fit.counts : counts.map((count) => (count * even) / size)
      size = even
    }
  }
  const totals = wholeTotals(size, targets)
  const whole: WholeTarget[] = [
    { members: all.members, total: size, weight: asked },
    ...targets.map(({ members }, at) => ({ members, total: totals[at]!, weight: asked })),
    ...dimensions.flatMap((dimension) => naturalTargets(cells, counts, dimension, targets, totals, size)),
  ]
  const { counts: places } = roundCounts(counts, capacities, whole)
  return {
    size: places.reduce((sum, count) => sum + count, 0),
    places,
    targets: targets.map((target, at) => ({ ...target, places: totals[at]!, supply: supplyOf(target) })),
    limitedBy,
  }
}

/** What was asked for goes before what is only natural. */
const asked = 16

/**
 * Targets for the values that no share names: what the fit gives them, in whole rows. Without these, rounding would take all rows of a
 * value that has one or two in many cells.
 */
function naturalTargets(
  cells: readonly SupplyCell[],
  counts: Float64Array,
  dimension: Dimension,
  targets: readonly NamedTarget[],
  totals: readonly number[],
  size: number,
): WholeTarget[] {
  const own = targets.map((target, at) => ({ ...target, at })).filter(({ measure }) => measure === dimension)
  const named = new Set(own.map(({ value }) => value))
  const others = own.find(({ value }) => value === "others")
  const whole = others !== undefined ? totals[others.at]! : own.length === 0 ? size : 0
  const values = new Map<string, { members: number[]; sum: number }>()
  for (const [at, cell] of cells.entries()) {
    if (named.has(cell[dimension])) continue
    const value = values.get(cell[dimension]) ?? { members: [], sum: 0 }
    value.members.push(at)
    value.sum += counts[at]!
    values.set(cell[dimension], value)
  }
  const all = [...values.values()]
  const sum = all.reduce((sum, value) => sum + value.sum, 0)
  if (whole === 0 || sum === 0) return []
  const rows = apportion(
    whole,
    all.map((value) => value.sum / sum),
  )
  return all.map(({ members }, at) => ({ members: Int32Array.from(members), total: rows[at]!, weight: 1 }))
}

/** Whole rows of each target: those of one dimension add up to the size. */
function wholeTotals(size: number, targets: readonly NamedTarget[]): number[] {
  const totals = targets.map(({ share }) => Math.round(share * size))
  for (const measure of dimensions) {
    const own = targets.flatMap((target, at) => (target.measure === measure ? [{ at, share: target.share }] : []))
    if (own.length === 0) continue
    for (const [index, count] of apportion(
      size,
      own.map(({ share }) => share),
    ).entries())
      totals[own[index]!.at] = count
  }
  return totals
}

/** The largest size, not below half of it, at which no whole share is further from the asked one than the tolerance. */
function evenSize(size: number, targets: readonly NamedTarget[], tolerance: number): number {
  for (let tried = size; tried >= Math.max(1, Math.ceil(size / 2)); tried--) {
    const totals = wholeTotals(tried, targets)
    if (targets.every(({ share }, at) => Math.abs(totals[at]! / tried - share) <= tolerance)) return tried
    // One row is less than the tolerance: no smaller size does better.
    if (tried * tolerance > 1) break
  }
  return size
}

/** What keeps a set from being larger than `size`. */
function limitOf(fit: {
  cells: readonly SupplyCell[]
  capacities: Float64Array
  counts: Float64Array
  targets: readonly NamedTarget[]
  supplyOf: (target: NamedTarget) => number
  size: number
  sizeWithout: (dimension: Dimension) => number
  rules: MixtureRules
}): string {
  const { cells, capacities, counts, targets, supplyOf, size, sizeWithout, rules } = fit
  const copies = rules.maxCopies > 1 ? `, each up to ${rules.maxCopies} times` : ""
  const short = targets
    .map((target) => ({ ...target, supply: supplyOf(target) }))
    .filter(({ supply, share }) => supply / share < size + 1 + 1e-6)
    .sort((a, b) => a.supply / a.share - b.supply / b.share)
    .map(
      ({ measure, value, supply, share }) => `${measure} ${value}: ${(share * 100).toFixed(1)}% asked, ${supply} rows`,
    )
  if (short.length > 0) return `${shortList(short)}${copies}`
  if (targets.length === 0) return `all samples are taken${copies}`
  const without = dimensions
    .filter((dimension) => targets.some(({ measure }) => measure === dimension))
    .map((dimension) => ({ dimension, size: sizeWithout(dimension) }))
    .filter((other) => other.size > size)
    .map((other) => `${other.size} without the shares of ${other.dimension}`)
  if (size === 0)
    return `no mix of the samples has all these shares at once${without.length === 0 ? "" : `; ${without.join(", ")}`}`
  const full = cells
    .map((cell, at) => ({ ...cell, most: capacities[at]!, isFull: counts[at]! > capacities[at]! * 0.999 - 0.5 }))
    .filter(({ most, isFull }) => most > 0 && isFull)
    .sort((a, b) => b.most - a.most)
    .map(({ mode, category, language, most }) => `${mode} × ${category} × ${language} (${most})`)
  return `no share alone, but together they take all of ${shortList(full)}${copies}; ${without.join(", ")}`
}

const shortList = (names: readonly string[]): string =>
  `${names.slice(0, 3).join("; ")}${names.length > 3 ? `; and ${names.length - 3} more` : ""}`
