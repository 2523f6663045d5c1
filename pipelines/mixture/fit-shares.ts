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

const mostSweeps = 4_000
/** Sweeps in which the deviation must fall by a tenth: what cannot be met stays where it is. */
const patience = 200
/** Deviation, in rows and in shares of the size, up to which targets count as met; rounding to whole rows mends what is left. */
const metRows = 0.25
const metShare = 2e-5

/** Real counts by cell for a set of `size`, or null where the targets cannot be met at that size. */
export function fitShares(problem: FitProblem, size: number): Float64Array | null {
  const { capacities, weights, targets } = problem
  const factors = new Float64Array(capacities.length).fill(1)
  const counts = new Float64Array(capacities.length)
  const wanted = targets.map(({ share }) => share * size)
  const slack = Math.max(metRows, metShare * size)
  for (const [at, { members }] of targets.entries()) if (sumOver(capacities, members) < wanted[at]! - slack) return null
  let before = Number.POSITIVE_INFINITY
  for (let sweep = 1; sweep <= mostSweeps; sweep++) {
    for (const [at, { members }] of targets.entries()) scale(members, wanted[at]!, capacities, weights, factors)
    for (let cell = 0; cell < counts.length; cell++)
      counts[cell] = Math.min(capacities[cell]!, weights[cell]! * factors[cell]!)
    let deviation = 0
    for (const [at, { members }] of targets.entries())
      deviation = Math.max(deviation, Math.abs(sumOver(counts, members) - wanted[at]!))
    if (deviation <= slack) return counts
    if (sweep % patience === 0) {
      if (deviation > before * 0.9) return null
      before = deviation
    }
  }
  return null
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
): void {
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
  if (by <= 0) by = smallest
  for (const cell of members) factors[cell] = Math.min(largest, Math.max(smallest, factors[cell]! * by))
}

/** The largest set that has the shares, at most `wanted` rows: its size and counts; size 0 where there is none. */
export function largestFit(problem: FitProblem, wanted: number): { size: number; counts: Float64Array } {
  const none: { size: number; counts: Float64Array } = {
    size: 0,
    counts: new Float64Array(problem.capacities.length),
  }
  let high = wanted
  for (const { members, share } of problem.targets)
    if (share > 0) high = Math.min(high, Math.floor(sumOver(problem.capacities, members) / share + 1e-6))
  if (high < 1) return none
  const whole = fitShares(problem, high)
  if (whole !== null) return { size: high, counts: whole }
  // Whatever can be met at one size can be met at every smaller one.
  let best = none
  let low = 0
  while (high - low > Math.max(1, Math.floor(high * 1e-4))) {
    const size = Math.floor((low + high) / 2)
    const counts = fitShares(problem, size)
    if (counts === null) high = size
    else {
      best = { size, counts }
      low = size
    }
  }
  return best
}
