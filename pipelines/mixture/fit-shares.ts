// How many samples of each cell make a set of given shares. The counts are those nearest the supply in relative entropy among all that
// meet the shares and take no more than there is: iterative proportional fitting (Deming & Stephan 1940) with capacities. Each step scales
// the cells of one target by the factor that meets it exactly, the full ones left full: coordinate ascent on the dual, which converges
// to the optimum wherever the targets can be met (Csiszár 1975). A sweep costs a few looks at every cell of every target.

/** A share that the cells `members` must have together. */
export interface ShareTarget {
  readonly members: Int32Array
  readonly share: number
}

/** What a fit starts from: capacities and weights by cell, and the targets. */
export interface FitProblem {
  /** Samples that may be taken; 0 leaves a cell out. */
  readonly capacities: Float64Array
  /** The counts' natural proportions: what there is. */
  readonly weights: Float64Array
  readonly targets: readonly ShareTarget[]
}

const mostSweeps = 1_000
/** Sweeps between two looks at whether the targets can be met at all. */
const sweepsPerLook = 20
/** Deviation, in shares of the size, up to which targets count as met; rounding to whole rows mends what is left. */
const metShare = 2e-5
/** Of a small set: a quarter of a row, or this share where that is less. */
const metRows = 0.25
const metSmallShare = 2e-4
/** Of a size that is all but the largest one the counts come near slowly: this is near enough, since rounding moves rows anyway. */
const metLateShare = 1e-3

/** Real counts by cell, or the size that no set with these shares is larger than. */
export type Fit = { counts: Float64Array } | { atMost: number }

/**
 * Real counts by cell for a set of `size`. Where the targets cannot be met at that size, the multipliers of the targets run off in a
 * direction that proves it (Farkas' lemma), and how large a set can be follows from it. Where neither is found in the sweeps there are,
 * `atMost` is 0.1% less.
 */
export function fitShares(problem: FitProblem, size: number): Fit {
  const { capacities, weights, targets } = problem
  const factors = new Float64Array(capacities.length).fill(1)
  const counts = new Float64Array(capacities.length)
  const wanted = targets.map(({ share }) => share * size)
  const slack = Math.max(metShare * size, Math.min(metRows, metSmallShare * size))
  /** Logarithms of the multipliers, now and at the last look. */
  const logs = new Float64Array(targets.length)
  const before = new Float64Array(targets.length)
  let deviation = Number.POSITIVE_INFINITY
  for (let sweep = 1; sweep <= mostSweeps; sweep++) {
    for (const [at, { members }] of targets.entries())
      logs[at]! += Math.log(scale(members, wanted[at]!, capacities, weights, factors))
    for (let cell = 0; cell < counts.length; cell++)
      counts[cell] = Math.min(capacities[cell]!, weights[cell]! * factors[cell]!)
    deviation = 0
    for (const [at, { members }] of targets.entries())
      deviation = Math.max(deviation, Math.abs(sumOver(counts, members) - wanted[at]!))
    if (deviation <= slack) return { counts }
    if (sweep % sweepsPerLook === 0) {
      const bound = boundBy(
        logs.map((log, at) => log - before[at]!),
        problem,
      )
      if (bound < size) return { atMost: bound }
      before.set(logs)
    }
  }
  return deviation <= metLateShare * size ? { counts } : { atMost: size * 0.999 }
}

/**
 * The size that no set with the shares can exceed, by a number y for each target: the sum of y times what a target has is at most what the
 * cells give when each with a positive sum of its targets' y is full.
 */
function boundBy(multipliers: Float64Array, { capacities, targets }: FitProblem): number {
  const sums = new Float64Array(capacities.length)
  let perRow = 0
  for (const [at, { members, share }] of targets.entries()) {
    perRow += multipliers[at]! * share
    for (const member of members) sums[member]! += multipliers[at]!
  }
  let most = 0
  for (const [cell, sum] of sums.entries()) if (sum > 0) most += sum * capacities[cell]!
  return perRow > 0 ? most / perRow : Number.POSITIVE_INFINITY
}

const sumOver = (values: Float64Array, members: Int32Array): number => {
  let sum = 0
  for (const member of members) sum += values[member]!
  return sum
}

/** Factors beyond these say that a target cannot be met. */
const largest = 1e200
const smallest = 1e-200

/**
 * Multiplies the factors of a target's cells by the one number with which their counts add up to `wanted`. The sum is concave in it, so
 * that Newton's method comes to it from below and ends when no further cell gets full.
 */
function scale(
  members: Int32Array,
  wanted: number,
  capacities: Float64Array,
  weights: Float64Array,
  factors: Float64Array,
): number {
  let by = 0
  for (;;) {
    let full = 0
    let slope = 0
    for (const cell of members) {
      const rate = weights[cell]! * factors[cell]!
      if (rate * by >= capacities[cell]!) full += capacities[cell]!
      else slope += rate
    }
    // All are full: more than they have is wanted.
    if (slope === 0) break
    const next = Math.max(0, (wanted - full) / slope)
    if (!(next > by)) break
    by = next
  }
  // None of the cells has a sample.
  if (by === 0) return 1
  for (const cell of members) factors[cell] = Math.min(largest, Math.max(smallest, factors[cell]! * by))
  return by
}

/** The largest set that has the shares, at most `wanted` rows: its size and counts; size 0 where there is none. */
export function largestFit(problem: FitProblem, wanted: number): { size: number; counts: Float64Array } {
  let size = wanted
  for (const { members, share } of problem.targets)
    if (share > 0) size = Math.min(size, Math.floor(sumOver(problem.capacities, members) / share + 1e-6))
  while (size >= 1) {
    const fit = fitShares(problem, size)
    if ("counts" in fit) return { size, counts: fit.counts }
    size = Math.min(size - 1, Math.floor(fit.atMost + 1e-6))
  }
  return { size: 0, counts: new Float64Array(problem.capacities.length) }
}
