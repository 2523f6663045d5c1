import { z } from "zod"
import { oneLine } from "../pipelines/runtime/errors.ts"
import { type Decision, decision } from "../schemas/judgement.ts"
import { jsonCandidates } from "./endpoint/json-answer.ts"
import type { Reading } from "./endpoint/structured.ts"
import { decisionOfWord, isDecisionKey, spokenDecision } from "./spoken-decision.ts"

/** What a judge is asked for: the reason first, so that it is thought of before the decision is made. */
export const decisionAnswer = z.strictObject({ reason: z.string(), decision })
export type DecisionAnswer = z.infer<typeof decisionAnswer>

/** Longest reason that is kept, in UTF-16 units. */
const longestReason = 300

/**
 * Reads a judge's decision: JSON in any of its disguises, with the decision in any case or language and with or without a reason; else
 * words that can mean one decision only. Answers that hold two different decisions are not read, nor are words that were cut.
 */
export function readDecision(answer: string, whole: boolean): Reading<DecisionAnswer> {
  const read = [...jsonCandidates(answer)].flatMap((candidate) => decisionIn(candidate) ?? [])
  const decisions = new Set(read.map(({ decision }) => decision))
  if (decisions.size > 1) return { problem: `it says ${[...decisions].join(" and ")}` }
  if (read.length > 0) return { value: read[0]! }
  const spoken = whole ? spokenDecision(answer) : null
  if (spoken === null) return { problem: "no decision that can mean one thing only" }
  return { value: { reason: decisionOfWord(answer) === null ? answer : "", decision: spoken } }
}

/** A reason as it is kept: one line, cut, without what could drive a terminal; null where there is none. */
export function keptReason(reason: string): string | null {
  const line = reason.toWellFormed().replace(/\s+/g, " ").trim()
  return line === "" ? null : oneLine(line, longestReason)
}

function decisionIn(candidate: unknown): DecisionAnswer | null {
  const value = Array.isArray(candidate) && candidate.length === 1 ? (candidate[0] as unknown) : candidate
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null
  const entries = Object.entries(value)
  const said = entries.filter(([key]) => isDecisionKey(key))
  if (said.length !== 1) return null
  const decision = decisionOf(said[0]![1])
  if (decision === null) return null
  const reason = entries.find(([key, text]) => key !== said[0]![0] && typeof text === "string")?.[1] as
    | string
    | undefined
  return { reason: reason ?? "", decision }
}

function decisionOf(value: unknown): Decision | null {
  if (typeof value === "boolean") return value ? "yes" : "no"
  return typeof value === "string" ? decisionOfWord(value) : null
}
