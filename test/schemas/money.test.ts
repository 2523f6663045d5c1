import { describe, expect, test } from "vitest"
import { coldStartConfig } from "../../schemas/config.ts"
import { parseStrict } from "../../schemas/strict.ts"

const faultsOf = (more: Record<string, unknown>) => {
  const parsed = parseStrict(coldStartConfig, { recipe: "cold-start", questions: ["q.jsonl"], models: {}, ...more })
  return "faults" in parsed ? parsed.faults : []
}
const priced = (price: unknown) => faultsOf({ models: { drafter: { price } } })

describe("budget", () => {
  test.each([{}, { usd: 0.01 }, { tokens: 1 }, { tokens: 5e9, usd: 20 }])("%j is fine", (budget) =>
    expect(faultsOf({ budget })).toEqual([]),
  )

  test.each([
    [{ usd: 0 }, "budget.usd", "A budget of 0 USD allows no request", "--finish"],
    [{ tokens: 0 }, "budget.tokens", "A budget of 0 tokens allows no request", "leave it out for no limit"],
    [{ usd: -5 }, "budget.usd", "Expected a number of USD above 0", "got -5"],
    [{ usd: "$20" }, "budget.usd", "Expected a number of USD above 0", 'got "$20"'],
    [{ tokens: "many" }, "budget.tokens", "Expected a number of tokens above 0", 'got "many"'],
    [{ usd: null }, "budget.usd", "Expected a number of USD above 0", "got null"],
    [0, "budget", "Expected {tokens} or {usd} or both", "got 0"],
    [20, "budget", "Expected {tokens} or {usd} or both", "leave it out for no limit"],
    ["20 USD", "budget", "Expected {tokens} or {usd} or both", 'got "20 USD"'],
  ])("%j is refused with what to do", (budget, path, what, remedy) => {
    const [fault, ...more] = faultsOf({ budget })
    expect(more).toEqual([])
    expect(fault!.path).toBe(path)
    expect(fault!.what).toContain(what)
    expect(fault!.what).toContain(remedy)
  })

  test("an unknown key names the one that is meant", () => {
    expect(faultsOf({ budget: { dollars: 5 } })).toMatchObject([{ path: "budget.dollars", what: "unknown key" }])
    expect(faultsOf({ budget: { token: 5 } })).toMatchObject([{ path: "budget.token", suggestion: "tokens" }])
  })
})

describe("price", () => {
  test.each([
    { input: 0, output: 0 },
    { input: 0.1, output: 0.3 },
    { input: 0.1, output: 0.3, currency: "USD" },
  ])("%j is fine", (price) => expect(priced(price)).toEqual([]))

  test.each([
    [{ input: "$0.4", output: 1 }, "models.drafter.price.input", 'the text "$0.4": write 0.4'],
    [{ input: "0.4", output: 1 }, "models.drafter.price.input", "USD per million tokens"],
    [{ input: 0.4, output: "1.2 USD" }, "models.drafter.price.output", "write 1.2"],
    [{ input: "€0.40", output: 1 }, "models.drafter.price.input", "convert it to USD"],
    [{ input: "0,40 EUR", output: 1 }, "models.drafter.price.input", "convert it to USD"],
    [{ input: -1, output: 1 }, "models.drafter.price.input", "0 or more, got -1"],
    [{ input: 1 }, "models.drafter.price.output", "missing"],
    [{ input: 1, output: 1, currency: "EUR" }, "models.drafter.price.currency", "in USD, got"],
    [0.4, "models.drafter.price", "{input: 0.1, output: 0.3}, got 0.4"],
    ["$0.4", "models.drafter.price", 'got "$0.4"'],
    [[0.1, 0.3], "models.drafter.price", "Expected {input, output}"],
  ])("%j is refused with what to do", (price, path, what) => {
    const [fault, ...more] = priced(price)
    expect(more).toEqual([])
    expect(fault!.path).toBe(path)
    expect(fault!.what).toContain(what)
  })

  test("an unknown key names the one that is meant", () => {
    expect(priced({ input: 1, output: 1, outputs: 2 })).toMatchObject([{ what: "unknown key", suggestion: "output" }])
  })
})
