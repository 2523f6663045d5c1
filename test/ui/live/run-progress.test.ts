import { expect, test } from "vitest"
import { hearEvent, newProgress, ratePerSecond, rowsDone, rowsExpected } from "../../../ui/live/run-progress.ts"
import { at, done, progress, started } from "./happenings.ts"

test("rates are those of the last minute, and fall when nothing comes any more", () => {
  const run = newProgress()
  hearEvent(run, at(0, started))
  hearEvent(run, at(0, { event: "stage.planned", stage: "draft", tasks: null }))
  for (let second = 1; second <= 300; second++)
    hearEvent(
      run,
      at(second, progress({ draft: second <= 200 ? second * 2 : 400 + (second - 200) * 10 }, second, second * 50)),
    )
  expect(ratePerSecond(run, "rows", "draft", 300_000)).toBeCloseTo(10, 0)
  expect(ratePerSecond(run, "output", "drafter", 300_000)).toBeCloseTo(50, 0)
  expect(ratePerSecond(run, "rows", "draft", 330_000)!).toBeLessThan(6)
  expect(ratePerSecond(run, "rows", "draft", 900_000)).toBe(0)
  // However long it goes, no more is kept than the last minute.
  expect(run.readings.length).toBeLessThan(70)
})

test("a burst of events makes no more readings, and a new start begins anew", () => {
  const run = newProgress()
  hearEvent(run, at(0, started))
  for (let second = 0; second < 100; second++)
    for (let event = 0; event < 20; event++) hearEvent(run, at(second + event / 20, done("draft", 1, 1)))
  expect(run.readings.length).toBeLessThan(140)
  hearEvent(run, at(200, started))
  expect(run.readings.length).toBe(1)
  expect(ratePerSecond(run, "rows", "draft", 200_100)).toBe(null)
})

test("the rows that a stage will see are exact once its input is done, else what the input passes on so far", () => {
  const run = newProgress()
  hearEvent(run, at(0, started))
  hearEvent(run, at(0, { event: "stage.planned", stage: "questions", tasks: null }))
  hearEvent(run, at(0, { event: "stage.planned", stage: "judge", tasks: null, input: "questions" }))
  hearEvent(run, at(0, { event: "stage.planned", stage: "draft", tasks: null, input: "judge" }))
  const [questions, judge, draft] = run.status.stages
  expect(rowsExpected(run.status, judge!)).toBe(null)
  hearEvent(run, at(1, done("questions", 100, 100)))
  expect(rowsExpected(run.status, questions!)).toBe(null)
  hearEvent(run, at(1, { event: "stage.done", stage: "questions", tasks: 1, reused: 0 }))
  expect(rowsExpected(run.status, judge!)).toEqual({ rows: 100, exact: true })
  expect(rowsExpected(run.status, draft!)).toBe(null)
  hearEvent(run, at(2, done("judge", 20, 15)))
  expect(rowsExpected(run.status, draft!)).toEqual({ rows: 75, exact: false })
  hearEvent(run, at(3, progress({ judge: 7 }, 1, 1)))
  expect(rowsDone(judge!)).toBe(27)
})
