import { describe, expect, test } from "vitest"
import { EventReader } from "../../../annotators/endpoint/sse.ts"
import { chunk, complete, type Reply, refuse, startStream } from "./server.ts"
import { chat, endpointTo, failure, setUp, sleep } from "./setting.ts"

const config = { streamAboveTokens: 0, attempts: 2, idleTimeoutMs: 500 }
const usage = 'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9}}\n\n'

/** Sends a stream piece by piece, each in a packet of its own. */
const pieces =
  (...parts: (string | Buffer)[]): Reply =>
  async (_, response) => {
    startStream(response)
    for (const part of parts) {
      response.write(part)
      await sleep(2)
    }
    response.end()
  }

describe("streaming", () => {
  test("only above the threshold, with usage asked for", async () => {
    const { endpoint, server } = await setUp(
      (request, response) =>
        request.body.stream
          ? pieces(chunk({ content: "long" }), chunk({}, "stop"), usage, "data: [DONE]\n\n")(request, response)
          : complete(response, "short"),
      { config: { streamAboveTokens: 100 } },
    )
    expect((await chat(endpoint, "x", { maxTokens: 100 })).value.answer).toBe("short")
    expect(await chat(endpoint, "x", { maxTokens: 101 })).toMatchObject({
      value: { answer: "long", finish: "stop", model: "tiny" },
      usage: { input: 5, output: 9 },
    })
    expect(server.received.map(({ body }) => body.stream_options)).toEqual([undefined, { include_usage: true }])
  })

  test("split within characters and lines, with CRLF, comments and a missing role", async () => {
    const bytes = Buffer.from(
      `: OPENROUTER PROCESSING\r\n\r\n${chunk({ content: "ж" })}${chunk({ content: "🌱" }).replaceAll("\n", "\r\n")}${chunk({}, "stop")}data: [DONE]\n\n`,
    )
    const { endpoint } = await setUp(pieces(...Array.from(bytes, (byte) => Buffer.from([byte]))), { config })
    expect((await chat(endpoint)).value.answer).toBe("ж🌱")
  })

  test("reasoning, logprobs and length come together", async () => {
    const token = (text: string) => ({
      content: [{ token: text, logprob: -0.5, top_logprobs: [{ token: text, logprob: -0.5 }] }],
    })
    const event = (delta: object, logprobs: object | null, finish: string | null = null) =>
      `data: ${JSON.stringify({ model: "tiny", choices: [{ index: 0, delta, logprobs, finish_reason: finish }] })}\n\n`
    const { endpoint } = await setUp(
      pieces(
        event({ reasoning_content: "hm" }, token("hm")),
        event({ reasoning_content: "m" }, token("m")),
        event({ content: "4" }, token("4")),
        event({}, null, "length"),
        "data: [DONE]\n\n",
      ),
      { config },
    )
    expect((await chat(endpoint, "x", { topLogprobs: 1 })).value).toEqual({
      thinking: "hmm",
      answer: "4",
      finish: "length",
      logprobs: ["hm", "m", "4"].map((text) => ({ token: text, logprob: -0.5, top: [[text, -0.5]] })),
      model: "tiny",
      fingerprint: null,
    })
  })

  test("a server that answers unstreamed all the same is understood", async () => {
    const { endpoint } = await setUp((_, response) => complete(response, "whole"), { config })
    expect((await chat(endpoint)).value.answer).toBe("whole")
  })

  test("a server that refuses stream_options is asked without, from then on", async () => {
    const { endpoint, server } = await setUp(
      (request, response) =>
        request.body.stream_options
          ? refuse(response, 400, "Unrecognized request argument supplied: stream_options")
          : pieces(chunk({ content: "ok" }, "stop"), "data: [DONE]\n\n")(request, response),
      { config },
    )
    expect((await chat(endpoint)).value.answer).toBe("ok")
    expect((await chat(endpoint)).value.answer).toBe("ok")
    expect(server.received).toHaveLength(3)
    expect(endpoint.counters().retries).toEqual({})
  })

  test("a model that knows only max_completion_tokens is asked so", async () => {
    const { endpoint, server } = await setUp((request, response) =>
      "max_tokens" in request.body
        ? refuse(
            response,
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
          )
        : complete(response, "ok"),
    )
    await Promise.all([chat(endpoint), chat(endpoint)])
    expect(server.received.at(-1)?.body.max_completion_tokens).toBe(64)
  })

  test.each([
    "Unrecognized request argument supplied: seed",
    "body.seed: Extra inputs are not permitted",
    "property 'seed' is unsupported",
  ])("a server that refuses a seed is asked without, from then on: %s", async (refusal) => {
    const { endpoint, server } = await setUp((request, response) =>
      "seed" in request.body ? refuse(response, 400, refusal) : complete(response, "ok"),
    )
    await Promise.all([chat(endpoint, "a", { seed: 1 }), chat(endpoint, "b", { seed: 2 })])
    await chat(endpoint, "c", { seed: 3 })
    expect(server.received).toHaveLength(5)
    expect(server.received.at(-1)?.body).not.toHaveProperty("seed")
  })

  test("a server that refuses the temperature stops the run and is asked without one on demand", async () => {
    const reply: Reply = (request, response) =>
      "temperature" in request.body
        ? refuse(response, 400, "Unsupported value: 'temperature' does not support 0 with this model.")
        : complete(response, "ok")
    const { endpoint, server } = await setUp(reply)
    const error = await failure(chat(endpoint, "x", { temperature: 0 }))
    expect(error.exit).toBe(1)
    expect(error.message).toMatch(/refuses the sampling parameter temperature \(models\.drafter\.temperature\)/)
    expect(error.message).toMatch(/or to null to send none$/)
    const without = endpointTo(server, { config: { temperature: null } }).endpoint
    expect((await chat(without, "x", { temperature: 0 })).value.answer).toBe("ok")
  })

  test("the connection of a finished stream serves the next request", async () => {
    const ports = new Set<unknown>()
    const { endpoint } = await setUp(
      (request, response) => {
        ports.add(response.socket?.remotePort)
        return pieces(chunk({ content: "ok" }, "stop"), "data: [DONE]\n\n")(request, response)
      },
      { config },
    )
    for (let call = 0; call < 5; call++) {
      await chat(endpoint)
      await sleep(20)
    }
    expect(ports.size).toBe(1)
  })

  test("whole although the connection broke after the finish reason", async () => {
    const { endpoint } = await setUp(
      (_, response) => {
        startStream(response)
        response.write(chunk({ content: "all" }, "stop"))
        setTimeout(() => response.destroy(), 20)
      },
      { config },
    )
    expect((await chat(endpoint)).value).toMatchObject({ answer: "all", finish: "stop" })
    expect(endpoint.counters().attempts).toBe(1)
  })
})

