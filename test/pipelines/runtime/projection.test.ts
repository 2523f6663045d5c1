import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { Measure, readMeasured } from "../../../pipelines/runtime/measure.ts"
import { planRun } from "../../../pipelines/runtime/plan.ts"
import { bootstrapSums, project, wilson } from "../../../pipelines/runtime/projection.ts"
import type { Paid, PaidCounters } from "../../../pipelines/runtime/recipe.ts"
import { temporaryFolder } from "./folder.ts"
import { rowsOfTexts, runTiny, someTexts, tinyRecipe } from "./tiny-recipe.ts"

describe("Wilson's interval", () => {
  test.each([
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
    [5, 10, 0.2366, 0.7634],
    [50, 1_000, 0.0381, 0.0653],
  ])("of %i in %i", (successes, trials, low, high) => {
    const [from, to] = wilson(successes, trials)
    expect(from).toBeCloseTo(low, 4)
    expect(to).toBeCloseTo(high, 4)
  })

  test.each([3, 10, 12, 61, 1_000])("holds the share itself, also none and all of %i", (trials) => {
    for (const successes of [0, 1, trials - 1, trials]) {
      const [from, to] = wilson(successes, trials)
      expect(from).toBeLessThanOrEqual(successes / trials)
      expect(to).toBeGreaterThanOrEqual(successes / trials)
    }
  })

  test("of nothing is everything", () => {
    expect(wilson(0, 0)).toEqual([0, 1])
  })
})

describe("the bootstrap", () => {
  const lines = (values: number[]) => values.map((value) => Float64Array.of(value))

  test("of rows that are all alike is certain, of rows that asked nothing is not forgotten", () => {
    expect(bootstrapSums(lines([3, 3, 3, 3]), 4, 1)).toEqual([{ estimate: 12, low: 12, high: 12 }])
    const [of] = bootstrapSums(lines([3, 3]), 4, 1)
    expect(of!.estimate).toBe(6)
    expect(of!.low).toBe(0)
    expect(of!.high).toBe(12)
  })

  test("covers the mean of the whole about as often as it says", () => {
    // Token counts have long tails: a log-normal-like sum of squares, whose mean is known.
    let state = 7
    const random = () => {
      state = (state * 48271) % 2147483647
      return state / 2147483647
    }
    const draw = () => 100 / (0.05 + random())
    const mean = 100 * Math.log(1.05 / 0.05)
    let covered = 0
    for (let pilot = 0; pilot < 100; pilot++) {
      const [of] = bootstrapSums(lines(Array.from({ length: 60 }, draw)), 60, 1)
      if (of!.low <= 60 * mean && 60 * mean <= of!.high) covered++
    }
    expect(covered).toBeGreaterThanOrEqual(87)
    expect(covered).toBeLessThanOrEqual(99)
  })
})

const paid = (identity: string, price: Paid["price"], maxInFlight = 10): Paid => ({
  role: identity,
  identity,
  price,
  limits: { maxInFlight, requestsPerMinute: null, tokensPerMinute: null, tokensPerSecond: null },
  counters: () => ({}) as PaidCounters,
})

const rowsOf = (uses: Record<string, { calls: number; input: number; output: number }>, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`q${at}`, { draft: uses }]))

describe("a projection", () => {
  const measured = {
    format: 1 as const,
    rows: rowsOf({ m: { calls: 2, input: 100, output: 1_000 } }, 10),
    paces: { drafter: { identity: "m", calls: 20, output: 10_000, requestMs: 100_000, busyMs: 50_000 } },
  }
  const commits = new Map([["draft", [{ counts: { in: 10 } } as never]]])

  test("scales rows, calls, tokens and cost; the time lies between full and the pilot's own concurrency", () => {
    const projection = project({
      allRows: 1_000,
      pilot: { in: 10, out: 5 },
      commits,
      measured,
      endpoints: [paid("m", { input: 1, output: 2 })],
    })
    expect(projection.yield).toEqual({
      estimate: 500,
      low: expect.closeTo(236.6, 1),
      high: expect.closeTo(763.4, 1),
    })
    expect(projection.calls).toEqual({ estimate: 2_000, low: 2_000, high: 2_000 })
    expect(projection.outputTokens.estimate).toBe(1_000_000)
    expect(projection.usd!.estimate).toBeCloseTo((100_000 + 2 * 1_000_000) / 1e6)
    // 10 ms of request for a token, ten at once; 5 ms for a token in the pilot.
    expect(projection.timeMs).toEqual({ low: 1_000_000, high: 5_000_000 })
    expect(projection.stages).toMatchObject([
      { stage: "draft", rows: { estimate: 1_000, high: expect.closeTo(1_000) } },
    ])
  })

  test("says nothing about what was not measured or has no price", () => {
    const { usd, timeMs } = project({
      allRows: 100,
      pilot: { in: 10, out: 5 },
      commits,
      measured: { ...measured, paces: {} },
      endpoints: [paid("m", null)],
    })
    expect(usd).toBeNull()
    expect(timeMs).toBeNull()
  })
})

