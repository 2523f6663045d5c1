// Faults of steps that others wrote, in a whole run: each is a clear error, and nothing is lost.
import { describe, expect, test } from "vitest"
import { z } from "zod"
import type { Effect } from "../../../pipelines/runtime/effect.ts"
import { CotyledonError } from "../../../pipelines/runtime/errors.ts"
import { sha256 } from "../../../pipelines/runtime/fingerprint.ts"
import { defineRecipe } from "../../../pipelines/runtime/recipe.ts"
import { run } from "../../../pipelines/runtime/run.ts"
import type { Kernel, KernelStep, ProgramStep, Row, RowStep, Step } from "../../../pipelines/runtime/step.ts"
import { type Columns, int32, table, text } from "../../../schemas/columns.ts"
import { publishedRows } from "../../faults/scene.ts"
import { temporaryFolder } from "./folder.ts"

const texts = table("text", { id: text(), text: text() })

/** Runs steps over 200 rows in shards of 50. */
async function runSteps(
  steps: Step[],
  {
    out = temporaryFolder(),
    adds = {},
    failureLimit = 0.05,
  }: { out?: string; adds?: Columns; failureLimit?: number } = {},
) {
  const rows = Array.from({ length: 200 }, (_, at) => ({ id: `q${at}`, text: "x".repeat(at % 10) }))
  const recipe = defineRecipe({
    name: "own",
    about: "",
    version: 1,
    config: z.strictObject({}),
    open: () => ({
      stages: [
        {
          kind: "import",
          id: "source",
          version: 1,
          params: {},
          columns: texts.columns,
          rowsPerShard: 50,
          failureLimit: 0,
          digests: async () => [{ name: "memory", sha256: sha256("rows"), bytes: 1, license: null, revision: null }],
          async *rows() {
            for (const row of rows) yield { row }
          },
        },
        { kind: "map", id: "own", input: "source", steps, failureLimit, rowsInFlight: 4 },
      ],
      path: ["source", "own"],
      exports: [
        {
          folder: "dataset",
          about: "",
          table: table("own", { ...texts.columns, ...adds }),
          from: "own",
          rows: (row: Row) => [row],
        },
      ],
      endpoints: [],
      close: async () => {},
    }),
  })
  return { out, ...(await run({ recipe, config: {}, out, graceMs: 100 })) }
}

const stopOf = async (running: Promise<unknown>): Promise<string> => {
  const error = await running.then(
    () => null,
    (rejected: unknown) => rejected,
  )
  if (!(error instanceof CotyledonError)) throw error ?? new Error("it ran to its end")
  expect(error.exit).toBe(1)
  expect(error.message.split("\n").length).toBeLessThanOrEqual(4)
  return error.message
}

const row = (run: RowStep["run"], more: Partial<RowStep> = {}): RowStep => ({
  kind: "row",
  id: "mine",
  version: 1,
  params: {},
  run,
  ...more,
})
const kernel = (decide: Kernel): KernelStep => ({
  kind: "kernel",
  id: "mine",
  version: 1,
  params: {},
  open: () => decide,
})
const program = (run: ProgramStep["run"]): ProgramStep => ({ kind: "program", id: "mine", version: 1, params: {}, run })

const threwAt = (id: string) =>
  row((row) => {
    if (row.id === id) throw new TypeError("x is not a function")
    return null
  })

describe("a step that throws", () => {
  test("fails its row, which is kept with step, message and id", async () => {
    const { out, manifest } = await runSteps([threwAt("q77")])
    expect(manifest.rows).toEqual({ in: 200, out: 199, dropped: 0, failed: 1 })
    const [failed] = await publishedRows(out, "failed")
    expect(failed).toMatchObject({
      id: "q77",
      step: "mine",
      reason: "step-threw",
      message: "TypeError: x is not a function",
      row: '{"id":"q77","text":"xxxxxxx"}',
    })
  })

  test("on too many rows stops the run at the failure limit and quotes the first", async () => {
    const message = await stopOf(
      runSteps([
        row(() => {
          throw new Error("no such table")
        }),
      ]),
    )
    expect(message).toContain("Too many rows failed in stage own")
    expect(message).toContain("step-threw 100; the first: Error: no such table")
  })
})

