import type { Token } from "node-llama-cpp"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { GenerationPool, PoolClosed, PoolFull } from "../../../../annotators/endpoint/embedded/pool.ts"
import type { Generation } from "../../../../annotators/endpoint/embedded/token-stream.ts"
import { weightsPath, why } from "./with-model.ts"

const sampling = { temperature: 0.8, topP: 0.95, topK: 0, minP: 0, seed: 1 }
const never = new AbortController().signal

describe.skipIf(why !== "")(`GenerationPool${why}`, () => {
  let pool: GenerationPool
  beforeAll(async () => {
    pool = await GenerationPool.open({
      modelPath: weightsPath,
      contexts: 2,
      contextTokens: 1_024,
      spareContexts: 1,
      maxWaiting: 64,
    })
  })
  afterAll(() => pool?.close())

  const generation = (prompt: string | readonly Token[], change: Partial<Generation> = {}): Generation => ({
    prompt: typeof prompt === "string" ? pool.model.tokenize(prompt) : prompt,
    sampling,
    maxTokens: 12,
    topLogprobs: null,
    grammar: null,
    ...change,
  })
  const run = async (request: Generation, signal = never) => {
    const tokens = []
    for await (const token of pool.generate(request, signal)) tokens.push(token)
    return tokens
  }

  // Prompts that begin alike for 0 to several batches of 64 tokens, as prompts with worked examples do.
  const words = "one two three four five six seven eight nine ten eleven twelve".split(" ")
  const sentence = (n: number) => `Line ${n}: ${words[n % 12]} and ${words[(n * 5 + 1) % 12]} make ${n * 7}. `
  const promptOf = (shared: number, own: number) =>
    Array.from({ length: shared }, (_, i) => sentence(i)).join("") +
    Array.from({ length: 1 + (own % 9) }, (_, i) => sentence(100 + own + i)).join("")

  it("gives the same bytes for the same request, whatever ran before and beside it", { timeout: 180_000 }, async () => {
    const requests = Array.from({ length: 24 }, (_, i) =>
      generation(promptOf([0, 4, 9, 20][i % 4] ?? 0, i), {
        sampling: { ...sampling, seed: i },
        maxTokens: 4 + (i % 9),
      }),
    )
    const alone: string[] = []
    for (const request of requests) alone.push(JSON.stringify(await run(request)))
    expect(new Set(alone).size).toBeGreaterThan(20)
    // Another order, all at once, on contexts that hold other prompts.
    const order = requests.map((_, i) => (i * 7 + 5) % requests.length)
    const together = await Promise.all(order.map(async (i) => [i, JSON.stringify(await run(requests[i]!))] as const))
    for (const [i, tokens] of together) expect(tokens).toBe(alone[i])
  })

  it("computes the very same probabilities from a prefix that it kept as from the whole prompt", {
    timeout: 180_000,
  }, async () => {
    const fresh = await GenerationPool.open({
      modelPath: weightsPath,
      contexts: 1,
      contextTokens: 1_024,
      spareContexts: 0,
    })
    const kept = await GenerationPool.open({
      modelPath: weightsPath,
      contexts: 1,
      contextTokens: 1_024,
      spareContexts: 0,
    })
    try {
      const logprobsOf = async (from: GenerationPool, prompt: readonly Token[]) => {
        const rows = []
        for await (const { token, logprobs } of from.generate(
          generation(prompt, { topLogprobs: 500, maxTokens: 2 }),
          never,
        ))
          rows.push([token, logprobs])
        return JSON.stringify(rows)
      }
      const wipe = [...fresh.model.tokenize("Nothing in common with the prompts of this test. ".repeat(12))]
      for (let i = 0; i < 12; i++) {
        const prompt = kept.model.tokenize(promptOf(6 + (i % 3) * 9, i))
        await logprobsOf(fresh, wipe)
        expect(await logprobsOf(kept, prompt)).toBe(await logprobsOf(fresh, prompt))
      }
      expect(kept.counters().reusedTokens).toBeGreaterThan(500)
      expect(fresh.counters().reusedTokens).toBe(0)
    } finally {
      await Promise.all([fresh.close(), kept.close()])
    }
  })

  it("reuses no more than whole batches, and never the whole prompt", async () => {
    const prompt = pool.model.tokenize(promptOf(12, 1)).slice(0, 128)
    await run(generation(prompt))
    const before = pool.counters().reusedTokens
    await run(generation(prompt))
    expect(pool.counters().reusedTokens - before).toBe(64)
  })

  it("gives log-probabilities of the model itself, over the whole vocabulary", async () => {
    const cold = generation("The capital of France is", { sampling: { ...sampling, temperature: 0 }, maxTokens: 4 })
    const plain = await run(cold)
    const scored = await run({ ...cold, topLogprobs: 20 })
    expect(scored.map(({ token }) => token)).toEqual(plain.map(({ token }) => token))
    for (const { token, logprobs } of scored) {
      expect(logprobs?.top.length).toBe(20)
      expect(logprobs?.top[0]).toEqual({ token, logprob: logprobs?.chosen })
      expect(logprobs?.top.map((each) => each.logprob)).toEqual(
        logprobs?.top.map((each) => each.logprob).sort((a, b) => b - a),
      )
      const mass = logprobs?.top.reduce((sum, each) => sum + Math.exp(each.logprob), 0) ?? 0
      expect(mass).toBeGreaterThan(0.2)
      expect(mass).toBeLessThan(1)
    }
    // Neither temperature nor top-k changes what is reported of the first place.
    const hot = await run({
      ...cold,
      topLogprobs: 20,
      maxTokens: 1,
      sampling: { ...sampling, temperature: 2, topK: 3 },
    })
    expect(hot[0]?.logprobs?.top).toEqual(scored[0]?.logprobs?.top)
    const all = await run({ ...cold, topLogprobs: 1_000_000, maxTokens: 1 })
    const total = all[0]?.logprobs?.top.reduce((sum, each) => sum + Math.exp(each.logprob), 0)
    expect(total).toBeCloseTo(1, 9)
  })

  it("draws with the seed when it gives log-probabilities too", async () => {
    const request = generation("Once upon a time", { topLogprobs: 0, maxTokens: 10 })
    const other = { ...request, sampling: { ...sampling, seed: 2 } }
    const first = (await run(request)).map(({ token }) => token)
    expect((await run(request)).map(({ token }) => token)).toEqual(first)
    expect((await run(other)).map(({ token }) => token)).not.toEqual(first)
  })

  it("fills a context to its last token and not beyond", async () => {
    const prompt = pool.model.tokenize(promptOf(80, 1)).slice(0, 1_020)
    const tokens = await run(generation(prompt, { maxTokens: 4, sampling: { ...sampling, temperature: 0 } }))
    expect(tokens.length).toBe(4)
  })

  it("stops when aborted, running or waiting, and frees the context", async () => {
    const controllers = [0, 1, 2, 3].map(() => new AbortController())
    const long = generation("Once upon a time", { maxTokens: 900 })
    const runs = controllers.map(({ signal }) => run(long, signal))
    const ended = Promise.allSettled(runs)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(pool.counters()).toMatchObject({ running: 2, waiting: 2 })
    for (const controller of controllers.toReversed()) controller.abort(new Error("gone"))
    for (const each of await ended) expect(each).toMatchObject({ status: "rejected", reason: { message: "gone" } })
    expect(pool.counters()).toMatchObject({ running: 0, waiting: 0 })
    expect((await run(generation("Still here", { maxTokens: 2 }))).length).toBeGreaterThan(0)
  })

  it("frees the context when its reader leaves early", async () => {
    for await (const _ of pool.generate(generation("Once upon a time", { maxTokens: 500 }), never)) break
    expect(pool.counters().running).toBe(0)
  })

  it("refuses what is too much to wait", async () => {
    const controller = new AbortController()
    const long = generation("Once upon a time", { maxTokens: 900 })
    const ended = Promise.allSettled(Array.from({ length: 66 }, () => run(long, controller.signal)))
    await expect(run(long)).rejects.toBeInstanceOf(PoolFull)
    controller.abort(new Error("gone"))
    await ended
  })

  it("ends what runs when it closes", async () => {
    const own = await GenerationPool.open({ modelPath: weightsPath, contexts: 1, contextTokens: 512, spareContexts: 0 })
    const iterator = own.generate(generation("Once upon a time", { maxTokens: 400 }), never)
    await iterator.next()
    const next = (async () => {
      for await (const _ of iterator);
    })()
    const closed = own.close()
    await expect(next).rejects.toBeInstanceOf(PoolClosed)
    await closed
  })

  it("says so when the file is no model", async () => {
    await expect(GenerationPool.open({ modelPath: "package.json" })).rejects.toMatchObject({
      complaint: { what: "cannot load the embedded model", where: "package.json" },
    })
  })
})
