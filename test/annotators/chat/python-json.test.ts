import { describe, expect, test } from "vitest"
import { Float, floatText, parsePythonJson, pythonJson } from "../../../annotators/chat/python-json.ts"
import { pythonRepr, split, strip } from "../../../annotators/chat/python-text.ts"

// Each text is what `json.dumps(json.loads(text), ensure_ascii=False)` of CPython 3.11 gives back.
test.each([
  "1.0",
  "-0.0",
  "1e-07",
  "1e+22",
  "1e+16",
  "123456789012345.0",
  "0.0001",
  "5e-324",
  "1.7976931348623157e+308",
  "123456789012345678901234567890",
  '{"10": 1, "9": 2, "a": {"__proto__": [1.5, null, true, false]}}',
  '["\\u0000\\b\\f\\n\\r\\t\\u000b\\u001f\\"\\\\", "/</script>é😀"]',
  "{}",
  "[]",
  '""',
])("%s comes back as it is", (text) => expect(pythonJson(parsePythonJson(text))).toBe(text))

test("numbers that JavaScript would merge stay apart", () => {
  expect(parsePythonJson("[1, 1.0, 1e0, -0, 9007199254740993]")).toEqual([
    1,
    new Float(1),
    new Float(1),
    0,
    9007199254740993n,
  ])
  expect(floatText(Number.NaN)).toBe("nan")
  expect(pythonJson([Number.NaN, Number.NEGATIVE_INFINITY])).toBe("[NaN, -Infinity]")
})

test("duplicate keys: the last value at the first place", () => {
  expect(pythonJson(parsePythonJson('{"b": 1, "a": 2, "b": 3}'))).toBe('{"b": 3, "a": 2}')
})

test("options of the tojson filter", () => {
  const value = { b: [1, "é"], a: {}, c: [] }
  expect(pythonJson(value, { indent: 2 })).toBe('{\n  "b": [\n    1,\n    "é"\n  ],\n  "a": {},\n  "c": []\n}')
  expect(pythonJson(value, { sortKeys: true, separators: [",", ":"], ensureAscii: true })).toBe(
    '{"a":{},"b":[1,"\\u00e9"],"c":[]}',
  )
})

describe("what is no JSON", () => {
  test.each([
    "",
    "{",
    "[1,]",
    '{"a":}',
    '{"a" 1}',
    "tru",
    "01",
    "1.",
    "'a'",
    '"\n"',
    '"\\x"',
    "1 2",
    "[".repeat(600),
    "NaN",
  ])("%#", (text) => expect(() => parsePythonJson(text)).toThrow(SyntaxError))
})

test("Python's repr, strip and split", () => {
  expect(pythonRepr({ a: ["it's", 'x"', "\n\u0000é\u200b", null, true, new Float(2), 3n] })).toBe(
    "{'a': [\"it's\", 'x\"', '\\n\\x00é\\u200b', None, True, 2.0, 3]}",
  )
  expect(strip(" \u0085\u001c\ufeffx\u3000\n", null, "both")).toBe("\ufeffx")
  expect(strip("xxaxx", "x", "left")).toBe("axx")
  expect(split(" a  b c ", null, 1)).toEqual(["a", "b c "])
  expect(split("a,b,c", ",", 1)).toEqual(["a", "b,c"])
})
