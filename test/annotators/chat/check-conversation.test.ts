import { expect, test } from "vitest"
import { checkConversation } from "../../../annotators/chat/check-conversation.ts"
import type { Conversation, Message } from "../../../annotators/chat/conversation.ts"
import { seeded } from "../../faults/random.ts"
import { sampleOf } from "./samples.ts"

const reasonOf = (conversation: Conversation): string | null => {
  try {
    checkConversation(conversation)
    return null
  } catch (error) {
    return (error as { reason?: string }).reason ?? String(error)
  }
}

const user = (content: unknown): Message => ({ role: "user", content })
const assistant = (content: unknown, rest: object = {}): Message => ({ role: "assistant", content, ...rest })
const tool = (content: unknown): Message => ({ role: "tool", content })
const system = (content: unknown): Message => ({ role: "system", content })
const called = (call: unknown) => [user("q"), assistant("", { tool_calls: [call] })]
const call = { type: "function", function: { name: "f", arguments: '{"x": 1}' } }

test.each<[string, Message[], string | null]>([
  ["one question", [user("q")], null],
  ["turns that alternate", [system("s"), user("q"), assistant("a"), user("q")], null],
  ["a system's turn in between", [user("q"), assistant("a"), system("s"), user("q")], null],
  [
    "tools: call, results, answer",
    [user("q"), assistant("", { tool_calls: [call] }), tool("1"), tool("2"), assistant("a")],
    null,
  ],
  ["an assistant first", [assistant("a"), user("q")], "roles-out-of-order"],
  ["an assistant behind the system", [system("s"), assistant("a")], "roles-out-of-order"],
  ["two questions", [user("q"), user("q")], "roles-out-of-order"],
  ["two answers", [user("q"), assistant("a"), assistant("a")], "roles-out-of-order"],
  ["a result without a call", [user("q"), tool("1")], "roles-out-of-order"],
  ["a result first", [tool("1")], "roles-out-of-order"],
  ["a role of others", [{ role: "developer", content: "s" }, user("q")], "bad-role"],
  ["a role that is no text", [{ role: 3 as never, content: "s" }], "bad-role"],
  ["a control token in a question", [user("a <|im_end|> b")], "special-token"],
  ["a control token in the system", [system("<|im_start|>"), user("q")], "special-token"],
  ["one that only another family has", [user("<|eot_id|>")], "special-token"],
  ["an image's marker", [user("<|vision_start|>")], "special-token"],
  ["think tags in a question", [user("write <think> first")], "special-token"],
  ["a control token in a list content", [user([{ type: "text", text: "<|im_end|>" }])], "special-token"],
  ["a block at the start of an answer", [user("q"), assistant("<think>\nr\n</think>\n\na")], null],
  ["a block without an end", [user("q"), assistant("<think>\nr")], "thinking-without-end"],
  ["a block later", [user("q"), assistant("a <think>r</think>")], "special-token"],
  ["a literal closing tag", [user("q"), assistant("use </think> there")], "special-token"],
  ["a second closing tag", [user("q"), assistant("<think>r</think>a</think>b")], "special-token"],
  ["a nested block", [user("q"), assistant("<think>r<think>s</think></think>a")], "special-token"],
  [
    "a block beside reasoning_content",
    [user("q"), assistant("<think>r</think>a", { reasoning_content: "r" })],
    "special-token",
  ],
  ["a tag in reasoning_content", [user("q"), assistant("a", { reasoning_content: "r</think>" })], "special-token"],
  [
    "angle brackets that mean nothing",
    [user("a < b, <b>x</b>, <|, |>, <think>".replace("<think>", "<thinking>"))],
    null,
  ],
  ["a call as an object", called({ name: "f", arguments: { x: 1 } }), null],
  ["a call as JSON", called(call), null],
  ["arguments that are no JSON", called({ function: { name: "f", arguments: "{x" } }), "bad-tool-call"],
  ["arguments that are no object", called({ function: { name: "f", arguments: "[1]" } }), "bad-tool-call"],
  ["no arguments", called({ function: { name: "f" } }), "bad-tool-call"],
  ["no name", called({ function: { arguments: {} } }), "bad-tool-call"],
  ["a call that is text", called("f()"), "bad-tool-call"],
  ["calls that are an object", [user("q"), assistant("", { tool_calls: { name: "f" } })], "bad-tool-call"],
  ["a call whose name is no JSON between quotes", called({ name: 'f"g', arguments: {} }), "bad-tool-call"],
  ["a call of a user", [{ ...user("q"), tool_calls: [call] } as Message], "bad-tool-call"],
  ["a control token in arguments", called({ name: "f", arguments: { x: ["<|im_end|>"] } }), "special-token"],
  ["a control token in a key", called({ name: "f", arguments: '{"</think>": 1}' }), "special-token"],
  ["a call in a content", [user("q"), assistant('x\n<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>')], null],
  ["a call in a content that is no JSON", [user("q"), assistant("<tool_call>\nf()\n</tool_call>")], "bad-tool-call"],
  ["a call in a content without its end", [user("q"), assistant("<tool_call>\n{}")], "special-token"],
  [
    "results in a user's turn",
    [user("<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>")],
    null,
  ],
  ["a result's tag inside a question", [user("what is <tool_response>?")], "special-token"],
  [
    "a control token in a result",
    [user("q"), assistant("", { tool_calls: [call] }), tool("<|im_start|>")],
    "special-token",
  ],
])("%s", (_, messages, reason) => {
  expect(reasonOf({ messages })).toBe(reason)
})

test("a million open tags of calls are looked at once", () => {
  const start = performance.now()
  expect(reasonOf({ messages: [user("q"), assistant("<tool_call>".repeat(1_000_000))] })).toBe("special-token")
  expect(performance.now() - start).toBeLessThan(10_000)
})

test("what two calls leave behind is no tag", () => {
  const block = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'
  expect(reasonOf({ messages: [user("q"), assistant(`a\n${block}\n${block}\nb`)] })).toBeNull()
  expect(reasonOf({ messages: [user("q"), assistant(`a\n${block}\n<tool_call>`)] })).toBe("special-token")
})

test("the texts of tools are checked as well", () => {
  const tools = [{ type: "function", function: { name: "f", description: "ends with <|im_end|>" } }]
  expect(reasonOf({ messages: [user("q")], tools })).toBe("special-token")
})

test("a template's own control tokens count", () => {
  expect(() => checkConversation({ messages: [user("a [INST] b")] }, /\[INST\]/)).toThrow(
    /messages\[0\]\.content.*\[INST\] at 2/,
  )
})

test("samples as they should be pass, 300 of them", () => {
  const random = seeded(29)
  for (let at = 0; at < 300; at++) {
    const { prompt, completion, tools = null } = sampleOf(random)
    expect(reasonOf({ messages: [...prompt, ...completion], tools })).toBeNull()
  }
})
