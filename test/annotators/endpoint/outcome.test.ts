import { describe, expect, test } from "vitest"
import { policies } from "../../../annotators/endpoint/outcome.ts"
import { chunk, complete, completion, json, type Reply, refuse, startStream } from "./server.ts"
import { chat, failure, setUp, told } from "./setting.ts"

const config = { attempts: 3, timeoutMs: 4_000, idleTimeoutMs: 500 }

describe("answers that are settled", () => {
  test("complete", async () => {
    const { endpoint } = await setUp((_, response) => complete(response, "42"))
    expect(await chat(endpoint)).toEqual({
      value: { thinking: null, answer: "42", finish: "stop", model: "tiny", fingerprint: "fp_1" },
      usage: { input: 7, output: 3 },
    })
  })

  test.each([
    ["length", "length"],
    ["content_filter", "filtered"],
    ["max_tokens", "length"],
    ["eos_token", "stop"],
    ["tool_calls", "stop"],
  ])("finish reason %s is %s", async (finish, expected) => {
    const { endpoint, server } = await setUp((_, response) => complete(response, "cut sho", { finish }))
    expect((await chat(endpoint)).value).toMatchObject({ finish: expected, answer: "cut sho" })
    expect(server.received).toHaveLength(1)
  })

  test("a refusal is filtered", async () => {
    const { endpoint } = await setUp((_, response) => complete(response, null, { message: { refusal: "I will not." } }))
    expect((await chat(endpoint)).value).toMatchObject({ finish: "filtered", answer: "" })
  })

  test("no finish reason: the token count tells whether the limit was met", async () => {
    const { endpoint } = await setUp(({ index }, response) =>
      complete(response, "so", { finish: null, usage: { prompt_tokens: 1, completion_tokens: index === 0 ? 64 : 5 } }),
    )
    expect((await chat(endpoint)).value.finish).toBe("length")
    expect((await chat(endpoint)).value.finish).toBe("stop")
  })

  test("no usage: none is reported", async () => {
    const { endpoint } = await setUp((_, response) => complete(response, "ok", { usage: null }))
    expect((await chat(endpoint)).usage).toBeUndefined()
  })

  test("content in parts", async () => {
    const parts = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]
    const { endpoint } = await setUp((_, response) => complete(response, parts as unknown as string))
    expect((await chat(endpoint)).value.answer).toBe("ab")
  })
})

const broken: [outcome: keyof typeof policies, name: string, reply: Reply][] = [
  ["malformed", "bad JSON", (_, response) => json(response, '{"choices": [')],
  ["malformed", "JSON of another shape", (_, response) => json(response, "[1, 2]")],
  [
    "malformed",
    "a web page",
    (_, response) => {
      response.writeHead(200, { "content-type": "text/html" })
      response.end("<html>Welcome</html>")
    },
  ],
  ["malformed", "no choices", (_, response) => json(response, { ...completion("x"), choices: [] })],
  [
    "malformed",
    "no message",
    (_, response) => json(response, { ...completion("x"), choices: [{ finish_reason: "stop" }] }),
  ],
  [
    "malformed",
    "no content",
    (_, response) => json(response, { ...completion("x"), choices: [{ message: {}, finish_reason: "stop" }] }),
  ],
  ["malformed", "content that is a number", (_, response) => complete(response, 5 as unknown as string)],
  [
    "malformed",
    "invalid UTF-8",
    (_, response) =>
      json(
        response,
        Buffer.concat([
          Buffer.from('{"choices":[{"message":{"content":"'),
          Buffer.from([0xff, 0xfe]),
          Buffer.from('"}}]}'),
        ]),
      ),
  ],
  ["malformed", "10 MB for 64 tokens", (_, response) => complete(response, "a".repeat(10_000_000))],
  [
    "malformed",
    "a hundred thousand characters for 64 tokens",
    (_, response) => complete(response, "a".repeat(100_000)),
  ],
  [
    "hostile-text",
    "a lone surrogate",
    (_, response) => json(response, JSON.stringify(completion("x")).replace('"x"', '"a\\ud800b"')),
  ],
  ["hostile-text", "a terminal escape", (_, response) => complete(response, "\u001b[2Jgone")],
  ["hostile-text", "a C1 control character", (_, response) => complete(response, "a\u009b1m")],
  [
    "hostile-text",
    "DEL in the thinking",
    (_, response) => complete(response, "a", { message: { reasoning_content: "\u007f" } }),
  ],
  ["empty", "an empty answer", (_, response) => complete(response, " \n")],
  ["empty", "no content at all", (_, response) => complete(response, null)],
  ["timed-out-waiting", "silence", () => {}],
  [
    "timed-out-generating",
    "silence after the headers",
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json" })
      response.write('{"choices"')
    },
  ],
  [
    "connection-cut",
    "a cut within the body",
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
      response.write('{"choices"', () => response.destroy())
    },
  ],
  [
    "connection-cut",
    "an answer that the server aborted",
    (_, response) => complete(response, "half", { finish: "abort" }),
  ],
  ["server-fault", "500", (_, response) => refuse(response, 500, "oops")],
  [
    "server-fault",
    "502 with a page",
    (_, response) => {
      response.writeHead(502, { "content-type": "text/html" })
      response.end("<h1>Bad Gateway</h1>")
    },
  ],
  ["server-fault", "504", (_, response) => refuse(response, 504)],
  ["server-fault", "an error with status 200", (_, response) => json(response, { error: { message: "engine died" } })],
]

