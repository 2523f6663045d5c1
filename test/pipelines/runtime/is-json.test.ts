import { expect, test } from "vitest"
import { isJson } from "../../../pipelines/runtime/is-json.ts"

class Point {
  x = 1
}

const same: unknown[] = [
  null,
  "",
  "\ud800",
  0,
  -1.5e300,
  Number.MAX_SAFE_INTEGER + 2,
  false,
  [],
  [[], {}],
  { a: { b: [1, "2", null, { c: true }] } },
  JSON.parse('{"a": 1, "constructor": "text", "toString": null}'),
]

test.each(same)("%o is what its JSON says", (value) => {
  expect(isJson(value)).toBe(true)
  expect(JSON.parse(JSON.stringify(value))).toStrictEqual(value)
})

const others: unknown[] = [
  undefined,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1n,
  Symbol("a"),
  () => 1,
  new Date(0),
  new Map(),
  new Point(),
  Int32Array.of(1),
  Buffer.from("a"),
  new String("a"),
  Object.create(null),
  JSON.parse('{"__proto__": 1}'),
  { toJSON: () => 1 },
  // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
  [1, , 2],
]

test.each(others)("%o is not", (value) => {
  expect(isJson(value)).toBe(false)
  expect(isJson([value])).toBe(false)
  expect(isJson({ a: { b: value } })).toBe(false)
})
