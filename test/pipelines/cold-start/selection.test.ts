import { describe, expect, it } from "vitest"
import { representative, selectBalanced } from "../../../pipelines/cold-start/selection.ts"

const candidates = (domain: string, passRates: number[]) =>
  passRates.map((passRate, i) => ({ id: `${domain}-${i}`, domain, passRate }))
const all = [...candidates("a", [1, 0.5, 0.25, 0.125, 1, 1]), ...candidates("b", [0.5, 0.1]), ...candidates("c", [1])]
const domainsOf = (ids: string[]) => ids.map((id) => id[0])

describe("selectBalanced", () => {
  it("takes the domains in turn and the hardest first", () => {
    const chosen = selectBalanced(all, { maximum: 6, seed: 1 })
    expect(new Set(domainsOf(chosen).slice(0, 3))).toEqual(new Set(["a", "b", "c"]))
    expect(chosen.filter((id) => id.startsWith("a"))).toEqual(["a-3", "a-2", "a-1"])
    expect(chosen.filter((id) => id.startsWith("b"))).toEqual(["b-1", "b-0"])
  })
  it("fills up from the domains that have more", () => {
    expect(selectBalanced(all, { maximum: 100, seed: 1 }).length).toBe(all.length)
    expect(selectBalanced(all, { maximum: 0, seed: 1 })).toEqual([])
    expect(selectBalanced([], { maximum: 5, seed: 1 })).toEqual([])
  })
  it("does not depend on the order of its input", () => {
    const shuffled = [...all].reverse()
    shuffled.push(shuffled.shift()!)
    for (let seed = 0; seed < 20; seed++)
      expect(selectBalanced(shuffled, { maximum: 5, seed })).toEqual(selectBalanced(all, { maximum: 5, seed }))
  })
  it("breaks ties by the seed", () => {
    const equals = candidates("a", Array(50).fill(0.5))
    const [one, two] = [1, 2].map((seed) => selectBalanced(equals, { maximum: 10, seed }))
    expect(one).not.toEqual(two)
  })
  it("gives the last odd place to no domain in particular", () => {
    const two = [...candidates("a", [1, 1]), ...candidates("b", [1, 1])]
    const last = new Set(Array.from({ length: 40 }, (_, seed) => selectBalanced(two, { maximum: 1, seed })[0]![0]))
    expect(last).toEqual(new Set(["a", "b"]))
  })
  it("never chooses a question that nobody solved", () => {
    expect(selectBalanced(candidates("a", [0, Number.NaN, -1, 0.5]), { maximum: 9, seed: 1 })).toEqual(["a-3"])
  })
})

describe("representative", () => {
  it("takes the lengths nearest the median, equals by index", () => {
    expect(representative([10, 1, 5, 100, 6], 2)).toEqual([4, 2])
    expect(representative([4, 2, 4, 2], 2)).toEqual([0, 1])
    expect(representative([9], 3)).toEqual([0])
    expect(representative([], 1)).toEqual([])
    expect(representative([1, 2, 3], 0)).toEqual([])
  })
})
