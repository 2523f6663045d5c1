import { expect, test } from "vitest"
import { domain } from "../../../annotators/domain.ts"
import { drafts } from "../../../annotators/drafts.ts"
import type { Endpoint } from "../../../annotators/endpoint/endpoint.ts"
import { judgedCriterion } from "../../../filters/judged-criterion.ts"
import { notVerifiable } from "../../../pipelines/cold-start/prompts/not-verifiable.ts"
import { solvingPrompts } from "../../../pipelines/cold-start/prompts/solving.ts"
import { digestOf } from "../../../pipelines/runtime/fingerprint.ts"
import { draftsConfig, judgingConfig, type ModelConfig } from "../../../schemas/config.ts"
import { ModelServer } from "./server.ts"
import { endpointTo } from "./setting.ts"

const { prompt: _, ...draftOptions } = { ...draftsConfig.parse({ initial: 4, maximum: 8, maxTokens: 64 }), seed: 1 }
const judged = judgingConfig.parse({})
const steps = (endpoint: Endpoint) => [
  drafts(solvingPrompts.boxed.draft, endpoint, draftOptions),
  domain(endpoint, { domains: ["mathematics"], ask: true, maxTokens: 160, seed: 1 }),
  judgedCriterion(notVerifiable, endpoint, { ...judged, threshold: 0.5, seed: 1 }),
]

async function paramsWith(config: Partial<ModelConfig>): Promise<string[]> {
  const server = await new ModelServer().start()
  return steps(endpointTo(server, { config }).endpoint).map(({ params }) => digestOf(params))
}

test.each([{ temperature: 1.1 }, { temperature: null }, { topP: 0.5 }, { extraBody: { top_k: 20 } }])(
  "what a model's config changes in answers changes the parameters of the steps that ask it: %j",
  async (config) => {
    const [plain, changed] = [await paramsWith({}), await paramsWith(config)]
    for (const [at, params] of changed.entries()) expect(params).not.toBe(plain[at])
  },
)

test("what does not change answers does not", async () => {
  expect(await paramsWith({ maxInFlight: 3, timeoutMs: 1_000, price: { input: 1, output: 2 } })).toEqual(
    await paramsWith({}),
  )
})
