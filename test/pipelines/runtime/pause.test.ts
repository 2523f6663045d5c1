import { existsSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { expect, test } from "vitest"
import { holdWhilePaused, isPaused, setPaused } from "../../../pipelines/runtime/pause.ts"
import type { Event } from "../../../schemas/event.ts"
import { temporaryFolder } from "./folder.ts"
import { rowsOfTexts, runTiny, someTexts } from "./tiny-recipe.ts"

test("a pause is a file in the run's folder; each change is told once", async () => {
  const run = temporaryFolder()
  const told: boolean[] = []
  const { look } = holdWhilePaused(run, { hold: (held) => told.push(held) })
  look()
  await setPaused(run, true)
  await setPaused(run, true)
  expect(isPaused(run)).toBe(true)
  look()
  look()
  await setPaused(run, false)
  await setPaused(run, false)
  expect(isPaused(run)).toBe(false)
  look()
  expect(told).toEqual([true, false])
})

const texts = (count: number) => ({ rows: rowsOfTexts(someTexts(count)), rowsInFlight: 2 })
const slowly = async () => {
  await wait(40)
  return "answer"
}
/** Waits until something holds; the test's own limit ends it. */
const until = async (holds: () => boolean) => {
  while (!holds()) await wait(5)
}

test("a paused run asks nothing new and goes on when it is let go, with the same result", {
  timeout: 60_000,
}, async () => {
  const run = join(temporaryFolder(), "run")
  let asked = 0
  const answer = () => {
    asked++
    return slowly()
  }
  const heard: Event[] = []
  const running = runTiny(run, { ...texts(60), answer }, { onEvent: (event) => heard.push(event) })
  await until(() => asked >= 3)
  await setPaused(run, true)
  await until(() => heard.some((event) => event.event === "paused" && event.paused))
  // What was in flight ends; then nothing comes however long one waits.
  await wait(200)
  const before = asked
  await wait(1_500)
  expect(asked).toBe(before)
  expect(before).toBeLessThan(45)
  await setPaused(run, false)
  const { result, error } = await running
  expect(error).toBe(null)
  const undisturbed = await runTiny(join(temporaryFolder(), "run"), texts(60))
  expect(result!.manifest.rows).toEqual(undisturbed.result!.manifest.rows)
  expect(asked).toBe(undisturbed.calls)
})

test("a paused run stops at once when it is interrupted; started again it is not paused", {
  timeout: 60_000,
}, async () => {
  const run = join(temporaryFolder(), "run")
  const stop = new AbortController()
  const heard: Event[] = []
  const options = { signal: stop.signal, onEvent: (event: Event) => heard.push(event), graceMs: 60_000 }
  const running = runTiny(run, { ...texts(60), answer: slowly }, options)
  await until(() => heard.some(({ event }) => event === "task.started"))
  await setPaused(run, true)
  await until(() => heard.some((event) => event.event === "paused"))
  stop.abort(new Error("enough"))
  expect((await running).error).not.toBe(null)
  expect(existsSync(join(run, "pause"))).toBe(true)
  const again = await runTiny(run, texts(60))
  expect(again.error).toBe(null)
  expect(isPaused(run)).toBe(false)
})
