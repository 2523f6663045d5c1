// Our equality, for engines without `node:assert`, beside the one of Node.
import assert from "node:assert"
import { expect, test } from "vitest"
import { javascriptEquality } from "../../../../annotators/sandbox/javascript/equality.ts"

const equal = javascriptEquality()

class A {
  x = 1
}
class B {
  x = 1
}
const ring = () => {
  const each: Record<string, unknown> = { a: 1 }
  each.self = each
  return each
}
const values: unknown[] = [
  0,
  -0,
  1,
  "1",
  "",
  null,
  undefined,
  true,
  false,
  Number.NaN,
  1n,
  [],
  [1],
  [1, 2],
  ["1"],
  [undefined],
  new Array(1),
  {},
  { a: 1 },
  { a: "1" },
  { a: undefined },
  { a: 1, b: 2 },
  { b: 2, a: 1 },
  Object.create(null),
  new A(),
  new B(),
  new Map(),
  new Map([["a", 1]]),
  new Map([["a", 2]]),
  new Map([[{ a: 1 }, 1]]),
  new Map([[{ a: 1 }, 1]]),
  new Set([1]),
  new Set([2]),
  new Set([{ a: 1 }]),
  new Set([{ a: 1 }]),
  new Date(0),
  new Date(1),
  /a/,
  /a/g,
  new Uint8Array([1]),
  new Uint8Array([2]),
  new Int8Array([1]),
  new Error("x"),
  new Error("y"),
  new TypeError("x"),
  ring(),
  ring(),
  [[1, [2]]],
  [[1, [2]]],
  [[1, [3]]],
]

const agrees = (compare: (a: unknown, b: unknown) => void, a: unknown, b: unknown) => {
  try {
    compare(a, b)
    return true
  } catch {
    return false
  }
}

test("strict and loose equality are those of node:assert, for every pair", () => {
  for (const [i, a] of values.entries())
    for (const [j, b] of values.entries()) {
      expect(equal(a, b, "strict"), `strict ${i} ${j}`).toBe(agrees(assert.deepStrictEqual, a, b))
      expect(equal(a, b, "loose"), `loose ${i} ${j}`).toBe(agrees(assert.deepEqual, a, b))
    }
})

test("equality of data is that of toEqual, for every pair", () => {
  for (const [i, a] of values.entries())
    for (const [j, b] of values.entries())
      expect(equal(a, b, "data"), `${i} ${j}`).toBe(agrees((x, y) => expect(x).toEqual(y), a, b))
})
