// Our client against llama.cpp's own server, and our server against it, with the same weights.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Budget } from "../../../annotators/endpoint/budget.ts"
import type { TokenLogprob } from "../../../annotators/endpoint/chat.ts"
import { type EmbeddedServer, startServer } from "../../../annotators/endpoint/embedded/server.ts"
import { Endpoint } from "../../../annotators/endpoint/endpoint.ts"
import { metricsUrl, readMetrics } from "../../../annotators/endpoint/server-metrics.ts"
import { type ModelConfig, modelConfig } from "../../../schemas/config.ts"
import { model, weightsPath, why } from "./embedded/with-model.ts"
import { type LlamaCpp, startLlamaCpp, withoutLlamaCpp } from "./llama-cpp.ts"
import { ask, failure, never } from "./setting.ts"

const skipped = why !== "" ? why : withoutLlamaCpp === null ? "" : ` (skipped: ${withoutLlamaCpp})`

// Kernels and batches differ, and the weights have 4 bits: probabilities agree to about two places.
const tolerance = 0.2

describe.skipIf(skipped !== "")(`llama.cpp's server${skipped}`, { timeout: 180_000 }, () => {
  let theirs: LlamaCpp
  let ours: EmbeddedServer
  const endpoints: Endpoint[] = []
  beforeAll(async () => {
    theirs = await startLlamaCpp(weightsPath, model.name)
    ours = await startServer({ model, weightsPath, contexts: 2, contextTokens: 512, spareContexts: 0 })
  }, 180_000)
  afterAll(async () => {
    for (const endpoint of endpoints) await endpoint.close()
    await ours?.close()
    await theirs?.close()
  })

  function endpointTo(baseUrl: string, config: Partial<ModelConfig> = {}): Endpoint {
    const endpoint = new Endpoint({
      role: "drafter",
      config: { ...modelConfig.parse({ baseUrl }), ...config },
      identity: model.name,
      budget: new Budget(),
      resolveBaseUrl: async () => baseUrl,
      report: () => {},
    })
    endpoints.push(endpoint)
    return endpoint
  }
  const both = (config?: Partial<ModelConfig>) => [
    endpointTo(`${theirs.address}/v1`, config),
    endpointTo(ours.baseUrl, config),
  ]
  const post = async (url: string, body: unknown) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(200)
    return await response.json()
  }

  /** Greedy answers are the same up to a place where two tokens are as likely as each other, if there is one. */
  function expectSame(one: TokenLogprob[], other: TokenLogprob[]): void {
    for (const [i, { token, logprob, top }] of one.entries()) {
      const beside = other[i]
      if (beside === undefined) break
      // It gives the token that ends the turn no name.
      if (beside.token !== token && !(token === "" && beside.token === "<|im_end|>")) {
        expect(i).toBeGreaterThan(0)
        expect(Math.abs(top[0]![1] - top[1]![1])).toBeLessThan(2 * tolerance)
        return
      }
      expect(Math.abs(beside.logprob - logprob)).toBeLessThan(tolerance)
    }
    expect(other.length).toBe(one.length)
  }

  test.each(["What is 7 + 5?", "Name the capital of France.", "Say hello."])(
    "our client gets from both the same greedy answer to %j",
    async (question) => {
      const request = ask(question, { temperature: 0, maxTokens: 16, topLogprobs: 2 })
      const [one, other] = await Promise.all(both().map((endpoint) => endpoint.chat(request, 0).perform(never)))
      expect(one!.value.model).toBe(other!.value.model)
      expect(one!.usage!.input).toBe(other!.usage!.input)
      expectSame(one!.value.logprobs!, other!.value.logprobs!)
      // The text before the first token that differs is the same.
      const first = one!.value.logprobs![0]!.token
      for (const { value } of [one!, other!]) expect(value.answer.trimStart().startsWith(first.trimStart())).toBe(true)
    },
  )

  test("our client streams from it what it gets whole", async () => {
    const request = ask("What is 7 + 5?", { temperature: 0, maxTokens: 16 })
    const whole = await endpointTo(`${theirs.address}/v1`).chat(request, 0).perform(never)
    const streamed = await endpointTo(`${theirs.address}/v1`, { streamAboveTokens: 0 }).chat(request, 0).perform(never)
    expect(streamed.value.answer).toBe(whole.value.answer)
    expect(streamed.usage).toEqual(whole.usage)
    expect(streamed.value.finish).toBe("length")
  })

  test("a prompt that is too long fails its row with either, and is not asked again", async () => {
    for (const endpoint of both()) {
      const error = await failure(endpoint.chat(ask("word ".repeat(700)), 0).perform(never))
      expect(error.reason).toBe("context-too-long")
      expect(endpoint.counters().attempts).toBe(1)
    }
  })

  test("our client reads how busy either is", async () => {
    for (const baseUrl of [`${theirs.address}/v1`, ours.baseUrl]) {
      const text = await (await fetch(metricsUrl(baseUrl))).text()
      expect(readMetrics(text)).toMatchObject({ running: 0, waiting: 0 })
    }
  })

  test("prompt log-probabilities of ours are what theirs gives for each prefix", async () => {
    const prompt = "The capital of France is Paris, and two plus two is four."
    const { tokens } = (await post(`${theirs.address}/tokenize`, { content: prompt })) as { tokens: number[] }
    const url = ours.baseUrl.replace("/v1", "/tokenize")
    expect(((await post(url, { content: prompt })) as { tokens: number[] }).tokens).toEqual(tokens)
    const scored = (await post(`${ours.baseUrl}/completions`, {
      model: model.name,
      prompt,
      max_tokens: 0,
      echo: true,
      logprobs: 1,
    })) as { choices: { logprobs: { token_logprobs: (number | null)[] } }[] }
    const mine = scored.choices[0]!.logprobs.token_logprobs
    expect(mine.length).toBe(tokens.length)
    let compared = 0
    for (let i = 1; i < tokens.length; i++) {
      const answer = (await post(`${theirs.address}/completion`, {
        prompt: tokens.slice(0, i),
        n_predict: 1,
        temperature: 0,
        n_probs: 1_000,
      })) as { completion_probabilities: { top_logprobs: { id: number; logprob: number }[] }[] }
      const top = answer.completion_probabilities[0]!.top_logprobs
      const there = top.find(({ id }) => id === tokens[i])
      if (there === undefined) expect(mine[i]).toBeLessThan(top.at(-1)!.logprob + 1)
      else {
        compared++
        // The less likely a token, the less its logarithm is worth.
        expect(Math.abs(there.logprob - mine[i]!)).toBeLessThan(tolerance + 0.05 * Math.abs(there.logprob))
      }
    }
    expect(compared).toBeGreaterThan(tokens.length / 2)
  })
})
