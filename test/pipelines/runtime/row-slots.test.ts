import { expect, test } from "vitest"
import { RowSlots } from "../../../pipelines/runtime/row-slots.ts"

test("so many rows at once, first come, first served", async () => {
  const slots = new RowSlots(2)
  const order: string[] = []
  const taking = ["a", "b", "c", "d"].map((name) => slots.take().then(() => order.push(name)))
  await Promise.all(taking.slice(0, 2))
  await new Promise(setImmediate)
  expect(order).toEqual(["a", "b"])
  slots.give()
  await taking[2]
  expect(order).toEqual(["a", "b", "c"])
  slots.give()
  slots.give()
  await taking[3]
  await slots.take()
  expect(order).toEqual(["a", "b", "c", "d"])
})

test("closed: whoever waits or comes gets the reason", async () => {
  const slots = new RowSlots(1)
  await slots.take()
  const waiting = slots.take()
  const reason = new Error("stopping")
  slots.close(reason)
  await expect(waiting).rejects.toBe(reason)
  slots.give()
  await expect(slots.take()).rejects.toBe(reason)
})