describe("faults that are retried", () => {
  test.each(broken)("%s: %s, then an answer", async (outcome, _name, reply) => {
    const { endpoint, events } = await setUp(
      (request, response) => (request.index === 0 ? reply(request, response) : complete(response, "right")),
      { config },
    )
    expect((await chat(endpoint)).value.answer).toBe("right")
    expect(endpoint.counters()).toMatchObject({ calls: 1, attempts: 2, retries: { [outcome]: 1 } })
    expect(events).toMatchObject([{ kind: "retry", outcome, attempt: 1 }])
  })

  test.each(broken)("%s: %s for ever fails the row", async (outcome, _name, reply) => {
    const { endpoint, server } = await setUp(reply, { config })
    const error = await failure(chat(endpoint))
    expect(error).toMatchObject({ name: "RowError", reason: outcome, retryable: true })
    expect(error.message).toContain("3 attempts")
    expect(server.received).toHaveLength(3)
  })

  test("an answer that trickles on beyond the total limit timed out generating", async () => {
    const { endpoint } = await setUp(
      (_, response) => {
        startStream(response)
        const timer = setInterval(() => response.write(chunk({ content: "a" })), 20)
        response.once("close", () => clearInterval(timer))
      },
      { config: { attempts: 1, timeoutMs: 300, idleTimeoutMs: 150, streamAboveTokens: 0 } },
    )
    expect(await failure(chat(endpoint))).toMatchObject({ reason: "timed-out-generating" })
  })
})

test("an answer without end is read as far as its tokens can reach, and no further", async () => {
  let written = 0
  const { endpoint } = await setUp(
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json" })
      const part = Buffer.alloc(100_000, " ")
      const writeOn = () => {
        do written += part.length
        while (!response.destroyed && response.write(part))
      }
      response.on("drain", writeOn)
      writeOn()
    },
    { config: { ...config, attempts: 1 } },
  )
  const error = await failure(chat(endpoint))
  expect(error).toMatchObject({ reason: "malformed" })
  expect(error.message).toMatch(/more than \d+ bytes/)
  expect(written).toBeLessThan(20_000_000)
})

