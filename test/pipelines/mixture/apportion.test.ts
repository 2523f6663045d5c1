import { expect, it } from "vitest"
import { apportion } from "../../../pipelines/mixture/apportion.ts"
import { seeded } from "../../faults/random.ts"

it("gives what is left to the largest remainders", () => {
  expect(apportion(10, [0.55, 0.45])).toEqual([6, 4])
  expect(apportion(30, [0.1, 0.2, 0.7])).toEqual([3, 6, 21])
  expect(apportion(1, [0.5, 0.5])).toEqual([1, 0])
  expect(apportion(0, [0.5, 0.5])).toEqual([0, 0])
})
it("keeps the total, and each number within one of its quota", () => {
  const random = seeded(3)
  for (let round = 0; round < 2_000; round++) {
    const weights = Array.from({ length: 1 + Math.floor(random() * 12) }, () => random() + 0.001)
    const sum = weights.reduce((a, b) => a + b)
    const shares = weights.map((weight) => weight / sum)
    const size = Math.floor(random() * 5_000)
    const counts = apportion(size, shares)
    expect(counts.reduce((a, b) => a + b, 0)).toBe(size)
    for (const [at, count] of counts.entries()) expect(Math.abs(count - shares[at]! * size)).toBeLessThan(1)
  }
})
