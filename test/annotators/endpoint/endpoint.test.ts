import { describe, expect, test } from "vitest"
import { complete, json, ModelServer, promptOf, type Reply, refuse } from "./server.ts"
import { ask, chat, endpointTo, failure, never, setUp, sleep, told, until } from "./setting.ts"

const slow: Reply = async (request, response) => {
  await sleep(20)
  complete(response, promptOf(request))
}
const hang: Reply = () => {}

describe("the request", () => {
  test("as the ledger sees it: all that changes the answer and nothing else", async () => {
    const config = {
      temperature: 0.3,
      extraBody: { top_k: 20 },
      headers: { "X-Trace": "1" },
      timeoutMs: 1_234,
      maxInFlight: 3,
      streamAboveTokens: 0,
      apiKeyEnv: "KEY",
    }
    const { endpoint } = await setUp(undefined, { config })
    const effect = endpoint.chat(
      ask("2+2?", { temperature: 0.9, topP: 0.95, seed: 7, stop: ["\n"], topLogprobs: undefined }),
      3,
    )
    expect({ kind: effect.kind, identity: effect.identity, sample: effect.sample }).toEqual({
      kind: "chat",
      identity: "tiny@1",
      sample: 3,
    })
    expect(effect.request).toEqual({
      messages: [{ role: "user", content: "2+2?" }],
      maxTokens: 64,
      temperature: 0.3,
      topP: 0.95,
      seed: 7,
      stop: ["\n"],
      extraBody: { top_k: 20 },
    })
  })

  test("as the server sees it", async () => {
    const { endpoint, server } = await setUp(undefined, {
      config: { extraBody: { top_k: 20, min_p: 0 }, headers: { "X-Trace": "abc" }, topP: 0.5 },
    })
    const schema = { name: "verdict", schema: { type: "object" } }
    await chat(endpoint, "hi", { temperature: 0.6, seed: 5, stop: ["END"], schema, topLogprobs: 4 })
    expect(server.received[0]?.path).toBe("/v1/chat/completions")
    expect(server.received[0]?.headers["x-trace"]).toBe("abc")
    expect(server.received[0]?.body).toEqual({
      model: "tiny",
      messages: [{ role: "user", content: "hi" }],
      max_tokens: 64,
      temperature: 0.6,
      top_p: 0.5,
      seed: 5,
      stop: ["END"],
      response_format: { type: "json_schema", json_schema: { ...schema, strict: true } },
      logprobs: true,
      top_logprobs: 4,
      top_k: 20,
      min_p: 0,
    })
  })

  test.each(["n", "stream", "messages", "max_tokens", "temperature", "seed"])(
    "the extra body may not hold %s",
    async (key) => {
      const error = await failure(setUp(undefined, { config: { extraBody: { [key]: 1 } } }))
      expect(error).toMatchObject({ exit: 2, complaint: { where: `models.drafter.extraBody.${key}` } })
    },
  )

  test("logprobs come back per token, minus infinity as a number", async () => {
    const { endpoint } = await setUp((_, response) =>
      complete(response, "yes", {
        logprobs: {
          content: [
            {
              token: "yes",
              logprob: -0.1,
              top_logprobs: [
                { token: "yes", logprob: -0.1 },
                { token: "\ud83c", logprob: -9 },
                { token: "no", logprob: null },
              ],
            },
          ],
        },
      }),
    )
    const { value } = await chat(endpoint, "x", { topLogprobs: 3 })
    expect(value.logprobs).toEqual([
      {
        token: "yes",
        logprob: -0.1,
        top: [
          ["yes", -0.1],
          ["\ufffd", -9],
          ["no", -9999],
        ],
      },
    ])
  })
})

describe("a config that cannot work", () => {
  test.each([
    ["not a URL", "localhost"],
    ["another protocol", "ftp://host/v1"],
    ["empty", ""],
  ])("a base URL that is %s", async (_name, url) => {
    const { endpoint } = await setUp(undefined, { resolveBaseUrl: async () => url })
    expect(await failure(chat(endpoint))).toMatchObject({ exit: 2, complaint: { where: "models.drafter.baseUrl" } })
  })

  test("a replica that is no URL", async () => {
    const { endpoint } = await setUp(undefined, { config: { replicas: ["http://127.0.0.1:1/v1", "two"] } })
    expect(await failure(chat(endpoint))).toMatchObject({ exit: 2, complaint: { where: "models.drafter.replicas.1" } })
  })

  test.each([
    ["X-Key", "secret-value\nInjected: 1"],
    ["X Key", "secret-value"],
  ])("a header that HTTP cannot carry: %s", async (name, value) => {
    const error = await failure(setUp(undefined, { config: { headers: { [name]: value } } }))
    expect(error).toMatchObject({ exit: 2, complaint: { where: `models.drafter.headers.${name}` } })
    expect(told(error)).not.toContain("secret-value")
  })
})

