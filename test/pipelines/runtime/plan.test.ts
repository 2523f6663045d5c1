import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { stopError } from "../../../pipelines/runtime/errors.ts"
import { planRun } from "../../../pipelines/runtime/plan.ts"
import type { Paid } from "../../../pipelines/runtime/recipe.ts"
import { temporaryFolder } from "./folder.ts"
import { rowsOfTexts, runTiny, type Tiny, tinyRecipe } from "./tiny-recipe.ts"

const planTiny = (run: string, changes: Partial<Tiny> = {}, limit: number | null = null) =>
  planRun({ recipe: tinyRecipe(changes).recipe, config: { seed: 1 }, run, limit })

const statesOf = async (run: string, changes: Partial<Tiny> = {}, limit: number | null = null) =>
  Object.fromEntries((await planTiny(run, changes, limit)).stages.map(({ id, state }) => [id, state]))

describe("states", () => {
  test("of a folder without a run: all to do, and nothing is written", async () => {
    const folder = temporaryFolder()
    const run = join(folder, "not-there")
    expect(await statesOf(run)).toEqual({
      source: "to do (1 of 1 tasks)",
      clean: "to do",
      draft: "to do",
      score: "to do",
      sum: "to do",
      finish: "to do",
    })
    expect(readdirSync(folder)).toEqual([])
  })

  test("of a run that is done: all reused, and nothing is touched", async () => {
    const run = temporaryFolder()
    await runTiny(run)
    const times = () =>
      (readdirSync(run, { recursive: true }) as string[])
        .sort()
        .map((name) => [name, statSync(join(run, name)).mtimeMs])
    const before = times()
    expect(await statesOf(run)).toEqual({
      source: "done, reused (1 task)",
      clean: "done, reused (5 tasks)",
      draft: "done, reused (5 tasks)",
      score: "done, reused (5 tasks)",
      sum: "done, reused (1 task)",
      finish: "done, reused (5 tasks)",
    })
    expect(times()).toEqual(before)
  })

  test("of a changed step: that stage again with the reason, what is behind it depends", async () => {
    const run = temporaryFolder()
    await runTiny(run)
    expect(await statesOf(run, { factor: 5 })).toMatchObject({
      draft: "done, reused (5 tasks)",
      score: "again: step score: factor 2 -> 5",
      sum: "depends on score",
      finish: "depends on score",
    })
    expect(await statesOf(run, {}, 3)).toMatchObject({
      source: "again: step source: limit null -> 3",
      clean: "depends on source",
    })
  })

  test("of a run that stopped: what is left", async () => {
    const run = temporaryFolder()
    let left = 6
    await runTiny(run, {
      rowsInFlight: 1,
      answer: async () => {
        if (left-- === 0) throw stopError({ what: "The budget is spent" })
        return "answer"
      },
    })
    const states = await statesOf(run)
    expect(states.clean).toBe("done, reused (5 tasks)")
    expect(states.draft).toMatch(/^to do \([1-4] of 5 tasks\)$/)
  })

  test("agree with what a run then does", async () => {
    const run = temporaryFolder()
    await runTiny(run)
    for (const changes of [{ bonus: 5 }, { bonus: 5, cleanVersion: 2 }, { bonus: 6, factor: 1, cleanVersion: 2 }]) {
      const planned = await statesOf(run, changes)
      const { events } = await runTiny(run, changes)
      const worked = new Set(events.flatMap((of) => (of.event === "task.started" ? [of.stage] : [])))
      for (const [stage, state] of Object.entries(planned)) {
        if (state.startsWith("done")) expect(worked.has(stage), stage).toBe(false)
        if (state.startsWith("again")) expect(worked.has(stage), stage).toBe(true)
      }
    }
  })
})

test("bounds are calls and tokens of every row, and the cost where all prices are known", async () => {
  const { recipe } = tinyRecipe({ asks: 3, rows: rowsOfTexts(Array(1_000).fill("x".repeat(300))) })
  const endpoint = (price: Paid["price"]): Paid => ({
    role: "drafter",
    identity: "m",
    price,
    counters: () => ({}) as never,
  })
  const plan = (price: Paid["price"]) =>
    planRun({
      recipe: { ...recipe, open: (config, host) => ({ ...recipe.open(config, host), endpoints: [endpoint(price)] }) },
      config: { seed: 1 },
      run: join(temporaryFolder(), "none"),
      limit: null,
    })
  const { bounds, cost } = await plan({ input: 1, output: 10 })
  expect(bounds).toEqual([
    {
      role: "drafter",
      model: "m",
      calls: 3_000,
      inputTokens: 3_000 * (10 + 300 / 2),
      outputTokens: 60_000,
      usd: expect.closeTo(1.08),
    },
  ])
  expect(cost).toBeCloseTo(1.08)
  expect((await plan(null)).cost).toBeNull()
})

test("steps are listed with their parameters", async () => {
  const { stages } = await planTiny(join(temporaryFolder(), "none"))
  expect(stages.find(({ id }) => id === "clean")!.steps).toEqual([
    { id: "has-text", version: 1, params: "{}", about: "" },
    { id: "length", version: 1, params: '{"maximum":30}', about: "" },
  ])
})
