import { expect, test } from "vitest"
import { jsonCandidates } from "../../../annotators/endpoint/json-answer.ts"

const first = (text: string) => jsonCandidates(text).next().value

test.each<[string, string, unknown]>([
  ["plain JSON", '{"a": 1}', { a: 1 }],
  ["a fence", '```json\n{"a": 1}\n```', { a: 1 }],
  ["a fence without a language, talk around it", 'Here:\n```\n{"a": [1, 2]}\n```\nBye {}', { a: [1, 2] }],
  ["the last of two fences", '```json\n{"a": 1}\n```\nbetter:\n```json\n{"a": 2}\n```', { a: 2 }],
  ["text around", 'The answer is {"a": "}"} as asked.', { a: "}" }],
  ["the last of several objects", '{"a": 1} or rather {"a": 2}.', { a: 2 }],
  ["think tags before", '<think>{"a": 0}</think>{"a": 1}', { a: 1 }],
  ["trailing commas", '{"a": [1, 2,], "b": {"c": 3,},}', { a: [1, 2], b: { c: 3 } }],
  ["single quotes and Python's words", "{'a': True, 'b': None, 'c': 'it\\'s'}", { a: true, b: null, c: "it's" }],
  ["bare keys and comments", "{a: 1, // one\n /* two */ b: -2.5e3}", { a: 1, b: -2500 }],
  ["a raw line break in a string", '{"a": "x\ny"}', { a: "x\ny" }],
  ["TeX with lone backslashes", '{"a": "\\sqrt{2}"}', { a: "\\sqrt{2}" }],
  ["escapes", "{'a': '\\u00e9\\n\\t'}", { a: "é\n\t" }],
  ["an array", "[1, 2, {'a': []}]", [1, 2, { a: [] }]],
  ["a number", "42", 42],
])("%s", (_name, text, value) => {
  expect(first(text)).toEqual(value)
})

test.each(["", "yes", "{", '{"a": ', "{]", "[1 2]", "}{", '{"a" 1}', "-", "{a: 1e}"])("nothing in %j", (text) => {
  expect([...jsonCandidates(text)]).toEqual([])
})

test("keys named __proto__ stay keys", () => {
  const value = first('{__proto__: {"polluted": true}, a: 1,}') as Record<string, unknown>
  expect(Object.keys(value)).toEqual(["__proto__", "a"])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test.each([
  ["deep nesting", "[".repeat(200_000)],
  ["deep nesting that closes", "[".repeat(100_000) + "]".repeat(100_000)],
  ["strings that never close", '{"'.repeat(100_000)],
  ["fences that never close", "```json\n{".repeat(30_000)],
  ["comments that never close", "{/*".repeat(60_000)],
])("%s ends soon and finds nothing", (_name, text) => {
  expect([...jsonCandidates(`x ${text}`)].filter((value) => JSON.stringify(value) !== "[]")).toEqual([])
})