describe("the model's name", () => {
  const models =
    (...ids: string[]): Reply =>
    (request, response) =>
      request.path.endsWith("/models")
        ? json(response, { object: "list", data: ids.map((id) => ({ id })) })
        : complete(response, request.body.model)

  test("is the server's only one by default, looked up once", async () => {
    const { endpoint, server } = await setUp(models("Qwen/Qwen3-8B"), { config: { model: undefined } })
    const answers = await Promise.all([chat(endpoint), chat(endpoint)])
    expect(answers.map(({ value }) => value.answer)).toEqual(["Qwen/Qwen3-8B", "Qwen/Qwen3-8B"])
    expect(server.received.filter(({ path }) => path === "/v1/models")).toHaveLength(1)
  })

  test("must be given when there are several", async () => {
    const { endpoint } = await setUp(models("a", "b\u001b[2J"), { config: { model: undefined } })
    const error = await failure(chat(endpoint))
    expect(error).toMatchObject({ exit: 2 })
    expect(error.message).not.toContain("\u001b")
    expect(told(error)).toMatch(/serves 2 models[\s\S]*set models.drafter.model/)
  })

  test("must be given when the server does not list its models", async () => {
    const { endpoint } = await setUp((_, response) => refuse(response, 404, "Not Found"), {
      config: { model: undefined },
    })
    expect(told(await failure(chat(endpoint)))).toMatch(/does not list its models[\s\S]*set models.drafter.model/)
  })

  test("survives a fault of the lookup", async () => {
    const { endpoint } = await setUp(
      (request, response) => (request.index === 0 ? refuse(response, 500) : models("m")(request, response)),
      { config: { model: undefined } },
    )
    expect((await chat(endpoint)).value.answer).toBe("m")
  })
})

