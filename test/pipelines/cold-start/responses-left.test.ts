import { expect, test } from "vitest"
import { responsesLeft } from "../../../pipelines/cold-start/responses-left.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"

const rejected = (step: string, reason = step) => ({
  rejection: { step, reason, measured: null, threshold: null, evidence: null },
})
const vote = { answer: "8", votes: 2, of: 2, runnerUp: 0, exchanges: ["x", "y"] }
const row: Row = {
  reference: "7",
  correct: 0,
  suspect: false,
  vote: null,
  rollouts: [rejected("wrong-answer"), rejected("wrong-answer"), rejected("wrong-answer", "no-answer")],
}
const drop = (more: Row) => responsesLeft().run({ ...row, ...more }, new Map())

test("keeps a question with a response that stands", () => {
  expect(drop({ rollouts: [rejected("repetition"), { rejection: null }] })).toBeNull()
})

test("says why none is left, and what each response died of", () => {
  expect(drop({})).toEqual({
    reason: "none-correct",
    measured: 0,
    threshold: 1,
    evidence: { responses: { "wrong-answer": 2, "wrong-answer: no-answer": 1 }, vote: null },
  })
  expect(drop({ correct: 2 })).toMatchObject({ reason: "all-rejected" })
  expect(drop({ suspect: true, vote })).toMatchObject({ reason: "suspect-reference", evidence: { vote } })
  expect(drop({ reference: null, vote })).toMatchObject({ reason: "no-majority", evidence: { vote } })
})
