import { describe, expect, test } from "vitest"
import { complete, json, ModelServer, promptOf, type Reply, refuse } from "./server.ts"
import { chat, endpointTo, failure, quick, setUp, sleep, told, until } from "./setting.ts"

/** Starts `count` calls and returns their answers. */
const manyAnswers = async (endpoint: Parameters<typeof chat>[0], count: number) =>
  (await Promise.all(Array.from({ length: count }, (_, row) => chat(endpoint, `row ${row}`)))).map(
    ({ value }) => value.answer,
  )

const rows = (count: number) => Array.from({ length: count }, (_, row) => `row ${row}`)

describe("a storm of refusals", () => {
  test.each([
    ["429 with Retry-After in seconds", 3_000, 429, { "retry-after": "1" }],
    ["429 with Retry-After as a date", 1_500, 429, "date"],
    ["429 with retry-after-ms", 1_000, 429, { "retry-after-ms": "600" }],
    [
      "429 with x-ratelimit-reset-requests",
      1_000,
      429,
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "500ms" },
    ],
    ["429 that says nothing", 3_000, 429, {}],
    ["503", 1_000, 503, {}],
    ["529", 1_000, 529, {}],
  ] as const)("%s for %i ms: no row lost, no hammering", async (_name, stormMs, status, headers) => {
    const maxInFlight = 16
    let stormUntil = 0
    let during = 0
    const { endpoint, events } = await setUp(
      (request, response) => {
        stormUntil ||= Date.now() + stormMs
        if (Date.now() >= stormUntil) return complete(response, promptOf(request))
        during++
        const sent = headers === "date" ? { "retry-after": new Date(Date.now() + 1_000).toUTCString() } : headers
        refuse(response, status, "slow down", {}, sent as Record<string, string>)
      },
      { config: { maxInFlight, attempts: 1 }, timing: { ...quick, pauseMs: 100, pauseCapMs: 1_000 } },
    )
    expect(await manyAnswers(endpoint, 64)).toEqual(rows(64))
    // Those in flight when it began, and the probes: two a second at most once the pause has grown to a second.
    expect(during).toBeLessThanOrEqual(maxInFlight + 12)
    expect(during).toBeGreaterThan(maxInFlight)
    expect(events.filter(({ kind }) => kind === "resumed")).toHaveLength(1)
    expect(events.filter(({ kind }) => kind === "paused").length).toBe(during - maxInFlight + 1)
    expect(endpoint.counters()).toMatchObject({ calls: 64, inFlight: 0, waiting: 0, paused: null })
  })

  test("says until when it is paused and why", async () => {
    const { endpoint, events, server } = await setUp((_, response) =>
      refuse(response, 429, "", {}, { "retry-after": "60" }),
    )
    const abort = new AbortController()
    const call = failure(chat(endpoint, "x", {}, abort.signal))
    await until(() => endpoint.counters().paused !== null)
    const { paused, waiting } = endpoint.counters()
    expect(paused?.why).toBe("rate-limited")
    expect(paused!.untilMs - Date.now()).toBeGreaterThan(50_000)
    expect(waiting).toBe(1)
    expect(events).toMatchObject([{ kind: "paused", why: "rate-limited", role: "drafter", server: server.url }])
    abort.abort(new Error("enough"))
    expect((await call).message).toBe("enough")
  })

  test("a server that takes few at a time gets few at a time, and every row its answer", async () => {
    let busy = 0
    const { endpoint } = await setUp(
      async (request, response) => {
        if (busy >= 3) return refuse(response, 429)
        busy++
        await sleep(10)
        busy--
        complete(response, promptOf(request))
      },
      { config: { maxInFlight: 32, attempts: 1 } },
    )
    expect(await manyAnswers(endpoint, 60)).toEqual(rows(60))
  })

  test("while one of two replicas refuses, the other serves", async () => {
    const other = await new ModelServer((_, response) => refuse(response, 429, "", {}, { "retry-after": "60" })).start()
    const { endpoint, server } = await setUp((request, response) => complete(response, promptOf(request)), {
      config: { replicas: [other.url], maxInFlight: 4 },
    })
    expect(await manyAnswers(endpoint, 20)).toEqual(rows(20))
    expect(server.received).toHaveLength(20)
    expect(other.received.length).toBeLessThanOrEqual(4)
    expect(endpoint.counters().paused).toBeNull()
    await other.stop()
  })

  test.each<[string, Reply]>([
    ["fails all that it is sent", (_, response) => refuse(response, 500, "engine dead")],
    ["answers what is no answer", (_, response) => complete(response, "")],
    ["takes requests and never answers", () => {}],
    ["breaks every connection", (_, response) => response.socket!.resetAndDestroy()],
  ])("a replica that %s is paused, although it is the least loaded one", async (_, reply) => {
    const other = await new ModelServer(reply).start()
    const { endpoint, server, events } = await setUp(
      async (request, response) => {
        await sleep(5)
        complete(response, promptOf(request))
      },
      { config: { replicas: [other.url], maxInFlight: 8, attempts: 4, idleTimeoutMs: 1_000 } },
    )
    expect(await manyAnswers(endpoint, 100)).toEqual(rows(100))
    expect(server.received.length).toBeGreaterThanOrEqual(100)
    expect(other.received.length).toBeLessThanOrEqual(8 + 30)
    expect(events.some((event) => event.kind === "paused" && event.server === other.url)).toBe(true)
    await other.stop()
  })

  test("a replica that worked again after its faults serves again", async () => {
    let broken = true
    const other = await new ModelServer((request, response) =>
      broken ? refuse(response, 500) : complete(response, promptOf(request)),
    ).start()
    const { endpoint, events } = await setUp(
      async (request, response) => {
        await sleep(5)
        complete(response, promptOf(request))
      },
      { config: { replicas: [other.url], maxInFlight: 8 } },
    )
    expect(await manyAnswers(endpoint, 40)).toEqual(rows(40))
    broken = false
    const before = other.received.length
    expect(await manyAnswers(endpoint, 200)).toEqual(rows(200))
    expect(other.received.length - before).toBeGreaterThan(20)
    expect(events).toContainEqual(expect.objectContaining({ kind: "resumed", server: other.url }))
    await other.stop()
  })

  test("a server that stands alone is not paused for faults: its rows fail", async () => {
    const { endpoint, events } = await setUp((_, response) => refuse(response, 500), { config: { attempts: 3 } })
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => failure(chat(endpoint))))
    expect(new Set(outcomes.map(({ reason }) => reason))).toEqual(new Set(["server-fault"]))
    expect(events.filter(({ kind }) => kind === "paused")).toEqual([])
  })

  test("a replica that is away from the start does not stop a run whose other one is slow", async () => {
    const away = await new ModelServer().start()
    await away.stop()
    const { endpoint } = await setUp(
      async (request, response) => {
        await sleep(4 * quick.unreachableMs!)
        complete(response, promptOf(request))
      },
      { config: { replicas: [away.url], maxInFlight: 4 } },
    )
    expect(await manyAnswers(endpoint, 8)).toEqual(rows(8))
  })

  test("of several replicas the one that does not know the model is named", async () => {
    const other = await new ModelServer((request, response) =>
      refuse(response, 404, `The model \`${request.body.model}\` does not exist.`),
    ).start()
    const { endpoint, server } = await setUp(
      (request, response) =>
        request.path.endsWith("/models")
          ? json(response, { object: "list", data: [{ id: "the-only-one" }] })
          : complete(response, promptOf(request)),
      { config: { replicas: [other.url], model: undefined, maxInFlight: 4 } },
    )
    const failed = await failure(Promise.all(Array.from({ length: 20 }, () => chat(endpoint))))
    expect(failed).toMatchObject({
      exit: 1,
      complaint: {
        what: 'a replica of the drafter endpoint does not know the model "the-only-one"',
        where: `models.drafter, ${other.url}`,
      },
    })
    expect(told(failed)).not.toContain(server.url)
    await other.stop()
  })
})

