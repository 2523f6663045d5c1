import { request as httpRequest } from "node:http"
import { connect } from "node:net"
import OpenAI from "openai"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { GenerationPool } from "../../../../annotators/endpoint/embedded/pool.ts"
import { type EmbeddedServer, startServer } from "../../../../annotators/endpoint/embedded/server.ts"
import { model, weightsPath, why } from "./with-model.ts"

describe.skipIf(why !== "")(`the embedded server${why}`, () => {
  let server: EmbeddedServer
  let client: OpenAI
  beforeAll(async () => {
    server = await startServer({ model, weightsPath, contexts: 2, contextTokens: 512, spareContexts: 0, maxWaiting: 4 })
    client = new OpenAI({ baseURL: server.baseUrl, apiKey: "none", maxRetries: 0 })
  })
  afterAll(() => server?.close())

  const question = [{ role: "user" as const, content: "What is 7 + 5?" }]
  const least = { model: model.name, messages: question, max_tokens: 12, seed: 7 }
  const post = (body: unknown, headers: Record<string, string> = {}, path = "/chat/completions") =>
    fetch(`${server.baseUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    })
  const errorOf = async (response: Response) => ({
    status: response.status,
    ...((await response.json()) as { error: object }).error,
  })
  const health = async () =>
    (await (await fetch(server.baseUrl.replace("/v1", "/health"))).json()) as ReturnType<GenerationPool["counters"]>
  /** Waits for the pool to be free. */
  const idle = async () => {
    while ((await health()).running > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  describe("answers the openai client", () => {
    it("with the same text for the same seed, and another for another", async () => {
      const ask = async (seed: number) =>
        (await client.chat.completions.create({ ...least, max_tokens: 30, seed })).choices[0]?.message.content
      const [one, again, two] = [await ask(1), await ask(1), await ask(2)]
      expect(one).toBe(again)
      expect(one).not.toBe(two)
    })

    it("with usage, fingerprint and finish reason", async () => {
      const answer = await client.chat.completions.create({ ...least, max_tokens: 3, temperature: 0 })
      expect(answer).toMatchObject({
        object: "chat.completion",
        model: model.name,
        system_fingerprint: `fp_${model.sha256.slice(0, 12)}`,
        choices: [{ index: 0, finish_reason: "length", logprobs: null, message: { role: "assistant" } }],
        usage: { completion_tokens: 3 },
      })
      expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + 3)
    })

    it("with the same text when streamed, and usage when asked for", async () => {
      const whole = await client.chat.completions.create({ ...least, max_tokens: 40 })
      const stream = await client.chat.completions.create({
        ...least,
        max_tokens: 40,
        stream: true,
        stream_options: { include_usage: true },
      })
      let text = ""
      let finish: string | null = null
      let usage = null
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? ""
        finish = chunk.choices[0]?.finish_reason ?? finish
        usage = chunk.usage ?? usage
      }
      expect(text).toBe(whole.choices[0]?.message.content)
      expect(finish).toBe(whole.choices[0]?.finish_reason)
      expect(usage).toEqual(whole.usage)
    })

    it("with log-probabilities in OpenAI's shape, streamed or not", async () => {
      const request = { ...least, max_tokens: 5, temperature: 0, logprobs: true, top_logprobs: 3 }
      const answer = await client.chat.completions.create(request)
      const entries = answer.choices[0]?.logprobs?.content ?? []
      expect(entries.length).toBe(5)
      expect(entries.map(({ token }) => token).join("")).toBe(answer.choices[0]?.message.content)
      for (const entry of entries) {
        expect(new TextDecoder().decode(Uint8Array.from(entry.bytes ?? []))).toBe(entry.token)
        expect(entry.top_logprobs.length).toBe(3)
        expect(entry.top_logprobs[0]).toEqual({ token: entry.token, logprob: entry.logprob, bytes: entry.bytes })
      }
      const streamed = []
      for await (const chunk of await client.chat.completions.create({ ...request, stream: true }))
        streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []))
      expect(streamed).toEqual(entries)
    })

    it("with text that stops before a stop text, also one that spans tokens", async () => {
      const whole =
        (await client.chat.completions.create({ ...least, temperature: 0 })).choices[0]?.message.content ?? ""
      const stop = whole.slice(2, 6)
      const cut = await client.chat.completions.create({ ...least, temperature: 0, stop: ["\u0000never", stop] })
      expect(cut.choices[0]?.message.content).toBe(whole.slice(0, whole.indexOf(stop)))
      expect(cut.choices[0]?.finish_reason).toBe("stop")
      let streamed = ""
      for await (const chunk of await client.chat.completions.create({ ...least, temperature: 0, stop, stream: true }))
        streamed += chunk.choices[0]?.delta.content ?? ""
      expect(streamed).toBe(cut.choices[0]?.message.content)
    })

    it("with JSON that follows a schema, at any temperature", async () => {
      const schema = {
        type: "object",
        properties: {
          decision: { type: "string", enum: ["yes", "no"] },
          digits: { type: "array", items: { type: "integer" }, maxItems: 3 },
        },
        required: ["decision", "digits"],
        additionalProperties: false,
      }
      for (const temperature of [0, 1.5]) {
        const answer = await client.chat.completions.create({
          ...least,
          temperature,
          max_tokens: 80,
          response_format: { type: "json_schema", json_schema: { name: "judgement", schema, strict: true } },
        })
        const parsed = JSON.parse(answer.choices[0]?.message.content ?? "")
        expect(["yes", "no"]).toContain(parsed.decision)
        expect(parsed.digits.length).toBeLessThanOrEqual(3)
        expect(answer.choices[0]?.finish_reason).toBe("stop")
      }
    })

    it("with the list of models", async () => {
      const models = await client.models.list()
      expect(models.data.map(({ id }) => id)).toEqual([model.name])
      expect((await client.models.retrieve(model.name)).id).toBe(model.name)
    })
  })

  describe("refuses", () => {
    it.each([
      [{ ...least, n: 2 }, 400, "n", null],
      [{ ...least, model: "gpt" }, 404, "model", "model_not_found"],
      [{ ...least, tools: [{ type: "function", function: { name: "f" } }] }, 400, "tools", null],
      [
        { ...least, messages: [{ role: "user", content: "word ".repeat(600) }] },
        400,
        "messages",
        "context_length_exceeded",
      ],
      [
        {
          ...least,
          response_format: { type: "json_schema", json_schema: { name: "x", schema: { type: "object", not: {} } } },
        },
        400,
        "response_format.json_schema.schema.not",
        null,
      ],
      ["{ not json", 400, null, null],
      [new Uint8Array([0x7b, 0xff, 0x7d]), 400, null, null],
      ["[]", 400, null, null],
    ])("bad requests in OpenAI's words", async (body, status, param, code) => {
      expect(await errorOf(await post(body))).toMatchObject({ status, type: "invalid_request_error", param, code })
    })

    it("other paths, methods and types", async () => {
      expect((await post(least, {}, "/embeddings")).status).toBe(404)
      const response = await fetch(`${server.baseUrl}/chat/completions`)
      expect(response.headers.get("allow")).toBe("POST")
      expect(await errorOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" })
      expect((await post(least, { "content-type": "text/plain" })).status).toBe(415)
    })

    it("bodies that are too long", async () => {
      const response = await post(`{"a":"${"x".repeat(5 << 20)}"}`).catch((error: Error) => error)
      // The server may close while the rest is still being sent.
      if (response instanceof Response) expect(response.status).toBe(413)
      else expect(response.message).toMatch(/fetch failed/)
      expect((await post(least)).status).toBe(200)
    })

    const raw = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const sent = httpRequest({ port: server.port, path: "/v1/models", headers }, (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
        sent.on("error", reject).end()
      })

    it("web pages: an Origin, a cross-site fetch, a foreign host name", async () => {
      expect(await raw({ origin: "http://evil.example" })).toBe(403)
      expect(await raw({ origin: "null" })).toBe(403)
      expect(await raw({ "sec-fetch-site": "cross-site" })).toBe(403)
      expect(await raw({ host: `evil.example:${server.port}` })).toBe(403)
      expect(await raw({ host: `localhost:${server.port}` })).toBe(200)
      expect(await raw({ host: `127.0.0.1:${server.port}` })).toBe(200)
      expect(await raw({ host: `[::1]:${server.port}` })).toBe(200)
    })

    it("more than its queue holds, with Retry-After", async () => {
      const controller = new AbortController()
      const long = {
        ...least,
        max_tokens: 400,
        messages: [{ role: "user" as const, content: "Tell me a very long story." }],
      }
      const held = Array.from({ length: 6 }, (_, seed) =>
        client.chat.completions.create({ ...long, seed }, { signal: controller.signal }).catch(() => null),
      )
      while ((await health()).waiting < 4) await new Promise((resolve) => setTimeout(resolve, 10))
      for (const stream of [false, true]) {
        const response = await post({ ...long, stream })
        expect(response.headers.get("retry-after")).toMatch(/^\d+$/)
        expect(await errorOf(response)).toMatchObject({ status: 429, type: "rate_limit_error" })
      }
      controller.abort()
      await Promise.all(held)
      await idle()
    })
  })

  it("stops generating when the client goes away", async () => {
    const body = JSON.stringify({
      ...least,
      max_tokens: 400,
      stream: true,
      messages: [{ role: "user", content: "Tell me a long story." }],
    })
    const socket = connect(server.port, "127.0.0.1")
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await new Promise((resolve) => socket.once("data", resolve))
    socket.destroy()
    const before = (await health()).outputTokens
    await idle()
    expect((await health()).outputTokens - before).toBeLessThan(300)
  })

  it("ends what runs when it closes, and listens no more", async () => {
    const own = await startServer({ model, weightsPath, contexts: 1, contextTokens: 512, spareContexts: 0 })
    const answer = fetch(`${own.baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...least,
        max_tokens: 450,
        messages: [{ role: "user", content: "Tell me a long story." }],
      }),
    }).then(
      (response) => response.status,
      () => 0,
    )
    await new Promise((resolve) => setTimeout(resolve, 150))
    await own.close()
    expect([0, 503]).toContain(await answer)
    await expect(fetch(`${own.baseUrl}/models`)).rejects.toThrow()
  })

  it("says when it cannot listen", async () => {
    await expect(
      startServer({ model, weightsPath, contexts: 1, contextTokens: 256, spareContexts: 0, port: server.port }),
    ).rejects.toMatchObject({ exit: 2, complaint: { what: "cannot listen", got: "EADDRINUSE" } })
  })
})
