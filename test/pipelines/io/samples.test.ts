import { describe, expect, it } from "vitest"
import { type SampleFile, samplesOf } from "../../../pipelines/io/samples.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { sourceSample } from "../../../schemas/source-sample.ts"

const file = (more: Partial<SampleFile> = {}): SampleFile => ({
  path: "/data/a.jsonl",
  name: "a.jsonl",
  source: "a.jsonl",
  format: { kind: "jsonl", compression: "none" },
  columns: {},
  defaults: { domain: null, verifier: null, verifierOptions: null },
  license: null,
  revision: null,
  mode: "non-thinking",
  category: null,
  language: null,
  ...more,
})
const read = (row: Row, more: Partial<SampleFile> = {}) => samplesOf(file(more))(row, { file: "a.jsonl", line: 3 })
const user = { role: "user", content: "2+2?" }
const assistant = { role: "assistant", content: "4" }

describe("the forms of a row", () => {
  it.each<[string, Row]>([
    ["F3", { prompt: [user], completion: [assistant] }],
    ["messages", { messages: [user, assistant] }],
    ["prompt and response", { prompt: "2+2?", response: "4" }],
    ["question and answer", { question: "2+2?", answer: "4" }],
    ["instruction and output", { instruction: "2+2?", output: "4", input: "" }],
  ])("%s", (_, row) => {
    const sample = read({ id: 7, ...row })
    expect(sample).toMatchObject({ id: "7", question_id: "7", messages: [user, assistant], reasoning: null })
    expect(sourceSample.row.safeParse(sample).success).toBe(true)
  })
  it("a mapping names ours by any of its names", () => {
    const sample = read(
      { q: "2+2?", a: "4", kind: "maths", prompt: "other" },
      { columns: { instruction: "q", answer: "a", category: "kind" } },
    )
    expect(sample).toMatchObject({ messages: [user, assistant], category: "maths", metadata: '{"prompt":"other"}' })
  })
  it("what the source says goes before what the config says", () => {
    const more = { category: "c", language: "de", license: "MIT", revision: "2", source: "s" }
    expect(read({ messages: [user, assistant] }, more)).toMatchObject(more)
    const own = { category: "own", language: "en", license: "CC0-1.0", revision: "3", source: "there" }
    expect(read({ messages: [user, assistant], ...own }, more)).toMatchObject(own)
  })
  it("a usual name that holds something else is a column like any other", () => {
    const sample = read({
      messages: [user, assistant],
      category: { a: 1 },
      source: ["x"],
      pass_rate: "high",
      score: 0.5,
    })
    expect(sample).toMatchObject({ category: null, source: "a.jsonl", pass_rate: null })
    expect(read({ prompt: "2+2?", response: "4", thinking: 1, input: true })).toMatchObject({
      messages: [user, assistant],
      reasoning: null,
      metadata: '{"input":true,"thinking":1}',
    })
    expect(JSON.parse(sample.metadata!)).toEqual({ category: { a: 1 }, source: ["x"], pass_rate: "high", score: 0.5 })
  })
  it("thinking stands in its own column or in the last turn", () => {
    expect(read({ prompt: "2+2?", response: "4", thinking: "So." }).reasoning).toBe("So.")
    const turns = [user, { ...assistant, reasoning_content: "Old." }, user, { ...assistant, reasoning_content: "New." }]
    expect(read({ messages: turns }).reasoning).toBe("New.")
  })
  it("tools and their calls are seen", () => {
    expect(read({ messages: [user, assistant], tools: [] }).tools).toBeNull()
    expect(read({ messages: [user, assistant], tools: '[{"name":"f"}]' }).tools).toBe('[{"name":"f"}]')
    const call = { role: "assistant", content: null, tool_calls: [{ function: { name: "f", arguments: "{}" } }] }
    expect(read({ messages: [user, call] }).tools).toContain('"name":"f"')
  })
  it("ids without one of their own come from the conversation alone", () => {
    const id = read({ prompt: "2+2?", response: "4", note: 1 }).id
    expect(id).toMatch(/^sha256:[0-9a-f]{24}$/)
    expect(read({ messages: [user, assistant] }).id).toBe(id)
    expect(read({ prompt: "2+2?", response: "5" }).id).not.toBe(id)
  })
})

describe("a row that is none", () => {
  it.each<[string, Row, Partial<SampleFile>?]>([
    ["column prompt: expected text, got 5", { prompt: 5, response: "4" }],
    ["column response: expected text, got null", { prompt: "2+2?", response: null }],
    ["column completion: expected text, got nothing", { prompt: "2+2?" }, {}],
    ["column messages: expected a list of turns {role, content}, got hi", { messages: "hi" }],
    ["column messages[1]: expected a turn {role, content}, got 4", { messages: [user, "4"] }],
    ["column messages[0].role: expected text, got nothing", { messages: [{ content: "a" }] }],
    ["column messages[0].content: expected text, got [1]", { messages: [{ role: "user", content: [1] }] }],
    ["column completion: expected one turn of the assistant, got 0 turns", { prompt: [user], completion: [] }],
    ["column prompt: expected text, got", { prompt: [user], completion: "4" }],
    [
      "column kind: expected text, got",
      { messages: [user, assistant], kind: { a: 1 } },
      { columns: { category: "kind" } },
    ],
    [
      "enable_thinking is true and chat_template_kwargs.enable_thinking false",
      { messages: [user, assistant], enable_thinking: true, chat_template_kwargs: { enable_thinking: false } },
    ],
    ["expected at most 4000000 characters", { prompt: "x".repeat(4_000_001), response: "4" }],
    ["expected at most 10000 turns", { messages: Array.from({ length: 10_001 }, () => user) }],
  ])("says %s", (message, row, more) => {
    expect(() => read(row, more)).toThrow(`a.jsonl, line 3: `)
    expect(() => read(row, more)).toThrow(message.replace("got nothing", "got"))
  })
})
