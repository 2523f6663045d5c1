import { expect, test } from "vitest"
import { viewOf } from "../../../ui/apply/step-view.ts"
import { findStep } from "../../../ui/find-step.ts"

const judge = { entry: findStep("not-verifiable"), reads: "question" }

test("text stands in for the question, and stays text", () => {
  const row = { text: "What?", more: 1 }
  const view = viewOf(row, judge)
  expect(view.row).toMatchObject({ question: "What?" })
  expect(view.back({ ...view.row, judgements: [] })).toEqual({ text: "What?", more: 1, judgements: [] })
})

test("--column goes before the column of that name, which comes back as it was", () => {
  const row = { problem: "What?", question: "other" }
  const view = viewOf(row, { ...judge, column: "problem" })
  expect(view.row.question).toBe("What?")
  expect(view.back({ ...view.row, judgements: 1 })).toEqual({ problem: "What?", question: "other", judgements: 1 })
})

test("what a step writes into its column goes into the row's column", () => {
  const view = viewOf({ problem: "a" }, { ...judge, column: "problem" })
  expect(view.back({ ...view.row, question: "b" })).toEqual({ problem: "b" })
})

test.each([
  [{}, "column question: expected text, got nothing"],
  [{ question: null }, "column question: expected text, got null"],
  [{ question: ["a"] }, "column question: expected text, got a list"],
])("%j has no question", (row, message) => {
  expect(() => viewOf(row, judge)).toThrow(message)
})

test("a null text is nothing to search, a missing one is an error", () => {
  const tokens = { entry: findStep("special-tokens"), reads: "text" }
  expect(viewOf({ text: null }, tokens).row).toEqual({ text: null })
  expect(() => viewOf({ other: "a" }, tokens)).toThrow("column text: expected text, got nothing")
})

test("the label is hidden from the step and kept in the row", () => {
  const view = viewOf(
    { question: "a", domain: "law" },
    { entry: findStep("domain"), reads: "question", hidden: "domain" },
  )
  expect(view.row).toEqual({ question: "a" })
  expect(view.back({ ...view.row, domain: "logic" })).toEqual({ question: "a", domain: "logic" })
  expect(view.back(view.row)).toEqual({ question: "a", domain: "law" })
})

test("rows without an id of text are told apart by number or content, and get no id column", () => {
  const reserve = { entry: findStep("reserve"), reads: "id" }
  expect(viewOf({ id: 12n }, reserve).row.id).toBe("12")
  const [one, same, other] = [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 2 }].map((row) => viewOf(row, reserve))
  expect(one!.row.id).toMatch(/^sha256:[0-9a-f]{24}$/)
  expect(same!.row.id).toBe(one!.row.id)
  expect(other!.row.id).not.toBe(one!.row.id)
  expect(one!.back(one!.row)).toEqual({ a: 1, b: 2 })
})
