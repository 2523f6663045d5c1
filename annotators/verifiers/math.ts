import { z } from "zod"
import type { Verdict } from "../../schemas/verdict.ts"
import { maxAnswerLength } from "./answer-markers.ts"
import { findAnswer, type MathAnswer } from "./math-answer.ts"
import { type Comparison, compareValues } from "./math-equality.ts"
import { type MathValue, readValue } from "./math-value.ts"
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
  version: 2,
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
  const attachedUnits = truth.kind === "number"
  const answer =
    read.value.answer === "bare" ? bareAnswer(completion, attachedUnits) : findAnswer(completion, truth.kind)
  if (answer === null) return unparsed("no answer found")
  switch (compareReadings(truth, reference, answer, read.value.decimals ?? null)) {
    case "equal":
      return correct(answer.text)
    case "unequal":
      return incorrect(answer.text)
    case "undecided":
      return truth.kind === "opaque" || (truth.kind === "expression" && answer.value.kind === "expression")
        ? unverifiable("the reference is in notation that cannot be compared with this answer", answer.text)
        : unparsed("the answer says more than can be read", answer.text)
  }
}

function readReference(reference: unknown) {
  const text = typeof reference === "number" || typeof reference === "bigint" ? String(reference) : reference
  if (typeof text !== "string") return "no reference"
  if (text.length > maxAnswerLength) return `the reference is longer than ${maxAnswerLength} characters`
  return readValue(text) ?? "the reference is empty"
}

/**
 * Compares under the usual reading, and where one side is a number and the other a list, under the other readings of a comma:
 * `100,200` may be a list, and `3,14` a decimal.
 */
function compareReadings(
  truth: MathValue,
  reference: unknown,
  answer: MathAnswer,
  decimals: number | null,
): Comparison {
  const usual = compareValues(truth, answer.value, decimals)
  if (usual === "equal") return usual
  const several = (value: MathValue) => value.kind === "list" || value.kind === "tuple" || value.kind === "set"
  if (truth.kind === "number" && several(answer.value)) {
    const decimal = readValue(withPoint(answer.text))
    if (decimal?.kind === "number" && compareValues(truth, decimal, decimals) === "equal") return "equal"
    const list = readValue(String(reference), { grouped: false })
    if (list && list.kind !== "number" && compareValues(list, answer.value, decimals) === "equal") return "equal"
  } else if (several(truth) && answer.value.kind === "number") {
    const list = readValue(answer.text, { grouped: false })
    if (list && list.kind !== "number" && compareValues(truth, list, decimals) === "equal") return "equal"
    const decimal = readValue(withPoint(String(reference)))
    if (decimal?.kind === "number" && compareValues(decimal, answer.value, decimals) === "equal") return "equal"
  }
  return usual
}

const withPoint = (text: string) => text.replace(/^([^\d,]*\d+),(\d+\D*)$/, "$1.$2")

function bareAnswer(completion: string, attachedUnits: boolean): MathAnswer | null {
  const value = readValue(completion.trim(), { attachedUnits })
  return value && { text: completion.trim(), value }
}
