import type { Endpoint } from "../annotators/endpoint/endpoint.ts"
import { seedOf } from "../annotators/endpoint/seed.ts"
import { type SolvingPrompt, solvingMessages } from "../annotators/solving-prompt.ts"
import { verifierVersions, verifyAnswer } from "../annotators/verify-answer.ts"
import { oneLine } from "../pipelines/runtime/errors.ts"
import type { ProgramStep, Tally } from "../pipelines/runtime/step.ts"
import { list } from "../schemas/columns.ts"
import { type DirectAnswer, directAnswer } from "../schemas/direct-answer.ts"
import type { Question } from "../schemas/question.ts"

export interface AnsweredDirectlyOptions {
  /** Answers that are asked for; the first right one drops the question. */
  attempts: number
  maxTokens: number
  seed: number
}

/** Enough variety that several attempts are not one. */
const temperature = 0.7
/** Of an answer that is no direct one. */
const unread = { verdict: "unparsed", extracted: null } as const
/** Characters of an answer that the row keeps; the whole of it is in the ledger. */
const keptAnswer = 200

/**
 * Drops a question that the judge model answers correctly without chain of thought: it teaches no reasoning (Qwen3 report, section
 * 4.1, criterion 4). An answer that the model thought about first is none, however right. Reads `question`, `choices`, `reference` and what
 * says how to verify; adds every answer with its verdict as `directAnswers`, in dropped rows too.
 */
export const answeredDirectly = (
  prompt: SolvingPrompt,
  judge: Endpoint,
  { attempts, maxTokens, seed }: AnsweredDirectlyOptions,
): ProgramStep => ({
  kind: "program",
  id: "answered-directly",
  version: 2,
  params: {
    prompt: [prompt.id, prompt.version],
    model: judge.params,
    attempts,
    maxTokens,
    seed,
    verifiers: verifierVersions,
  },
  about: "Drops questions that the judge answers without reasoning",
  adds: { directAnswers: list(directAnswer) },
  bound: [{ role: judge.role, calls: attempts, inputTokens: promptTokens(prompt), outputTokens: maxTokens }],
  async run(row, effects) {
    const question = row as unknown as Question
    const messages = solvingMessages(prompt, question)
    const directAnswers: DirectAnswer[] = []
    const given = { ...row, directAnswers }
    for (let sample = 0; sample < attempts; sample++) {
      const request = { messages, maxTokens, temperature, seed: seedOf(seed, question.id, "direct", sample) }
      const { value, id: exchange } = await effects.settle(judge.chat(request, sample))
      const { answer, finish } = value
      const thought = value.thinking !== null
      const isDirect = finish === "stop" && !thought
      const { verdict, extracted } = isDirect ? await verifyAnswer(answer, question, effects) : unread
      directAnswers.push({
        sample,
        answer: oneLine(answer.trim(), keptAnswer),
        thought,
        finish,
        verdict,
        extracted,
        exchange,
      })
      if (verdict === "correct")
        return {
          drop: {
            reason: "answered-directly",
            measured: sample + 1,
            threshold: attempts,
            evidence: { extracted, exchange },
          },
          row: given,
          tally: tallyOf(directAnswers),
        }
    }
    return { keep: [given], tally: tallyOf(directAnswers) }
  },
})

/** What may make the criterion blind: answers that are cut, that come after a thought, that cannot be verified. */
const tallyOf = (answers: readonly DirectAnswer[]): Tally => ({
  "direct answers": answers.length,
  "direct answers cut or refused": answers.filter(({ finish }) => finish !== "stop").length,
  "direct answers after a thought": answers.filter(({ thought, finish }) => thought && finish === "stop").length,
  "direct answers not verified": answers.filter(({ verdict }) => verdict === "unverifiable").length,
})

const promptTokens = (prompt: SolvingPrompt): number =>
  Math.ceil(Buffer.byteLength(JSON.stringify(solvingMessages(prompt, { question: "" }))) / 3)
