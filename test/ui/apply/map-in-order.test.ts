import { setTimeout as pause } from "node:timers/promises"
import { expect, test } from "vitest"
import { mapInOrder } from "../../../ui/apply/map-in-order.ts"

async function* numbers(count: number) {
  for (let at = 0; at < count; at++) yield at
}

test("yields in the order of the inputs, never more at once than asked", async () => {
  let active = 0
  let most = 0
  const work = async (at: number) => {
    most = Math.max(most, ++active)
    await pause((at * 7) % 5)
    active--
    return at
  }
  const results = await Array.fromAsync(mapInOrder(numbers(50), work, { running: 4, ahead: 10 }))
  expect(results).toEqual(Array.from({ length: 50 }, (_, at) => at))
  expect(most).toBe(4)
})

test("one slow input lets others pass, up to the bound", async () => {
  const slow = Promise.withResolvers<void>()
  const started: number[] = []
  const work = async (at: number) => {
    started.push(at)
    if (at === 0) await slow.promise
    return at
  }
  const all = Array.fromAsync(mapInOrder(numbers(100), work, { running: 2, ahead: 8 }))
  while (started.length < 8) await pause(1)
  await pause(5)
  expect(started).toHaveLength(8)
  slow.resolve()
  expect(await all).toHaveLength(100)
})

test("a rejection ends it at once, even behind an input that never ends", async () => {
  const work = (at: number) =>
    at === 3 ? Promise.reject(new Error("no more")) : at === 0 ? new Promise(() => {}) : Promise.resolve(at)
  await expect(Array.fromAsync(mapInOrder(numbers(10), work, { running: 8, ahead: 8 }))).rejects.toThrow("no more")
})

test("waits until a further input may be started", async () => {
  const gate = Promise.withResolvers<void>()
  const started: number[] = []
  const ready = () => (started.length < 2 ? Promise.resolve() : gate.promise)
  const work = async (at: number) => {
    started.push(at)
    return at
  }
  const all = Array.fromAsync(mapInOrder(numbers(5), work, { running: 9, ahead: 9, ready }))
  await pause(5)
  expect(started).toEqual([0, 1])
  gate.resolve()
  expect(await all).toEqual([0, 1, 2, 3, 4])
})
