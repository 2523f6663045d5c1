import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { readOverTime, speeds } from "../../../ui/report/over-time.ts"
import { at, done, progress, started } from "../live/happenings.ts"

test("calls, tokens and cost add up over attempts; the time between them is left out; long runs are thinned out", async () => {
  const run = mkdtempSync(join(tmpdir(), "cotyledon-over-time-"))
  onTestFinished(() => rmSync(run, { recursive: true, force: true }))
  mkdirSync(join(run, "events"))
  const write = (name: string, events: unknown[]) =>
    writeFileSync(join(run, "events", name), events.map((event) => `${JSON.stringify(event)}\n`).join(""))
  const attempt = (from: number) => [
    at(from, started),
    ...Array.from({ length: 5_000 }, (_, second) =>
      at(from + second + 1, progress({}, second + 1, 100 * (second + 1))),
    ),
  ]
  write("000001.jsonl", attempt(0))
  write("000002.jsonl", [
    ...attempt(100_000),
    at(105_001, done("draft", 10, 8)),
    at(105_002, { event: "run.stopped", exit: 1, reason: "x" }),
  ])
  const { moments, attempts, priced, status } = await readOverTime(run)
  expect({ attempts, priced, state: status.state }).toEqual({ attempts: 2, priced: true, state: "stopped" })
  expect(moments.length).toBeLessThanOrEqual(401)
  expect(moments.length).toBeGreaterThan(150)
  expect(moments.at(-1)).toMatchObject({ calls: 10_000, tokens: 1_000_000 })
  expect(moments.at(-1)!.usd).toBeCloseTo(10)
  expect(moments.at(-1)!.atMs).toBeLessThan(10_010_000)
  for (const [index, moment] of moments.entries())
    if (index > 0) expect(moment.atMs).toBeGreaterThanOrEqual(moments[index - 1]!.atMs)
  const rates = speeds(moments, "calls").map(({ y }) => y)
  expect(rates.filter((rate) => Math.abs(rate - 1) < 0.1).length).toBeGreaterThan(rates.length * 0.9)
})
