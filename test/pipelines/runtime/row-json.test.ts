import { describe, expect, test } from "vitest"
import { canonicalRowJson, parseJson, rowJson } from "../../../pipelines/runtime/row-json.ts"

describe("rowJson", () => {
  test("keeps the order of columns and every integer", () => {
    expect(rowJson({ b: 2n ** 63n, a: [-(2n ** 63n), null, -0, 0.1] })).toBe(
      '{"b":9223372036854775808,"a":[-9223372036854775808,null,-0,0.1]}',
    )
  })

  test("bytes are base64 and the numbers that JSON lacks are strings", () => {
    expect(
      rowJson({
        b: Buffer.from([255, 0]),
        u: Uint8Array.of(1),
        n: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      }),
    ).toBe('{"b":"/wA=","u":"AQ==","n":["NaN","Infinity","-Infinity"]}')
  })

  test("a line break never splits a row", () => {
    expect(rowJson({ a: "x\r\n\u2028y", "k\n": "\ud800" })).not.toMatch(/[\r\n]/)
  })
})

describe("canonicalRowJson", () => {
  test("sorts the keys at every depth by code unit and leaves lists alone", () => {
    expect(canonicalRowJson({ b: 1, a: [{ d: 1n, c: 2 }, 3], B: {}, "9": 0, "10": 0, u: undefined })).toBe(
      '{"10":0,"9":0,"B":{},"a":[{"c":2,"d":1},3],"b":1}',
    )
    expect(canonicalRowJson({ b: 1, a: { d: 1, c: 2n } })).toBe('{"a":{"c":2,"d":1},"b":1}')
  })

  test("an own __proto__ is kept", () => {
    expect(canonicalRowJson(JSON.parse('{"b":1,"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1},"b":1}')
  })
})

describe("parseJson", () => {
  test.each([
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["-9007199254740993", -9007199254740993n],
    ["1234567890123456.5", 1234567890123456.5],
    ["1e300", 1e300],
    ['"9007199254740993"', "9007199254740993"],
  ])("%s", (text, value) => {
    expect(parseJson(text)).toBe(value)
  })

  test("a number beyond a double is no Infinity", () => {
    expect(() => parseJson('{"a":1e999}')).toThrow(RangeError)
    expect(() => parseJson("nope")).toThrow(SyntaxError)
  })

  test("gives back what rowJson wrote", () => {
    const row = { a: 2n ** 70n, b: [1.5, null, "\ufeff"], c: { d: -(2n ** 63n) } }
    expect(parseJson(rowJson(row))).toEqual(row)
  })
})