describe("how many at once", () => {
  test("an answer keeps its place until it is on disk: it and what is in flight are never more than maxInFlight", async () => {
    const { endpoint, server } = await setUp(undefined, { config: { maxInFlight: 9 } })
    const written: (() => void)[] = []
    const performed = Array.from({ length: 40 }, (_, at) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      written[at] = resolve
      return endpoint.chat(ask(String(at)), 0).perform(never, never, promise)
    })
    await Promise.all(performed.slice(0, 9))
    // Longer than the server would take for the others.
    await sleep(300)
    expect(server.received.length).toBe(9)
    for (const resolve of written.slice(0, 5)) resolve()
    await until(() => server.received.length === 14)
    await sleep(300)
    expect(server.received.length).toBe(14)
    for (const resolve of written) resolve()
    await Promise.all(performed)
    expect(server.received.length).toBe(40)
  })

  test("a request without an answer gives its place back at once", async () => {
    const { endpoint } = await setUp((_, response) => refuse(response, 400, "no"), { config: { maxInFlight: 1 } })
    const unkept = new Promise<void>(() => {})
    for (let at = 0; at < 3; at++)
      expect(await failure(endpoint.chat(ask(String(at)), 0).perform(never, never, unkept))).toMatchObject({
        reason: "bad-request",
      })
  })

  test("never more than maxInFlight", async () => {
    const { endpoint, server } = await setUp(slow, { config: { maxInFlight: 5 } })
    await Promise.all(Array.from({ length: 40 }, () => chat(endpoint)))
    expect(server.mostInFlight).toBe(5)
  })

  test("can be changed while it runs", async () => {
    const { endpoint, server } = await setUp(slow, { config: { maxInFlight: 2 } })
    const calls = Array.from({ length: 60 }, () => chat(endpoint))
    await until(() => server.received.length >= 4)
    expect(server.mostInFlight).toBe(2)
    endpoint.setMaxInFlight(12)
    expect(endpoint.counters().maxInFlight).toBe(12)
    await Promise.all(calls)
    expect(server.mostInFlight).toBe(12)
  })

  test("held, it sends nothing new, whatever waits; let go, all is answered", async () => {
    const { server, endpoint } = await setUp(slow, { config: { maxInFlight: 4 } })
    const calls = Array.from({ length: 30 }, () => chat(endpoint))
    await until(() => server.received.length >= 4)
    endpoint.hold(true)
    await until(() => endpoint.counters().inFlight === 0)
    const sent = server.received.length
    calls.push(chat(endpoint))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(server.received.length).toBe(sent)
    expect(sent).toBeLessThan(30)
    endpoint.hold(false)
    await Promise.all(calls)
    expect(server.received.length).toBe(31)
  })

  test("ready holds back whoever starts rows", async () => {
    const { endpoint } = await setUp(slow, { config: { maxInFlight: 4 } })
    const calls: Promise<unknown>[] = []
    let most = 0
    for (let row = 0; row < 60; row++) {
      await endpoint.ready()
      calls.push(chat(endpoint))
      const { waiting, inFlight } = endpoint.counters()
      most = Math.max(most, waiting + inFlight)
    }
    await Promise.all(calls)
    expect(most).toBeLessThanOrEqual(9)
  })

  test("ready holds back also while every call is in its backoff", async () => {
    const { endpoint } = await setUp((_, response) => refuse(response, 500), {
      config: { maxInFlight: 2, attempts: 1_000 },
      timing: { backoffMs: 1e9, backoffCapMs: 1e9 },
    })
    const abort = new AbortController()
    const calls = [1, 2].map(() => failure(chat(endpoint, "x", {}, abort.signal)))
    await until(() => endpoint.counters().retries["server-fault"] === 2)
    let ready = false
    void endpoint.ready().then(() => {
      ready = true
    })
    await sleep(30)
    expect(ready).toBe(false)
    abort.abort(new Error("enough"))
    await Promise.all(calls)
    await until(() => ready)
  })

  test("a backoff leaves its place to others", async () => {
    const { endpoint } = await setUp(
      (request, response) => (promptOf(request) === "poison" ? refuse(response, 500) : complete(response, "ok")),
      { config: { maxInFlight: 1, attempts: 2 }, timing: { backoffMs: 1e9, backoffCapMs: 1e9 } },
    )
    const abort = new AbortController()
    const poison = failure(chat(endpoint, "poison", {}, abort.signal))
    await until(() => endpoint.counters().retries["server-fault"] === 1)
    expect((await chat(endpoint)).value.answer).toBe("ok")
    abort.abort()
    await poison
  })
})

describe("clocks", () => {
  test("start after admission: a long queue is no timeout", async () => {
    const { endpoint } = await setUp(
      async (_, response) => {
        await sleep(60)
        complete(response, "ok")
      },
      { config: { maxInFlight: 1, timeoutMs: 1_000, idleTimeoutMs: 1_000, attempts: 1 } },
    )
    await Promise.all(Array.from({ length: 25 }, () => chat(endpoint)))
    expect(endpoint.counters()).toMatchObject({ calls: 25, attempts: 25 })
  })
})

