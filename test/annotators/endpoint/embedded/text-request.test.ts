import { describe, expect, it } from "vitest"
import { ApiError } from "../../../../annotators/endpoint/embedded/api-error.ts"
import { parseTextRequest } from "../../../../annotators/endpoint/embedded/text-request.ts"

const least = { model: "m", prompt: "Hello" }
const refusal = (body: unknown): ApiError => {
  try {
    parseTextRequest(body)
  } catch (error) {
    if (error instanceof ApiError) return error
  }
  throw new Error("was not refused")
}

describe("parseTextRequest", () => {
  it("fills in OpenAI's defaults", () => {
    expect(parseTextRequest(least)).toMatchObject({
      model: "m",
      prompts: ["Hello"],
      sampling: { temperature: 1, topP: 1, topK: 0, minP: 0 },
      maxTokens: null,
      stop: [],
      logprobs: null,
      echo: false,
      stream: false,
      includeUsage: false,
      user: "",
    })
  })

  it.each([
    ["text", ["text"]],
    ["", [""]],
    [null, [""]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [[1, 2, 3], [[1, 2, 3]]],
    [
      [[1, 2], [3]],
      [[1, 2], [3]],
    ],
  ])("takes the prompt %j", (prompt, prompts) => {
    expect(parseTextRequest({ ...least, prompt }).prompts).toEqual(prompts)
  })

  it("takes what does nothing and does not look at what it does not know", () => {
    const { prompts, maxTokens } = parseTextRequest({ ...least, n: 1, best_of: 1, suffix: null, max_tokens: 0, my: 1 })
    expect({ prompts, maxTokens }).toEqual({ prompts: ["Hello"], maxTokens: 0 })
  })

  it.each([
    [{ n: 2 }, "n"],
    [{ best_of: 3 }, "best_of"],
    [{ suffix: "end" }, "suffix"],
    [{ logit_bias: { 5: 1 } }, "logit_bias"],
    [{ prompt: [] }, "prompt"],
    [{ prompt: [[]] }, "prompt.0"],
    [{ prompt: [1, "a"] }, "prompt"],
    [{ prompt: [-1] }, "prompt.0"],
    [{ prompt: 5 }, "prompt"],
    [{ prompt: Array.from({ length: 2_049 }, () => "a") }, "prompt"],
    [{ max_tokens: -1 }, "max_tokens"],
    [{ max_tokens: 1.5 }, "max_tokens"],
    [{ logprobs: 21 }, "logprobs"],
    [{ logprobs: true }, "logprobs"],
    [{ echo: "yes" }, "echo"],
    [{ temperature: "hot" }, "temperature"],
    [{ stop: [""] }, "stop.0"],
    [{ model: undefined }, "model"],
  ])("refuses %j and names the parameter", (change, param) => {
    expect(refusal({ ...least, ...change })).toMatchObject({ status: 400, type: "invalid_request_error", param })
  })

  it.each([null, [], "text", 5])("refuses a body that is no object: %j", (body) => {
    expect(refusal(body).status).toBe(400)
  })
})
