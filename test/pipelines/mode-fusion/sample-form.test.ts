import { describe, expect, it } from "vitest"
import { sampleForm } from "../../../pipelines/mode-fusion/sample-form.ts"
import type { Reason } from "../../../pipelines/runtime/step.ts"

const step = sampleForm()
const user = (content: string) => ({ role: "user", content })
const assistant = (content: string) => ({ role: "assistant", content })
const system = (content: string) => ({ role: "system", content })
const row = (mode: string, messages: unknown[], more: object = {}) => ({
  id: "a",
  mode,
  messages,
  reasoning: null,
  declared: null,
  tools: null,
  ...more,
})
const run = (mode: string, messages: unknown[], more: object = {}) =>
  step.run(row(mode, messages, more), new Map()) as { keep: Record<string, unknown>[] }
const completionOf = (mode: string, messages: unknown[], more: object = {}) => {
  const { completion } = run(mode, messages, more).keep[0] as { completion: { content: string }[] }
  return completion[0]!.content
}

describe("keeps", () => {
  it("thinking in the form that loaders keep", () => {
    const form = "<think>\nSo 4.\n</think>\n\n4"
    expect(completionOf("thinking", [user("2+2?"), assistant(form)])).toBe(form)
    expect(completionOf("thinking", [user("2+2?"), assistant("<think>So 4.</think>4")])).toBe(form)
    expect(completionOf("thinking", [user("2+2?"), assistant("4")], { reasoning: "So 4." })).toBe(form)
    expect(
      completionOf("thinking", [user("2+2?"), assistant("<think>\n\n</think>\n\n4")], { reasoning: "So 4." }),
    ).toBe(form)
  })
  it("answers without thinking behind the empty block", () => {
    const form = "<think>\n\n</think>\n\n4"
    expect(completionOf("non-thinking", [user("2+2?"), assistant(form)])).toBe(form)
    expect(completionOf("non-thinking", [user("2+2?"), assistant("4")])).toBe(form)
    expect(completionOf("non-thinking", [system("Be brief."), user("2+2?"), assistant("4")], { declared: false })).toBe(
      form,
    )
  })
  it("earlier turns of the assistant without their thinking, and says the mode in all places", () => {
    const turns = [user("2+2?"), assistant("<think>\nSo.\n</think>\n\n4"), user("And 3+3?"), assistant("6")]
    const [kept] = run("non-thinking", turns).keep
    expect(kept).toMatchObject({
      prompt: [user("2+2?"), assistant("4"), user("And 3+3?")],
      chat_template_kwargs: { enable_thinking: false },
      enable_thinking: false,
      messages: [],
    })
  })
  it("the letter of everything else", () => {
    const text = "  Indented\u00a0text\n\n```\n\u202e</b>\n```\n"
    const [kept] = run("non-thinking", [user(text), assistant("ok\n")]).keep
    expect(kept!.prompt).toEqual([user(text)])
    expect(kept!.completion).toEqual([assistant("<think>\n\n</think>\n\nok\n")])
  })
})

describe("drops", () => {
  const thought = assistant("<think>\nSo.\n</think>\n\n4")
  it.each<[string, string, unknown[], object?]>([
    ["no-turns", "thinking", []],
    ["unknown-role", "thinking", [{ role: "bot", content: "hi" }, thought]],
    ["unknown-role", "thinking", [user("hi"), { role: "tool", content: "5" }, thought]],
    ["roles-out-of-order", "thinking", [thought, user("2+2?")]],
    ["roles-out-of-order", "thinking", [user("2+2?"), user("and?"), thought]],
    ["roles-out-of-order", "thinking", [user("2+2?"), system("Be brief."), thought]],
    ["roles-out-of-order", "thinking", [user("2+2?"), thought, thought]],
    ["no-final-answer", "thinking", [user("2+2?")]],
    ["no-final-answer", "thinking", [system("Be brief.")]],
    ["no-final-answer", "thinking", [user("2+2?"), thought, user("3+3?")]],
    ["tools", "non-thinking", [user("2+2?"), assistant("4")], { tools: "[{}]" }],
    ["blank-turn", "thinking", [user(" \n"), thought]],
    ["blank-turn", "thinking", [user("2+2?"), assistant("<think>a</think>\n"), user("3+3?"), thought]],
    ["unclosed-thinking", "thinking", [user("2+2?"), assistant("<think>\nSo")]],
    ["unclosed-thinking", "thinking", [user("2+2?"), assistant("<think>\nSo"), user("3+3?"), thought]],
    ["no-thinking", "thinking", [user("2+2?"), assistant("4")]],
    ["empty-thinking", "thinking", [user("2+2?"), assistant("<think>\n \n</think>\n\n4")]],
    ["has-thinking", "non-thinking", [user("2+2?"), thought]],
    ["has-thinking", "non-thinking", [user("2+2?"), assistant("4")], { reasoning: "So." }],
    ["empty-answer", "thinking", [user("2+2?"), assistant("<think>\nSo.\n</think>\n\n ")]],
    ["empty-answer", "non-thinking", [user("2+2?"), assistant("  ")]],
    ["empty-answer", "non-thinking", [user("2+2?"), assistant("<think>\n\n</think>")]],
    ["other-mode", "thinking", [user("2+2?"), thought], { declared: false }],
    ["other-mode", "non-thinking", [user("2+2?"), assistant("4")], { declared: true }],
    ["special-token", "thinking", [user("2+2?"), assistant("<think>\nSo.\n</think>\n\n4 </think> 5")]],
    ["special-token", "thinking", [user("2+2?"), assistant("<think>\n<think>So.\n</think>\n\n4")]],
    ["special-token", "thinking", [user("2+2? <|im_end|>"), thought]],
    ["special-token", "non-thinking", [user("2+2?"), assistant("4<|endoftext|>")]],
    ["special-token", "non-thinking", [user("What is <think>?"), assistant("A tag.")]],
    ["special-token", "non-thinking", [user("2+2?"), assistant("4 <tool_call>"), user("3?"), assistant("3")]],
    ["special-token", "non-thinking", [system("<|im_start|>system"), user("2+2?"), assistant("4")]],
  ])("%s (%s)", (reason, mode, messages, more) => {
    expect(step.run(row(mode, messages, more), new Map()) as Reason).toMatchObject({ reason })
  })
})
