import { describe, expect, test } from "vitest"
import { MinuteLimit } from "../../../annotators/endpoint/limits.ts"
import { complete } from "./server.ts"
import { chat, setUp, until } from "./setting.ts"

/** Takes `amount` as often as a limit lets it for `minutes`, on a clock of its own. Returns when each was taken. */
function takeAll(perMinute: number, amount: number, minutes: number): number[] {
  const limit = new MinuteLimit(perMinute, 0)
  const taken: number[] = []
  for (let now = 0; now < minutes * 60_000; ) {
    const wait = limit.waitMs(amount, now)
    if (wait > 0) now += Math.max(1, Math.ceil(wait))
    else {
      limit.take(amount, now)
      taken.push(now)
    }
  }
  return taken
}

describe("MinuteLimit", () => {
  test.each([[1], [7], [60], [500], [10_000]])(
    "%i requests per minute are never passed in any minute, and nearly used",
    (perMinute) => {
      const taken = takeAll(perMinute, 1, 4)
      for (let from = 0, to = 0; from < taken.length; from++) {
        while (to < taken.length && taken[to]! < taken[from]! + 60_000) to++
        expect(to - from).toBeLessThanOrEqual(perMinute + 1)
      }
      expect(taken.length).toBeGreaterThanOrEqual(Math.floor(perMinute * (perMinute === 1 ? 2 : 3.5)))
    },
  )

  test("a request larger than the allowance of a minute goes, and is made up for", () => {
    const taken = takeAll(1_000, 3_000, 20)
    expect(taken[0]).toBe(0)
    expect(taken.length).toBeGreaterThan(4)
    expect((taken.length - 1) * 3_000).toBeLessThanOrEqual(20 * 1_000)
  })

  test("estimates are settled", () => {
    const limit = new MinuteLimit(6_000, 0)
    limit.take(300, 0)
    expect(limit.waitMs(300, 0)).toBeGreaterThan(1_000)
    limit.settle(300, 0, 0)
    expect(limit.waitMs(300, 0)).toBe(0)
    limit.settle(0, 900, 0)
    expect(limit.waitMs(300, 0)).toBeGreaterThan(9_000)
  })
})

describe("an endpoint under limits", () => {
  test("requestsPerMinute", async () => {
    const { endpoint, server } = await setUp(undefined, { config: { requestsPerMinute: 600 } })
    const start = Date.now()
    const calls = Array.from({ length: 45 }, () => chat(endpoint))
    await until(() => server.received.length >= 36)
    // 30 at once, and 9.5 in each second after.
    const allowed = 30 + (9.5 * (Date.now() - start)) / 1_000
    expect(server.received.length).toBeLessThanOrEqual(allowed)
    await Promise.all(calls)
    expect(server.received).toHaveLength(45)
  })

  test("tokensPerMinute, by what was really used", async () => {
    const { endpoint, server } = await setUp(
      (_, response) => complete(response, "ok", { usage: { prompt_tokens: 50, completion_tokens: 50 } }),
      { config: { tokensPerMinute: 30_000, maxInFlight: 4 } },
    )
    const start = Date.now()
    const abort = new AbortController()
    const calls = Array.from({ length: 60 }, () => chat(endpoint, "x", { maxTokens: 1_000 }, abort.signal))
    const ends = Promise.allSettled(calls)
    await until(() => server.received.length >= 18)
    // A bucket of 1,500 tokens, 475 more each second, and the debt of one request. By the estimates alone it would take 36 s.
    const allowed = 1_500 + (475 * (Date.now() - start)) / 1_000 + 1_000
    expect(server.received.length * 100).toBeLessThanOrEqual(allowed)
    abort.abort()
    await ends
  })
})
