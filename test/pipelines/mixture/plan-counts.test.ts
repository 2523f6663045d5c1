import { describe, expect, it } from "vitest"
import { planCounts } from "../../../pipelines/mixture/plan-counts.ts"
import type { SupplyCell } from "../../../pipelines/mixture/share-targets.ts"
import { sharesConfig } from "../../../schemas/mode-fusion-config.ts"
import { seeded } from "../../faults/random.ts"

const rules = (shares: object, more: object = {}) => ({
  size: null,
  maxCopies: 1,
  tolerance: 0.005,
  shares: sharesConfig.parse(shares),
  ...more,
})
const cell = (mode: string, category: string, language: string, supply: number): SupplyCell => ({
  mode,
  category,
  language,
  supply,
})

/** Rows of a plan that have these values. */
const rowsOf = (cells: readonly SupplyCell[], places: ArrayLike<number>, values: Partial<SupplyCell>): number =>
  cells.reduce(
    (sum, cell, at) =>
      Object.entries(values).every(([name, value]) => cell[name as keyof SupplyCell] === value)
        ? sum + places[at]!
        : sum,
    0,
  )

describe("planCounts", () => {
  it("takes the asked size at the asked shares of three dimensions", () => {
    const cells = ["thinking", "non-thinking"].flatMap((mode) =>
      ["mathematics", "coding"].flatMap((category) =>
        ["en", "zh"].map((language) => cell(mode, category, language, 100)),
      ),
    )
    const shares = {
      mode: { thinking: 0.6, "non-thinking": 0.4 },
      category: { mathematics: 0.3, coding: 0.7 },
      language: { en: 0.75, zh: 0.25 },
    }
    const plan = planCounts(cells, rules(shares, { size: 200 }))
    expect(plan).toMatchObject({ size: 200, limitedBy: null })
    expect(rowsOf(cells, plan.places, { mode: "thinking" })).toBe(120)
    expect(rowsOf(cells, plan.places, { category: "mathematics" })).toBe(60)
    expect(rowsOf(cells, plan.places, { language: "en" })).toBe(150)
    // Independent of each other, as the supply is: no cell is given up for another.
    expect(rowsOf(cells, plan.places, { mode: "thinking", category: "coding", language: "en" })).toBe(63)
  })

  it("takes the largest set where no size is asked for, and says what limits it", () => {
    const cells = [cell("thinking", "a", "en", 60), cell("non-thinking", "a", "en", 1_000)]
    const plan = planCounts(cells, rules({ mode: { thinking: 0.6, "non-thinking": 0.4 } }))
    expect(plan.size).toBe(100)
    expect(plan.limitedBy).toContain("mode thinking: 60.0% asked, 60 rows")
  })

  it("takes a size at which rounding to rows stays within the tolerance", () => {
    const cells = [cell("thinking", "a", "en", 7), cell("non-thinking", "a", "en", 1_000)]
    const plan = planCounts(cells, rules({ mode: { thinking: 0.6, "non-thinking": 0.4 } }))
    expect([...plan.places]).toEqual([6, 4])
  })

  it("gives the values that no share names what is left, as they come", () => {
    const cells = [
      cell("thinking", "a", "en", 500),
      cell("thinking", "b", "en", 300),
      cell("thinking", "c", "en", 100),
      cell("thinking", "d", "en", 900),
    ]
    const plan = planCounts(cells, rules({ mode: {}, category: { a: 0.5, d: 0 } }, { size: 400 }))
    expect([...plan.places]).toEqual([200, 150, 50, 0])
  })

  it("leaves no place to others where the named shares are the whole", () => {
    const cells = [cell("thinking", "a", "en", 50), cell("thinking", "b", "en", 50)]
    expect([...planCounts(cells, rules({ mode: { thinking: 1 }, category: { a: 1 } })).places]).toEqual([50, 0])
  })

  it("takes copies only where they are allowed", () => {
    const cells = [cell("thinking", "a", "en", 10), cell("non-thinking", "a", "en", 100)]
    const shares = { mode: { thinking: 0.5, "non-thinking": 0.5 } }
    expect(planCounts(cells, rules(shares, { size: 60 })).size).toBe(20)
    expect([...planCounts(cells, rules(shares, { size: 60, maxCopies: 3 })).places]).toEqual([30, 30])
  })

  it("has explicit cells beside the shares of dimensions", () => {
    const cells = ["thinking", "non-thinking"].flatMap((mode) =>
      ["translation", "coding"].flatMap((category) =>
        ["en", "sw"].map((language) => cell(mode, category, language, 1_000)),
      ),
    )
    const shares = {
      mode: { thinking: 0.5, "non-thinking": 0.5 },
      cells: [{ mode: "non-thinking", category: "translation", language: "sw", share: 0.02 }],
    }
    const plan = planCounts(cells, rules(shares, { size: 1_000 }))
    expect(rowsOf(cells, plan.places, { mode: "non-thinking", category: "translation", language: "sw" })).toBe(20)
    expect(rowsOf(cells, plan.places, { mode: "thinking" })).toBe(500)
  })

  it("says so where no set of any size has the shares", () => {
    const cells = [cell("thinking", "a", "en", 100), cell("non-thinking", "b", "zh", 100)]
    const missing = planCounts(cells, rules({ category: { c: 0.1 } }))
    expect(missing).toMatchObject({ size: 0, limitedBy: "category c: 10.0% asked, 0 rows" })
    const crossed = planCounts(
      cells,
      rules({ mode: { thinking: 0.5, "non-thinking": 0.5 }, category: { a: 0.9, b: 0.1 } }),
    )
    expect(crossed.size).toBe(0)
    expect(crossed.limitedBy).toContain("without the shares of category")
  })

  it("reads labels in any spelling", () => {
    const cells = [cell("thinking", "mathematics", "en", 50), cell("thinking", "coding", "zh", 50)]
    const plan = planCounts(
      cells,
      rules({ mode: {}, category: { Maths: 0.5, code: 0.5 }, language: { "zh-Hans": 0.5 } }),
    )
    expect(plan.size).toBe(100)
  })
})

