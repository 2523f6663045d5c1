// A question's responses before a judge: what stands is asked about, a fault of the judge costs one response, and nothing disappears.
import { describe, expect, test } from "vitest"
import { judgeResponses } from "../../../pipelines/cold-start/judge-responses.ts"
import { RowError, stopError } from "../../../pipelines/runtime/errors.ts"
import type { Fate, ProgramStep, Row } from "../../../pipelines/runtime/step.ts"
import type { Rollout } from "../../../schemas/rollout.ts"
import { MemoryEffects } from "../../annotators/endpoint/setting.ts"

const rejection = { step: "repetition", reason: "repetition", measured: 1, threshold: 0, evidence: null }
const rollout = (sample: number, more: object = {}) => ({
  sample,
  answer: String(sample),
  judgements: [],
  rejection: null,
  ...more,
})

const criterion = (id: string, run: (row: Row) => Fate, seen: unknown[] = []): ProgramStep => ({
  kind: "program",
  id,
  version: 1,
  params: {},
  bound: [{ role: "judge", calls: 5, inputTokens: 10, outputTokens: 20 }],
  async run(row) {
    seen.push([id, row.sample, row.question])
    return run(row)
  },
})
const keep = (row: Row): Fate => ({
  keep: [{ ...row, judgements: [...(row.judgements as object[]), { criterion: "kept" }] }],
  tally: { "kept judged": 1 },
})

async function judged(criteria: ProgramStep[], rollouts: object[]) {
  const row = { id: "q", question: "What?", judgements: [{ criterion: "of the question" }], rollouts }
  const fate = await judgeResponses(criteria, 8).run(row, new MemoryEffects(), new Map())
  const kept = (fate as { keep: Row[] }).keep[0]!
  return { ...fate, kept, rollouts: kept.rollouts as Rollout[] }
}

describe("responses before a judge", () => {
  test("only those that stand are asked about; what a criterion drops is not asked about again", async () => {
    const seen: unknown[] = []
    const drop = (row: Row): Fate =>
      row.sample === 2 ? { drop: { reason: "first", evidence: { why: "two" } }, row } : keep(row)
    const { rollouts, kept, tally } = await judged(
      [criterion("first", drop, seen), criterion("second", keep, seen)],
      [rollout(0), rollout(1, { rejection }), rollout(2)],
    )
    expect(seen.toSorted()).toEqual([
      ["first", 0, "What?"],
      ["first", 2, "What?"],
      ["second", 0, "What?"],
    ])
    expect(rollouts.map(({ sample }) => sample)).toEqual([0, 1, 2])
    expect(rollouts[1]).toEqual(rollout(1, { rejection }))
    expect(rollouts[2]!.rejection).toMatchObject({ step: "first", reason: "first", evidence: '{"why":"two"}' })
    expect(rollouts[0]!.judgements).toHaveLength(2)
    expect(kept.judgements).toEqual([{ criterion: "of the question" }])
    expect(tally).toEqual({ responses: 2, kept: 1, first: 1, "kept judged": 2 })
  })

  const faulty = (retryable: boolean) => (row: Row) => {
    if (row.sample === 1) throw new RowError("malformed-judgement", "no valid JSON", { retryable })
    return keep(row)
  }
  test.each([true, false])(
    "a fault of the judge costs one response, which says why (retryable: %s)",
    async (retryable) => {
      const { rollouts, incomplete, tally } = await judged(
        [criterion("first", faulty(retryable))],
        [rollout(0), rollout(1)],
      )
      expect(rollouts[0]!.rejection).toBeNull()
      expect(rollouts[1]!.rejection).toMatchObject({ step: "first", reason: "not-judged" })
      expect(JSON.parse(rollouts[1]!.rejection!.evidence!)).toEqual({
        fault: "malformed-judgement",
        message: "no valid JSON",
      })
      expect(incomplete).toBe(retryable)
      expect(tally).toMatchObject({ responses: 2, kept: 1, "first: not-judged": 1 })
    },
  )

  test("where it leaves no response the row fails with the fault; what stops the run stops it", async () => {
    await expect(judged([criterion("first", faulty(true))], [rollout(1)])).rejects.toThrow("no valid JSON")
    const stops = () => {
      throw stopError({ what: "Budget reached" })
    }
    await expect(judged([criterion("first", stops)], [rollout(0)])).rejects.toThrow("Budget reached")
    // A question without any response before it is not the judge's fault.
    expect((await judged([criterion("first", faulty(true))], [rollout(1, { rejection })])).rollouts).toHaveLength(1)
  })

  test("the bound is that of every response", () => {
    expect(judgeResponses([criterion("first", keep), criterion("second", keep)], 8).bound).toEqual([
      { role: "judge", calls: 40, inputTokens: 10, outputTokens: 20 },
      { role: "judge", calls: 40, inputTokens: 10, outputTokens: 20 },
    ])
  })
})
