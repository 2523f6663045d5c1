import { describe, expect, it } from "vitest"
import {
  evaluateExactly,
  evaluateNearly,
  maxDepth,
  maxNodes,
  parseExpression,
  symbolsOf,
} from "../../../annotators/verifiers/math-expression.ts"
import * as rational from "../../../annotators/verifiers/rational.ts"

const exact = (text: string) => {
  const tree = parseExpression(text)
  const value = tree && evaluateExactly(tree, new Map())
  return value && `${value.numerator}/${value.denominator}`
}
const near = (text: string, symbols: [string, number][] = []) =>
  evaluateNearly(parseExpression(text)!, new Map(symbols))

describe("parser", () => {
  it("binds as mathematics does", () => {
    expect(exact("2+3*4")).toBe("14/1")
    expect(exact("-2^2")).toBe("-4/1")
    expect(exact("2^3^2")).toBe("512/1")
    expect(exact("8-3-2")).toBe("3/1")
    expect(exact("(1+2)(3)")).toBe("9/1")
    expect(exact("2^-1")).toBe("1/2")
  })
  it("reads LaTeX fractions, roots and mixed numbers", () => {
    expect(exact("\\frac{1}{3}")).toBe("1/3")
    expect(exact("\\frac12")).toBe("1/2")
    expect(exact("1\\frac{1}{3}")).toBe("4/3")
    expect(exact("\\sqrt{9}")).toBe("3/1")
    expect(near("\\sqrt[3]{8}")).toBeCloseTo(2, 12)
    expect(near("\\sqrt[3]{0-8}")).toBeCloseTo(-2, 12)
    expect(near("2\\pi r", [["r", 3]])).toBeCloseTo(6 * Math.PI, 12)
  })
  it("refuses what it does not read", () => {
    for (const text of ["", "+", "1 2", "1,2", "(1", "1)", "\\sin x", "|x|", "3!", "a < b", "\\frac{1}", "2^", "{,}"])
      expect(parseExpression(text), text).toBeNull()
  })
  it("names the free symbols, sorted", () => {
    expect(symbolsOf(parseExpression("b+aB\\alpha")!)).toEqual(["B", "\\alpha", "a", "b"])
  })
  it("counts nodes and depth", () => {
    const sum = (terms: number) => Array(terms).fill("1").join("+")
    expect(parseExpression(sum(maxNodes / 2))).not.toBeNull()
    expect(parseExpression(sum(maxNodes / 2 + 1))).toBeNull()
    const nested = (depth: number) => `${"(".repeat(depth)}1${")".repeat(depth)}`
    expect(parseExpression(nested(maxDepth - 1))).not.toBeNull()
    expect(parseExpression(nested(maxDepth))).toBeNull()
  })
})

describe("rational", () => {
  const fraction = (a: number, b: number) => rational.divide(rational.whole(a), rational.whole(b))!
  it("is exact", () => {
    expect(rational.equals(rational.add(fraction(1, 10), fraction(2, 10))!, fraction(3, 10))).toBe(true)
    expect(rational.equals(fraction(1, -2), fraction(-1, 2))).toBe(true)
    expect(rational.compare(fraction(1, 3), fraction(3334, 10_000))).toBe(-1)
  })
  it("has no value for 1/0 and 0^-1, and one for 0^0", () => {
    expect(rational.divide(rational.whole(1), rational.whole(0))).toBeNull()
    expect(rational.power(rational.whole(0), rational.whole(-1))).toBeNull()
    expect(rational.equals(rational.power(rational.whole(0), rational.whole(0))!, rational.whole(1))).toBe(true)
  })
  it("refuses to grow beyond its budget", () => {
    expect(rational.power(rational.whole(2), rational.whole(rational.maxBits))).toBeNull()
    expect(rational.decimal("1", "", 9_999)).toBeNull()
    let value: rational.Rational | null = rational.whole(3)
    let squarings = 0
    for (; value !== null; squarings++) value = rational.multiply(value, value)
    expect(squarings).toBeLessThanOrEqual(Math.log2(rational.maxBits))
  })
  it("becomes a double also where its parts are beyond one", () => {
    const huge = rational.decimal("1", "", 400)!
    const threeHuge = rational.decimal("3", "", 400)!
    expect(rational.toDouble(rational.divide(huge, threeHuge)!)).toBeCloseTo(1 / 3, 15)
    expect(rational.toDouble(huge)).toBe(Number.POSITIVE_INFINITY)
    expect(rational.toDouble(rational.decimal("5", "", -1)!)).toBe(0.5)
  })
  it("takes exact square roots alone", () => {
    expect(rational.equals(rational.squareRoot(fraction(8, 18))!, fraction(2, 3))).toBe(true)
    expect(rational.squareRoot(rational.whole(2))).toBeNull()
    expect(rational.squareRoot(rational.whole(-4))).toBeNull()
  })
})
