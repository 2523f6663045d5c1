import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { sha256 } from "../../pipelines/runtime/fingerprint.ts"
import { Ledger } from "../../pipelines/runtime/ledger.ts"
import type { Manifest } from "../../schemas/manifest.ts"
import { projectionLines, wilson } from "../../ui/projection.ts"
import { temporaryFolder } from "../pipelines/runtime/folder.ts"

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

  test("of nothing is everything", () => {
    expect(wilson(0, 0)).toEqual([0, 1])
  })
})

test("a pilot's yield, calls, tokens, cost and time are scaled by rows", async () => {
  const run = temporaryFolder()
  const questions = join(run, "questions.jsonl")
  writeFileSync(questions, Array.from({ length: 1_000 }, (_, at) => `{"question":"q${at}"}\n`).join(""))
  const ledger = await Ledger.open(join(run, "ledger"), "append")
  for (let at = 0; at < 20; at++)
    await ledger.append({
      key: sha256(`${at}`),
      kind: "chat",
      identity: "m",
      sample: 0,
      request: {},
      value: {},
      usage: { input: 100, output: 50 },
      at: "",
    })
  await ledger.close()
  const manifest = { rows: { in: 10, out: 5, dropped: 5, failed: 0 } } as Manifest
  const config = { questions: [questions], models: { judge: { model: "m", price: { input: 1, output: 2 } } } }
  const lines = await projectionLines({ run, manifest, elapsedMs: 36_000, config })
  const text = lines.join("\n")
  expect(lines[1]).toBe("  projected to all 1,000 rows (from 10)")
  expect(text).toMatch(/in the dataset +500 +95% interval 237 to 763/)
  expect(text).toMatch(/calls +2,000/)
  expect(text).toMatch(/tokens in +200,000/)
  expect(text).toMatch(/tokens out +100,000/)
  expect(text).toMatch(/cost +\$0\.4000/)
  expect(text).toMatch(/time at this rate +1h00m/)
  const whole = { rows: { in: 1_000, out: 5, dropped: 995, failed: 0 } } as Manifest
  expect(await projectionLines({ run, manifest: whole, elapsedMs: 1, config })).toEqual([])
})
