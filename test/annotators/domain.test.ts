import { expect, test } from "vitest"
import { domain, domainIn } from "../../annotators/domain.ts"
import type { Effects } from "../../pipelines/runtime/effect.ts"
import { complete } from "./endpoint/server.ts"
import { never, setUp } from "./endpoint/setting.ts"

const effects: Effects = {
  signal: never,
  settle: async (effect) => {
    const { value, usage = null } = await effect.perform(never)
    return { id: "0", value, usage, replayed: false }
  },
}
const options = { domains: ["mathematics", "logic"], ask: true, maxTokens: 2_000, seed: 1 }

test("a judge that thinks before its word gets the tokens to come to it", async () => {
  const { endpoint, server } = await setUp(({ body }, response) =>
    body.max_tokens < 1_000
      ? complete(response, "<think>\nThe question is about", { finish: "length" })
      : complete(response, "<think>\nThe question is about dogs.\n</think>\n\nlogic"),
  )
  const fate = await domain(endpoint, options).run(
    { id: "a", question: "All dogs bark. Does Rex?" },
    effects,
    new Map(),
  )
  expect(fate).toMatchObject({ keep: [{ domain: "logic" }] })
  expect(server.received.map(({ body }) => body.max_tokens)).toEqual([8, 2_000])
})

test("a judge that says its word at once is asked once", async () => {
  const { endpoint, server } = await setUp((_, response) =>
    complete(response, "mathematics, because", { finish: "length" }),
  )
  const fate = await domain(endpoint, options).run({ id: "a", question: "What is 1 + 1?" }, effects, new Map())
  expect(fate).toMatchObject({ keep: [{ domain: "mathematics" }] })
  expect(server.received).toHaveLength(1)
})

test.each([
  ["mathematics", "mathematics"],
  ["Math.", "mathematics"],
  ["数学", "mathematics"],
  ["Programmierung", "code"],
  ["It is computer science", "code"],
  ["physics", "science"],
  ["Logic, not a calculation", "logic"],
  ["math or logic", "unknown"],
  ["aftermath", "unknown"],
  ["decode", "unknown"],
  ["", "unknown"],
])("%j names %s", (answer, named) => {
  expect(domainIn(answer, ["mathematics", "code", "logic", "science"])).toBe(named)
})

test("a user's own domains are known by their names alone", () => {
  expect(domainIn("physics", ["physics", "science"])).toBe("physics")
  expect(domainIn("Tort law", ["law", "C++"])).toBe("law")
  expect(domainIn("in c++", ["law", "C++"])).toBe("C++")
})
