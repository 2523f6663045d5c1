import { describe, expect, test } from "vitest"
import type { z } from "zod"
import { type Candidate, Candidates } from "../../../pipelines/cold-start/candidates.ts"
import { PassAtKMeans } from "../../../pipelines/cold-start/pass-at-k-means.ts"
import { type SelectionRules, selectQuestions } from "../../../pipelines/cold-start/selection.ts"
import { outcomesOf, reportLines } from "../../../pipelines/cold-start/selection-report.ts"
import { selectConfig } from "../../../schemas/config.ts"

/** Text that resembles no other. */
const textOf = (id: string) =>
  Array.from({ length: 30 }, (_, at) =>
    Math.imul(
      [...`${id}/${at}`].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193), 7),
      0x9e3779b1,
    ).toString(36),
  ).join(" ")

const candidate = (id: string, more: Partial<Candidate> = {}): Candidate => ({
  id,
  text: textOf(id),
  domain: "mathematics",
  source: "test",
  language: null,
  passRate: 0.5,
  tokens: 100,
  verified: 8,
  correct: 4,
  ...more,
})
const inDomain = (domain: string, passRates: readonly (number | null)[]) =>
  passRates.map((passRate, at) => candidate(`${domain}-${at}`, { domain, passRate }))

type Rules = z.input<typeof selectConfig> & { expectedDomains?: string[]; seed?: number }

function select(all: readonly Candidate[], rules: Rules = {}) {
  const { expectedDomains = [], seed = 1, ...select } = rules
  const options: SelectionRules = {
    ...selectConfig.parse({ length: { shortest: 0, longest: 0 }, ...select }),
    expectedDomains,
    seed,
  }
  const candidates = new Candidates(seed)
  for (const one of all) candidates.add(one)
  const selection = selectQuestions(candidates, options)
  const outcome = outcomesOf(candidates, selection, options)
  const report = reportLines(candidates, selection, options, new PassAtKMeans(8))
  return {
    ids: selection.chosen.map((at) => candidates.ids[at]!),
    duplicates: selection.duplicates.map(({ candidate, of }) => [candidates.ids[candidate], candidates.ids[of]]),
    domains: Object.fromEntries(selection.domains.map((share) => [share.domain, share])),
    outcomes: Object.fromEntries(candidates.ids.map((id, at) => [id, outcome(at)])),
    report,
    lines: (measure: string) =>
      Object.fromEntries(
        report.filter((line) => line.measure === measure).map(({ value, before, after }) => [value, [before, after]]),
      ),
  }
}

