import { z } from "zod"
import type { Verdict } from "../../schemas/verdict.ts"
import { lastBoxed, lastBoxes, maxAnswerLength } from "./answer-markers.ts"
import { maxCompletionLength } from "./answer-text.ts"
import { findAnswer, type MathAnswer } from "./math-answer.ts"
import { compareReadings, type ReadText } from "./math-readings.ts"
import { readValue } from "./math-value.ts"
import {
  correct,
  incorrect,
  type RuleVerifier,
  readOptions,
  unparsed,
  unverifiable,
  type VerifierInput,
} from "./verifier.ts"

const options = z.strictObject({
  answer: z.enum(["auto", "bare"]).default("auto").meta({
    description: "auto: last box, final-answer phrase, ####, A:, last expression; bare: the whole completion",
  }),
  decimals: z
    .int()
    .min(0)
    .max(15)
    .optional()
    .meta({ description: "Decimal places to which numbers must agree; by default they must be equal" }),
})

/**
 * Mathematics: reads the final answer (`math-answer.ts`, `math-value.ts`) and compares it (`math-equality.ts`). Numbers are
 * exact rationals with units, percent and currency; expressions with roots and symbols are compared at points; else text.
 */
export const math: RuleVerifier = {
  kind: "rule",
  id: "math",
  version: 4,
  about: "Final answers of mathematics: numbers, expressions, short words",
  reference: "a string with the reference answer",
  options,
  fault(reference, given) {
    const read = readOptions(options, given)
    const truth = "fault" in read ? read.fault : readReference(reference)
    return typeof truth === "string" ? truth : null
  },
  verify,
}

function verify({ completion, reference, options: given }: VerifierInput): Verdict {
  const read = readOptions(options, given)
  if ("fault" in read) return unverifiable(read.fault)
  const truth = readReference(reference)
  if (typeof truth === "string") return unverifiable(truth)
  const attachedUnits = truth.value.kind === "number"
  const answer =
    read.value.answer === "bare" ? bareAnswer(completion, attachedUnits) : findAnswer(completion, truth.value.kind)
  if (answer === null) return unparsed("no answer found")
  switch (compareReadings(truth, answer, read.value.decimals ?? null)) {
    case "equal":
      return correct(answer.text)
    case "unequal":
      return incorrect(answer.text)
    case "undecided":
      return truth.value.kind === "opaque" || (truth.value.kind === "expression" && answer.value.kind === "expression")
        ? unverifiable("the reference is in notation that cannot be compared with this answer", answer.text)
        : unparsed("the answer says more than can be read", answer.text)
  }
}

function readReference(reference: unknown): ReadText | string {
  const text = typeof reference === "number" || typeof reference === "bigint" ? String(reference) : reference
  if (typeof text !== "string") return "no reference"
  if (text.length > maxAnswerLength) return `the reference is longer than ${maxAnswerLength} characters`
  const stated = statedIn(text)
  const value = readValue(stated)
  return value === null ? "the reference is empty" : { text: stated, value }
}

/** An answer in its box or boxes, with or without a solution around them; else the text itself. */
const statedIn = (text: string) => lastBoxes(text) ?? (lastBoxed(text) || text)

function bareAnswer(completion: string, attachedUnits: boolean): MathAnswer | null {
  const text = statedIn(completion.slice(-maxCompletionLength)).trim()
  const value = readValue(text, { attachedUnits })
  return value && { text, value }
}
