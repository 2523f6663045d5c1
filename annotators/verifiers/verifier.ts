import type { z } from "zod"
import type { Effects } from "../../pipelines/runtime/effect.ts"
import type { Verdict } from "../../schemas/verdict.ts"

/** One completion to score. `options` are the verifier's own; an unknown or malformed one makes the row unverifiable. */
export interface VerifierInput {
  readonly completion: string
  readonly reference: unknown
  readonly options?: unknown
}

/** What every verifier declares. */
interface Declaration {
  /** As `verify` and `steps` name it: `math`. */
  readonly id: string
  /** Rises whenever the same input gets another verdict. */
  readonly version: number
  /** One sentence for `steps`. */
  readonly about: string
  /** What `reference` must be, in one line. */
  readonly reference: string
  /** Type of `options`: strict, each key with a description, so that `steps` can print it. */
  readonly options: z.ZodType
  /** Why no completion could be scored against this reference with these options; null where one can. Runs nothing. */
  fault(reference: unknown, options?: unknown): string | null
}

/**
 * Scores a completion by reading it. The verdict depends on the input alone, never throws whatever the text, and its work is
 * bounded by counted steps: inputs are cut at documented sizes, so that a verdict repeats on any machine.
 */
export interface RuleVerifier extends Declaration {
  readonly kind: "rule"
  verify(input: VerifierInput): Verdict
}

/**
 * Scores a completion by running it in a sandbox. What the program did is an effect: settled in the ledger before it is used, so
 * that a time-out does not change a rerun. The verdict depends on the input and the settled outcome alone; rejects only when the run stops.
 */
export interface ProgramVerifier extends Declaration {
  readonly kind: "program"
  verify(input: VerifierInput, effects: Effects): Promise<Verdict>
}

/** A program that scores a completion against a reference. */
export type Verifier = RuleVerifier | ProgramVerifier

/** Longest `extracted` in a verdict, in UTF-16 units. */
const maxExtracted = 512

/** Answers as they are stored: cut, and without lone surrogates, which no UTF-8 column can hold. */
const stored = (extracted: string | null) =>
  extracted === null ? null : extracted.slice(0, maxExtracted).toWellFormed()

/** The answer is right: reward 1. */
export const correct = (extracted: string): Verdict => ({
  verdict: "correct",
  reward: 1,
  extracted: stored(extracted),
  reason: null,
})

/** The answer is wrong: reward 0. */
export const incorrect = (extracted: string, reason: string | null = null): Verdict => ({
  verdict: "incorrect",
  reward: 0,
  extracted: stored(extracted),
  reason,
})

/** No answer could be read from the completion: no reward. */
export const unparsed = (reason: string, extracted: string | null = null): Verdict => ({
  verdict: "unparsed",
  reward: null,
  extracted: stored(extracted),
  reason,
})

/** The verifier cannot score this row, whatever the completion says: no reward. */
export const unverifiable = (reason: string, extracted: string | null = null): Verdict => ({
  verdict: "unverifiable",
  reward: null,
  extracted: stored(extracted),
  reason,
})

/** Parses a row's options, or says in one line what is wrong with them. */
export function readOptions<T extends z.ZodType>(
  type: T,
  options: unknown,
): { value: z.output<T> } | { fault: string } {
  const read = type.safeParse(options ?? {})
  if (read.success) return { value: read.data }
  const issue = read.error.issues[0]
  const place = issue?.path.join(".") || "options"
  return { fault: `${place}: ${issue?.message ?? "not valid"}` }
}
