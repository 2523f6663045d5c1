import { readdir } from "node:fs/promises"
import { describe, expect, test } from "vitest"
import { openEndpoints } from "../../annotators/endpoint/open-endpoints.ts"
import { type CatalogueEntry, catalogue, settingsOf } from "../../pipelines/catalogue.ts"
import { coldStartStages } from "../../pipelines/cold-start/recipe.ts"
import { coldStartConfig, modelConfig } from "../../schemas/config.ts"
import { inputSchema } from "../../ui/key-notes.ts"

const model = modelConfig.parse({ baseUrl: "http://127.0.0.1:9/v1", model: "none" })
const roles = openEndpoints({ judge: model, drafter: model }, { budget: {}, host: { report() {}, settled: {} } })
const services = { endpoint: (role: "judge" | "drafter") => roles[role] }

/** What a step cannot do without. */
const required: Record<string, object> = {
  "reserve-similarity": { reserve: "reserve.jsonl" },
  // These may do without their judge, and then add nothing.
  guesswork: { judge: "doubtful" },
  "summary-disagrees": { judge: "doubtful" },
}

const built = async (entry: CatalogueEntry) =>
  entry.kind === "verifier" ? entry.build() : entry.build(entry.params.parse(required[entry.id] ?? {}), services)

describe.each(catalogue.map((entry) => [entry.id, entry] as const))("%s", (id, entry) => {
  test("says of itself what its code says", async () => {
    const step = await built(entry)
    expect(step.id).toBe(id)
    expect(step.about).toBe(entry.about)
    if ("adds" in step) expect(Object.keys(step.adds ?? {})).toEqual(entry.adds)
  })

  test("settles effects exactly when it has a role or settles something else", async () => {
    if (entry.kind === "verifier") return
    const step = await built(entry)
    expect("kind" in step && step.kind).toBe(entry.role || entry.settles ? "program" : "row")
    if ("bound" in step) expect(step.bound?.map(({ role }) => role)).toEqual([entry.role])
  })

  test("describes each parameter, with a default unless it is required", async () => {
    const { properties = {}, required = [] } = inputSchema(await settingsOf(entry))
    for (const [name, key] of Object.entries(properties)) {
      expect(key.description, name).toMatch(/\w/)
      if (entry.kind !== "verifier") expect(key.default !== undefined || required.includes(name), name).toBe(true)
    }
  })
})

test("each file of a filter or a verifier is in the list", async () => {
  const ids = catalogue.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const parts = new Set([
    "conclusions",
    "final-answer",
    "function-words",
    "guess-signals",
    "judged-criterion",
    "judged-response",
    "language-runs",
    "mask-notation",
    "ngrams",
    "number-in-words",
    "prose-words",
    "response",
    "span",
    "statements",
    "style-breaks",
    "word-loops",
  ])
  const filters = (await readdir("filters")).map((name) => name.replace(".ts", "")).filter((name) => !parts.has(name))
  expect(ids).toEqual(expect.arrayContaining(filters))
  expect(ids).toEqual(expect.arrayContaining(["math", "multiple-choice", "domain", "drafts"]))
})

test("a cold start's config gives each step the parameters that the run gives it", async () => {
  const config = coldStartConfig.parse({
    recipe: "cold-start",
    seed: 7,
    questions: ["q.jsonl"],
    models: { judge: model, drafter: model },
    judging: {
      decide: "logprobs",
      thresholds: { "text-generation": 0.3 },
      directAttempts: 2,
      directMaxTokens: 9,
      domains: ["law", "logic"],
    },
    reserve: { share: 0.5 },
    drafts: { prompt: "worked-example", initial: 3, maximum: 5, maxTokens: 100, majority: { enabled: true } },
  })
  const steps = coldStartStages(config, roles).flatMap((stage) => (stage.kind === "map" ? stage.steps : []))
  let compared = 0
  for (const entry of catalogue) {
    const inRun = steps.find(({ id }) => id === entry.id)
    if (!inRun || entry.kind === "verifier" || !entry.settings) continue
    const step = await entry.build(entry.params.parse(entry.settings(config)), services)
    expect(step.params, entry.id).toEqual(inRun.params)
    compared++
  }
  expect(compared).toBe(8)
})
