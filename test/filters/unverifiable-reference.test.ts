import { expect, test } from "vitest"
import { unverifiableReference } from "../../filters/unverifiable-reference.ts"

const run = (row: Record<string, unknown>) => unverifiableReference().run({ choices: null, ...row }, new Map())

test("a reference that can be read is kept, and so is a missing one", () => {
  expect(run({ reference: "72" })).toBeNull()
  expect(run({ reference: "\\frac{1}{2}" })).toBeNull()
  expect(run({ reference: "B", choices: ["x", "y"] })).toBeNull()
  expect(run({ reference: null })).toBeNull()
})

test("one that cannot is dropped with what the verifier says of it", () => {
  expect(run({ reference: "Z", choices: ["x", "y"] })).toEqual({
    reason: "unverifiable-reference",
    evidence: { verifier: "multiple-choice", fault: "the reference is no letter of the choices" },
  })
  expect(run({ reference: "9".repeat(5_000) })).toMatchObject({ evidence: { verifier: "math" } })
  expect(run({ reference: "1", verifier: "mathh" })).toMatchObject({
    evidence: { fault: "there is no verifier mathh" },
  })
})

test("options of the verifier that it does not know are a fault of the question", () => {
  expect(run({ reference: "1", verifierOptions: '{"decimal":2}' })).toMatchObject({ reason: "unverifiable-reference" })
})
