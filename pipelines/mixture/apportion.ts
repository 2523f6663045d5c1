/**
 * Whole numbers that add up to `size` and are as near to `size * shares` as they can be (largest remainder, Hare 1859; equals by their
 * order). The shares add up to 1. Each number is the share's quota rounded down or up.
 */
export function apportion(size: number, shares: readonly number[]): number[] {
  const quotas = shares.map((share) => {
    const quota = share * size
    const near = Math.round(quota)
    // 0.1 * 30 is a little more than 3.
    return Math.abs(quota - near) < 1e-9 * Math.max(1, size) ? near : quota
  })
  const counts = quotas.map(Math.floor)
  const left = size - counts.reduce((sum, count) => sum + count, 0)
  const byRemainder = quotas
    .map((quota, at) => ({ at, remainder: quota - counts[at]! }))
    .sort((a, b) => b.remainder - a.remainder || a.at - b.at)
  for (let given = 0; given < left; given++) counts[byRemainder[given % byRemainder.length]!.at]!++
  return counts
}
