import { describe, expect, test } from "vitest"
import { Breaker, type BreakerEvent } from "../../../annotators/endpoint/breaker.ts"
import { backoffMs, defaultTiming } from "../../../annotators/endpoint/timing.ts"

const setting = (random = () => 1) => {
  const events: BreakerEvent[] = []
  return { events, breaker: new Breaker(defaultTiming, (event) => events.push(event), random) }
}

describe("Breaker", () => {
  test("lets everything through while it is open", () => {
    const { breaker } = setting()
    for (let request = 0; request < 1_000; request++) {
      expect(breaker.waitMs(0)).toBe(0)
      breaker.enter(0)
    }
  })

  test("many refusals of requests in flight are one pause; the probes double it up to a minute", () => {
    const { breaker, events } = setting()
    const passes = Array.from({ length: 50 }, () => breaker.enter(0))
    for (const pass of passes) breaker.refused(pass, "rate-limited", undefined, 0)
    expect(events).toEqual([{ kind: "paused", why: "rate-limited", delayMs: 1_000 }])
    let now = 0
    const waits: number[] = []
    for (let probe = 0; probe < 8; probe++) {
      const wait = breaker.waitMs(now)
      waits.push(wait)
      now += wait
      const pass = breaker.enter(now)
      expect(breaker.waitMs(now)).toBeGreaterThan(0)
      breaker.refused(pass, "rate-limited", undefined, now)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  test("an answer opens it step by step, and the next pause is short again", () => {
    const { breaker, events } = setting()
    breaker.refused(breaker.enter(0), "overloaded", undefined, 0)
    const probe = breaker.enter(1_000)
    expect(breaker.waitMs(1_000)).toBeGreaterThan(0)
    breaker.answered(probe, 4, 1_100)
    expect(events.at(-1)).toEqual({ kind: "resumed", pausedMs: 1_100 })
    expect(breaker.paused).toBeNull()
    const [second, third] = [breaker.enter(1_100), breaker.enter(1_100)]
    expect(breaker.waitMs(1_100)).toBeGreaterThan(0)
    breaker.answered(second, 4, 1_200)
    breaker.answered(third, 4, 1_200)
    for (let request = 0; request < 4; request++) {
      expect(breaker.waitMs(1_200)).toBe(0)
      breaker.enter(1_200)
    }
    const last = breaker.enter(1_200)
    breaker.answered(last, 4, 1_200)
    for (let request = 0; request < 100; request++) {
      expect(breaker.waitMs(1_200)).toBe(0)
      breaker.enter(1_200)
    }
    breaker.refused(breaker.enter(1_300), "overloaded", undefined, 1_300)
    expect(events.at(-1)).toMatchObject({ delayMs: 1_000 })
  })

  test("answers to requests from before the pause do not end it", () => {
    const { breaker } = setting()
    const old = breaker.enter(0)
    breaker.refused(breaker.enter(0), "rate-limited", undefined, 0)
    breaker.answered(old, 4, 10)
    expect(breaker.paused).toEqual({ untilMs: 1_000, why: "rate-limited" })
  })

  test("Retry-After wins, up to ten minutes", () => {
    const { breaker } = setting(() => 0)
    breaker.refused(breaker.enter(0), "rate-limited", 90_000, 0)
    expect(breaker.waitMs(0)).toBe(90_000)
    breaker.refused(breaker.enter(90_000), "rate-limited", 1e9, 90_000)
    expect(breaker.waitMs(90_000)).toBe(600_000)
  })

  test("a probe that ends without telling anything lets the next one go", () => {
    const { breaker } = setting()
    breaker.refused(breaker.enter(0), "outage", undefined, 0)
    breaker.left(breaker.enter(1_000))
    expect(breaker.waitMs(1_000)).toBe(0)
  })

  test("a probe that works for an hour does not hold up the others", () => {
    const { breaker } = setting()
    breaker.refused(breaker.enter(0), "rate-limited", undefined, 0)
    breaker.enter(1_000)
    expect(breaker.waitMs(1_000)).toBe(5_000)
    expect(breaker.waitMs(6_000)).toBe(0)
    breaker.enter(6_000)
    expect(breaker.waitMs(6_000)).toBe(5_000)
    expect(breaker.waitMs(11_000)).toBe(0)
  })
})

test("backoff grows, is capped and is jittered over its whole range", () => {
  const longest = [1, 2, 3, 10].map((attempt) => backoffMs(defaultTiming, attempt, () => 1))
  expect(longest).toEqual([500, 1_000, 2_000, 60_000])
  expect(backoffMs(defaultTiming, 3, () => 0)).toBe(0)
})