test("a pace is the time that requests took, by what was in flight", async () => {
  const run = temporaryFolder()
  const measure = await Measure.open(run)
  const at = (seconds: number, inFlight: number, calls: number, output: number) =>
    measure.tick({ drafter: { identity: "m", inFlight, calls, output } as never }, seconds * 1_000)
  at(0, 0, 0, 0)
  at(1, 4, 0, 0)
  at(2, 4, 4, 400)
  at(3, 0, 8, 800)
  at(9, 0, 8, 800)
  await measure.save()
  expect((await readMeasured(run))!.paces.drafter).toEqual({
    identity: "m",
    calls: 8,
    output: 800,
    requestMs: 2_000 + 4_000 + 2_000,
    busyMs: 3_000,
  })
})

test("a pilot's rows are measured, also when it was killed and went on, and projected by plan", async () => {
  const run = temporaryFolder()
  const changes = { rows: rowsOfTexts(someTexts(200)), asks: 3 }
  await runTiny(run, changes, { limit: 20 })
  const first = await readMeasured(run)
  await runTiny(run, changes, { limit: 20 })
  expect(await readMeasured(run)).toEqual(first)
  const { recipe } = tinyRecipe(changes)
  const { projection } = await planRun({ recipe, config: { seed: 1 }, run, limit: null })
  const kept = someTexts(20).filter((text) => text !== "" && text.length <= 30).length
  expect(projection).toMatchObject({
    pilotRows: 20,
    allRows: 200,
    calls: { estimate: 3 * kept * 10 },
    inputTokens: { estimate: 30 * kept * 10 },
    usd: null,
    timeMs: null,
  })
  expect(projection!.calls.low).toBeLessThan(3 * kept * 10)
  const truth = someTexts(200).filter((text) => text !== "" && text.length <= 30).length
  expect(projection!.yield.low).toBeLessThanOrEqual(truth)
  expect(projection!.yield.high).toBeGreaterThanOrEqual(truth)
  const none = await planRun({ recipe, config: { seed: 1 }, run: join(run, "none"), limit: null })
  expect(none.projection).toBeNull()
})

describe("the time of a stage", () => {
  const plan = async (limits: Partial<NonNullable<Paid["limits"]>>) => {
    const { recipe } = tinyRecipe({ rows: rowsOfTexts(someTexts(100)), asks: 3 })
    const endpoint = paid("m", null)
    const drafter = { ...endpoint, role: "drafter", limits: { ...endpoint.limits!, ...limits } }
    const { stages } = await planRun({
      recipe: { ...recipe, open: (config, host) => ({ ...recipe.open(config, host), endpoints: [drafter] }) },
      config: { seed: 1 },
      run: join(temporaryFolder(), "none"),
      limit: null,
    })
    return stages.find(({ id }) => id === "draft")!.asks
  }

  test("is unknown without a speed, and at most what the slowest of speed and limits allows", async () => {
    expect(await plan({})).toMatchObject([{ role: "drafter", calls: 300, outputTokens: 6_000, timeMs: null }])
    const timeOf = async (limits: Parameters<typeof plan>[0]) => (await plan(limits))[0]!.timeMs
    // 6,000 tokens at 2 a second, ten at once.
    expect(await timeOf({ tokensPerSecond: 2 })).toEqual({ least: 0, most: 300_000 })
    expect(await timeOf({ tokensPerSecond: 2, requestsPerMinute: 30 })).toEqual({ least: 0, most: 600_000 })
    expect((await timeOf({ tokensPerSecond: 2, tokensPerMinute: 60 }))!.most).toBeGreaterThan(6_000_000)
  })
})
