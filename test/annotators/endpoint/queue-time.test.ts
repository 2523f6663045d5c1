import { expect, test } from "vitest"
import { QueueTime } from "../../../annotators/endpoint/queue-time.ts"

/** As many answers as are in flight. */
const round = (queue: QueueTime, waitedMs: number, wholeMs: number, inFlight: number) =>
  Array.from({ length: inFlight }, () => queue.answered(waitedMs, wholeMs, inFlight)).filter((busy) => busy !== null)

test("the share of the time before the first token is the share that waits, without what a prompt takes", () => {
  const queue = new QueueTime()
  expect(round(queue, 100, 1_100, 32)).toEqual([])
  const [busy] = round(queue, 1_100, 2_000, 40)
  expect(busy).toEqual({ waiting: 20, running: 20, cacheUse: null })
})

test("an idle server, however long its prompts take, is not held for busy", () => {
  const queue = new QueueTime()
  expect(round(queue, 900, 1_000, 64)).toEqual([])
  expect(round(queue, 1_700, 1_900, 64)).toEqual([])
})

test("few answers say nothing", () => {
  const queue = new QueueTime()
  expect(round(queue, 100, 1_000, 2)).toEqual([])
  expect(round(queue, 900, 1_000, 2)).toEqual([])
  expect(round(queue, 900, 1_000, 11)).toEqual([])
})
