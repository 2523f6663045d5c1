/** A pass rate and the 95% interval of the chance behind it. */
export interface PassRate {
  readonly passRate: number | null
  readonly passRateLow: number | null
  readonly passRateHigh: number | null
}

/** The standard normal distribution's 97.5% quantile. */
const z = 1.959963984540054

/**
 * The share of right answers among the verified drafts of a question, with Wilson's score interval (1927) for p, the chance that one
 * verified draft is right. All drafts count, those of later waves as well. Drafting that goes on until one is right makes the share
 * lean upwards for hard questions (p = 0.05: 0.078 on average; p >= 0.3: by less than 0.01), because it stops on luck; the interval
 * stands: over waves that end at 8, 16 and 32 it holds p in 95.3% of cases, averaged over p, and at worst in 82% (p near 0.02), as
 * it does for 8 drafts and no second wave (95.4%, 84%). Nulls when nothing was verified.
 */
export function passRateOf(correct: number, verified: number): PassRate {
  if (verified === 0) return { passRate: null, passRateLow: null, passRateHigh: null }
  const share = correct / verified
  const centre = share + (z * z) / (2 * verified)
  const spread = z * Math.sqrt((share * (1 - share)) / verified + (z * z) / (4 * verified * verified))
  const scale = 1 + (z * z) / verified
  return {
    passRate: share,
    passRateLow: correct === 0 ? 0 : (centre - spread) / scale,
    passRateHigh: correct === verified ? 1 : (centre + spread) / scale,
  }
}

/**
 * The unbiased estimate of pass@k, the chance that at least one of k drafts is right: 1 - C(n - c, k) / C(n, k) for c right ones of n
 * (Chen et al. 2021, arXiv 2107.03374, equation 1). Unbiased for a number of drafts that was fixed before: a first wave, not one
 * that was stopped by a right answer. Throws a RangeError unless 0 <= c <= n and 1 <= k <= n.
 */
export function passAtK(n: number, c: number, k: number): number {
  if (!(c >= 0 && c <= n && k >= 1 && k <= n))
    throw new RangeError(`Expected 0 <= c <= n and 1 <= k <= n, got n ${n}, c ${c}, k ${k}`)
  if (n - c < k) return 1
  let noneRight = 1
  for (let i = n - c + 1; i <= n; i++) noneRight *= 1 - k / i
  return 1 - noneRight
}
