import { expect, test } from "vitest"
import { funnelLines, lossName, tallyLines } from "../../ui/funnel.ts"

test("the funnel goes from what came in to what is left", () => {
  const lines = funnelLines({
    rows: { in: 2_000, out: 1_200, dropped: 780, failed: 20 },
    drops: { language: { language: 300 }, judge: { "not-verifiable": 400, "several-questions": 80 } },
  })
  expect(lines).toEqual([
    "  rows in                   2,000",
    "  language                   -300  15.0%  1,700",
    "  judge: not-verifiable      -400  20.0%  1,300",
    "  judge: several-questions    -80   4.0%  1,220",
    "  failed                      -20   1.0%  1,200",
    "  in the dataset            1,200  60.0%",
  ])
})

test("of no rows it divides by nothing", () => {
  expect(funnelLines({ rows: { in: 0, out: 0, dropped: 0, failed: 0 }, drops: {} })).toEqual([
    "  rows in         0",
    "  in the dataset  0  -",
  ])
})

test("a step that drops for one reason of its own name is named once", () => {
  expect([lossName("truncated", "truncated"), lossName("length", "too-long")]).toEqual([
    "truncated",
    "length: too-long",
  ])
})

test("tallies are shares of the largest", () => {
  expect(tallyLines({ draft: { drafts: 200, right: 50 } })).toEqual([
    "  draft",
    "    drafts  200",
    "    right    50  25.0%",
  ])
  expect(tallyLines({})).toEqual([])
})
