import { describe, expect, test } from "vitest"
import { z } from "zod"
import { coldStartConfig, modelConfig } from "../../schemas/config.ts"

const least = { recipe: "cold-start", questions: ["questions.jsonl"], models: {} }
const parsed = (more: object = {}) => coldStartConfig.parse({ ...least, models: { judge: {}, drafter: {} }, ...more })

test("the defaults of the cold start are the recipe's", () => {
  const { drafts, judging, reserve, review, select, seed, failureLimit, rowsPerShard, budget, filters } = parsed()
  expect(drafts).toEqual({
    prompt: "boxed",
    import: [],
    initial: 8,
    maximum: 32,
    temperature: 0.6,
    topP: 0.95,
    maxTokens: 32_768,
    suspects: { minimumVotes: 4, minimumShare: 1 },
    majority: { enabled: false, minimumVotes: 4, minimumShare: 0.5 },
  })
  expect(judging).toMatchObject({
    decide: "schema",
    directAttempts: 4,
    criteria: ["not-verifiable", "several-questions", "text-generation"],
    labelDomains: true,
    domains: ["mathematics", "code", "logic", "science"],
  })
  expect({ reserve, review, select }).toEqual({
    reserve: { share: 0.02 },
    review: { share: 0.02 },
    select: {
      maximum: 4_000,
      domains: {},
      difficulty: { order: "hardest", minimumPassRate: 0, maximumPassRate: 1 },
      length: { shortest: 0.01, longest: 0.01 },
      maximumSimilarity: 0.8,
      samplesPerQuestion: 1,
      sample: "median",
    },
  })
  expect({ seed, failureLimit, rowsPerShard, budget }).toEqual({
    seed: 42,
    failureLimit: 0.05,
    rowsPerShard: 256,
    budget: {},
  })
  expect(filters).toEqual({
    off: [],
    repetition: { ngram: 12, maxShare: 0.2, maxLineRepeats: 4 },
    language: { maxShare: 0.02, maxPassage: 20, match: "response" },
    guesswork: { judge: "doubtful", doubt: 0.5, drop: 0.8 },
    summary: { judge: "doubtful" },
    similarity: { ngram: 13, maxShare: 0.1, maxCoverage: 0.5 },
  })
})

test("a model by default is the embedded one, with room for long answers", () => {
  expect(modelConfig.parse({})).toMatchObject({
    baseUrl: "embedded",
    maxInFlight: 32,
    timeoutMs: 3_600_000,
    idleTimeoutMs: 600_000,
    attempts: 8,
    headers: {},
  })
})

test("both roles may be left to their defaults", () => {
  expect(coldStartConfig.parse(least).models.drafter).toEqual(modelConfig.parse({}))
})

test("a majority that needs more votes than there are drafts is refused, where it is asked for", () => {
  const drafts = (enabled: boolean) => ({ drafts: { initial: 2, maximum: 3, majority: { enabled } } })
  expect(parsed(drafts(false)).drafts.majority.minimumVotes).toBe(4)
  expect(() => parsed(drafts(true))).toThrow(/no majority could ever be found/)
})

test("a checked config checks as itself: what run.json keeps can be run again", () => {
  const config = parsed({ seed: 7, questions: [{ path: "a", columns: { question: "problem" } }] })
  expect(coldStartConfig.parse(JSON.parse(JSON.stringify(config)))).toEqual(config)
})

describe("secrets are refused", () => {
  test.each([
    { headers: { Authorization: "Bearer x" } },
    { headers: { "X-API-Key": "x" } },
    { headers: { cookie: "x" } },
    { baseUrl: "https://user:password@host/v1" },
    { baseUrl: "https://host/v1?api_key=x" },
    { replicas: ["http://host/v1?token=x"] },
  ])("%j", (model) => {
    expect(modelConfig.safeParse(model).success).toBe(false)
  })

  test("and what is none is taken", () => {
    expect(
      modelConfig.safeParse({ baseUrl: "http://10.0.0.1:8000/v1", headers: { "x-trace": "1" }, apiKeyEnv: "MY_KEY" })
        .success,
    ).toBe(true)
  })
})

test("every key is described, numbers of a unit name it, and defaults stand in the JSON Schema", () => {
  interface Key {
    description?: string
    default?: unknown
    properties?: Record<string, Key>
  }
  const silent: string[] = []
  const visit = (key: Key, path: string) => {
    for (const [name, member] of Object.entries(key.properties ?? {})) {
      const at = path ? `${path}.${name}` : name
      if (!member.properties && !member.description) silent.push(at)
      visit(member, at)
    }
  }
  const json = z.toJSONSchema(coldStartConfig, { io: "input", unrepresentable: "any" }) as Key
  visit(json, "")
  // Prices are described as a whole.
  expect(silent.filter((path) => !/\.price\.(input|output|currency)$/.test(path))).toEqual([])
  expect(json.properties?.drafts?.properties?.initial).toMatchObject({ default: 8, unit: "drafts", minimum: 1 })
  expect(json.properties?.drafts?.properties?.temperature).toMatchObject({
    default: 0.6,
    source: expect.stringContaining("2505.09388"),
  })
})
