// Plain completions by the openai SDK's own calls, against the real server with the real model.
import OpenAI, { BadRequestError, NotFoundError, RateLimitError } from "openai"
import type { Completion, CompletionCreateParams } from "openai/resources/completions"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type EmbeddedServer, startServer } from "../../../../annotators/endpoint/embedded/server.ts"
import { readMetrics } from "../../../../annotators/endpoint/server-metrics.ts"
import { model, weightsPath, why } from "./with-model.ts"

describe.skipIf(why !== "")(`plain completions of the embedded server${why}`, { timeout: 180_000 }, () => {
  let server: EmbeddedServer
  let client: OpenAI
  beforeAll(async () => {
    server = await startServer({ model, weightsPath, contexts: 2, contextTokens: 128, spareContexts: 0, maxWaiting: 3 })
    client = new OpenAI({ baseURL: server.baseUrl, apiKey: "none", maxRetries: 0, timeout: 170_000 })
  })
  afterAll(() => server?.close())

  const prompt = "The capital of France is"
  const least = { model: model.name, prompt, temperature: 0, max_tokens: 4 }
  const at = (path: string) => server.baseUrl.replace("/v1", path)
  const post = async (url: string, body: unknown) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const metrics = async () => readMetrics(await (await fetch(at("/metrics"))).text())!
  const busy = async (condition: (metrics: { running: number; waiting: number }) => boolean) => {
    while (!condition(await metrics())) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  /** A streamed completion put together again. */
  async function streamed(request: CompletionCreateParams): Promise<unknown> {
    const stream = await client.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    })
    const choices: { text: string; finish_reason: string | null; logprobs: Record<string, unknown[]> | null }[] = []
    let usage: unknown = null
    const ids = new Set<string>()
    for await (const chunk of stream) {
      ids.add(chunk.id)
      usage = chunk.usage ?? usage
      for (const { index, text, logprobs, finish_reason } of chunk.choices) {
        choices[index] ??= { text: "", finish_reason: null, logprobs: null }
        const choice = choices[index]!
        choice.text += text
        choice.finish_reason = finish_reason ?? choice.finish_reason
        for (const [key, values] of Object.entries(logprobs ?? {})) {
          choice.logprobs ??= {}
          choice.logprobs[key] = [...(choice.logprobs[key] ?? []), ...(values as unknown[])]
        }
      }
    }
    expect(ids.size).toBe(1)
    return { choices: choices.map((choice, index) => ({ index, ...choice })), usage }
  }

  it("have OpenAI's shape, and the same text as the prompt's token ids", async () => {
    const answer = await client.completions.create(least)
    expect(answer).toMatchObject({
      object: "text_completion",
      model: model.name,
      system_fingerprint: `fp_${model.sha256.slice(0, 12)}`,
      choices: [{ index: 0, finish_reason: "length", logprobs: null }],
    })
    expect(answer.id).toMatch(/^cmpl-/)
    const { prompt_tokens = 0, completion_tokens = 0, total_tokens = 0 } = answer.usage ?? {}
    expect([completion_tokens, total_tokens]).toEqual([4, prompt_tokens + 4])
    const { body } = await post(at("/tokenize"), { model: model.name, prompt })
    expect((body.tokens as number[]).length).toBe(prompt_tokens)
    const byTokens = await client.completions.create({ ...least, prompt: body.tokens as number[] })
    expect(byTokens.choices).toEqual(answer.choices)
  })

  it("echo the prompt with the log-probability of every token of it", async () => {
    const scored = await client.completions.create({ ...least, max_tokens: 0, echo: true, logprobs: 2 })
    const { text, logprobs, finish_reason } = scored.choices[0]!
    expect([text, finish_reason, scored.usage?.completion_tokens]).toEqual([prompt, "length", 0])
    const { tokens = [], token_logprobs = [], top_logprobs = [], text_offset = [] } = logprobs ?? {}
    expect(tokens.join("")).toBe(prompt)
    expect(tokens.length).toBe(scored.usage?.prompt_tokens)
    expect(text_offset.map((offset, i) => prompt.slice(offset, text_offset[i + 1]))).toEqual(tokens)
    expect([token_logprobs[0], top_logprobs[0]]).toEqual([null, null])
    for (let i = 1; i < tokens.length; i++) {
      expect(top_logprobs[i]![tokens[i]!]).toBe(token_logprobs[i])
      expect([2, 3]).toContain(Object.keys(top_logprobs[i]!).length)
      const sum = Object.values(top_logprobs[i]!).reduce((total, logprob) => total + Math.exp(logprob), 0)
      expect(sum).toBeGreaterThan(0)
      expect(sum).toBeLessThanOrEqual(1 + 1e-9)
      // What the prefix alone is continued with is what the prompt's own place says.
      const prefix = tokens.slice(0, i).join("")
      const next = await client.completions.create({ ...least, prompt: prefix, max_tokens: 1, logprobs: 2 })
      const [[likeliest, value] = []] = Object.entries(next.choices[0]!.logprobs!.top_logprobs![0]!)
      expect(top_logprobs[i]![likeliest!]).toBeCloseTo(value!, 1)
    }
    // And with an answer behind it: the same prompt, then what is answered without echo.
    const both = (await client.completions.create({ ...least, echo: true, logprobs: 2 })).choices[0]!
    const answer = (await client.completions.create({ ...least, logprobs: 2 })).choices[0]!
    expect(both.text).toBe(prompt + answer.text)
    expect(both.logprobs?.token_logprobs?.slice(0, tokens.length)).toEqual(token_logprobs)
    expect(both.logprobs?.tokens?.slice(tokens.length)).toEqual(answer.logprobs?.tokens)
    expect(both.logprobs?.token_logprobs?.slice(tokens.length)).toEqual(answer.logprobs?.token_logprobs)
    expect(both.logprobs?.text_offset?.slice(tokens.length)).toEqual(answer.logprobs?.text_offset)
  })

  it("score a prompt of several batches, up to one that fills the context", async () => {
    const words = (await post(at("/tokenize"), { prompt: "one two three four five six. ".repeat(40) })).body
    const full = (words.tokens as number[]).slice(0, 128)
    const ask = async (length: number) =>
      (
        await client.completions.create({
          ...least,
          prompt: full.slice(0, length),
          max_tokens: 0,
          echo: true,
          logprobs: 0,
        })
      ).choices[0]!.logprobs!.token_logprobs!
    const whole = await ask(128)
    expect(whole.length).toBe(128)
    expect(whole.slice(1).every((logprob) => Number.isFinite(logprob) && logprob < 0)).toBe(true)
    // What stands in front of a place is all that counts for it.
    const part = await ask(70)
    for (const [i, logprob] of part.entries()) if (i > 0) expect(whole[i]).toBeCloseTo(logprob, 1)
    expect(part.slice(0, 64)).toEqual(whole.slice(0, 64))
  })

  it("answer a list of prompts in its order, streamed as whole", async () => {
    const request = {
      ...least,
      prompt: [prompt, "日本🧠", "", "1 2 3 4", "A"],
      max_tokens: 3,
      echo: true,
      logprobs: 1,
    }
    const answer = await client.completions.create(request)
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
    for (const [index, { text, logprobs }] of answer.choices.entries()) {
      expect(text.startsWith(request.prompt[index]!)).toBe(true)
      expect(logprobs!.tokens!.length).toBe(logprobs!.token_logprobs!.length)
    }
    // A character that takes several tokens is told by their bytes, which give the prompt again.
    const bytes = answer.choices[1]!.logprobs!.tokens!.flatMap((token) =>
      token.startsWith("bytes:")
        ? [...token.matchAll(/\\x(..)/g)].map(([, hex]) => Number.parseInt(hex!, 16))
        : [...new TextEncoder().encode(token)],
    )
    expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(answer.choices[1]!.text)
    expect(await streamed(request)).toEqual({ choices: answer.choices, usage: answer.usage })
  })

  it("stop before a stop text, and stream the same", async () => {
    const whole = (await client.completions.create({ ...least, max_tokens: 12 })).choices[0]!.text
    const stop = whole.slice(3, 6)
    const request = { ...least, max_tokens: 12, stop: [stop], echo: true }
    const cut = await client.completions.create(request)
    expect(cut.choices[0]).toMatchObject({ text: prompt + whole.slice(0, whole.indexOf(stop)), finish_reason: "stop" })
    expect(await streamed(request)).toEqual({ choices: cut.choices, usage: cut.usage })
  })

  it("draw by seed", async () => {
    const draw = async (seed: number) =>
      (await client.completions.create({ ...least, temperature: 1.5, max_tokens: 8, seed })).choices[0]!.text
    expect(await draw(1)).toBe(await draw(1))
    expect(await draw(1)).not.toBe(await draw(2))
  })

  it("refuse in the SDK's typed errors", async () => {
    const failure = (body: object) =>
      client.completions.create({ ...least, ...body } as CompletionCreateParams).then(
        () => null,
        (error: unknown) => error,
      )
    const missing = await failure({ model: "gpt-5" })
    expect(missing).toBeInstanceOf(NotFoundError)
    expect(missing).toMatchObject({ status: 404, code: "model_not_found", param: "model" })
    const long = await failure({ prompt: "word ".repeat(200) })
    expect(long).toBeInstanceOf(BadRequestError)
    expect(long).toMatchObject({ code: "context_length_exceeded", param: "prompt" })
    expect(await failure({ max_tokens: 128 })).toMatchObject({ code: "context_length_exceeded" })
    const alien = await failure({ prompt: [1, 999_999] })
    expect(alien).toMatchObject({ status: 400, param: "prompt", message: expect.stringContaining("999999") })
    for (const [body, param] of [
      [{ temperature: "hot" }, "temperature"],
      [{ n: 3 }, "n"],
      [{ prompt: { text: "x" } }, "prompt"],
    ] as const)
      expect(await failure(body)).toMatchObject({ status: 400, type: "invalid_request_error", param })
    await expect(client.models.retrieve("gpt-5")).rejects.toBeInstanceOf(NotFoundError)
    expect((await client.models.retrieve(model.name)).id).toBe(model.name)
    const deep = await fetch(`${server.baseUrl}/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `{"model":"${model.name}","prompt":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    })
    expect(deep.status).toBe(400)
    const surrogate = await client.completions.create({ ...least, prompt: "a\ud800b", max_tokens: 1, echo: true })
    expect(surrogate.choices[0]!.text.startsWith("a\ufffdb")).toBe(true)
  })

  it("say how busy the server is, refuse above the queue, and are free when their clients go away", async () => {
    const controllers = Array.from({ length: 5 }, () => new AbortController())
    const endless = { ...least, prompt: "Once upon a time", max_tokens: 120, stream: true, temperature: 1 } as const
    const held = controllers.map(async ({ signal }, seed) => {
      try {
        for await (const _ of await client.completions.create({ ...endless, seed }, { signal }));
        return "answered"
      } catch {
        return signal.aborted ? "aborted" : "failed"
      }
    })
    await busy(({ running, waiting }) => running === 2 && waiting === 3)
    const refused = await client.completions.create(least).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(RateLimitError)
    expect((refused as RateLimitError).headers.get("retry-after")).toMatch(/^\d+$/)
    expect(refused).toMatchObject({ status: 429, code: "queue_full" })
    for (const controller of controllers) controller.abort()
    await busy(({ running, waiting }) => running === 0 && waiting === 0)
    expect(new Set(await Promise.all(held))).toContain("aborted")
    expect((await client.completions.create(least)).choices.length).toBe(1)
  })

  it("give each client its turn", async () => {
    const begun: string[] = []
    const ask = async (key: string, name: string) => {
      const own = new OpenAI({ baseURL: server.baseUrl, apiKey: key, maxRetries: 0, timeout: 170_000 })
      const stream = await own.completions.create({
        ...least,
        prompt: "Once upon a time",
        max_tokens: 30,
        stream: true,
      })
      for await (const _ of stream) if (!begun.includes(name)) begun.push(name)
    }
    const all = [ask("many", "many 1"), ask("many", "many 2")]
    await busy(({ running }) => running === 2)
    for (const place of [1, 2]) {
      all.push(ask("many", `many ${place + 2}`))
      await busy(({ waiting }) => waiting === place)
    }
    all.push(ask("other", "other"))
    await Promise.all(all)
    expect(begun.indexOf("other")).toBeLessThan(begun.indexOf("many 4"))
  })

  it("turn text into tokens and back", async () => {
    const text = "Two 🧠 and <|im_start|>"
    const { body } = await post(at("/tokenize"), { prompt: text })
    expect(body).toMatchObject({ count: (body.tokens as number[]).length, max_model_len: 128 })
    expect((await post(at("/detokenize"), { tokens: body.tokens })).body.prompt).toBe(text)
    // llama.cpp's spelling.
    expect((await post(at("/tokenize"), { content: text })).body.tokens).toEqual(body.tokens)
    expect((await post(at("/tokenize"), { text })).status).toBe(400)
    expect((await post(at("/detokenize"), { tokens: [1e9] })).status).toBe(400)
  })
})

describe.skipIf(why !== "")(`the end of the embedded server${why}`, { timeout: 180_000 }, () => {
  it("refuses what is new and answers what is open, for a while", async () => {
    const server = await startServer({ model, weightsPath, contexts: 1, contextTokens: 256, spareContexts: 0 })
    const post = (max_tokens: number) =>
      fetch(`${server.baseUrl}/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: model.name, prompt: "Once upon a time", max_tokens, temperature: 0 }),
      })
    const health = async () => {
      const response = await fetch(server.baseUrl.replace("/v1", "/health"))
      return { code: response.status, ...((await response.json()) as { status: string; running: number }) }
    }
    const open = post(100)
    while ((await health()).running === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const drained = server.drain(150_000)
    const refused = await post(1)
    expect(refused.status).toBe(503)
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/)
    expect(await refused.json()).toMatchObject({ error: { code: "shutting_down" } })
    expect(await health()).toMatchObject({ code: 503, status: "ending" })
    const answer = await open
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as Completion).usage?.completion_tokens).toBeGreaterThan(0)
    await drained
    await server.close()
    await expect(post(1)).rejects.toThrow()
  })
})