describe("a step whose result is no fate stops the run at its first row", () => {
  test.each<[string, Step, string]>([
    ["nothing", row(() => undefined as never), "Step mine returned no fate (row q0)"],
    ["a promise", row((async () => null) as never), "got a promise: only a step of kind program may be asynchronous"],
    ["rows that are none", row(() => ({ keep: ["text"] }) as never), "got string text among the rows to keep"],
    [
      "nothing, later",
      program(async () => undefined as never),
      "expected a promise of {keep: [rows]} or {drop: {reason}}",
    ],
  ])("%s", async (_, step, complaint) => {
    const out = temporaryFolder()
    expect(await stopOf(runSteps([step], { out }))).toContain(complaint)
    // Mended, the run goes on in the same folder.
    const { manifest } = await runSteps([row(() => null)], { out })
    expect(manifest.rows.out).toBe(200)
  })

  test("and what was paid for before it is not asked again", async () => {
    const out = temporaryFolder()
    let asked = 0
    const effect = (id: unknown): Effect<number> => ({
      kind: "retrieve",
      identity: "index",
      request: { id },
      sample: 0,
      perform: async () => ({ value: ++asked }),
    })
    const asks = (mended: boolean) =>
      program(async (row, effects) => {
        await effects.settle(effect(row.id))
        return row.id === "q120" && !mended ? (undefined as never) : { keep: [row as Row] }
      })
    await stopOf(runSteps([asks(false)], { out }))
    expect(asked).toBeGreaterThanOrEqual(121)
    await runSteps([asks(true)], { out })
    expect(asked).toBe(200)
  })
})

describe("a kernel", () => {
  test.each<[string, Kernel, string]>([
    [
      "of the wrong length",
      ({ numRows }) => Array(numRows - 1).fill(null),
      "Kernel mine returned verdicts of other rows\nexpected an array with one entry for each of the 50 rows of the batch: null, or {reason}, got 49 entries",
    ],
    ["that returns nothing", () => undefined as never, "got nothing (undefined)"],
    ["with holes", ({ numRows }) => new Array(numRows), "got nothing (undefined) for row 0"],
    ["with booleans", ({ numRows }) => Array(numRows).fill(true) as never, "got boolean true for row 0"],
    [
      "that throws",
      () => {
        throw new RangeError("offset out of bounds")
      },
      "Kernel mine threw\nexpected an array with one entry for each of the 50 rows of the batch: null, or {reason}, got RangeError: offset out of bounds",
    ],
  ])("%s stops the run", async (_, decide, complaint) => {
    expect(await stopOf(runSteps([kernel(decide)]))).toContain(complaint)
  })

  test("decides in front of steps of every kind, programs included", async () => {
    const dropHalf = kernel(({ numRows }) =>
      Array.from({ length: numRows }, (_, at) => (at % 2 ? { reason: "odd" } : null)),
    )
    for (const behind of [row(() => null), program(async (row) => ({ keep: [row as Row] }))]) {
      const { manifest } = await runSteps([{ ...dropHalf, id: "half" }, behind])
      expect(manifest.rows).toEqual({ in: 200, out: 100, dropped: 100, failed: 0 })
      expect(manifest.drops).toEqual({ half: { odd: 100 } })
    }
  })
})

describe("rows of another number or shape", () => {
  test("born rows are counted", async () => {
    const { out, manifest } = await runSteps([
      row((row) => ({ keep: row.text === "xx" ? [row, { ...row, id: `${row.id}-b` }] : [row] })),
    ])
    expect(manifest.rows).toEqual({ in: 200, born: 20, out: 220, dropped: 0, failed: 0 })
    expect(await publishedRows(out, "dataset")).toHaveLength(220)
  })

  test("no row and no reason fails the row", async () => {
    const { out, manifest } = await runSteps([row((row) => ({ keep: row.id === "q3" ? [] : [row] }))])
    expect(manifest.rows).toEqual({ in: 200, out: 199, dropped: 0, failed: 1 })
    expect(await publishedRows(out, "failed")).toMatchObject([{ id: "q3", reason: "no-fate" }])
  })

  test("a column that no step declares fails its rows; the run says which", async () => {
    const message = await stopOf(runSteps([row((row) => ({ keep: [{ ...row, score: 1 }] }))]))
    expect(message).toMatch(
      /bad-value \d+; the first: column score, row 0: expected one of the columns id, text, got 1/,
    )
  })

  test("a value that its column cannot hold fails the row, by the step that adds the column", async () => {
    const adds = { length: int32() }
    const measure = row((row) => ({ keep: [{ ...row, length: row.id === "q5" ? 0.5 : 1 }] }), { adds })
    const { out, manifest } = await runSteps([measure, row(() => null, { id: "after" })], { adds })
    expect(manifest.rows).toMatchObject({ out: 199, failed: 1 })
    expect(await publishedRows(out, "failed")).toMatchObject([
      { id: "q5", step: "mine", reason: "bad-value", message: expect.stringContaining("column length") },
    ])
  })
})

test("rows that a step keeps for itself are as they were written", async () => {
  const seen: Row[] = []
  const keeps = row((row) => {
    seen.push(row)
    for (const earlier of seen) expect(Object.isFrozen(earlier)).toBe(true)
    return null
  })
  const { out } = await runSteps([keeps])
  expect(await publishedRows(out, "dataset")).toEqual(seen)
})
