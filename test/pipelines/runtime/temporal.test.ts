import { describe, expect, test } from "vitest"
import {
  dateText,
  daysOf,
  decimalText,
  ticksOf,
  timestampText,
  timeText,
  timeTicksOf,
  unscaledOf,
} from "../../../pipelines/runtime/temporal.ts"
import { random } from "../random-rows.ts"

test("dates: both ways, and what is none", () => {
  for (const days of [0, -1, 19_782, -719_162, 2_932_896, -800_000, 3_000_000])
    expect(daysOf(dateText(days))).toBe(days)
  expect(dateText(19_782)).toBe("2024-02-29")
  for (const text of ["2023-02-29", "2024-13-01", "2024-1-1", "", "x", "2024-02-29T00:00:00"])
    expect(daysOf(text)).toBeNull()
})

describe("timestamps", () => {
  test.each([
    [0n, 0, false, "1970-01-01T00:00:00"],
    [-1n, 3, true, "1969-12-31T23:59:59.999999999Z"],
    [1_709_209_845_123_456n, 2, false, "2024-02-29T12:30:45.123456"],
    [-62_135_596_800_000n, 1, true, "0001-01-01T00:00:00.000Z"],
  ] as const)("%s in unit %i", (ticks, unit, utc, text) => {
    expect(timestampText(ticks, unit, utc)).toBe(text)
    expect(ticksOf(text, unit)).toBe(ticks)
  })

  test("random ones, both ways", () => {
    const next = random(1)
    for (let round = 0; round < 500; round++) {
      const unit = Math.floor(next() * 4)
      const ticks = BigInt(Math.floor((next() - 0.5) * 2 ** 53)) * (unit === 3 ? 700n : 1n)
      const bounded = unit === 0 ? ticks % 10n ** 11n : ticks
      expect(ticksOf(timestampText(bounded, unit, false), unit)).toBe(bounded)
    }
  })

  test("finer than the unit, or none", () => {
    expect(ticksOf("2024-01-01T00:00:00.0005", 1)).toBeNull()
    expect(ticksOf("2024-01-01T00:00:00.5000", 1)).toBe(1_704_067_200_500n)
    expect(ticksOf("2024-01-01", 1)).toBeNull()
    expect(timeTicksOf("24:60:00", 0)).toBeNull()
  })
})

test("times and decimals, both ways", () => {
  expect(timeText(86_399_999_999n, 2)).toBe("23:59:59.999999")
  expect(timeTicksOf("23:59:59.999999", 2)).toBe(86_399_999_999n)
  for (const [unscaled, scale, text] of [
    [-1250n, 2, "-12.50"],
    [5n, 3, "0.005"],
    [-5n, 0, "-5"],
    [0n, 2, "0.00"],
  ] as const) {
    expect(decimalText(unscaled, scale)).toBe(text)
    expect(unscaledOf(text, scale)).toBe(unscaled)
  }
  expect(unscaledOf("1.234", 2)).toBeNull()
  expect(unscaledOf("1e5", 2)).toBeNull()
})
