import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { type Distilled, DistillRows, distillFault, tailLogprobs } from "../../../pipelines/export/distill-rows.ts"
import { readParquet } from "../../../pipelines/io/parquet.ts"
import { rowsOf } from "../../../pipelines/runtime/batch.ts"
import { temporaryFolder } from "../runtime/folder.ts"

const end = 151_645
const model = { digest: "a".repeat(64), tokenizerDigest: "b".repeat(64) }
const options = { student: model, teacher: { ...model, digest: "c".repeat(64) }, k: 2, temperature: 1, endOfTurn: end }

/** Two tokens, the second outside of the teacher's two likeliest. */
const distilled = (over: Partial<Distilled> = {}): Distilled => ({
  id: "d1",
  promptIds: Int32Array.of(9707, 1),
  completionIds: Int32Array.of(19, end),
  studentLogprobs: Float32Array.of(-0.9, -2),
  teacherLogprobs: Float32Array.of(-0.1, -3),
  topkIds: Int32Array.of(19, 20, 7, 8),
  topkLogprobs: Float32Array.of(-0.1, -2.5, -0.7, -1.2),
  step: 120,
  ...over,
})

describe("a row of F5", () => {
  test("is stored as it is, with the tail, and counted", async () => {
    const root = temporaryFolder()
    const rows = new DistillRows(root, options)
    expect(await rows.add(distilled())).toBeNull()
    const [shard] = await rows.close()
    expect(shard).toMatchObject({ path: "distill/train-00000.parquet", rows: 1, tokens: 4, trained_tokens: 2 })
    for await (const batch of readParquet(join(root, shard!.path))) {
      const [row] = rowsOf(batch)
      expect(row).toMatchObject({
        id: "d1",
        completion_ids: [19, end],
        topk_ids: [19, 20, 7, 8],
        step: 120n,
        k: 2,
        student_digest: model.digest,
        tokenizer_digest: model.tokenizerDigest,
      })
      const masses = [Math.exp(-0.1) + Math.exp(-2.5), Math.exp(-0.7) + Math.exp(-1.2)]
      for (const [at, tail] of (row!.tail_logprobs as number[]).entries())
        expect(Math.exp(tail) + masses[at]!).toBeCloseTo(1, 5)
    }
  })

  test("of a teacher that leaves nothing has a tail that a loss can take", () => {
    expect(tailLogprobs(Float32Array.of(0), 1)[0]).toBeCloseTo(Math.log(1e-8), 4)
  })

  const faults: [string, Partial<Distilled>][] = [
    ["no-prompt", { promptIds: new Int32Array(0) }],
    ["no-completion", { completionIds: new Int32Array(0) }],
    ["no-end", { completionIds: Int32Array.of(19, 20) }],
    ["no-step", { step: -1 }],
    ["lengths-differ", { studentLogprobs: Float32Array.of(-1) }],
    ["lengths-differ", { topkIds: Int32Array.of(19, 20, 7) }],
    ["no-log-probability", { teacherLogprobs: Float32Array.of(-0.1, 0.5) }],
    ["no-log-probability", { studentLogprobs: Float32Array.of(-0.1, Number.NEGATIVE_INFINITY) }],
    ["no-log-probability", { topkLogprobs: Float32Array.of(-0.1, Number.NaN, -0.7, -1.2) }],
    ["places-repeat", { topkIds: Int32Array.of(19, 19, 7, 8) }],
    ["places-out-of-order", { topkLogprobs: Float32Array.of(-0.1, -2.5, -1.2, -0.7) }],
    ["mass-above-one", { topkLogprobs: Float32Array.of(-0.1, -0.2, -0.7, -1.2) }],
    ["teacher-contradicts-itself", { teacherLogprobs: Float32Array.of(-0.4, -3) }],
    ["teacher-contradicts-itself", { teacherLogprobs: Float32Array.of(-0.1, -0.5) }],
  ]
  for (const [reason, over] of faults)
    test(`that does not hold together is refused: ${reason} (${Object.keys(over)})`, () => {
      expect(distillFault(distilled(over), 2, end)).toBe(reason)
    })
})

test("models with different tokenizers are refused", () => {
  const teacher = { ...model, tokenizerDigest: "d".repeat(64) }
  expect(() => new DistillRows("/nowhere", { ...options, teacher })).toThrow(/different tokenizers/)
})
