import type { Verdict } from "../schemas/verdict.ts"
import { math } from "./verifiers/math.ts"
import { multipleChoice } from "./verifiers/multiple-choice.ts"

/** What a question brings to its verification. */
export interface Verifiable {
  reference: string | null
  choices: readonly string[] | null
}

/** Versions of the verifiers that may decide: part of the params of every step that uses them. */
export const verifierVersions = { [math.id]: math.version, [multipleChoice.id]: multipleChoice.version }

/** Scores a response (without its thinking) against the question's reference, by the verifier that fits the question. */
export function verifyAnswer(answer: string, { reference, choices }: Verifiable): Verdict {
  return choices && choices.length > 0
    ? multipleChoice.verify({ completion: answer, reference, options: { choices } })
    : math.verify({ completion: answer, reference })
}