describe("a server that goes away", () => {
  test("and comes back: what was in flight is asked again, nothing is lost", async () => {
    const { endpoint, server, events } = await setUp(
      async (request, response) => {
        await sleep(20)
        complete(response, promptOf(request))
      },
      { config: { maxInFlight: 8 } },
    )
    const answers = manyAnswers(endpoint, 80)
    await until(() => server.received.length > 24)
    await server.stop()
    await until(() => endpoint.counters().paused?.why === "outage")
    const before = server.received.length
    await sleep(quick.unreachableMs! + 300)
    expect(server.received).toHaveLength(before)
    await server.start()
    expect(await answers).toEqual(rows(80))
    expect(server.received.length).toBeLessThanOrEqual(80 + 8)
    expect(events.some(({ kind }) => kind === "resumed")).toBe(true)
  })

  test("and comes back on another port, when its base URL can change", async () => {
    const first = await new ModelServer((request, response) => complete(response, promptOf(request))).start()
    let url = first.url
    const { endpoint } = endpointTo(first, { resolveBaseUrl: async () => url })
    await chat(endpoint, "one")
    await first.stop()
    const second = await new ModelServer((request, response) => complete(response, promptOf(request))).start()
    const answer = chat(endpoint, "two")
    await until(() => endpoint.counters().paused !== null)
    url = second.url
    expect((await answer).value.answer).toBe("two")
    await endpoint.close()
    await second.stop()
  })

  test("one request that breaks its connection does not stop the others, and fails its row", async () => {
    const { endpoint } = await setUp(
      async (request, response) => {
        await sleep(5)
        if (promptOf(request) === "row 3") response.socket!.resetAndDestroy()
        else complete(response, promptOf(request))
      },
      { config: { attempts: 3, maxInFlight: 4 } },
    )
    let row = 0
    let settled = false
    const others = (async () => {
      for (; row < 400 && !settled; row += 4)
        await Promise.all([0, 1, 2].map((offset) => chat(endpoint, `other ${row + offset}`)))
    })()
    const poison = await failure(chat(endpoint, "row 3"))
    settled = true
    await others
    expect(poison).toMatchObject({ reason: "connection-cut", retryable: true })
  })

  test("a proxy that cuts every long request is no outage to wait for", async () => {
    const { endpoint, events } = await setUp(
      (request, response) => {
        if (promptOf(request) === "short") complete(response, "ok")
        else setTimeout(() => response.socket!.resetAndDestroy(), 120)
      },
      { config: { attempts: 3 }, timing: { ...quick, admittedAfterMs: 60 } },
    )
    await chat(endpoint, "short")
    expect(await failure(chat(endpoint, "long"))).toMatchObject({ reason: "connection-cut", retryable: true })
    expect(events.map(({ kind }) => kind)).toEqual(["retry", "retry"])
  })

  test("connections that are taken and broken at once are an outage, however long", async () => {
    let broken = true
    const { endpoint, events } = await setUp(
      (request, response) => (broken ? response.socket!.resetAndDestroy() : complete(response, promptOf(request))),
      { config: { attempts: 1 }, timing: { ...quick, unreachableMs: 60_000 } },
    )
    const answers = manyAnswers(endpoint, 4)
    await until(() => events.filter(({ kind }) => kind === "paused").length > 3)
    broken = false
    expect(await answers).toEqual(rows(4))
  })

  test("never there: tried for a while, then the run stops with a remedy", async () => {
    const server = await new ModelServer().start()
    await server.stop()
    const { endpoint } = endpointTo(server)
    const errors = await Promise.all([1, 2, 3].map(() => failure(chat(endpoint))))
    expect(errors[0]).toMatchObject({ name: "CotyledonError", exit: 1 })
    expect(told(errors[0])).toMatch(/cannot reach the drafter endpoint[\s\S]*ECONNREFUSED[\s\S]*is the server running/)
    expect(new Set(errors).size).toBe(1)
  })

  test("not there yet: found once it is", async () => {
    const server = await new ModelServer().start()
    await server.stop()
    const { endpoint } = endpointTo(server, { timing: { ...quick, unreachableMs: 20_000 } })
    const answer = chat(endpoint)
    await until(() => endpoint.counters().paused !== null)
    await server.start()
    expect((await answer).value.answer).toBe("fine")
  })

  test("a base URL that cannot be had stops the run with its own error", async () => {
    const server = await new ModelServer().start()
    const error = new Error("the embedded model is not installed")
    const { endpoint } = endpointTo(server, { resolveBaseUrl: () => Promise.reject(error) })
    expect(await failure(chat(endpoint))).toBe(error)
    expect(await failure(chat(endpoint))).toBe(error)
  })
})
