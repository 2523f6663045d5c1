import { describe, expect, test } from "vitest"
import { z } from "zod"
import { coldStartConfig } from "../../schemas/config.ts"
import { type Fault, nearest, parseStrict } from "../../schemas/strict.ts"

const faultsOf = (schema: z.ZodType, value: unknown): Fault[] => {
  const parsed = parseStrict(schema, value)
  return "faults" in parsed ? parsed.faults : []
}
const config = (more: object) =>
  faultsOf(coldStartConfig, {
    recipe: "cold-start",
    questions: ["a.jsonl"],
    models: { judge: {}, drafter: {} },
    ...more,
  })

describe("unknown keys", () => {
  test("have the nearest known one as a suggestion, at every depth", () => {
    expect(config({ sead: 1 })).toEqual([{ path: "sead", what: "unknown key", suggestion: "seed" }])
    expect(config({ drafts: { maxTokn: 5 } })).toEqual([
      { path: "drafts.maxTokn", what: "unknown key", suggestion: "maxTokens" },
    ])
    expect(config({ models: { judge: { baseURL: "x" }, drafter: {} } })).toEqual([
      { path: "models.judge.baseURL", what: "unknown key", suggestion: "baseUrl" },
    ])
    expect(config({ models: { judge: { price: { input: 1, outpt: 2 } }, drafter: {} } })).toContainEqual({
      path: "models.judge.price.outpt",
      what: "unknown key",
      suggestion: "output",
    })
    expect(config({ models: { judge: {}, drafter: {}, teacher: {} } })).toMatchObject([
      { path: "models.teacher", what: "unknown key" },
    ])
  })

  test("within the members of a list and the branches of a union", () => {
    expect(config({ questions: ["a.jsonl", { path: "b.jsonl", licence: "MIT" }] })).toEqual([
      { path: "questions[1].licence", what: "unknown key", suggestion: "license" },
    ])
    expect(config({ questions: [{ path: "b.jsonl", colums: {} }] })).toEqual([
      { path: "questions[0].colums", what: "unknown key", suggestion: "columns" },
    ])
  })

  test("have none where nothing is near", () => {
    expect(config({ zzzzzzzzzz: 1 })).toEqual([{ path: "zzzzzzzzzz", what: "unknown key" }])
  })

  test("all at once, and beside other faults", () => {
    const faults = config({ sead: 1, drafts: { inital: 1, temperature: 9 }, questions: [] })
    expect(faults.map(({ path }) => path).sort()).toEqual(["drafts.inital", "drafts.temperature", "questions", "sead"])
  })

  test("are taken where the schema allows any", () => {
    expect(
      config({ models: { judge: { extraBody: { anything: { deep: [1] } }, headers: { "x-a": "b" } }, drafter: {} } }),
    ).toEqual([])
  })
})

describe("wrong values", () => {
  test.each<[object, string, RegExp]>([
    [{ seed: "42" }, "seed", /expected number, received string/],
    [{ seed: 1.5 }, "seed", /int/],
    [{ failureLimit: 2 }, "failureLimit", /<=1/],
    [{ drafts: { prompt: "boxd" } }, "drafts.prompt", /boxed/],
    [{ drafts: null }, "drafts", /expected object, received null/],
    [{ judging: { criteria: ["not-verifiable", "other"] } }, "judging.criteria[1]", /not-verifiable/],
    [{ questions: "a.jsonl" }, "questions", /expected array/],
  ])("%j names the place", (more, path, what) => {
    expect(config(more)).toEqual([{ path, what: expect.stringMatching(what) }])
  })

  test("a union says what is wrong in the branch that was meant", () => {
    expect(config({ questions: [{ path: 7 }] })).toEqual([
      { path: "questions[0].path", what: expect.stringMatching(/expected string/) },
    ])
    expect(config({ questions: [7] })).toEqual([{ path: "questions[0]", what: expect.any(String) }])
    expect(config({ questions: [{}] })).toEqual([{ path: "questions[0].path", what: expect.any(String) }])
    expect(config({ questions: [""] })).toEqual([{ path: "questions[0]", what: expect.any(String) }])
  })

  test("a value that is no object at all", () => {
    for (const value of [null, 7, "x", [], undefined]) {
      const faults = faultsOf(coldStartConfig, value)
      expect(faults).toEqual([{ path: "", what: expect.stringMatching(/expected object/) }])
    }
  })

  test("what is missing is named", () => {
    expect(
      faultsOf(coldStartConfig, { recipe: "cold-start" })
        .map(({ path }) => path)
        .sort(),
    ).toEqual(["models", "questions"])
  })
})

test("a value without fault comes back with its defaults", () => {
  const schema = z.strictObject({
    a: z.int().default(3),
    b: z.strictObject({ c: z.string().default("x") }).prefault({}),
  })
  expect(parseStrict(schema, {})).toEqual({ value: { a: 3, b: { c: "x" } } })
})

describe("nearest", () => {
  test.each([
    ["temprature", "temperature"],
    ["TEMPERATURE", "temperature"],
    ["maxToken", "maxTokens"],
    ["top_p", "topP"],
    ["sed", "seed"],
    ["completelyOther", null],
    ["", null],
  ])("of %j is %j", (word, expected) => {
    expect(nearest(word, ["temperature", "topP", "maxTokens", "initial", "seed"])).toBe(expected)
  })

  test("of none is none; of equals the first", () => {
    expect(nearest("a", [])).toBeNull()
    expect(nearest("abd", ["abc", "abe"])).toBe("abc")
  })
})
