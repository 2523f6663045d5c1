import { expect, test } from "vitest"
import { markForReview } from "../../../pipelines/cold-start/mark-for-review.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"

const marked = (row: Row, share: number) => {
  const fate = markForReview({ share, seed: 1 }).run(row, new Map())
  if (fate === null || !("keep" in fate)) throw new Error("expected the row")
  return fate.keep[0]!.review
}
const row = { id: "q", reference: "7" }

test("humans see every question that no draft solved, and no question without a reference", () => {
  expect(marked({ ...row, correct: 0 }, 0)).toBe(true)
  expect(marked({ ...row, correct: 1 }, 0)).toBe(false)
  expect(marked({ ...row, correct: 1 }, 1)).toBe(true)
  expect(marked({ ...row, correct: 0, reference: null }, 1)).toBe(false)
})

test("the share of the others is chosen by id", () => {
  const rows = Array.from({ length: 2_000 }, (_, at) => marked({ ...row, id: `q${at}`, correct: 2 }, 0.1))
  const seen = rows.filter((review) => review).length
  expect(seen).toBeGreaterThan(150)
  expect(seen).toBeLessThan(250)
  expect(Array.from({ length: 2_000 }, (_, at) => marked({ ...row, id: `q${at}`, correct: 2 }, 0.1))).toEqual(rows)
})