describe("broken streams", () => {
  const broken: [string, string, Reply][] = [
    ["connection-cut", "ends without finish reason and [DONE]", pieces(chunk({ content: "half" }))],
    ["connection-cut", "is empty", pieces("")],
    [
      "connection-cut",
      "breaks off",
      (_, response) => {
        startStream(response)
        response.write(chunk({ content: "half" }))
        setTimeout(() => response.socket?.resetAndDestroy(), 20)
      },
    ],
    ["malformed", "holds an event that is not JSON", pieces('data: {"choices": [\n\n')],
    [
      "malformed",
      "holds invalid UTF-8",
      pieces(Buffer.concat([Buffer.from('data: {"a":"'), Buffer.from([0xff]), Buffer.from('"}\n\n')])),
    ],
    [
      "malformed",
      "never ends",
      (_, response) => {
        startStream(response)
        const event = chunk({ content: "a".repeat(10_000) })
        const writeOn = () => {
          while (!response.destroyed && response.write(event));
        }
        response.on("drain", writeOn)
        writeOn()
      },
    ],
    [
      "timed-out-generating",
      "falls silent",
      (_, response) => {
        startStream(response)
        response.write(chunk({ content: "half" }))
      },
    ],
    [
      "server-fault",
      "holds an error",
      pieces(chunk({ content: "half" }), 'data: {"error":{"message":"CUDA out of memory","code":500}}\n\n'),
    ],
    ["empty", "says nothing", pieces(chunk({}, "stop"), "data: [DONE]\n\n")],
    ["hostile-text", "rings the bell", pieces(chunk({ content: "\u0007" }, "stop"), "data: [DONE]\n\n")],
  ]
  test.each(broken)("%s: a stream that %s", async (reason, _name, reply) => {
    const { endpoint, server } = await setUp(reply, { config })
    expect(await failure(chat(endpoint))).toMatchObject({ reason, retryable: true })
    expect(server.received).toHaveLength(2)
  })

  test("an overload told within a stream is waited out", async () => {
    const { endpoint } = await setUp(
      (request, response) =>
        request.index < 3
          ? pieces('data: {"error":{"message":"overloaded","code":503}}\n\n')(request, response)
          : pieces(chunk({ content: "ok" }, "stop"), "data: [DONE]\n\n")(request, response),
      { config: { ...config, attempts: 1 } },
    )
    expect((await chat(endpoint)).value.answer).toBe("ok")
  })
})

describe("EventReader", () => {
  test("reads events with several data lines, and the last one without a blank line", () => {
    const reader = new EventReader()
    expect(reader.feed(Buffer.from("event: x\ndata: a\ndata:b\n\ndata: c"))).toEqual(["a\nb"])
    expect(reader.end()).toEqual(["c"])
  })

  test("throws on a character that never ends", () => {
    const reader = new EventReader()
    reader.feed(Buffer.from([0x64, 0xe2, 0x82]))
    expect(() => reader.end()).toThrow(TypeError)
  })
})
