import type { Effects } from "../pipelines/runtime/effect.ts"
import type { Question } from "../schemas/question.ts"
import type { Verdict } from "../schemas/verdict.ts"
import { codeStdio } from "./verifiers/code-stdio.ts"
import { codeTests } from "./verifiers/code-tests.ts"
import { math } from "./verifiers/math.ts"
import { multipleChoice } from "./verifiers/multiple-choice.ts"
import { unverifiable, type Verifier, type VerifierInput } from "./verifiers/verifier.ts"

/** What a question brings to its verification. */
export type Verifiable = Pick<Question, "reference" | "choices"> &
  Partial<Pick<Question, "verifier" | "verifierOptions">>

/** The verifiers that a question may name. */
const verifiers: readonly Verifier[] = [math, multipleChoice, codeTests, codeStdio]

/** Ids of the verifiers that a question may name. */
export const verifierIds: readonly string[] = verifiers.map(({ id }) => id)

/** Versions of the verifiers that may decide: part of the params of every step that uses them. */
export const verifierVersions = Object.fromEntries(verifiers.map(({ id, version }) => [id, version]))

/**
 * Scores a response (without its thinking) against the question's reference, by the verifier that the question names, else
 * `multiple-choice` where it has choices, else `math`. An unknown verifier makes it unverifiable.
 */
export async function verifyAnswer(answer: string, question: Verifiable, effects: Effects): Promise<Verdict> {
  const id = verifierIdOf(question)
  const verifier = verifiers.find((one) => one.id === id)
  if (verifier === undefined) return unverifiable(`there is no verifier ${id}`)
  const input = inputOf(answer, question, verifier)
  return verifier.kind === "rule" ? verifier.verify(input) : await verifier.verify(input, effects)
}

/** Why no answer to this question could be scored, or null. Runs nothing. */
export function referenceFault(question: Verifiable): string | null {
  const id = verifierIdOf(question)
  const verifier = verifiers.find((one) => one.id === id)
  if (verifier === undefined) return `there is no verifier ${id}`
  const { reference, options } = inputOf("", question, verifier)
  return verifier.fault(reference, options)
}

/** True when answers to this question are run in a sandbox. */
export const runsProgram = (question: Verifiable): boolean =>
  verifiers.find(({ id }) => id === verifierIdOf(question))?.kind === "program"

/** Id of the verifier that scores a question's answers. */
export const verifierIdOf = ({ verifier, choices }: Verifiable): string =>
  verifier ?? (choices && choices.length > 0 ? multipleChoice.id : math.id)

/** The verifier that scores a question's answers, and its options there; null where there is none of that name. */
export function verifierOf(question: Verifiable): { id: string; version: number; options: object } | null {
  const verifier = verifiers.find(({ id }) => id === verifierIdOf(question))
  return verifier ? { id: verifier.id, version: verifier.version, options: optionsOf(question, verifier) } : null
}

function optionsOf({ choices, verifierOptions }: Verifiable, { id }: Verifier): object {
  return {
    ...(id === multipleChoice.id && choices && choices.length > 0 ? { choices } : {}),
    ...(verifierOptions == null ? {} : (JSON.parse(verifierOptions) as object)),
  }
}

function inputOf(completion: string, question: Verifiable, verifier: Verifier): VerifierInput {
  const { reference } = question
  const options = optionsOf(question, verifier)
  // The reference of a program verifier is a record; a question stores it as JSON.
  return { completion, reference: verifier.kind === "program" ? recordOf(reference) : reference, options }
}

function recordOf(reference: string | null): unknown {
  try {
    return reference === null ? null : JSON.parse(reference)
  } catch {
    return reference
  }
}
