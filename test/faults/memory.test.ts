// A run's memory does not grow with its questions. The full scale is `test/bench/memory.ts`.
import { expect, test } from "vitest"
import { measuredRun } from "../bench/measured-run.ts"

// A heap that just suffices: what is kept per row shows in the peak, or ends the process.
const tight = ["--max-old-space-size=64", "--max-semi-space-size=2"]

test("four times the questions take the same memory", { timeout: 180_000 }, async () => {
  const few = await measuredRun(1_500, { nodeOptions: tight })
  const many = await measuredRun(6_000, { nodeOptions: tight })
  expect(many.calls).toBeGreaterThan(3.5 * few.calls)
  expect(many.peakMegabytes - few.peakMegabytes).toBeLessThan(30)
})
