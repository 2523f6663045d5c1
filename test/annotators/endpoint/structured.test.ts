import { describe, expect, test } from "vitest"
import { z } from "zod"
import { jsonSchemaAbility, logprobsAbility } from "../../../annotators/endpoint/abilities.ts"
import { decideByLogprobs, leaningOf } from "../../../annotators/endpoint/decide.ts"
import { seedOf } from "../../../annotators/endpoint/seed.ts"
import { askForJson } from "../../../annotators/endpoint/structured.ts"
import { complete, type Received, type Reply, refuse } from "./server.ts"
import { ask, failure, MemoryEffects, never, setUp, told } from "./setting.ts"

const verdict = z.strictObject({ verifiable: z.boolean(), reason: z.string() })
const valid = '{"verifiable": true, "reason": "a number"}'
const isProbe = ({ body }: Received) => body.messages[0].content === "Greet me in one short sentence."

/** A server that holds to schemas; everything but the probe is left to `reply`. */
const withSchemas =
  (reply: Reply): Reply =>
  (request, response) =>
    isProbe(request) ? complete(response, '{"language": "en"}') : reply(request, response)
/** A server that ignores schemas. */
const withoutSchemas =
  (reply: Reply): Reply =>
  (request, response) =>
    isProbe(request) ? complete(response, "Hello there!") : reply(request, response)

describe("askForJson", () => {
  test("asks under the schema where the server has it, and probes once", async () => {
    const { endpoint, server } = await setUp(withSchemas((_, response) => complete(response, valid)))
    const effects = new MemoryEffects()
    for (const question of ["one", "two"]) {
      const answer = await askForJson(endpoint, effects, ask(question), verdict, { name: "verifiable" })
      expect(answer).toMatchObject({
        value: { verifiable: true, reason: "a number" },
        sample: 0,
        usage: { input: 7, output: 3 },
      })
      expect(effects.settled.has(answer.id)).toBe(true)
    }
    const [probe, ...asked] = server.received
    expect(isProbe(probe!)).toBe(true)
    expect(asked).toHaveLength(2)
    expect(asked[0]?.body.response_format.json_schema).toMatchObject({
      name: "verifiable",
      strict: true,
      schema: { type: "object", required: ["verifiable", "reason"], additionalProperties: false },
    })
    expect(asked[0]?.body.messages).toEqual([{ role: "user", content: "one" }])
  })

  test.each([
    ["ignores schemas", withoutSchemas],
    [
      "refuses schemas",
      (reply: Reply): Reply =>
        (request, response) =>
          isProbe(request) ? refuse(response, 400, "response_format is not supported") : reply(request, response),
    ],
  ])("asks in words where the server %s, and reads what comes", async (_name, server) => {
    const setting = await setUp(
      server((_, response) => complete(response, `<think>hm {}</think>Sure:\n\`\`\`json\n${valid}\n\`\`\`\nDone.`)),
    )
    const answer = await askForJson(setting.endpoint, new MemoryEffects(), ask("q"), verdict)
    expect(answer.value.verifiable).toBe(true)
    const { body } = setting.server.received[1]!
    expect(body.response_format).toBeUndefined()
    expect(body.messages[0].content).toMatch(/^q\n\nAnswer with one JSON value[\s\S]*"verifiable"/)
  })

  test("an invalid answer is asked for again as the next sample with its own seed", async () => {
    const { endpoint, server } = await setUp(
      withSchemas((request, response) => complete(response, request.index < 3 ? '{"verifiable": "perhaps"}' : valid)),
    )
    const effects = new MemoryEffects()
    const answer = await askForJson(endpoint, effects, ask("q", { seed: 11 }), verdict)
    expect(answer).toMatchObject({ sample: 2, usage: { input: 21, output: 9 } })
    const seeds = server.received.slice(1).map(({ body }) => body.seed)
    expect(seeds).toEqual([11, seedOf(11, 1), seedOf(11, 2)])
    expect(new Set(seeds).size).toBe(3)
    expect(effects.settled.size).toBe(4)
  })

  test("an answer cut at the limit is asked for with twice, then four times the tokens", async () => {
    const { endpoint, server } = await setUp(
      withSchemas((request, response) =>
        request.body.max_tokens < 256
          ? complete(response, '{"verifi', { finish: "length" })
          : complete(response, valid),
      ),
    )
    const answer = await askForJson(endpoint, new MemoryEffects(), ask("q", { maxTokens: 64 }), verdict, { tries: 1 })
    expect(answer.sample).toBe(0)
    expect(server.received.slice(1).map(({ body }) => body.max_tokens)).toEqual([64, 128, 256])
  })

  test.each([
    ["never valid", "I cannot say.", "stop", 3, /no JSON found/],
    ["always cut", "{", "length", 5, /cut at the token limit/],
    ["always filtered", valid, "content_filter", 3, /filtered/],
    ["of another shape", '{"verifiable": 3}', "stop", 3, /verifiable/],
  ])("%s: the row fails, for good, with what was wrong", async (_name, content, finish, requests, message) => {
    const { endpoint, server } = await setUp(withSchemas((_, response) => complete(response, content, { finish })))
    const error = await failure(askForJson(endpoint, new MemoryEffects(), ask("q"), verdict))
    expect(error).toMatchObject({ name: "RowError", reason: "malformed-judgement", retryable: false })
    expect(error.message).toMatch(message)
    expect(server.received).toHaveLength(1 + requests)
  })

  test("replays from what is settled: nothing is asked again", async () => {
    const { endpoint, server } = await setUp(
      withSchemas((request, response) => complete(response, request.index < 2 ? "?" : valid)),
    )
    const effects = new MemoryEffects()
    const first = await askForJson(endpoint, effects, ask("q", { seed: 1 }), verdict)
    const before = server.received.length
    expect(await askForJson(endpoint, effects, ask("q", { seed: 1 }), verdict)).toEqual(first)
    expect(server.received).toHaveLength(before)
  })
})

