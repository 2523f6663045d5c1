import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { EventLog } from "../../../pipelines/runtime/events.ts"
import { Lock } from "../../../pipelines/runtime/lock.ts"
import { costOfSettled, foldEvents, readStatus, timeLeftMs } from "../../../pipelines/runtime/status.ts"
import type { Event, Happening } from "../../../schemas/event.ts"
import { temporaryFolder } from "./folder.ts"
import { runTiny } from "./tiny-recipe.ts"

const at = (seconds: number, happening: Happening): Event => ({
  v: 1,
  at: new Date(seconds * 1000).toISOString(),
  ...happening,
})
const started: Happening = {
  event: "run.started",
  recipe: "tiny",
  version: "0",
  limit: null,
  finish: false,
  pid: 1,
  host: "h",
  settled: { m: { calls: 4, input: 40, output: 20 } },
  damagedRecords: 0,
}
const counts = { in: 4, born: 0, out: 2, dropped: 1, failed: 1 }
const taskStarted = (index: number): Happening => ({
  event: "task.started",
  stage: "draft",
  index,
  rows: 4,
  why: "not done yet",
})
const taskDone = (index: number, reused = false): Happening => ({
  event: "task.done",
  stage: "draft",
  index,
  reused,
  counts,
  drops: { length: { long: 1 } },
  tallies: { answers: 3 },
})

describe("fold", () => {
  test("nothing is a new run", () => {
    expect(foldEvents([])).toMatchObject({ state: "new", recipe: null, stages: [], startedAt: null })
  })

  test("tasks, counts, drops and tallies add up; what runs and what is reused is told apart", () => {
    const status = foldEvents([
      at(1, started),
      at(2, taskDone(0, true)),
      at(3, taskStarted(1)),
      at(4, taskStarted(2)),
      at(5, taskDone(1)),
    ])
    expect(status).toMatchObject({
      state: "running",
      recipe: "tiny",
      startedAt: "1970-01-01T00:00:01.000Z",
      lastAt: "1970-01-01T00:00:05.000Z",
    })
    expect(status.stages).toEqual([
      {
        stage: "draft",
        input: null,
        tasksDone: 2,
        tasksRunning: 1,
        reused: 1,
        done: false,
        counts: { in: 8, born: 0, out: 4, dropped: 2, failed: 2 },
        drops: { length: { long: 2 } },
        tallies: { answers: 6 },
        rowsRunning: 0,
      },
    ])
    expect(status.settled).toEqual({ m: { calls: 4, input: 40, output: 20 } })
  })

  test("a run that goes on starts its counts anew", () => {
    const status = foldEvents([
      at(1, started),
      at(2, taskStarted(0)),
      at(3, { event: "row.failed", stage: "draft", id: "a", step: "s", reason: "r", message: "m" }),
      at(4, { event: "warning", message: "old" }),
      at(5, { event: "run.stopped", exit: 1, reason: "The disk is full" }),
      at(6, started),
      at(7, taskDone(0, true)),
    ])
    expect(status.state).toBe("running")
    expect(status.reason).toBeNull()
    expect(status.failures).toEqual([])
    expect(status.messages).toEqual([])
    expect(status.stages).toMatchObject([{ tasksDone: 1, tasksRunning: 0 }])
  })

  test("progress tells rows of running stages and endpoints as they are now", () => {
    const endpoint = {
      identity: "m",
      inFlight: 2,
      waiting: 0,
      calls: 5,
      attempts: 6,
      input: 1,
      output: 2,
      usd: null,
      paused: null,
    }
    const status = foldEvents([
      at(1, started),
      at(2, taskStarted(0)),
      at(3, { event: "progress", rows: { draft: 3 }, endpoints: { drafter: endpoint } }),
      at(4, { event: "progress", rows: {}, endpoints: { drafter: { ...endpoint, calls: 9 } } }),
    ])
    expect(status.stages[0]!.rowsRunning).toBe(0)
    expect(status.endpoints).toEqual({ drafter: { ...endpoint, calls: 9 } })
  })

  test("the end and its reason", () => {
    expect(foldEvents([at(1, started), at(2, { event: "run.stopped", exit: 1, reason: "why" })])).toMatchObject({
      state: "stopped",
      reason: "why",
    })
    expect(foldEvents([at(1, started), at(2, { event: "run.done", rows: counts })]).state).toBe("done")
  })

  test("messages and failures are kept, but not without end", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => [
      at(index, { event: "warning", message: `w${index}` }),
      at(index, { event: "row.failed", stage: "s", id: `${index}`, step: "s", reason: "r", message: "m" }),
    ]).flat()
    const status = foldEvents(many)
    expect(status.messages.at(-1)).toBe("w999")
    expect(status.messages).toHaveLength(8)
    expect(status.failures.at(-1)!.id).toBe("999")
    expect(status.failures).toHaveLength(100)
  })
})

