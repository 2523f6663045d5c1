import { describe, expect, it } from "vitest"
import { ApiError } from "../../../../annotators/endpoint/embedded/api-error.ts"
import { parseChatRequest } from "../../../../annotators/endpoint/embedded/chat-request.ts"

const least = { model: "m", messages: [{ role: "user", content: "Hello" }] }
const refusal = (body: unknown): ApiError => {
  try {
    parseChatRequest(body)
  } catch (error) {
    if (error instanceof ApiError) return error
  }
  throw new Error("was not refused")
}

describe("parseChatRequest", () => {
  it("fills in OpenAI's defaults, with a seed of its own", () => {
    const request = parseChatRequest(least)
    expect(request).toMatchObject({
      model: "m",
      messages: [{ role: "user", content: "Hello" }],
      sampling: { temperature: 1, topP: 1, topK: 0, minP: 0 },
      maxTokens: null,
      stop: [],
      topLogprobs: null,
      format: null,
      stream: false,
      includeUsage: false,
    })
    expect(Number.isInteger(request.sampling.seed)).toBe(true)
  })

  it("takes parts of text, the developer role, one stop text and null parameters", () => {
    const request = parseChatRequest({
      ...least,
      messages: [
        { role: "developer", content: "Be short." },
        {
          role: "user",
          content: [
            { type: "text", text: "Hel" },
            { type: "text", text: "lo" },
          ],
        },
      ],
      stop: "\n",
      temperature: null,
      top_p: null,
      n: 1,
      frequency_penalty: 0,
    })
    expect(request.messages).toEqual([
      { role: "system", content: "Be short." },
      { role: "user", content: "Hello" },
    ])
    expect(request.stop).toEqual(["\n"])
  })

  it("prefers max_completion_tokens", () => {
    expect(parseChatRequest({ ...least, max_tokens: 5, max_completion_tokens: 7 }).maxTokens).toBe(7)
  })

  it("folds a seed into 32 bits and never into the one that means the clock", () => {
    expect(parseChatRequest({ ...least, seed: 2 ** 32 + 5 }).sampling.seed).toBe(5)
    expect(parseChatRequest({ ...least, seed: -1 }).sampling.seed).toBe(0xffff_fffe)
  })

  it.each([
    [{ n: 2 }, "n"],
    [{ temperature: 3 }, "temperature"],
    [{ top_p: 0 }, "top_p"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ frequency_penalty: 0.5 }, "frequency_penalty"],
    [{ tools: [{ type: "function", function: { name: "f" } }] }, "tools"],
    [{ logit_bias: { 5: 1 } }, "logit_bias"],
    [{ max_tokens: "many" }, "max_tokens"],
    [{ stream: "yes" }, "stream"],
    [{ stop: "" }, "stop"],
    [{ top_logprobs: 3 }, "top_logprobs"],
    [{ logprobs: true, top_logprobs: 21 }, "top_logprobs"],
    [{ logprobs: true, response_format: { type: "json_object" } }, "logprobs"],
    [{ messages: [] }, "messages"],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages.0.role"],
    [{ messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] }, "messages.0.content"],
    [{ chat_template_kwargs: { other: 1 } }, "chat_template_kwargs.other"],
    [{ seed: "x" }, "seed"],
  ])("refuses %j and names the parameter", (change, param) => {
    const error = refusal({ ...least, ...change })
    expect(error.status).toBe(400)
    expect(error.type).toBe("invalid_request_error")
    expect(error.param).toBe(param)
  })

  it("does not look at what changes nothing here, nor at what is empty", () => {
    const request = parseChatRequest({
      ...least,
      user: "u",
      store: true,
      metadata: { run: "7" },
      service_tier: "flex",
      my_own: { deep: [1] },
      tools: [],
      tool_choice: "auto",
      logit_bias: {},
      messages: [{ role: "assistant", content: "Hi", refusal: null, tool_calls: [] }],
    })
    expect(request).toMatchObject({ user: "u", messages: [{ role: "assistant", content: "Hi" }] })
    expect(request).not.toHaveProperty("my_own")
  })

  it.each([null, [], "text", 5])("refuses a body that is no object: %j", (body) => {
    expect(refusal(body).status).toBe(400)
  })
})
