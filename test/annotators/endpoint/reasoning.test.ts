import { expect, test } from "vitest"
import { splitReasoning } from "../../../annotators/endpoint/reasoning.ts"
import { complete } from "./server.ts"
import { chat, setUp } from "./setting.ts"

const raw = { content: "", reasoning: null, finish: "stop", thinkingOff: false } as const

test.each([
  ["a reasoning field", { content: "\n\n4", reasoning: "\n2+2\n" }, "2+2", "4"],
  ["no thinking", { content: "4" }, null, "4"],
  ["think tags", { content: "<think>\n2+2\n\nso\n</think>\n\n4" }, "2+2\n\nso", "4"],
  ["think tags after white space", { content: "\n <think>a</think>b" }, "a", "b"],
  ["an empty think block", { content: "<think>\n\n</think>\n\n4" }, null, "4"],
  ["only the closing tag", { content: "2+2\n</think>\n\n4" }, "2+2", "4"],
  ["a second closing tag belongs to the answer", { content: "<think>a</think>b</think>c" }, "a", "b</think>c"],
  ["never closed, cut off", { content: "<think>\n2+", finish: "length" }, "2+", ""],
  ["never closed, stopped", { content: "<think>\n2+" }, "2+", ""],
  [
    "the tags named in the middle of an answer",
    { content: "Use <think> and </think>." },
    null,
    "Use <think> and </think>.",
  ],
  ["text misfiled while thinking is off", { content: "", reasoning: "4", thinkingOff: true }, null, "4"],
  ["thinking although it is off", { content: "4", reasoning: "2+2", thinkingOff: true }, "2+2", "4"],
  ["a closing tag while thinking is off", { content: "say </think>", thinkingOff: true }, null, "say </think>"],
  ["an empty reasoning field beside tags", { content: "<think>a</think>b", reasoning: "" }, "a", "b"],
  ["only thinking", { content: "", reasoning: "2+2", finish: "length" }, "2+2", ""],
] as const)("%s", (_name, given, thinking, answer) => {
  expect(splitReasoning({ ...raw, ...given })).toEqual({ thinking, answer })
})

test.each([
  ["reasoning_content", { reasoning_content: "hm" }],
  ["reasoning", { reasoning: "hm" }],
])("over HTTP: %s", async (_name, message) => {
  const { endpoint } = await setUp((_, response) => complete(response, "4", { message }))
  expect((await chat(endpoint)).value).toMatchObject({ thinking: "hm", answer: "4" })
})

test("over HTTP: misfiled text with thinking switched off in the extra body", async () => {
  const { endpoint, server } = await setUp(
    (_, response) => complete(response, null, { message: { reasoning_content: "4" } }),
    {
      config: { extraBody: { chat_template_kwargs: { enable_thinking: false } } },
    },
  )
  expect((await chat(endpoint)).value).toMatchObject({ thinking: null, answer: "4" })
  expect(server.received[0]?.body.chat_template_kwargs).toEqual({ enable_thinking: false })
})
