import { describe, expect, test } from "vitest"
import type { Effects } from "../../../pipelines/runtime/effect.ts"
import { RowError, stopError } from "../../../pipelines/runtime/errors.ts"
import { type RowOutcome, runRow, runRowNow } from "../../../pipelines/runtime/row-chain.ts"
import { Draining } from "../../../pipelines/runtime/settle.ts"
import type { Fate, ProgramStep, Reason, Row, RowStep, Side } from "../../../pipelines/runtime/step.ts"
import { complaintOf } from "../complaint.ts"

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

  test.each<[unknown, string]>([
    [undefined, "nothing (undefined)"],
    [7, "number 7"],
    ["drop", "string drop"],
    [true, "boolean true"],
    [{}, "{}"],
    [{ reason: "" }, "an object with reason"],
    [{ reason: 3, id: 1 }, "an object with reason, id"],
    [{ keep: { id: "x" } }, "{keep: an object with id}"],
    [{ keep: [null] }, "null among the rows to keep"],
    [{ keep: [[1, 2]] }, "a list of 2 among the rows to keep"],
    [{ drop: "short" }, "{drop: string short}"],
    [[], "a list of 0"],
    [Promise.resolve(null), "a promise: only a step of kind program may be asynchronous"],
  ])("a step that returns %j stops the run at its first row", async (returned, got) => {
    const broken = rowStep("broken", () => returned as never)
    const complaint = [
      "exit 1",
      "Step broken returned no fate",
      "row x",
      "null, {reason}, {keep: [rows]} or {drop: {reason}}",
      got,
      "What is done is kept. Mend the step and run again.",
    ].join("\n")
    expect(await complaintOf((async () => runRowNow([broken], { id: "x" }, side))())).toBe(complaint)
    expect(await complaintOf(runRow([broken], { id: "x" }, effects, side))).toBe(complaint)
  })

  test("a program has to say which rows it keeps", async () => {
    for (const [returned, got] of [
      [undefined, "nothing (undefined)"],
      [null, "null"],
      [{ reason: "short" }, "an object with reason"],
    ] as const)
      expect(
        await complaintOf(runRow([program("asks", () => returned as never)], { id: "x" }, effects, side)),
      ).toContain(`a promise of {keep: [rows]} or {drop: {reason}}\n${got}`)
  })

  test("a row that a step changes in place stays as it is, and the step fails", async () => {
    const changes = (row: Row) => {
      row.text = "changed"
      return null
    }
    const row = { id: "x", text: "as it came" }
    expect(shape(await outcomeOf([rowStep("changes", changes)], row)).failed).toEqual([
      [
        { id: "x", text: "as it came" },
        "changes",
        "step-threw",
        "TypeError: Cannot assign to read only property 'text' of object '#<Object>'",
      ],
    ])
    const born = await outcomeOf(
      [rowStep("makes", (row) => ({ keep: [{ ...row }] })), rowStep("changes", changes)],
      row,
    )
    expect(born.failed).toHaveLength(1)
  })

  test("a step cannot change a row that it gave away", () => {
    const scratch: Row = { id: "" }
    const fills = rowStep("fills", ({ id }) => {
      scratch.id = `${id}!`
      return { keep: [scratch] }
    })
    const first = runRowNow([fills], { id: "x" }, side)
    const second = runRowNow([fills], { id: "y" }, side)
    expect(first.out).toEqual([{ id: "x!" }])
    expect(shape(second).failed[0]?.slice(1, 3)).toEqual(["fills", "step-threw"])
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
      [{ code: 7 }, "{ code: 7 }"],
      [Object.create(null), "[Object: null prototype] {}"],
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
