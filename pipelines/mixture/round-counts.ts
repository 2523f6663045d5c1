// Whole counts near real ones that meet whole totals. In three dimensions that is no flow problem and not always possible (controlled
// rounding: Cox 1987); what is sought here by moves of one row, and pairs of them, is exact wherever such moves lead to it.

/** A total that the cells `members` must have together. */
export interface WholeTarget {
  readonly members: Int32Array
  readonly total: number
  /** How much a row that it lacks or has too many counts. */
  readonly weight: number
}

/** Pairs of cells that are looked at in all. */
const mostPairs = 20_000_000

/**
 * Rounds counts to whole numbers, at most `capacities`, and moves single rows until the targets are met or no move, and no pair of moves,
 * makes the weighted sum of their deviations smaller. Deterministic: equals by the larger remainder, then by their order.
 */
export function roundCounts(
  counts: Float64Array,
  capacities: Float64Array,
  targets: readonly WholeTarget[],
): { counts: Int32Array; deviation: number } {
  const rounded = Int32Array.from(counts, (count, cell) => Math.min(capacities[cell]!, Math.floor(count + 1e-9)))
  const targetsOf: number[][] = Array.from(counts, () => [])
  for (const [at, { members }] of targets.entries()) for (const cell of members) targetsOf[cell]!.push(at)
  /** Rows that each target lacks. */
  const lacks = targets.map(({ members, total }) => {
    let sum = 0
    for (const cell of members) sum += rounded[cell]!
    return total - sum
  })
  const canTake = (cell: number, by: number) =>
    by > 0 ? rounded[cell]! < Math.floor(capacities[cell]!) : rounded[cell]! > 0
  /** How much the deviation falls by a move of one row. */
  const gainOf = (cell: number, by: number) => {
    let gain = 0
    for (const at of targetsOf[cell]!) gain += lacks[at]! * by > 0 ? targets[at]!.weight : -targets[at]!.weight
    return gain
  }
  const move = (cell: number, by: number) => {
    rounded[cell]! += by
    for (const at of targetsOf[cell]!) lacks[at]! -= by
  }
  const bestMove = (): { cell: number; by: number } | null => {
    let best: { cell: number; by: number; gain: number; fit: number } | null = null
    for (let cell = 0; cell < rounded.length; cell++)
      for (const by of [1, -1]) {
        if (!canTake(cell, by)) continue
        const gain = gainOf(cell, by)
        if (gain <= 0 || (best !== null && gain < best.gain)) continue
        const fit = (counts[cell]! - rounded[cell]!) * by
        if (best === null || gain > best.gain || fit > best.fit) best = { cell, by, gain, fit }
      }
    return best
  }
  /** Rows that can be moved with the same gain. */
  const roomOf = (cell: number, by: number): number => {
    let room = by > 0 ? Math.floor(capacities[cell]!) - rounded[cell]! : rounded[cell]!
    for (const at of targetsOf[cell]!) if (lacks[at]! * by > 0) room = Math.min(room, Math.abs(lacks[at]!))
    return room
  }
  const heaviest = targets.reduce((most, { weight }) => Math.max(most, weight), 0)
  const isHeavy = (at: number) => targets[at]!.weight === heaviest
  let looked = 0
  const gainingPair = (): { cell: number; by: number }[] | null => {
    for (let first = 0; first < rounded.length; first++)
      for (const by of [1, -1]) {
        // Only what weighs most is worth a search, and a pair that gains mends at least one of those.
        if (!canTake(first, by) || !targetsOf[first]!.some((at) => isHeavy(at) && lacks[at]! * by > 0)) continue
        const gain = gainOf(first, by)
        move(first, by)
        for (let second = 0; second < rounded.length; second++)
          for (const then of [1, -1])
            if (canTake(second, then) && gain + gainOf(second, then) > 0 && (second !== first || then === by)) {
              move(first, -by)
              return [
                { cell: first, by },
                { cell: second, by: then },
              ]
            }
        move(first, -by)
        looked += rounded.length
        if (looked > mostPairs) return null
      }
    return null
  }
  // Most of what is missing goes at once to where every target lacks a row, the largest remainders first.
  const remainders = Float64Array.from(counts, (count, cell) => count - rounded[cell]!)
  for (const cell of Uint32Array.from(counts.keys()).sort((a, b) => remainders[b]! - remainders[a]! || a - b))
    if (canTake(cell, 1) && targetsOf[cell]!.length > 0 && targetsOf[cell]!.every((at) => lacks[at]! > 0)) move(cell, 1)
  const deviationOf = () => lacks.reduce((sum, lack, at) => sum + Math.abs(lack) * targets[at]!.weight, 0)
  // Every move makes a sum of whole numbers smaller.
  while (deviationOf() > 0) {
    const one = bestMove()
    const moves = one !== null ? [one] : gainingPair()
    if (moves === null) break
    // Where much is missing, a quarter of it moves at once.
    const many = one === null ? 1 : roomOf(one.cell, one.by) >> 2
    for (const { cell, by } of moves) move(cell, by * Math.max(1, many))
  }
  return { counts: rounded, deviation: deviationOf() }
}
