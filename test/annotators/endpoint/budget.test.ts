import { describe, expect, test } from "vitest"
import { Budget } from "../../../annotators/endpoint/budget.ts"
import { complete, refuse } from "./server.ts"
import { chat, endpointTo, failure, setUp, sleep, told } from "./setting.ts"

const free = { input: 0, output: 0 }

describe("Budget", () => {
  test("sets estimates aside, waits for what is in flight, and stops when nothing can free more", () => {
    const budget = new Budget({ tokens: 100 }, { tokens: 20, usd: 0 })
    const first = budget.reserve({ input: 10, output: 30 }, free)
    const second = budget.reserve({ input: 10, output: 30 }, free)
    expect(budget.reserve({ input: 1, output: 0 }, free)).toBeNull()
    first?.settle({ input: 10, output: 5 })
    expect(budget.spent.tokens).toBe(35)
    const third = budget.reserve({ input: 5, output: 20 }, free)
    expect(third).not.toBeNull()
    second?.settle({ input: 10, output: 30 })
    third?.settle({ input: 5, output: 20 })
    expect(budget.spent.tokens).toBe(100)
    let error: unknown
    try {
      budget.reserve({ input: 1, output: 0 }, free)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({
      exit: 1,
      complaint: { what: "budget reached", where: "budget.tokens", expected: "at most 100 tokens" },
    })
    expect(() => budget.reserve({ input: 0, output: 0 }, free)).toThrow(error as Error)
  })

  test("counts money by price", () => {
    const budget = new Budget({ usd: 1 })
    const price = { input: 1_000_000, output: 2_000_000 }
    budget.reserve({ input: 0.1, output: 0.2 }, price)?.settle({ input: 0.1, output: 0.2 })
    budget.reserve({ input: 0.1, output: 0.1 }, price)?.settle({ input: 0.1, output: 0.1 })
    expect(budget.spent.usd).toBeCloseTo(0.8)
    expect(() => budget.reserve({ input: 0.3, output: 0 }, price)).toThrow()
  })
})

describe("an endpoint under a budget", () => {
  test("in tokens: stops cleanly before it is passed, and keeps every answer that was paid for", async () => {
    const budget = new Budget({ tokens: 2_000 })
    const { endpoint, server } = await setUp(
      async (_, response) => {
        await sleep(5)
        complete(response, "ok", { usage: { prompt_tokens: 40, completion_tokens: 60 } })
      },
      { budget, config: { maxInFlight: 8 } },
    )
    const ends = await Promise.allSettled(Array.from({ length: 60 }, () => chat(endpoint)))
    const answered = ends.filter(({ status }) => status === "fulfilled").length
    expect(answered).toBe(server.received.length)
    expect(budget.spent.tokens).toBe(answered * 100)
    expect(budget.spent.tokens).toBeLessThanOrEqual(2_000)
    // The last request that did not fit needed its estimate: 64 tokens of answer and some 100 of prompt at most.
    expect(budget.spent.tokens).toBeGreaterThan(1_750)
    const refused = ends.filter((end) => end.status === "rejected").map(({ reason }) => reason)
    expect(new Set(refused).size).toBe(1)
    expect(told(refused[0])).toMatch(/budget reached[\s\S]*raise budget.tokens/)
    expect(await failure(chat(endpoint))).toBe(refused[0])
  })

  test("in money, shared by two roles, and restored from what was spent before", async () => {
    const budget = new Budget({ usd: 0.01 }, { tokens: 5_000, usd: 0.005 })
    const price = { input: 10, output: 10 }
    const first = await setUp((_, response) => complete(response, "ok"), { budget, config: { price } })
    const second = endpointTo(first.server, { budget, config: { price }, role: "judge" })
    let answered = 0
    let stopped: Error | undefined
    for (let call = 0; stopped === undefined; call++) {
      const { endpoint } = call % 2 === 0 ? first : second
      await chat(endpoint).then(
        () => answered++,
        (error: Error) => {
          stopped = error
        },
      )
    }
    expect(answered).toBeGreaterThan(0)
    expect(budget.spent.usd).toBeCloseTo(0.005 + answered * 0.0001)
    expect(budget.spent.usd).toBeLessThanOrEqual(0.01)
    expect(told(stopped)).toContain("budget.usd")
    expect(first.endpoint.counters().usd + second.endpoint.counters().usd).toBeCloseTo(answered * 0.0001)
  })

  test("counts a broken answer whose cost is unknown in full, and a refusal as nothing", async () => {
    const budget = new Budget({ tokens: 1e6 })
    const { endpoint } = await setUp(
      (request, response) => {
        if (request.index === 0) refuse(response, 500)
        else if (request.index === 1) response.end("not json")
        else complete(response, "ok", { usage: { prompt_tokens: 1, completion_tokens: 1 } })
      },
      { budget },
    )
    await chat(endpoint)
    expect(budget.spent.tokens).toBeGreaterThan(2 + 64)
    expect(budget.spent.tokens).toBeLessThan(2 + 64 + 200)
  })

  test("in money without a price: a usage error before anything is sent", async () => {
    const budget = new Budget({ usd: 1 })
    const error = await failure(setUp(undefined, { budget }))
    expect(error).toMatchObject({ exit: 2, complaint: { where: "models.drafter.price" } })
  })

  test("the embedded model costs nothing", async () => {
    const { endpoint } = await setUp(undefined, { budget: new Budget({ usd: 0 }), config: { baseUrl: "embedded" } })
    expect((await chat(endpoint)).value.answer).toBe("fine")
  })
})
