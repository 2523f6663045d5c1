import { inspect } from "node:util"
import { describe, expect, test } from "vitest"
import { publicUrl, redact } from "../../../annotators/endpoint/redact.ts"
import { chunk, complete, json, type Reply, refuse, startStream } from "./server.ts"
import { chat, failure, setUp, told } from "./setting.ts"

const key = "sk-very-secret-0123456789"
const config = { apiKeyEnv: "DRAFTER_KEY", attempts: 2, headers: { "X-Api-Key": "another-secret-987" } }
const environment = { DRAFTER_KEY: key }

/** Everything that an error shows in any way. */
const everything = (error: unknown) =>
  inspect(error, { depth: 12, showHidden: true }) + JSON.stringify(error) + (error as Error).stack

describe("API keys", () => {
  const echo = (request: Parameters<Reply>[0]) =>
    `you sent ${request.headers.authorization} and ${request.headers["x-api-key"]}`
  const echoes: [string, Reply][] = [
    ["401", (request, response) => refuse(response, 401, echo(request))],
    ["404", (request, response) => refuse(response, 404, `model not found ${echo(request)}`)],
    ["400", (request, response) => refuse(response, 400, echo(request))],
    [
      "500 as plain text",
      (request, response) => {
        response.writeHead(500, { "content-type": "text/plain" })
        response.end(echo(request))
      },
    ],
    ["status 200 with an error", (request, response) => json(response, { error: { message: echo(request) } })],
    [
      "a stream with an error",
      (request, response) => {
        startStream(response)
        response.end(`data: ${JSON.stringify({ error: { message: echo(request) } })}\n\n`)
      },
    ],
    [
      "a content type",
      (request, response) => {
        response.writeHead(200, { "content-type": echo(request) })
        response.end()
      },
    ],
    [
      "an unknown finish reason",
      (request, response) => complete(response, "x", { finish: "abort", message: { x: echo(request) } }),
    ],
    [
      "a broken HTTP response",
      (request, response) => {
        response.socket!.end(`HTTP/1.1 200 OK\r\n${echo(request)}\r\n\r\n`)
      },
    ],
  ]
  test.each(echoes)("echoed by the server in %s, they reach no error and no event", async (_name, reply) => {
    const { endpoint, events, server } = await setUp(reply, {
      config: { ...config, streamAboveTokens: 0 },
      environment,
    })
    const error = await failure(chat(endpoint))
    expect(server.received[0]?.headers.authorization).toBe(`Bearer ${key}`)
    for (const text of [everything(error), JSON.stringify(events), JSON.stringify(endpoint.counters())]) {
      expect(text).not.toContain(key)
      expect(text).not.toContain("another-secret-987")
    }
  })

  test("echoed in an answer, they are not settled", async () => {
    const { endpoint } = await setUp(
      (request, response) =>
        complete(response, `Sure: ${request.headers.authorization}`, {
          message: { reasoning_content: `the key is ${key}` },
          logprobs: { content: [{ token: key, logprob: 0, top_logprobs: [{ token: key, logprob: 0 }] }] },
        }),
      { config, environment },
    )
    const { value } = await chat(endpoint)
    expect(JSON.stringify(value)).not.toContain(key)
    expect(value.answer).toBe("Sure: Bearer [redacted]")
  })

  test("are read at each use", async () => {
    const changing: Record<string, string> = { DRAFTER_KEY: "first-key-000" }
    const { endpoint, server } = await setUp(undefined, { config, environment: changing })
    await chat(endpoint)
    changing.DRAFTER_KEY = " second-key-000\n"
    await chat(endpoint)
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer first-key-000",
      "Bearer second-key-000",
    ])
  })

  test.each([
    ["missing", {}, /DRAFTER_KEY is not set/],
    ["empty", { DRAFTER_KEY: "" }, /DRAFTER_KEY is not set/],
    ["broken by a line break", { DRAFTER_KEY: "secret\nInjected: 1" }, /DRAFTER_KEY holds no API key/],
  ])("%s: a usage error that names the variable, and no request", async (_name, environment, message) => {
    const { endpoint, server } = await setUp(undefined, { config, environment })
    const error = await failure(chat(endpoint))
    expect(error).toMatchObject({ exit: 2 })
    expect(told(error)).toMatch(message)
    expect(everything(error)).not.toContain("Injected")
    expect(server.received).toHaveLength(0)
  })

  test("without apiKeyEnv nothing is sent, whatever the SDK's own variables hold", async () => {
    const before = { ...process.env }
    Object.assign(process.env, {
      OPENAI_API_KEY: "sk-from-elsewhere",
      OPENAI_ORG_ID: "org-x",
      OPENAI_CUSTOM_HEADERS: "X-Leak: yes",
      OPENAI_BASE_URL: "http://127.0.0.1:1/",
    })
    try {
      const { endpoint, server } = await setUp()
      await chat(endpoint)
      const { headers } = server.received[0]!
      expect(headers.authorization).toBeUndefined()
      expect(headers["openai-organization"]).toBeUndefined()
      expect(headers["x-leak"]).toBeUndefined()
    } finally {
      process.env = before
    }
  })
})

test.each(Array.from({ length: 60 }, (_, index) => [200 + index]))(
  "a key that an error message is cut in (at %i) leaves no part of itself",
  async (before) => {
    const { endpoint } = await setUp(
      ({ headers }, response) => refuse(response, 400, "x".repeat(before - 24) + headers.authorization),
      { config, environment },
    )
    expect((await failure(chat(endpoint))).message).not.toMatch(/sk-v|very|secret/)
  },
)

test("a key with quotes and backslashes, which JSON escapes, is found all the same", async () => {
  const odd = 'sk-"odd"\\key-0123456789'
  const { endpoint } = await setUp(({ headers }, response) => refuse(response, 422, `bad ${headers.authorization}`), {
    config,
    environment: { DRAFTER_KEY: odd },
  })
  expect((await failure(chat(endpoint))).message).toBe("status 422: bad Bearer [redacted]")
})

test("placeholders for a key are no secrets", () => {
  expect(redact("EMPTY is EMPTY", ["EMPTY"])).toBe("EMPTY is EMPTY")
  expect(redact("my token-abc123.", ["token-abc123"])).toBe("my [redacted].")
})

test("URLs are shown without credentials and query", () => {
  expect(publicUrl("https://user:pass@host:8000/v1/?key=1")).toBe("https://host:8000/v1")
  expect(publicUrl("not a url")).toBe("an invalid URL")
})

test("a cut stream still tells nothing of the key", async () => {
  const { endpoint, events } = await setUp(
    (_, response) => {
      startStream(response)
      response.write(chunk({ content: key }))
      setTimeout(() => response.destroy(), 10)
    },
    { config: { ...config, streamAboveTokens: 0 }, environment },
  )
  expect(everything(await failure(chat(endpoint))) + JSON.stringify(events)).not.toContain(key)
})
