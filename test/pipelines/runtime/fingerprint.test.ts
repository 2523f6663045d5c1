import { describe, expect, test } from "vitest"
import { canonicalJson, digestOf, sha256, uniform } from "../../../pipelines/runtime/fingerprint.ts"
import { random } from "../random-rows.ts"

describe("canonical JSON", () => {
  test.each<{ value: unknown; spelling: string }>([
    { value: { b: 1, a: [2, { d: 3, c: 4 }] }, spelling: '{"a":[2,{"c":4,"d":3}],"b":1}' },
    { value: { 10: "x", 9: "y", a: null }, spelling: '{"10":"x","9":"y","a":null}' },
    { value: { a: undefined, b: 1 }, spelling: '{"b":1}' },
    { value: [undefined, 1], spelling: "[null,1]" },
    { value: -0, spelling: "0" },
    { value: 2n ** 63n, spelling: "9223372036854775808" },
    { value: 1n, spelling: "1" },
    { value: 1e21, spelling: "1e+21" },
    { value: 0.1 + 0.2, spelling: "0.30000000000000004" },
    { value: 'é"\\\n\u2028\ufeff', spelling: '"é\\"\\\\\\n\u2028\ufeff"' },
    { value: "\ud800", spelling: '"\\ud800"' },
    { value: { "\u{1f600}": 1, "\uffff": 2 }, spelling: '{"\u{1f600}":1,"\uffff":2}' },
    { value: {}, spelling: "{}" },
    { value: [], spelling: "[]" },
    { value: null, spelling: "null" },
    { value: true, spelling: "true" },
  ])("$spelling", ({ value, spelling }) => {
    expect(canonicalJson(value)).toBe(spelling)
  })

  test.each<[string, unknown]>([
    ["NaN", Number.NaN],
    ["infinity", { a: [Number.POSITIVE_INFINITY] }],
    ["a function", { a: () => 1 }],
    ["a symbol", [Symbol("a")]],
    ["undefined", undefined],
    ["a date, which has no members to tell it from another", { at: new Date(0) }],
    ["a map", new Map([["a", 1]])],
    ["a set", new Set([1])],
  ])("%s throws", (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })

  test("the order in which keys were set says nothing, every value says something", () => {
    const next = random(5)
    const value = (depth: number): unknown => {
      const kind = next()
      if (depth > 0 && kind < 0.4)
        return Object.fromEntries(
          Array.from({ length: 3 }, () => [`k${Math.floor(next() * 1e9)}`, value(depth - 1)] as const),
        )
      if (depth > 0 && kind < 0.6) return [value(depth - 1), value(depth - 1)]
      return kind < 0.8 ? Math.floor(next() * 1e9) : `t${next()}`
    }
    const reversed = (of: unknown): unknown =>
      Array.isArray(of)
        ? of.map(reversed)
        : typeof of === "object" && of !== null
          ? Object.fromEntries(
              Object.entries(of)
                .reverse()
                .map(([key, member]) => [key, reversed(member)]),
            )
          : of
    const seen = new Set<string>()
    for (let at = 0; at < 200; at++) {
      const made = value(4)
      expect(digestOf(reversed(made))).toBe(digestOf(made))
      expect(JSON.parse(canonicalJson(made))).toEqual(made)
      seen.add(digestOf(made))
    }
    expect(seen.size).toBe(200)
  })
})

test.each([1, 2, 5, 23, 24, 25, 60])("of %i names each stands in its place", (count) => {
  const next = random(count)
  const names = Array.from(
    { length: count },
    (_, at) => `${["é", "Z", "a", "\ud83d\ude00", "\uffff"][at % 5]}${Math.floor(next() * 1e6)}`,
  )
  const members = JSON.parse(canonicalJson(Object.fromEntries(names.map((name, at) => [name, at])))) as object
  expect(Object.keys(members)).toEqual([...new Set(names)].sort())
})

test("digests are SHA-256 of UTF-8", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  expect(sha256(Buffer.from("é"))).toBe(sha256("é"))
  expect(digestOf({ a: 1 })).toBe(sha256('{"a":1}'))
})

describe("uniform", () => {
  test("is the same everywhere, and spread over [0, 1)", () => {
    expect(uniform(42, "a", "b")).toBe(uniform(42, "a", "b"))
    expect(uniform(42, "a", "b")).toBe(0.5567853541841465)
    const values = Array.from({ length: 4_000 }, (_, at) => uniform(1, "x", `${at}`))
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02)
    for (let bin = 0; bin < 10; bin++)
      expect(values.filter((value) => Math.floor(value * 10) === bin).length).toBeGreaterThan(320)
  })

  test("tells seeds and names apart", () => {
    expect(new Set([uniform(1, "a", "b"), uniform(1, "ab"), uniform(2, "a", "b"), uniform(1, "b", "a")]).size).toBe(4)
  })
})