describe("aborting", () => {
  test("ends a request in flight, and the server notices", async () => {
    const { endpoint, server } = await setUp(hang)
    const abort = new AbortController()
    const call = failure(chat(endpoint, "x", {}, abort.signal))
    await until(() => server.inFlight === 1)
    const reason = new Error("Ctrl-C")
    abort.abort(reason)
    expect(await call).toBe(reason)
    await until(() => server.inFlight === 0)
    expect(endpoint.counters()).toMatchObject({ inFlight: 0, waiting: 0 })
  })

  test("ends one that waits for its place", async () => {
    const { endpoint, server } = await setUp(hang, { config: { maxInFlight: 1 } })
    const [first, second] = [new AbortController(), new AbortController()]
    const calls = [first, second].map(({ signal }) => failure(chat(endpoint, "x", {}, signal)))
    await until(() => server.inFlight === 1)
    second.abort(new Error("second"))
    expect((await calls[1])!.message).toBe("second")
    first.abort(new Error("first"))
    expect((await calls[0])!.message).toBe("first")
    expect(server.received).toHaveLength(1)
  })

  test("ends a stream in the middle", async () => {
    const { endpoint, server } = await setUp(
      (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write(": hello\n\n")
      },
      { config: { streamAboveTokens: 0 } },
    )
    const abort = new AbortController()
    const call = failure(chat(endpoint, "x", {}, abort.signal))
    await until(() => server.inFlight === 1)
    await sleep(20)
    abort.abort(new Error("stop"))
    expect((await call).message).toBe("stop")
    await until(() => server.inFlight === 0)
  })

  test("before the start sends nothing", async () => {
    const { endpoint, server } = await setUp()
    const error = await failure(chat(endpoint, "x", {}, AbortSignal.abort(new Error("early"))))
    expect(error.message).toBe("early")
    expect(server.received).toHaveLength(0)
  })

  test("one signal for thousands of calls leaves no listener and no warning behind", async () => {
    const warnings: unknown[] = []
    const onWarning = (warning: unknown) => warnings.push(warning)
    process.on("warning", onWarning)
    const { endpoint } = await setUp(undefined, { config: { maxInFlight: 64 } })
    await Promise.all(Array.from({ length: 2_000 }, () => chat(endpoint, "x", {}, never)))
    await sleep(10)
    process.off("warning", onWarning)
    expect(warnings).toEqual([])
  })

  test("one aborted call does not spoil the lookup of the model's name for the others", async () => {
    const { endpoint } = await setUp(
      async (request, response) => {
        await sleep(50)
        if (request.path.endsWith("/models")) json(response, { data: [{ id: "m" }] })
        else complete(response, "ok")
      },
      { config: { model: undefined } },
    )
    const abort = new AbortController()
    const first = failure(chat(endpoint, "x", {}, abort.signal))
    const second = chat(endpoint)
    await sleep(10)
    abort.abort(new Error("one"))
    expect((await first).message).toBe("one")
    expect((await second).value.answer).toBe("ok")
  })
})

describe("closing", () => {
  test("ends what is under way and what comes later", async () => {
    const { endpoint, server, events } = await setUp(hang, { config: { maxInFlight: 1 } })
    const calls = [1, 2].map(() => failure(chat(endpoint)))
    await until(() => server.inFlight === 1)
    await endpoint.close()
    for (const call of calls) expect((await call).message).toContain("closed")
    expect((await failure(chat(endpoint))).message).toContain("closed")
    expect(events).toEqual([])
    await until(() => server.inFlight === 0)
  })

  test("of an endpoint that never opened asks for no server", async () => {
    const server = await new ModelServer().start()
    let resolved = 0
    const { endpoint } = endpointTo(server, {
      resolveBaseUrl: async () => {
        resolved++
        return server.url
      },
    })
    await endpoint.ready()
    await endpoint.close()
    expect((await failure(chat(endpoint))).message).toContain("closed")
    expect(resolved).toBe(0)
  })
})

describe("a run that stops", () => {
  test("what is sent comes home; what waits for its place, for a pause or for a backoff is not sent any more", async () => {
    const { endpoint, server } = await setUp(
      async (request, response) => {
        if (promptOf(request) === "poison") return refuse(response, 500)
        await sleep(80)
        complete(response, "ok")
      },
      { config: { maxInFlight: 2 }, timing: { backoffMs: 1e9, backoffCapMs: 1e9 } },
    )
    const noMore = new AbortController()
    const perform = (content: string) => endpoint.chat(ask(content), 0).perform(never, noMore.signal)
    const poison = failure(perform("poison"))
    await until(() => endpoint.counters().retries["server-fault"] === 1)
    const sent = [perform("a"), perform("b")]
    await until(() => server.inFlight === 2)
    const waiting = [failure(perform("c")), failure(perform("d"))]
    const reason = new Error("stopping")
    noMore.abort(reason)
    expect(await poison).toBe(reason)
    for (const call of waiting) expect(await call).toBe(reason)
    for (const call of sent) expect((await call).value.answer).toBe("ok")
    expect(server.received).toHaveLength(3)
  })

  test("a call that waits out a storm ends at once", async () => {
    const { endpoint, server } = await setUp((_, response) => refuse(response, 429), { timing: { pauseMs: 1e9 } })
    const noMore = new AbortController()
    const call = failure(endpoint.chat(ask(), 0).perform(never, noMore.signal))
    await until(() => endpoint.counters().paused !== null)
    noMore.abort(new Error("stopping"))
    expect((await call).message).toBe("stopping")
    expect(server.received).toHaveLength(1)
  })
})
