import { describe, expect, test } from "vitest"
import { waveEnds } from "../../annotators/draft-waves.ts"
import { passAtK, passRateOf } from "../../annotators/pass-rate.ts"

const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k)
const binomial = (n: number, k: number, p: number) => choose(n, k) * p ** k * (1 - p) ** (n - k)

/** Share of the subsets of k of n drafts that hold one of the first c, by going through all of them. */
function countedPassAtK(n: number, c: number, k: number): number {
  let [all, right] = [0, 0]
  for (let subset = 0; subset < 1 << n; subset++) {
    if ([...subset.toString(2)].filter((bit) => bit === "1").length !== k) continue
    all++
    if ((subset & ((1 << c) - 1)) !== 0) right++
  }
  return right / all
}

describe("passAtK", () => {
  test("is the share of subsets with a right draft", () => {
    for (let n = 1; n <= 9; n++)
      for (let c = 0; c <= n; c++)
        for (let k = 1; k <= n; k++) expect(passAtK(n, c, k)).toBeCloseTo(countedPassAtK(n, c, k), 12)
  })

  test("is unbiased for a fixed number of drafts", () => {
    for (const p of [0.01, 0.1, 0.35, 0.8])
      for (const [n, k] of [
        [8, 1],
        [8, 4],
        [32, 8],
      ] as const) {
        let mean = 0
        for (let c = 0; c <= n; c++) mean += binomial(n, c, p) * passAtK(n, c, k)
        expect(mean).toBeCloseTo(1 - (1 - p) ** k, 10)
      }
  })

  test("refuses what it is not defined for", () => {
    for (const [n, c, k] of [
      [8, 9, 1],
      [8, -1, 1],
      [8, 2, 9],
      [8, 2, 0],
      [0, 0, 1],
      [8, Number.NaN, 1],
    ] as const)
      expect(() => passAtK(n, c, k)).toThrow(RangeError)
  })
})

describe("passRateOf", () => {
  test("gives the ends of Wilson's interval: where the share is 1.96 standard errors away", () => {
    for (let n = 1; n <= 32; n++)
      for (let c = 0; c <= n; c++) {
        const { passRate, passRateLow, passRateHigh } = passRateOf(c, n)
        expect(passRate).toBe(c / n)
        for (const end of [passRateLow!, passRateHigh!]) {
          const inside = end > 0 && end < 1
          if (inside) expect(Math.abs(c / n - end) / Math.sqrt((end * (1 - end)) / n)).toBeCloseTo(1.96, 3)
          else expect(end).toBe(c / n)
        }
        expect(passRateLow! <= c / n && c / n <= passRateHigh!).toBe(true)
        expect(passRateLow! >= 0 && passRateHigh! <= 1).toBe(true)
      }
  })

  test("says nothing of nothing", () => {
    expect(passRateOf(0, 0)).toEqual({ passRate: null, passRateLow: null, passRateHigh: null })
  })

  /** Every way in which drafting in waves can end, with its chance. */
  function endings(ends: readonly number[], p: number) {
    return ends.flatMap((end, wave) => {
      const before = ends[wave - 1] ?? 0
      const last = wave === ends.length - 1
      return Array.from({ length: end - before + 1 }, (_, correct) => ({
        correct,
        verified: end,
        chance: correct === 0 && !last ? 0 : (1 - p) ** before * binomial(end - before, correct, p),
      }))
    })
  }

  test("its interval stands although drafting stops at the first right wave: what the doc comment says of coverage and bias", () => {
    const grid = Array.from({ length: 999 }, (_, at) => (at + 1) / 1_000)
    const coverages = (ends: readonly number[]) =>
      grid.map((p) =>
        endings(ends, p).reduce((sum, { correct, verified, chance }) => {
          const { passRateLow, passRateHigh } = passRateOf(correct, verified)
          return passRateLow! <= p && p <= passRateHigh! ? sum + chance : sum
        }, 0),
      )
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const [waves, fixed] = [coverages(waveEnds(8, 32)), coverages([8])]
    expect(mean(waves)).toBeCloseTo(0.953, 3)
    expect(mean(fixed)).toBeCloseTo(0.954, 3)
    expect(Math.min(...waves)).toBeGreaterThan(0.82)
    expect(Math.min(...fixed)).toBeLessThan(0.84)
    const meanRate = (p: number) =>
      endings(waveEnds(8, 32), p).reduce((sum, { correct, verified, chance }) => sum + (chance * correct) / verified, 0)
    expect(meanRate(0.05)).toBeCloseTo(0.078, 3)
    for (const p of [0.3, 0.5, 0.8]) expect(Math.abs(meanRate(p) - p)).toBeLessThan(0.01)
  })
})

test("waves double, end at the maximum and never ask less than the first", () => {
  expect(waveEnds(8, 32)).toEqual([8, 16, 32])
  expect(waveEnds(8, 20)).toEqual([8, 16, 20])
  expect(waveEnds(3, 5)).toEqual([3, 5])
  expect(waveEnds(4, 4)).toEqual([4])
  expect(waveEnds(8, 2)).toEqual([8])
  expect(waveEnds(1, 1)).toEqual([1])
})