/** The same candidates in another order. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  let state = seed
  return all
    .map((value) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return { value, key: state }
    })
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)
}

const all = [...inDomain("a", [1, 0.5, 0.25, 0.125, 1, 1]), ...inDomain("b", [0.5, 0.1]), ...inDomain("c", [1])]

describe("balance", () => {
  test("takes the domains in turn and the hardest first", () => {
    const { ids } = select(all, { maximum: 6 })
    expect(new Set(ids.slice(0, 3).map((id) => id[0]))).toEqual(new Set(["a", "b", "c"]))
    expect(ids.filter((id) => id.startsWith("a"))).toEqual(["a-3", "a-2", "a-1"])
    expect(ids.filter((id) => id.startsWith("b"))).toEqual(["b-1", "b-0"])
  })

  test("fills up from the domains that have more, and says what the others are short of", () => {
    const { ids, domains, report } = select(all, { maximum: 9 })
    expect(ids).toHaveLength(9)
    expect(domains).toMatchObject({
      a: { places: 3, taken: 6, candidates: 6 },
      b: { places: 3, taken: 2 },
      c: { places: 3, taken: 1 },
    })
    expect(report.filter(({ measure }) => measure === "domain").map(({ value, short }) => [value, short])).toEqual([
      ["a", 0],
      ["b", 1],
      ["c", 2],
    ])
    expect(select([], { maximum: 5 }).ids).toEqual([])
  })

  test("gives places in proportion to the weights, under any usual name", () => {
    const many = ["Math", "coding", "physics", "logic"].flatMap((domain) => inDomain(domain, Array(100).fill(0.5)))
    const weights = { mathematics: 4, code: 3, logic: 2, science: 1 }
    const { domains, lines } = select(many, { maximum: 100, domains: weights })
    expect(
      Object.fromEntries(Object.entries(domains).map(([name, { taken, places }]) => [name, [taken, places]])),
    ).toEqual({
      mathematics: [40, 40],
      code: [30, 30],
      logic: [20, 20],
      science: [10, 10],
    })
    expect(lines("domain")).toEqual({ mathematics: [100, 40], code: [100, 30], logic: [100, 20], science: [100, 10] })
  })

  test("shares the places of a short domain in proportion to the other weights", () => {
    const many = [
      ...inDomain("code", Array(5).fill(0.5)),
      ...["maths", "logic"].flatMap((domain) => inDomain(domain, Array(200).fill(0.5))),
    ]
    const { domains } = select(many, { maximum: 100, domains: { maths: 2, code: 1, logic: 1 } })
    const taken = ["code", "mathematics", "logic"].map((domain) => domains[domain]!.taken)
    expect(taken[0]).toBe(5)
    expect(Math.abs(taken[1]! - (95 * 2) / 3)).toBeLessThanOrEqual(1)
    expect(taken[1]! + taken[2]!).toBe(95)
  })

  test("a domain that is expected and missing is said, one that is not named comes last, one of weight 0 never", () => {
    const { ids, domains, outcomes, report } = select([...all, ...inDomain("unknown", [0.1, 0.1])], {
      maximum: 8,
      expectedDomains: ["a", "logic"],
    })
    expect(ids.filter((id) => id.startsWith("unknown"))).toEqual([])
    expect(domains.logic).toMatchObject({ candidates: 0, places: 2, taken: 0 })
    expect(report).toContainEqual(
      expect.objectContaining({ measure: "domain", value: "logic", before: 0, after: 0, places: 2, short: 2 }),
    )
    expect(outcomes["unknown-0"]).toBe("question-limit")
    expect(Object.values(outcomes).filter((outcome) => outcome === "domain-full")).toHaveLength(1)

    const named = select(all, { maximum: 8, domains: { a: 1, b: 0 } })
    expect(named.ids.slice(0, 6).every((id) => id.startsWith("a"))).toBe(true)
    expect(named.ids.slice(6)).toEqual(["c-0"])
    expect([named.outcomes["b-0"], named.outcomes["b-1"]]).toEqual(["domain-excluded", "domain-excluded"])
  })

  test("gives the last odd place to no domain in particular", () => {
    const two = [...inDomain("a", [1, 1]), ...inDomain("b", [1, 1])]
    const last = new Set(Array.from({ length: 40 }, (_, seed) => select(two, { maximum: 1, seed }).ids[0]![0]))
    expect(last).toEqual(new Set(["a", "b"]))
  })
})

describe("difficulty and length", () => {
  test("never chooses a question that nobody solved", () => {
    const { ids, outcomes } = select(inDomain("a", [0, Number.NaN, -1, null, 0.5]), { maximum: 9 })
    expect(ids).toEqual(["a-4"])
    expect(outcomes["a-3"]).toBe("difficulty")
  })

  test("keeps to a band, its ends included", () => {
    const difficulty = { minimumPassRate: 0.125, maximumPassRate: 0.5 }
    expect(new Set(select(all, { difficulty }).ids)).toEqual(new Set(["a-1", "a-2", "a-3", "b-0"]))
  })

  test("at random the hardest has no advantage", () => {
    const rates = Array.from({ length: 200 }, (_, at) => (at + 1) / 200)
    const mean = (order: "hardest" | "random") => {
      const { ids } = select(inDomain("a", rates), { maximum: 50, difficulty: { order } })
      return ids.reduce((sum, id) => sum + rates[Number(id.slice(2))]!, 0) / ids.length
    }
    expect(mean("hardest")).toBeCloseTo(0.1275, 4)
    expect(Math.abs(mean("random") - 0.5)).toBeLessThan(0.12)
  })

  test("leaves out the tails of each domain's own lengths, never more than their share", () => {
    const lengths = (domain: string, scale: number) =>
      Array.from({ length: 100 }, (_, at) => candidate(`${domain}-${at}`, { domain, tokens: (at + 1) * scale }))
    const { outcomes, domains } = select([...lengths("a", 1), ...lengths("b", 1_000)], {
      length: { shortest: 0.02, longest: 0.05 },
    })
    const out = Object.keys(outcomes).filter((id) => outcomes[id] === "length")
    expect(out).toEqual(["a", "b"].flatMap((domain) => [0, 1, 95, 96, 97, 98, 99].map((at) => `${domain}-${at}`)))
    expect(domains.b).toMatchObject({ lowTokens: 3_000, highTokens: 95_000 })
    const equal = Array.from({ length: 50 }, (_, at) => candidate(`e-${at}`))
    expect(select(equal, { length: { shortest: 0.5, longest: 0.5 } }).ids).toHaveLength(50)
  })
})

describe("diversity", () => {
  const twins = [
    candidate("one", { passRate: 0.25 }),
    candidate("two", { passRate: 0.5, text: `${textOf("one")} once more` }),
    candidate("other", { passRate: 0.75 }),
  ]

  test("takes the harder of two near-duplicates, and names it for the other", () => {
    const { ids, duplicates, outcomes } = select(twins)
    expect(ids).toEqual(["one", "other"])
    expect(duplicates).toEqual([["two", "one"]])
    expect(outcomes.two).toBe("near-duplicate")
  })

  test("takes one of two across domains as well", () => {
    const { ids, duplicates } = select(twins.map((twin) => (twin.id === "two" ? { ...twin, domain: "logic" } : twin)))
    expect(ids).toHaveLength(2)
    expect(duplicates).toHaveLength(1)
    expect(new Set(duplicates[0])).toEqual(new Set(["one", "two"]))
  })

  test("can be switched off", () => {
    expect(select(twins, { maximumSimilarity: 1 }).ids).toHaveLength(3)
  })

  test("no two chosen questions are near-duplicates, in a pool full of them", () => {
    const pool = Array.from({ length: 300 }, (_, at) =>
      candidate(`q${at}`, { text: `${textOf(`root${at % 40}`)} ${at}`, passRate: (((at * 7) % 11) + 1) / 11 }),
    )
    const { ids, duplicates } = select(pool, { maximum: 100 })
    expect(new Set(ids.map((id) => Number(id.slice(1)) % 40)).size).toBe(40)
    expect([ids.length, duplicates.length]).toEqual([40, 260])
    for (const [id, twin] of duplicates) expect(Number(id!.slice(1)) % 40).toBe(Number(twin!.slice(1)) % 40)
  })
})

describe("determinism", () => {
  const pool = [...all, ...inDomain("d", Array(60).fill(0.5)), ...inDomain("unknown", [0.3, 0.4])].map((one, at) => ({
    ...one,
    tokens: 50 + ((at * 37) % 90),
    text: at % 5 === 0 && at > 20 ? `${textOf(`d-${at % 3}`)} variant ${at}` : one.text,
  }))
  const rules = { maximum: 30, length: { shortest: 0.05, longest: 0.05 }, expectedDomains: ["a", "z"] }

  test("the choice, its reasons and its report do not depend on the order of the candidates", () => {
    const first = select(pool, rules)
    expect(first.duplicates.length).toBeGreaterThan(3)
    for (let seed = 1; seed <= 20; seed++) {
      const again = select(shuffled(pool, seed), rules)
      expect(again.ids).toEqual(first.ids)
      expect(again.duplicates).toEqual(first.duplicates)
      expect(again.outcomes).toEqual(first.outcomes)
      expect(again.report).toEqual(first.report)
    }
  })

  test("ties are broken by the seed", () => {
    const equals = inDomain("a", Array(50).fill(0.5))
    const [one, two] = [1, 2].map((seed) => select(equals, { maximum: 10, seed }).ids)
    expect(one).not.toEqual(two)
  })
})

test("every candidate has one outcome, and the report counts each once in every distribution", () => {
  const pool = [
    ...all,
    ...inDomain("b", [0.5, 0]).map((one) => ({ ...one, id: `${one.id}x`, source: "other", language: "zh" })),
  ]
  const { report, ids, outcomes } = select(pool, { maximum: 4 })
  expect(Object.values(outcomes).filter((outcome) => outcome === "selected")).toHaveLength(ids.length)
  for (const measure of ["outcome", "domain", "pass rate", "tokens", "source", "language"]) {
    const lines = report.filter((line) => line.measure === measure)
    const sum = (of: "before" | "after" | "beforeShare" | "afterShare") =>
      lines.reduce((total, line) => total + line[of], 0)
    expect([sum("before"), sum("after")], measure).toEqual([pool.length, 4])
    expect(sum("beforeShare")).toBeCloseTo(1, 12)
    expect(sum("afterShare")).toBeCloseTo(1, 12)
  }
  expect(
    report
      .filter(({ measure }) => measure === "pass@k")
      .map(({ value, before, beforeShare }) => [value, before, beforeShare]),
  ).toEqual([
    ["1", pool.length, expect.closeTo(0.5, 12)],
    ["2", pool.length, expect.closeTo(1 - (4 * 3) / (8 * 7), 12)],
    ["4", pool.length, expect.closeTo(1 - 1 / 70, 12)],
    ["8", pool.length, 1],
  ])
})

test("a measure of many values lists the most frequent ones", () => {
  const pool = Array.from({ length: 300 }, (_, at) => candidate(`q${at}`, { source: at < 40 ? "big" : `file-${at}` }))
  const { lines } = select(pool, { maximum: 10 })
  const sources = Object.entries(lines("source"))
  expect(sources).toHaveLength(101)
  expect(sources[0]![0]).toBe("big")
  expect(sources.at(-1)![0]).toBe("161 others")
  expect(sources.reduce((sum, [, [before]]) => sum + before!, 0)).toBe(300)
})

test("passes of questions without an accepted response count for pass@k alone", () => {
  const means = new PassAtKMeans(4)
  means.add(4, 2, true)
  means.add(4, 0, false)
  means.add(1, 1, false)
  expect(means.means()).toEqual([
    { k: 1, all: 3, selected: 1, meanOfAll: 0.5, meanOfSelected: 0.5 },
    {
      k: 2,
      all: 2,
      selected: 1,
      meanOfAll: expect.closeTo((1 - 1 / 6) / 2, 12),
      meanOfSelected: expect.closeTo(5 / 6, 12),
    },
    { k: 4, all: 2, selected: 1, meanOfAll: 0.5, meanOfSelected: 1 },
  ])
})
