import { expect, test } from "vitest"
import { hasReference } from "../../filters/has-reference.ts"
import type { Row } from "../../pipelines/runtime/step.ts"

const reasonOf = (row: Row, majority: boolean) => {
  const reason = hasReference({ majority }).run(row, new Map())
  return reason && "reason" in reason ? reason.reason : null
}

test.each<[Row, string | null, string | null]>([
  [{ reference: "7" }, null, null],
  [{ reference: "0" }, null, null],
  [{ reference: null }, "no-reference", null],
  [{ reference: " \n" }, "no-reference", null],
  [{}, "no-reference", null],
  [{ reference: null, choices: ["six", "seven"] }, "no-reference", null],
  [{ reference: null, verifier: "code-tests" }, "no-reference", "no-reference"],
  [{ reference: null, verifier: "instruction-following" }, "no-reference", "no-reference"],
])("%j: %s; where a majority may stand in: %s", (row, alone, withMajority) => {
  expect([reasonOf(row, false), reasonOf(row, true)]).toEqual([alone, withMajority])
})
