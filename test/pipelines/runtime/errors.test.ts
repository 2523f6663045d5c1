import { expect, test } from "vitest"
import { CotyledonError, oneLine, RowError, stopError, usageError } from "../../../pipelines/runtime/errors.ts"

test("a message has what, where, expected and got, and what to do, a line each", () => {
  const error = usageError({
    what: "No such column",
    where: "a.parquet",
    expected: "question",
    got: "prompt",
    remedy: "Map it.",
  })
  expect(error.message).toBe("No such column (a.parquet)\nexpected question, got prompt\nMap it.")
  expect(error).toBeInstanceOf(CotyledonError)
  expect(error.exit).toBe(2)
  expect(stopError({ what: "w" }).exit).toBe(1)
  expect(stopError({ what: "w", expected: "e" }).message).toBe("w\nexpected e")
  expect(stopError({ what: "w", got: "g", remedy: "r" }).message).toBe("w\ngot g\nr")
})

test("hostile text cannot add lines, move the cursor or turn the reading direction", () => {
  const hostile = "a\nb\r\u001b[2J\u009b\u202e\u2066\u200f\ud800\u0007\u0000"
  const { message } = stopError({ what: hostile, where: hostile, got: hostile, remedy: hostile })
  expect(message.split("\n")).toHaveLength(3)
  expect(message.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
  expect(message.isWellFormed()).toBe(true)
  expect(oneLine("a\nb\ud83d c")).toBe("a\\u000ab\\ud83d c")
})

test("what can be read stays as it is, whatever the script", () => {
  for (const text of ["naïve 𝒳 👩‍👩‍👧", "مرحبا", "a\u00a0b"]) expect(oneLine(text)).toBe(text)
})

test("long text is cut without breaking a character", () => {
  expect(oneLine("x".repeat(500))).toBe(`${"x".repeat(400)}...`)
  expect(oneLine(`${"x".repeat(399)}👩 and more`).isWellFormed()).toBe(true)
})

test("a row error is final unless it says otherwise", () => {
  expect(new RowError("cut", "m")).toMatchObject({ reason: "cut", message: "m", retryable: false })
  expect(new RowError("cut", "m", { retryable: true, cause: 7 })).toMatchObject({ retryable: true, cause: 7 })
})
