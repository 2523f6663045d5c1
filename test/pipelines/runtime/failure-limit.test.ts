import { expect, test } from "vitest"
import { CotyledonError } from "../../../pipelines/runtime/errors.ts"
import { FailureLimit } from "../../../pipelines/runtime/failure-limit.ts"

test("a few failures at the start say nothing yet; at the end they count", () => {
  const limit = new FailureLimit("draft", 0.05)
  for (let row = 0; row < 50; row++) limit.count(1, row < 5 ? ["cut"] : [])
  expect(() => limit.finish()).toThrow(CotyledonError)
  const enough = new FailureLimit("draft", 0.05)
  for (let row = 0; row < 100; row++) enough.count(1, row < 5 ? ["cut"] : [])
  enough.finish()
})

test("stops at the row that exceeds the share, and says why", () => {
  const limit = new FailureLimit("draft", 0.1)
  for (let row = 0; row < 100; row++) limit.count(1, row < 4 ? ["cut"] : row < 10 ? ["malformed"] : [])
  expect(() => limit.count(1, ["cut"])).toThrow(
    [
      "Too many rows failed in stage draft",
      "expected at most 10.0% of 101 rows, got 11: malformed 6, cut 5",
      "Look at RUN/failed (inspect RUN --failed), mend the cause and run again; or raise failureLimit.",
    ].join("\n"),
  )
})

test("quotes what the first failed row says, safe for a terminal", () => {
  const limit = new FailureLimit("draft", 0)
  expect(() => limit.count(100, ["bad-request"], ["status 400: unknown key \u001b[2J seed"])).toThrow(
    "got 1: bad-request 1; the first: status 400: unknown key \\u001b[2J seed\n",
  )
})

test("0 allows no failure, 1 switches the limit off", () => {
  const none = new FailureLimit("draft", 0)
  none.count(1_000, [])
  none.finish()
  expect(() => none.count(1, ["cut"])).toThrow("expected at most 0.0%")
  const off = new FailureLimit("draft", 1)
  // A row may become several, and each of them may fail.
  for (let row = 0; row < 200; row++) off.count(1, ["cut", "cut", "cut"])
  off.finish()
})