describe("time left", () => {
  const imported: Happening[] = [
    started,
    {
      event: "task.done",
      stage: "questions",
      index: 0,
      reused: false,
      counts: { in: 100, born: 0, out: 100, dropped: 0, failed: 0 },
      drops: {},
      tallies: {},
    },
    { event: "stage.done", stage: "questions", tasks: 1, reused: 0 },
  ]
  const folded = (...more: Happening[]) =>
    foldEvents([...imported, ...more].map((happening, index) => at(index / 1000, happening)))

  test("the stage that is furthest behind sets the pace, on the rows that earlier ones leave it", () => {
    // 50 of 100 rows filtered, half of them dropped; of the 50 that drafting will get, 10 are done after 10 s: 40 more take 40 s.
    const filtered: Happening = {
      ...(taskDone(0) as Happening & { event: "task.done" }),
      stage: "filter",
      counts: { in: 50, born: 0, out: 25, dropped: 25, failed: 0 },
    }
    const progress: Happening = { event: "progress", rows: { draft: 10 }, endpoints: {} }
    const status = folded(filtered, taskStarted(0), progress)
    expect(timeLeftMs(status, 10_000)).toBeCloseTo(40_000, -2)
  })

  test("nothing can be said before the first rows, nor of a run that does not run", () => {
    expect(timeLeftMs(foldEvents([at(0, started)]), 10_000)).toBeNull()
    expect(timeLeftMs(folded({ event: "run.stopped", exit: 1, reason: "disk" }), 10_000)).toBeNull()
  })
})

describe("of a folder", () => {
  test("a run that ended", async () => {
    const out = temporaryFolder()
    const { result } = await runTiny(out)
    const status = await readStatus(out)
    expect(status.state).toBe("done")
    expect(
      status.stages.map(({ stage, tasksDone, tasksRunning, done }) => [stage, tasksDone, tasksRunning, done]).sort(),
    ).toEqual([
      ["clean", 5, 0, true],
      ["draft", 5, 0, true],
      ["finish", 5, 0, true],
      ["score", 5, 0, true],
      ["source", 1, 0, true],
      ["sum", 1, 0, true],
    ])
    const last = status.stages.find(({ stage }) => stage === "finish")!
    expect(last.counts.out).toBe(result!.manifest.rows.out)
  })

  test("running is who holds the lock; else it was killed", async () => {
    const out = temporaryFolder()
    const log = await EventLog.open(join(out, "events"))
    log.append(started)
    log.close()
    expect((await readStatus(out)).state).toBe("killed")
    const lock = (await Lock.take(join(out, "locks", "coordinator"))) as Lock
    expect((await readStatus(out)).state).toBe("running")
    await lock.release()
    expect((await readStatus(out)).state).toBe("killed")
  })

  test("without events it is new", async () => {
    const out = temporaryFolder()
    writeFileSync(join(out, "run.json"), "{}")
    expect((await readStatus(out)).state).toBe("new")
  })
})

test("cost is by price and identity; null where no price is known", () => {
  const settled = { a: { calls: 1, input: 1_000_000, output: 500_000 }, b: { calls: 1, input: 2_000_000, output: 0 } }
  expect(costOfSettled(settled, new Map())).toBeNull()
  expect(costOfSettled(settled, new Map([["a", { input: 2, output: 4 }]]))).toBe(4)
  expect(
    costOfSettled(
      settled,
      new Map([
        ["a", { input: 2, output: 4 }],
        ["b", { input: 0.5, output: 1 }],
      ]),
    ),
  ).toBe(5)
})
