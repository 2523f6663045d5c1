import { describe, expect, it } from "vitest"
import { drawToken, uniformNumbers } from "../../../../annotators/endpoint/embedded/sampling.ts"

const off = { temperature: 1, topP: 1, topK: 0, minP: 0, seed: 0 }
const distribution: [string, number][] = [
  ["a", 0.5],
  ["b", 0.3],
  ["c", 0.15],
  ["d", 0.05],
]

/** How often each token is drawn by uniform numbers that are spread evenly over [0, 1). */
function shares(sampling: Partial<typeof off>): Record<string, number> {
  const draws = 1_000
  const counts: Record<string, number> = {}
  for (let i = 0; i < draws; i++) {
    const token = drawToken(distribution, { ...off, ...sampling }, () => (i + 0.5) / draws)
    counts[token] = (counts[token] ?? 0) + 1 / draws
  }
  return Object.fromEntries(Object.entries(counts).map(([token, share]) => [token, Number(share.toFixed(3))]))
}

describe("drawToken", () => {
  it("draws by the distribution when nothing transforms it", () => {
    expect(shares({})).toEqual({ a: 0.5, b: 0.3, c: 0.15, d: 0.05 })
  })

  it("takes the likeliest at temperature 0", () => {
    expect(shares({ temperature: 0 })).toEqual({ a: 1 })
  })

  it("sharpens below temperature 1 and flattens above", () => {
    expect(shares({ temperature: 0.5 }).a).toBeCloseTo(0.25 / (0.25 + 0.09 + 0.0225 + 0.0025), 2)
    expect(shares({ temperature: 2 }).a).toBeLessThan(0.5)
    expect(shares({ temperature: 0.01 })).toEqual({ a: 1 })
  })

  it("keeps the fewest tokens whose mass reaches top-p, and renormalises", () => {
    expect(shares({ topP: 0.75 })).toEqual({ a: 0.625, b: 0.375 })
    expect(shares({ topP: 0.1 })).toEqual({ a: 1 })
  })

  it("keeps the top-k", () => {
    expect(shares({ topK: 2 })).toEqual({ a: 0.625, b: 0.375 })
  })

  it("drops what is unlikely beside the likeliest with min-p", () => {
    expect(Object.keys(shares({ minP: 0.25 }))).toEqual(["a", "b", "c"])
  })

  it("never draws a token of probability 0", () => {
    const two: [string, number][] = [
      ["a", 1],
      ["b", 0],
    ]
    expect(drawToken(two, off, () => 0.999_999_9)).toBe("a")
  })

  it("throws on an empty distribution", () => {
    expect(() => drawToken([], off, () => 0)).toThrow("empty")
  })
})

describe("uniformNumbers", () => {
  it("gives the same numbers for the same seed, others for another, all in [0, 1) and spread out", () => {
    const take = (seed: number) => Array.from({ length: 10_000 }, uniformNumbers(seed))
    const first = take(1)
    expect(take(1)).toEqual(first)
    expect(take(2)).not.toEqual(first)
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...first)).toBeLessThan(1)
    expect(first.reduce((sum, number) => sum + number, 0) / first.length).toBeCloseTo(0.5, 1)
  })
})
