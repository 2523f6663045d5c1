import type { ChatMessage } from "./endpoint/chat.ts"

/** How a model is asked to solve a question. `version` rises with every change of wording. */
export interface SolvingPrompt {
  id: string
  version: number
  system: string | null
  /** Worked examples before the question. */
  shots: { question: string; answer: string }[]
  /** Put behind a question, by what is asked for: a free answer, a choice, a function (`code-tests`), a program (`code-stdio`). */
  instruction: { free: string; choice: string; function: string; program: string }
}

/** What of a row a question shows to whoever must solve it. */
export interface Solvable {
  question: string
  choices?: readonly string[] | null | undefined
  verifier?: string | null | undefined
}

/** The letter of a choice: A, B, ... Z, AA. */
export const letterOf = (index: number): string =>
  index < 26 ? String.fromCharCode(65 + index) : letterOf(Math.floor(index / 26) - 1) + letterOf(index % 26)

/** The question as the sample's prompt has it: the text, and the lettered choices below it. */
export const questionText = ({ question, choices }: Solvable): string =>
  choices && choices.length > 0
    ? `${question}\n\n${choices.map((choice, index) => `${letterOf(index)}. ${choice}`).join("\n")}`
    : question

/** The messages that ask a model to solve a question. */
export function solvingMessages({ system, shots, instruction }: SolvingPrompt, row: Solvable): ChatMessage[] {
  const ending = instruction[askedFor(row)]
  const asked = (question: string) => (ending === "" ? question : `${question}\n\n${ending}`)
  return [
    ...(system === null ? [] : [{ role: "system" as const, content: system }]),
    ...shots.flatMap(({ question, answer }) => [
      { role: "user" as const, content: asked(question) },
      { role: "assistant" as const, content: answer },
    ]),
    { role: "user" as const, content: asked(questionText(row)) },
  ]
}

function askedFor({ choices, verifier }: Solvable): keyof SolvingPrompt["instruction"] {
  if (verifier === "code-tests") return "function"
  if (verifier === "code-stdio") return "program"
  return choices && choices.length > 0 ? "choice" : "free"
}