describe("over random supplies and shares", () => {
  const random = seeded(11)
  const shareOut = (names: readonly string[]) => {
    const weights = names.map(() => 0.2 + random())
    const sum = weights.reduce((a, b) => a + b)
    return Object.fromEntries(names.map((name, at) => [name, weights[at]! / sum]))
  }
  const problems = Array.from({ length: 80 }, () => {
    const categories = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, at) => `c${at}`)
    const languages = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, at) => `l${at}`)
    const most = 10 ** (1 + random() * 4)
    const cells = ["thinking", "non-thinking"].flatMap((mode) =>
      categories.flatMap((category) =>
        languages.flatMap((language) =>
          random() < 0.8 ? [cell(mode, category, language, 1 + Math.floor(random() * most))] : [],
        ),
      ),
    )
    return {
      cells,
      shares: {
        mode: shareOut(["thinking", "non-thinking"]),
        ...(random() < 0.8 && { category: shareOut(categories) }),
        ...(random() < 0.8 && { language: shareOut(languages) }),
      },
      maxCopies: random() < 0.3 ? 2 : 1,
    }
  })

  it("the shares hold within half a percent and a row, and no cell gives more than it has", () => {
    let planned = 0
    for (const [at, { cells, shares, maxCopies }] of problems.entries()) {
      const plan = planCounts(cells, rules(shares, { maxCopies }))
      expect(plan.limitedBy, `problem ${at}`).not.toBeNull()
      if (plan.size === 0) continue
      planned++
      for (const [cell, { supply }] of cells.entries()) {
        expect(plan.places[cell]!).toBeGreaterThanOrEqual(0)
        expect(plan.places[cell]!).toBeLessThanOrEqual(supply * maxCopies)
      }
      for (const { members, share, value } of plan.targets) {
        const found = members.reduce((sum, cell) => sum + plan.places[cell]!, 0)
        expect(Math.abs(found - share * plan.size), `problem ${at}: ${value}`).toBeLessThanOrEqual(
          0.005 * plan.size + 1,
        )
      }
    }
    expect(planned).toBeGreaterThan(50)
  })

  it("half of the largest set, asked for, has exactly that size and the shares in whole rows", () => {
    for (const [at, { cells, shares, maxCopies }] of problems.entries()) {
      const size = Math.floor(planCounts(cells, rules(shares, { maxCopies })).size / 2)
      if (size < 50) continue
      const plan = planCounts(cells, rules(shares, { maxCopies, size }))
      expect(plan, `problem ${at}`).toMatchObject({ size, limitedBy: null })
      for (const { members, places, value } of plan.targets) {
        const found = members.reduce((sum, cell) => sum + plan.places[cell]!, 0)
        expect(Math.abs(found - places), `problem ${at}: ${value}`).toBeLessThanOrEqual(1)
      }
    }
  })

  it("the largest set is as good as the largest: in two dimensions as the cuts of the transport problem say", () => {
    // A set of size N exists exactly when s(A) N + s(B) N - N <= capacity(A x B) for all sets A of modes and B of categories.
    for (let round = 0; round < 100; round++) {
      const categories = ["a", "b", "c", "d"]
      const modes = ["thinking", "non-thinking"]
      const cells = modes.flatMap((mode) =>
        categories.flatMap((category) =>
          random() < 0.75 ? [cell(mode, category, "en", 100 + Math.floor(random() * 10_000))] : [],
        ),
      )
      const shares = { mode: shareOut(modes), category: shareOut(categories) }
      let largest = Number.POSITIVE_INFINITY
      for (let a = 1; a < 4; a++)
        for (let b = 1; b < 16; b++) {
          const inA = modes.filter((_, at) => (a >> at) & 1)
          const inB = categories.filter((_, at) => (b >> at) & 1)
          const need =
            inA.reduce((sum, name) => sum + shares.mode[name]!, 0) +
            inB.reduce((sum, name) => sum + shares.category[name]!, 0) -
            1
          const has = cells
            .filter(({ mode, category }) => inA.includes(mode) && inB.includes(category))
            .reduce((sum, { supply }) => sum + supply, 0)
          if (need > 1e-9) largest = Math.min(largest, has / need)
        }
      const { size, places } = planCounts(cells, rules(shares))
      // A set may be a little larger than the cuts allow where its shares are a little off, a fifth of the tolerance at most.
      expect(size, `round ${round}`).toBeLessThanOrEqual(largest * 1.01 + modes.length + categories.length)
      for (const [dimension, asked] of Object.entries(shares))
        for (const [value, share] of Object.entries(asked)) {
          const found = rowsOf(cells, places, { [dimension]: value })
          expect(Math.abs(found - share * size), `round ${round}: ${value}`).toBeLessThanOrEqual(size * 0.001 + 2)
        }
      expect(size, `round ${round}`).toBeGreaterThanOrEqual(largest * 0.995 - 2)
    }
  })

  it("the order of the cells changes no share", () => {
    for (const { cells, shares } of problems.slice(0, 40)) {
      const plan = planCounts(cells, rules(shares))
      const turned = planCounts(cells.toReversed(), rules(shares))
      expect(turned.size).toBe(plan.size)
      expect(turned.targets.map(({ places }) => places)).toEqual(plan.targets.map(({ places }) => places))
    }
  })
})