describe("faults that fail the row at once", () => {
  test.each([
    [
      400,
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
    ],
    [400, "The decoder prompt (length 5016) is longer than the maximum model length of 4096."],
    [400, "The prompt (total length 25938) is too long to fit into the model (context length 4096)."],
    [400, "The input (61709 tokens) is longer than the model's context length (40960 tokens)."],
    [400, "Requested token count exceeds the model's maximum context length of 4096 tokens."],
    [400, "request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it"],
    [500, "Context size has been exceeded."],
    [413, "prompt is too long"],
    [422, "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens"],
  ])("%i %s", async (status, message) => {
    const { endpoint, server } = await setUp((_, response) => refuse(response, status, message))
    expect(await failure(chat(endpoint))).toMatchObject({ reason: "context-too-long", retryable: false })
    expect(server.received).toHaveLength(1)
  })

  test("the shape in which vLLM and SGLang once reported errors", async () => {
    const { endpoint } = await setUp((_, response) =>
      json(response, { object: "error", message: "This model's maximum context length is 10 tokens.", code: 400 }, 400),
    )
    const error = await failure(chat(endpoint))
    expect(error).toMatchObject({ reason: "context-too-long" })
    expect(error.message).toBe("status 400: This model's maximum context length is 10 tokens.")
  })

  test("another 4xx is a bad request", async () => {
    const { endpoint, server } = await setUp((_, response) => refuse(response, 422, "top_k must be positive"))
    const error = await failure(chat(endpoint))
    expect(error).toMatchObject({ name: "RowError", reason: "bad-request", retryable: false })
    expect(error.message).toContain("top_k must be positive")
    expect(server.received).toHaveLength(1)
  })

  test("a prompt that UTF-8 cannot hold is not sent", async () => {
    const { endpoint, server } = await setUp()
    expect(await failure(chat(endpoint, "a\ud800b"))).toMatchObject({ reason: "bad-request" })
    expect(server.received).toHaveLength(0)
  })
})

describe("faults that stop the run", () => {
  const stops: [string, Reply, RegExp][] = [
    ["401", (_, response) => refuse(response, 401, "bad key"), /refused access[\s\S]*bad key[\s\S]*check the API key/],
    ["403", (_, response) => refuse(response, 403), /refused access/],
    ["402", (_, response) => refuse(response, 402), /quota[\s\S]*add credit/],
    [
      "429 for a used-up quota",
      (_, response) => refuse(response, 429, "You exceeded your current quota", { code: "insufficient_quota" }),
      /quota/,
    ],
    [
      "404 for the model",
      (_, response) => refuse(response, 404, "The model `tiny` does not exist."),
      /does not know the model "tiny"/,
    ],
    [
      "400 for the model",
      (_, response) => refuse(response, 400, "Invalid model name passed in model=tiny"),
      /does not know the model/,
    ],
    [
      "404 for the path",
      (_, response) => refuse(response, 404, "Not Found"),
      /no chat completions at this address[\s\S]*\/v1/,
    ],
    [
      "a redirect",
      (_, response) => {
        response.writeHead(301, { location: "https://elsewhere.test/" })
        response.end()
      },
      /no chat completions at this address/,
    ],
  ]
  test.each(stops)("%s, at the first call", async (_name, reply, message) => {
    const { endpoint, server, events } = await setUp(reply, { config: { maxInFlight: 1 } })
    const errors = await Promise.all([1, 2, 3].map(() => failure(chat(endpoint))))
    for (const error of errors) {
      expect(error).toMatchObject({ name: "CotyledonError", exit: 1 })
      expect(told(error)).toMatch(message)
      expect(error.message.split("\n").length).toBeLessThanOrEqual(4)
    }
    expect(await failure(chat(endpoint))).toBe(errors[0])
    expect(server.received).toHaveLength(1)
    expect(events.filter(({ kind }) => kind === "stopped")).toHaveLength(1)
  })

  test("a call in its backoff ends at once when the run stops", async () => {
    const { endpoint } = await setUp((request, response) => refuse(response, request.index === 0 ? 500 : 401), {
      timing: { backoffMs: 1e9, backoffCapMs: 1e9 },
    })
    const first = failure(chat(endpoint))
    while (endpoint.counters().retries["server-fault"] !== 1) await new Promise((resolve) => setTimeout(resolve, 5))
    const second = await failure(chat(endpoint))
    expect(await first).toBe(second)
  })

  test("the policy table names a remedy for every stop", () => {
    for (const policy of Object.values(policies)) if (policy.action === "stop") expect(policy.remedy).not.toBe("")
  })
})
