import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Projection } from "../../pipelines/runtime/projection.ts"
import { projectionLines } from "../../ui/projection.ts"
import { runCommand } from "../faults/run-command.ts"
import { jsonLines, scene, sums } from "../faults/scene.ts"
import { startEndpoint } from "../faults/start-endpoint.ts"

test("a projection is said with its intervals, and what is unknown is said to be", () => {
  const of = (estimate: number) => ({ estimate, low: estimate / 2, high: estimate * 2 })
  const use = { calls: of(2_000), inputTokens: of(1), outputTokens: of(2), usd: null, timeMs: null }
  const projection: Projection = { pilotRows: 10, allRows: 1_000, yield: of(500), ...use, stages: [] }
  const text = projectionLines(projection).join("\n")
  expect(text).toContain("projected to all 1,000 rows from 10, with 95% intervals")
  expect(text).toMatch(/in the dataset +500 +250 to 1,000/)
  expect(text).toMatch(/calls +2,000 +1,000 to 4,000/)
  expect(text).not.toContain("cost")
  expect(text).toMatch(/time +unknown/)
  const priced = { ...projection, usd: of(3), timeMs: { low: 60_000, high: 7_200_000 } }
  expect(projectionLines(priced).join("\n")).toMatch(/cost +\$3\.00 +\$1\.50 to \$6\.00\n +time +1m00s to 2h00m/)
})

test("a pilot projects, and plan takes over what it measured", { timeout: 120_000 }, async () => {
  const endpoint = await startEndpoint({ delayMs: 20 })
  const price = { input: 1, output: 2 }
  const { config, folder } = await scene(endpoint.url, { questions: sums(60), model: { price } })
  writeFileSync(join(folder, "questions.jsonl"), jsonLines(sums(60)))
  const before = await runCommand(["plan", config, "--out", join(folder, "run")])
  expect(before.stdout).toContain("time unknown until a pilot (--limit N) or models.drafter.tokensPerSecond")
  expect(before.stdout).not.toContain("projected")
  const pilot = await runCommand(["run", config, "--out", join(folder, "run"), "--limit", "20", "--json"])
  expect(pilot).toMatchObject({ code: 0 })
  expect(pilot.stderr).toContain("projected to all 60 rows from 20")
  const last = JSON.parse(pilot.stdout.trim().split("\n").at(-1)!) as { event: string; projection: Projection }
  expect(last.event).toBe("done")
  const { projection } = last
  expect(projection.calls.low).toBeLessThanOrEqual(projection.calls.estimate)
  expect(projection.usd!.estimate).toBeGreaterThan(0)
  expect(projection.timeMs!.low).toBeGreaterThan(0)
  const plan = await runCommand(["plan", config, "--out", join(folder, "run"), "--json"])
  expect(JSON.parse(plan.stdout).projection).toEqual(projection)
  const whole = await runCommand(["run", config, "--out", join(folder, "run"), "--json"])
  expect(whole.code).toBe(0)
  const asked = JSON.parse((await runCommand(["inspect", join(folder, "run"), "--json"])).stdout) as { calls: number }
  expect(asked.calls).toBeGreaterThanOrEqual(projection.calls.low)
  expect(asked.calls).toBeLessThanOrEqual(projection.calls.high)
})