const top = (entries: Record<string, number>) => ({
  content: [
    {
      token: Object.keys(entries)[0],
      logprob: Math.log(Object.values(entries)[0]!),
      top_logprobs: Object.entries(entries).map(([token, share]) => ({ token, logprob: Math.log(share) })),
    },
  ],
})
const words = { yes: ["yes", " Yes"], no: ["no", " No"] }

describe("decideByLogprobs", () => {
  test("sums the variants of yes and no", async () => {
    const { endpoint, server } = await setUp((_, response) =>
      complete(response, "Yes", {
        finish: "length",
        logprobs: top({ Yes: 0.4, " yes": 0.1, No: 0.2, "▁NO": 0.05, Well: 0.2 }),
      }),
    )
    const effects = new MemoryEffects()
    const leaning = await decideByLogprobs(endpoint, effects, { messages: ask("wet?").messages }, words)
    expect(leaning.probability).toBeCloseTo(0.5 / 0.75)
    expect(effects.settled.has(leaning.id)).toBe(true)
    await decideByLogprobs(endpoint, effects, { messages: ask("dry?").messages }, words)
    expect(server.received.map(({ body }) => [body.max_tokens, body.top_logprobs])).toEqual([
      [1, 20],
      [1, 20],
      [1, 20],
    ])
  })

  test("neither among the likeliest is unsure", async () => {
    const { endpoint } = await setUp((_, response) =>
      complete(response, "Well", { logprobs: top({ Well: 0.6, Maybe: 0.3 }) }),
    )
    expect((await decideByLogprobs(endpoint, new MemoryEffects(), ask(), words)).probability).toBeNull()
  })

  test("asks for as many alternatives as the server allows", async () => {
    const { endpoint, server } = await setUp((request, response) =>
      request.body.top_logprobs > 5
        ? refuse(response, 400, "top_logprobs must be at most 5")
        : complete(response, "no", { logprobs: top({ no: 0.9, yes: 0.1 }) }),
    )
    expect((await decideByLogprobs(endpoint, new MemoryEffects(), ask(), words)).probability).toBeCloseTo(0.1)
    expect(server.received.map(({ body }) => body.top_logprobs)).toEqual([20, 5, 5])
  })

  test("stops the run where the server reports none", async () => {
    const { endpoint } = await setUp((_, response) => complete(response, "yes"))
    const error = await failure(decideByLogprobs(endpoint, new MemoryEffects(), ask(), words))
    expect(error).toMatchObject({ exit: 1 })
    expect(told(error)).toMatch(/reports no log-probabilities[\s\S]*schema/)
  })

  test("counts a sampled token that is not among the likeliest ones, and no token twice", () => {
    expect(leaningOf({ token: "no", logprob: Math.log(0.1), top: [["yes", Math.log(0.3)]] }, words)).toBeCloseTo(0.75)
    expect(
      leaningOf(
        {
          token: "yes",
          logprob: Math.log(0.3),
          top: [
            ["yes", Math.log(0.3)],
            ["no", Math.log(0.3)],
          ],
        },
        words,
      ),
    ).toBeCloseTo(0.5)
    expect(leaningOf(undefined, words)).toBeNull()
    // A judge that thinks first: what is left for the words is noise.
    expect(leaningOf({ token: "<think>", logprob: 0, top: [["yes", Math.log(1e-6)]] }, words)).toBeNull()
  })
})

describe("abilities", () => {
  test("are effects of kind probe, keyed by identity, and settled as plain JSON", async () => {
    const { endpoint } = await setUp((_, response) => complete(response, '{"language": "en"}'))
    const probe = jsonSchemaAbility(endpoint)
    expect({ ...probe, perform: null }).toEqual({
      kind: "probe",
      identity: "tiny@1",
      request: { ability: "json-schema", version: 1, extraBody: {} },
      sample: 0,
      perform: null,
    })
    expect(await probe.perform(never)).toEqual({ value: { has: true }, usage: { input: 7, output: 3 } })
    expect((await new MemoryEffects().settle(probe)).value).toEqual({ has: true })
  })

  test("a fault is no finding: it settles nothing", async () => {
    const { endpoint } = await setUp((_, response) => refuse(response, 500), { config: { attempts: 2 } })
    for (const probe of [jsonSchemaAbility(endpoint), logprobsAbility(endpoint)])
      expect(await failure(probe.perform(never))).toMatchObject({ reason: "server-fault" })
  })
})

test("seeds have 31 bits, differ by every part and never change", () => {
  expect(seedOf(42, "row-1", 0)).toBe(seedOf(42, "row-1", 0))
  expect(seedOf(42, 1, 2)).toBe(1_556_556_241)
  const seeds = new Set<number>()
  for (let base = 0; base < 10; base++)
    for (let part = 0; part < 100; part++) {
      const seed = seedOf(base, part, "x")
      expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31).toBe(true)
      seeds.add(seed).add(seedOf(base, String(part), "x"))
    }
  expect(seeds.size).toBe(2_000)
})
