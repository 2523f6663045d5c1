import { afterEach, expect, test } from "vitest"
import { CotyledonError } from "../../../pipelines/runtime/errors.ts"
import { ThreadCrash, ThreadPool } from "../../../pipelines/runtime/thread-pool.ts"

const pools: ThreadPool<number, number>[] = []
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())))

function poolOf(threads: number, data = { fails: false }): ThreadPool<number, number> {
  const module = new URL("squaring-thread.ts", import.meta.url)
  const pool = new ThreadPool<number, number>({ module, data, threads, heapMegabytes: 64 })
  pools.push(pool)
  return pool
}

const numbers = Array.from({ length: 50 }, (_, at) => at)

test.each([1, 2, 5])("%d threads answer every input with its own answer", async (threads) => {
  const pool = poolOf(threads)
  expect(await Promise.all(numbers.map((number) => pool.run(number)))).toEqual(numbers.map((number) => number ** 2))
})

test("an input that ends its thread is rejected alone, and a new thread goes on", async () => {
  const pool = poolOf(2)
  const inputs = numbers.map((number) => (number === 3 ? -1 : number === 4 || number === 30 ? -2 : number))
  const ended = await Promise.allSettled(inputs.map((input) => pool.run(input)))
  const crashes = ended.flatMap((end, at) => (end.status === "rejected" ? [[at, end.reason]] : []))
  expect(crashes.map(([at]) => at)).toEqual([3, 4, 30])
  for (const [, reason] of crashes) expect(reason).toBeInstanceOf(ThreadCrash)
  expect(crashes.map(([, { message }]) => message)).toEqual([
    "minus one",
    "the thread ended with exit code 9",
    "the thread ended with exit code 9",
  ])
  expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(47)
})

test("threads that cannot be opened are said in words, not tried for ever", async () => {
  const pool = poolOf(2, { fails: true })
  const ended = await Promise.allSettled(numbers.slice(0, 8).map((number) => pool.run(number)))
  for (const end of ended) {
    expect(end.status).toBe("rejected")
    const { reason } = end as PromiseRejectedResult
    expect(reason).toBeInstanceOf(CotyledonError)
    expect(reason.message).toBe("A worker thread cannot be started\ngot cannot open")
  }
})

test("close rejects what is not answered, and ends a thread that never would", async () => {
  const pool = poolOf(1)
  expect(await pool.run(5)).toBe(25)
  const ended = Promise.allSettled([pool.run(-3), pool.run(1), pool.run(2), pool.run(3)])
  await pool.close(new Error("enough"))
  expect((await ended).map((end) => (end as PromiseRejectedResult).reason.message)).toEqual(Array(4).fill("enough"))
  await expect(pool.run(1)).rejects.toThrow("enough")
})
