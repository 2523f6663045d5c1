import { expect, test } from "vitest"
import { Turns } from "../../../annotators/sandbox/turns.ts"

test("so many at once, and first come first served", async () => {
  const turns = new Turns(2)
  const { signal } = new AbortController()
  const order: number[] = []
  let running = 0
  await Promise.all(
    Array.from({ length: 9 }, async (_, at) => {
      await turns.take([signal])
      order.push(at)
      expect(++running).toBeLessThanOrEqual(2)
      await null
      running--
      turns.end()
    }),
  )
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
})

test("one that gives up leaves the queue, and the next is not lost", async () => {
  const turns = new Turns(1)
  const { signal } = new AbortController()
  const stop = new AbortController()
  await turns.take([signal])
  const given = turns.take([signal, stop.signal])
  const next = turns.take([signal])
  stop.abort(new Error("stopped"))
  await expect(given).rejects.toThrow("stopped")
  turns.end()
  await next
  turns.end()
  await expect(turns.take([stop.signal])).rejects.toThrow("stopped")
  await turns.take([signal])
})
