import { expect, test } from "vitest"
import { cells, fit, fitLine, lineText, padded, span, visible, wrapped } from "../../../ui/live/cells.ts"

test("what could steer a terminal or hide is spelled out", () => {
  const hostile = "a\u001b]8;;http://x\u0007b\u001b\\ \u202ec \u200bd \ufeff \u{e0041} \u2028 \ud800 \u009b31m"
  const shown = visible(hostile)
  expect(shown).toBe(
    "a\\u001b]8;;http://x\\u0007b\\u001b\\ \\u202ec \\u{200b}d \\u{feff} \\u{e0041} \\u{2028} \\ud800 \\u009b31m",
  )
  expect(shown).toMatch(/^[ -~]*$/)
  expect(visible("Σ 数学 é")).toBe("Σ 数学 é")
})

test("wide characters take two cells, combining marks none; cutting and padding count cells", () => {
  expect(cells("数学")).toBe(4)
  expect(cells("e\u0301")).toBe(1)
  expect(fit("数学数学数学数学", 14)).toBe("数学数学数...")
  expect(fit("abcdef", 4)).toBe("abcd")
  expect(fit("abc", 3)).toBe("abc")
  expect(padded("数", 4)).toBe("数  ")
  expect(padded("12", 4, "right")).toBe("  12")
  expect(lineText(fitLine([span("abc"), span("def")], 5))).toBe("abcde")
})

test("long text is wrapped at spaces, and in the middle where there are none", () => {
  expect(wrapped("one two three", 8)).toEqual(["one two ", "three"])
  expect(wrapped("x".repeat(20), 8)).toEqual(["x".repeat(8), "x".repeat(8), "x".repeat(4)])
  for (const line of wrapped("数学 ".repeat(30), 11)) expect(cells(line)).toBeLessThanOrEqual(11)
})
