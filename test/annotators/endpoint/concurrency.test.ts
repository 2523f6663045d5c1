import { describe, expect, test } from "vitest"
import { Concurrency } from "../../../annotators/endpoint/concurrency.ts"
import { defaultTiming } from "../../../annotators/endpoint/timing.ts"

/** A server that works on `capacity(atMs)` requests for `answerMs` each and refuses the others at once, in simulated time. */
function simulate(options: { ceiling: number; answerMs: number; forMs: number; capacity: (atMs: number) => number }) {
  const { ceiling, answerMs, forMs, capacity } = options
  const window = new Concurrency(defaultTiming, ceiling)
  const ends: { atMs: number; sentMs: number; refused: boolean }[] = []
  const answeredAt: number[] = []
  let refusals = 0
  let served = 0
  let inFlight = 0
  for (let nowMs = 0; nowMs < forMs; nowMs++) {
    while (ends.length > 0 && ends[0]!.atMs <= nowMs) {
      const { sentMs, refused } = ends.shift()!
      if (refused) {
        refusals++
        window.refused(inFlight - 1, sentMs, nowMs)
      } else {
        served--
        answeredAt.push(nowMs)
        window.answered(inFlight, nowMs)
      }
      inFlight--
    }
    while (window.waitMs(inFlight, nowMs) === 0) {
      window.entered(nowMs)
      inFlight++
      const refused = served >= capacity(nowMs)
      if (!refused) served++
      // Answers take about as long as each other: some are quicker, by their number.
      const takes = refused ? 1 : Math.max(2, Math.round(answerMs * (0.8 + ((answeredAt.length * 7) % 40) / 100)))
      const end = { atMs: nowMs + takes, sentMs: nowMs, refused }
      const at = ends.findIndex(({ atMs }) => atMs > end.atMs)
      ends.splice(at < 0 ? ends.length : at, 0, end)
    }
  }
  const settledFrom = forMs / 3
  const answers = answeredAt.filter((atMs) => atMs >= settledFrom).length
  const best = (capacity(forMs - 1) * (forMs - settledFrom)) / answerMs
  return { window, refusals, answers: answeredAt.length, share: answers / best }
}

describe("a hidden capacity", () => {
  test.each([
    [4, 50, 60_000],
    [16, 50, 60_000],
    [100, 50, 30_000],
    [100, 500, 120_000],
    [700, 50, 20_000],
    [700, 2_000, 300_000],
  ])("of %i with answers of %i ms in %i ms: within a fifth of the best, few refusals", (capacity, answerMs, forMs) => {
    const { refusals, answers, share } = simulate({ ceiling: 1_024, answerMs, forMs, capacity: () => capacity })
    expect(share).toBeGreaterThan(0.8)
    expect(refusals / (answers + refusals)).toBeLessThan(0.02)
  })

  test("above the ceiling is never refused, and the ceiling is reached", () => {
    const { refusals, share } = simulate({ ceiling: 256, answerMs: 100, forMs: 30_000, capacity: () => 256 })
    expect(refusals).toBe(0)
    expect(share).toBeGreaterThan(0.95)
  })

  test("that halves is followed down, one that grows is followed up", () => {
    const halved = simulate({
      ceiling: 1_024,
      answerMs: 50,
      forMs: 60_000,
      capacity: (atMs) => (atMs < 15_000 ? 200 : 100),
    })
    expect(halved.share).toBeGreaterThan(0.8)
    const grown = simulate({
      ceiling: 1_024,
      answerMs: 50,
      forMs: 90_000,
      capacity: (atMs) => (atMs < 15_000 ? 50 : 200),
    })
    expect(grown.share).toBeGreaterThan(0.8)
  })

  test("that was one for a while is found soon after it grew, though answers take seconds", () => {
    const { share } = simulate({
      ceiling: 256,
      answerMs: 2_000,
      forMs: 180_000,
      capacity: (atMs) => (atMs < 30_000 ? 1 : 256),
    })
    expect(share).toBeGreaterThan(0.8)
  })
})

test("a storm in which the answers under way still come leaves the window as one refusal would", () => {
  const window = new Concurrency(defaultTiming, 256)
  let inFlight = 0
  const fill = (nowMs: number) => {
    while (window.waitMs(inFlight, nowMs) === 0) {
      window.entered(nowMs)
      inFlight++
    }
  }
  // Filled, it doubles with every two answers to a request.
  for (let nowMs = 0; nowMs < 6_000; nowMs += 10) {
    fill(nowMs)
    window.answered(inFlight--, nowMs)
  }
  fill(6_000)
  expect(inFlight).toBe(256)
  for (let nowMs = 6_000; inFlight > 0; nowMs += 10) {
    window.answered(inFlight--, nowMs)
    if (window.waitMs(inFlight, nowMs) === 0) {
      window.entered(nowMs)
      window.refused(inFlight, nowMs, nowMs + 1)
    }
  }
  expect(window.window).toBe(1)
  // The probe meets the same.
  expect(window.refused(0, 9_000, 9_001)).toBe(false)
  window.reopened(20_000)
  expect(window.window).toBe(179)
})

test("a refusal that others were served beside is believed, however long the pause after it", () => {
  const window = new Concurrency(defaultTiming, 256)
  window.answered(32, 10)
  expect(window.refused(20, 11, 12)).toBe(true)
  window.reopened(5_000)
  expect(window.window).toBe(14)
})

test("answers that take an hour do not keep the window small", () => {
  const window = new Concurrency(defaultTiming, 2_048)
  let inFlight = 0
  for (let nowMs = 0; nowMs < 60_000; nowMs += 10)
    while (window.waitMs(inFlight, nowMs) === 0) {
      window.entered(nowMs)
      inFlight++
    }
  expect(inFlight).toBe(2_048)
})

test("one burst of refusals counts once", () => {
  const window = new Concurrency(defaultTiming, 64)
  expect(window.waitMs(64, 0)).toBeGreaterThan(0)
  for (let answer = 0; answer < 10; answer++) window.answered(64, 5)
  for (let left = 63; left >= 40; left--) expect(window.refused(left, 0, 10)).toBe(true)
  expect(window.window).toBe(28)
  expect(window.refused(27, 11, 20)).toBe(false)
  expect(window.window).toBe(18)
})

test("what only waits in the server's queue is not sent", () => {
  const window = new Concurrency(defaultTiming, 512)
  const before = window.window
  window.queues(before - 10, 1_000)
  expect(window.window).toBe(before - 10)
  window.queues(1, 2_000)
  expect(window.window).toBe((before - 10) >> 1)
})
