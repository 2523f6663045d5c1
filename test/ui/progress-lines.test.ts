import { describe, expect, test } from "vitest"
import type { Happening } from "../../schemas/event.ts"
import { ProgressLines } from "../../ui/progress-lines.ts"

const started = (settledCalls = 0, damagedRecords = 0): Happening => ({
  event: "run.started",
  recipe: "tiny",
  version: "0",
  limit: null,
  finish: false,
  pid: 1,
  host: "h",
  settled: settledCalls > 0 ? { m: { calls: settledCalls, input: 0, output: 0 } } : {},
  damagedRecords,
})
const task = (index: number, why: string): Happening => ({ event: "task.started", stage: "draft", index, rows: 1, why })
const done = (index: number): Happening => ({
  event: "task.done",
  stage: "draft",
  index,
  reused: false,
  counts: { in: 1_000, born: 0, out: 900, dropped: 90, failed: 10 },
  drops: {},
  tallies: {},
})

/** What is printed, without the clock. */
function lines(...happenings: Happening[]): string[] {
  const written: string[] = []
  const progress = new ProgressLines((line) => written.push(line))
  for (const happening of happenings) progress.hear({ v: 1, at: new Date().toISOString(), ...happening })
  for (const line of written) expect(line).toMatch(/^\[ *\d+:\d\d\] /)
  return written.map((line) => line.replace(/^\[[^\]]*\] /, ""))
}

test("a first run says when a stage is done, with its losses", () => {
  expect(
    lines(started(), task(0, "not done yet"), done(0), { event: "stage.done", stage: "draft", tasks: 1, reused: 0 }),
  ).toEqual(["draft: done, 1,000 rows, 90 dropped, 10 failed"])
})

test("a rerun says what is settled, what is reused, and once why something is done again", () => {
  expect(
    lines(started(1_234, 2), task(0, "step a: n 1 -> 2"), task(1, "step a: n 1 -> 2"), task(2, "its input changed"), {
      event: "stage.done",
      stage: "clean",
      tasks: 3,
      reused: 3,
    }),
  ).toEqual([
    "going on: 1,234 answers are settled and will not be asked again",
    "2 damaged records in the ledger were left out",
    "draft: done again, step a: n 1 -> 2",
    "draft: done again, its input changed",
    expect.stringMatching(/^clean: (unchanged, reused|done)$/),
  ])
})

describe("what comes from outside", () => {
  test("reaches the terminal without control characters", () => {
    const [endpoint, warning, why] = lines(
      { event: "endpoint", role: "judge", state: "paused", message: "429 \u001b[2J\u0007 try\nlater \u202e" },
      { event: "warning", message: "\u001b]0;title\u0007" },
      task(0, 'step a: text "\u001b[31m" -> "x"'),
    )
    expect(endpoint).toBe("judge: paused, 429 \\u001b[2J\\u0007 try\\u000alater \\u202e")
    expect(warning).toBe("\\u001b]0;title\\u0007")
    expect(why).toBe('draft: done again, step a: text "\\u001b[31m" -> "x"')
  })
})

test("progress lines come at most once a second, and not twice the same", () => {
  const endpoint = {
    identity: "m",
    inFlight: 2,
    waiting: 0,
    calls: 5,
    attempts: 6,
    input: 1,
    output: 2_000,
    usd: 1.5,
    paused: null,
  }
  const progress = (calls: number): Happening => ({
    event: "progress",
    rows: { draft: 7 },
    endpoints: { drafter: { ...endpoint, calls } },
  })
  const written = lines(started(), task(0, "not done yet"), progress(5), progress(5), progress(6), progress(7))
  expect(written.filter((line) => line.includes("drafter"))).toEqual([
    "draft 7 rows | drafter 5 calls, 2 in flight, 2,000 tokens, $1.50",
  ])
})
