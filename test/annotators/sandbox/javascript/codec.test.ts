import { expect, test } from "vitest"
import { javascriptCodec, type Wire } from "../../../../annotators/sandbox/javascript/codec.ts"

const codec = javascriptCodec()
const never = () => {
  throw new Error("not plain")
}
const there = (value: unknown) => codec.unpack(JSON.parse(JSON.stringify(codec.pack(value, never))) as Wire, never)

const holed = [1, 2, undefined]
delete holed[1]

test("plain values come back as they were", () => {
  for (const value of [
    null,
    undefined,
    true,
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e300,
    10n ** 50n,
    "é\ud800\u0000",
    [],
    holed,
    {},
    { a: { b: [1] }, "": 1 },
    Object.assign(Object.create(null), { a: 1 }),
    new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]]),
    new Date(5),
    new Date(Number.NaN),
    /a\/b/giu,
    new Uint8Array([1, 255]),
    new Float64Array([Number.NaN, -0]),
    new BigInt64Array([-1n]),
    Buffer.from("ab"),
    Object.freeze({ a: Object.freeze([1]) }),
  ])
    expect(there(value)).toStrictEqual(value)
  expect(Object.isFrozen(there(Object.freeze([1])))).toBe(true)
  expect(Object.isFrozen(there([1]))).toBe(false)
  expect(1 in (there(holed) as unknown[])).toBe(false)
})

test("an object that occurs twice is one, and cycles are cycles", () => {
  const shared = { n: 1 }
  const [first, second] = there([shared, shared]) as object[]
  expect(first).toBe(second)
  const ring: Record<string, unknown> = { list: [] }
  ring.self = ring
  const back = there(ring) as typeof ring
  expect(back.self).toBe(back)
})

test("__proto__ is a member like any other", () => {
  const back = there(JSON.parse('{"__proto__": {"polluted": 1}}')) as object
  expect(Object.keys(back)).toEqual(["__proto__"])
  expect("polluted" in back).toBe(false)
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
})

test("what can do something is left to its owner", () => {
  for (const value of [
    () => 1,
    { run() {} },
    {
      get a() {
        return 1
      },
    },
    new (class A {})(),
    new Error("x"),
    Promise.resolve(),
    Symbol("s"),
    new WeakMap(),
  ])
    expect(codec.pack([value], () => ["mine"])).toEqual(["l", ["mine"]])
})

test("malformed wires throw", () => {
  for (const wire of [["@", 5], ["T", "constructor", 1], ["T", "Nothing"], ["i", "x"], ["x", "(", ""], ["?"], []])
    expect(() => codec.unpack(wire as Wire, never), JSON.stringify(wire)).toThrow()
})
