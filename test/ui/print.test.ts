import { describe, expect, test } from "vitest"
import { columns, cut, dollars, duration, grouped, percent, shownPath } from "../../ui/print.ts"

test("numbers", () => {
  expect([0, 999, 1_000, 1_234_567.6].map(grouped)).toEqual(["0", "999", "1,000", "1,234,568"])
  expect([percent(1, 3), percent(0, 5), percent(5, 5), percent(1, 0)]).toEqual(["33.3%", "0.0%", "100.0%", "-"])
  expect([0, 0.00123, 0.5, 1, 1234.5].map(dollars)).toEqual(["$0.0000", "$0.0012", "$0.5000", "$1.00", "$1234.50"])
})

test("durations in their two largest units", () => {
  const seconds = [0, 59, 60, 200, 3_599, 3_600, 3_900, 90_000]
  expect(seconds.map((each) => duration(each * 1000))).toEqual([
    "0s",
    "59s",
    "1m00s",
    "3m20s",
    "59m59s",
    "1h00m",
    "1h05m",
    "25h00m",
  ])
  expect(duration(59_600)).toBe("1m00s")
})

describe("columns", () => {
  test("align text left and numbers right, without trailing space", () => {
    expect(columns([["a", "1", "x"], ["long name", "1,000", ""], ["b"]])).toEqual([
      "  a              1  x",
      "  long name  1,000",
      "  b",
    ])
    expect(
      columns(
        [
          ["share", "5.0%"],
          ["cost", "$12.50"],
        ],
        { indent: 0, gap: 1 },
      ),
    ).toEqual(["share   5.0%", "cost  $12.50"])
  })

  test("of nothing are nothing", () => {
    expect(columns([])).toEqual([])
    expect(columns([[]])).toEqual([""])
  })
})

test("text is cut with dots", () => {
  expect([cut("abcdef", 6), cut("abcdefg", 6), cut("abcdefg", 2)]).toEqual(["abcdef", "abc...", "..."])
})

test("paths are shown from here where that is shorter to say", () => {
  expect(shownPath(`${process.cwd()}/runs/a`)).toBe("runs/a")
  expect(shownPath(process.cwd())).toBe(".")
  expect(shownPath("/elsewhere/run")).toBe("/elsewhere/run")
})
