import { expect, test } from "vitest"
import { chooseSamples, standing } from "../../../pipelines/cold-start/choose-samples.ts"
import type { Rollout } from "../../../schemas/rollout.ts"

const rollouts = (lengths: readonly number[]) =>
  lengths.map((outputTokens, sample) => ({ sample, outputTokens, rejection: null }) as Rollout)
const chosen = (lengths: readonly number[], samplesPerQuestion: number, sample: "median" | "shortest" | "longest") =>
  chooseSamples(rollouts(lengths), { sample, samplesPerQuestion }).map(({ sample }) => sample)

test("takes the lengths nearest the median, equals by sample", () => {
  expect(chosen([10, 1, 5, 100, 6], 2, "median")).toEqual([4, 2])
  expect(chosen([4, 2, 4, 2], 2, "median")).toEqual([0, 1])
  expect(chosen([9], 3, "median")).toEqual([0])
  expect(chosen([], 1, "median")).toEqual([])
})

test("takes the shortest or the longest", () => {
  expect(chosen([10, 1, 5, 1], 2, "shortest")).toEqual([1, 3])
  expect(chosen([10, 1, 5, 10], 3, "longest")).toEqual([0, 3, 2])
})

test("only what no filter dropped stands", () => {
  const [first, second] = rollouts([1, 2])
  const rejected = {
    ...first!,
    rejection: { step: "repetition", reason: "repetition", measured: null, threshold: null, evidence: null },
  }
  expect(standing([rejected, second!])).toEqual([second])
})
