import { expect, test } from "vitest"
import { TurnQueue } from "../../../../annotators/endpoint/embedded/turn-queue.ts"

const never = new AbortController().signal

/** Lets the queue's promises settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

async function orderOf(queue: TurnQueue, started: string[]): Promise<string[]> {
  while (queue.startNext()) await settle()
  return started
}

test("clients take turns, and what one asks for comes in its order", async () => {
  const queue = new TurnQueue()
  const started: string[] = []
  const wait = (client: string, name: string) => void queue.turn(client, never).then(() => started.push(name))
  for (let i = 1; i <= 4; i++) wait("a", `a${i}`)
  wait("b", "b1")
  wait("c", "c1")
  wait("b", "b2")
  expect(queue.size).toBe(7)
  expect(await orderOf(queue, started)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"])
  expect(queue.size).toBe(0)
})

test("one that leaves waits no more, and its client is forgotten with it", async () => {
  const queue = new TurnQueue()
  const started: string[] = []
  const gone = new AbortController()
  const left = queue.turn("a", gone.signal)
  void queue.turn("b", never).then(() => started.push("b"))
  gone.abort(new Error("gone"))
  await expect(left).rejects.toThrow("gone")
  expect(queue.size).toBe(1)
  expect(await orderOf(queue, started)).toEqual(["b"])
  await expect(queue.turn("a", gone.signal)).rejects.toThrow("gone")
  expect(queue.startNext()).toBe(false)
})

test("an abort after the turn came changes nothing", async () => {
  const queue = new TurnQueue()
  const late = new AbortController()
  const turn = queue.turn("a", late.signal)
  expect(queue.startNext()).toBe(true)
  late.abort(new Error("late"))
  await turn
  expect(queue.size).toBe(0)
})
