import { describe, expect, test } from "vitest"
import type { Effects } from "../../../pipelines/runtime/effect.ts"
import { RowError, stopError } from "../../../pipelines/runtime/errors.ts"
import { type RowOutcome, runRow, runRowNow } from "../../../pipelines/runtime/row-chain.ts"
import { Draining } from "../../../pipelines/runtime/settle.ts"
import type { Fate, ProgramStep, Reason, Row, RowStep, Side } from "../../../pipelines/runtime/step.ts"

const side: Side = new Map([["words", [{ word: "a" }]]])
const effects: Effects = {
  settle: () => Promise.reject(new Error("no effects here")),
  signal: new AbortController().signal,
}

const rowStep = (id: string, run: (row: Row, side: Side) => Reason | Fate | null): RowStep => ({
  kind: "row",
  id,
  version: 1,
  params: {},
  run,
})
const program = (id: string, run: (row: Row) => Fate): ProgramStep => ({
  kind: "program",
  id,
  version: 1,
  params: {},
  run: async (row) => run(row),
})

/** Both ways to run row steps say the same. */
async function outcomeOf(steps: RowStep[], row: Row): Promise<RowOutcome> {
  const now = runRowNow(steps, row, side)
  expect(await runRow(steps, row, effects, side)).toEqual(now)
  return now
}

const shape = ({ out, dropped, failed }: RowOutcome) => ({
  out,
  dropped: dropped.map(({ row, rejection: { step, reason } }) => [row, step, reason]),
  failed: failed.map(({ row, step, error: { reason, message } }) => [row, step, reason, message]),
})

describe("fates", () => {
  test("null keeps the row as it is; a kept row is what the step made of it", async () => {
    const outcome = await outcomeOf([rowStep("a", () => null), rowStep("b", (row) => ({ keep: [{ ...row, n: 1 }] }))], {
      id: "x",
    })
    expect(outcome).toEqual({ out: [{ id: "x", n: 1 }], dropped: [], failed: [], tally: {}, incomplete: false })
  })

  test("a drop has its step, and the row as it stood; later steps do not see it", async () => {
    const outcome = await outcomeOf(
      [
        rowStep("adds", (row) => ({ keep: [{ ...row, length: 3 }] })),
        rowStep("short", () => ({ reason: "too-short", measured: 3, threshold: 5, evidence: ["abc"] })),
        rowStep("never", () => {
          throw new Error("called")
        }),
      ],
      { id: "x" },
    )
    expect(outcome.dropped).toEqual([
      {
        row: { id: "x", length: 3 },
        rejection: { step: "short", reason: "too-short", measured: 3, threshold: 5, evidence: '["abc"]' },
      },
    ])
    expect(outcome.out).toEqual([])
  })

  test("a dropped row may carry what the step found out", async () => {
    const outcome = await outcomeOf(
      [rowStep("judge", (row) => ({ drop: { reason: "no" }, row: { ...row, said: "no" } }))],
      { id: "x" },
    )
    expect(outcome.dropped[0]?.row).toEqual({ id: "x", said: "no" })
  })

  test("rows that are born have fates of their own, in order", async () => {
    const outcome = await outcomeOf(
      [
        rowStep("split", (row) => ({ keep: [1, 2, 3, 4].map((part) => ({ ...row, part })) })),
        rowStep("odd", ({ part }) => (part === 2 ? { reason: "even" } : null)),
        rowStep("poison", ({ part }) => {
          if (part === 3) throw new RowError("poisoned", "three")
          return null
        }),
      ],
      { id: "x" },
    )
    expect(shape(outcome)).toEqual({
      out: [
        { id: "x", part: 1 },
        { id: "x", part: 4 },
      ],
      dropped: [[{ id: "x", part: 2 }, "odd", "even"]],
      failed: [[{ id: "x", part: 3 }, "poison", "poisoned", "three"]],
    })
  })

  test("no fate is a failure: a row does not disappear", async () => {
    const outcome = await outcomeOf([rowStep("none", () => ({ keep: [] })), rowStep("after", () => null)], { id: "x" })
    expect(shape(outcome).failed).toEqual([
      [{ id: "x" }, "none", "no-fate", "Step none kept no row and gave no reason"],
    ])
  })

  test.each([undefined, 7, {}])("a step that returns %j fails the row", async (returned) => {
    const outcome = await outcomeOf([rowStep("broken", () => returned as never)], { id: "x" })
    expect(outcome.failed).toHaveLength(1)
    expect(outcome.out).toEqual([])
  })

  test("tallies add up over steps and born rows; incomplete stays", async () => {
    const outcome = await outcomeOf(
      [
        rowStep("split", (row) => ({ keep: [row, row], tally: { split: 1 } })),
        rowStep("count", (row) => ({ keep: [row], tally: { seen: 2 }, incomplete: true })),
        rowStep("end", () => null),
      ],
      { id: "x" },
    )
    expect(outcome.tally).toEqual({ split: 1, seen: 4 })
    expect(outcome.incomplete).toBe(true)
  })

  test("side data reaches every step", async () => {
    const outcome = await outcomeOf([rowStep("a", (row, side) => ({ keep: [{ ...row, words: side.get("words") }] }))], {
      id: "x",
    })
    expect(outcome.out).toEqual([{ id: "x", words: [{ word: "a" }] }])
  })
})

describe("errors", () => {
  test("of the row fail the row, whatever was thrown", async () => {
    for (const [thrown, message] of [
      [new TypeError("x is not a function"), "TypeError: x is not a function"],
      ["a string", "a string"],
      [null, "null"],
      [undefined, "undefined"],
    ] as const) {
      const outcome = await outcomeOf(
        [
          rowStep("throws", () => {
            throw thrown
          }),
        ],
        { id: "x" },
      )
      expect(shape(outcome).failed).toEqual([[{ id: "x" }, "throws", "step-threw", message]])
    }
  })

  test("keep their reason and whether a rerun may help", async () => {
    const error = new RowError("timed-out", "no answer", { retryable: true })
    const outcome = await runRow(
      [
        program("draft", () => {
          throw error
        }),
      ],
      { id: "x" },
      effects,
      side,
    )
    expect(outcome.failed).toEqual([{ row: { id: "x" }, step: "draft", error }])
  })

  test.each([
    ["a stop error", stopError({ what: "The budget is spent" })],
    ["a stop of the run", new Draining()],
    ["an abort", new DOMException("aborted", "AbortError")],
  ])("%s stops the run", async (_, error) => {
    const throws = () => {
      throw error
    }
    await expect(runRow([program("a", throws)], { id: "x" }, effects, side)).rejects.toBe(error)
    expect(() => runRowNow([rowStep("a", throws)], { id: "x" }, side)).toThrow(error)
  })
})

test("row steps and programs mix in one chain", async () => {
  const outcome = await runRow(
    [
      rowStep("a", (row) => ({ keep: [{ ...row, trace: "a" }] })),
      program("b", (row) => ({ keep: [{ ...row, trace: `${row.trace}b` }] })),
      rowStep("c", (row) => ({ keep: [{ ...row, trace: `${row.trace}c` }] })),
    ],
    { id: "x" },
    effects,
    side,
  )
  expect(outcome.out).toEqual([{ id: "x", trace: "abc" }])
})
