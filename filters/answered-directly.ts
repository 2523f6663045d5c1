import type { Endpoint } from "../annotators/endpoint/endpoint.ts"
import { seedOf } from "../annotators/endpoint/seed.ts"
import { type SolvingPrompt, solvingMessages } from "../annotators/solving-prompt.ts"
import { verifierVersions, verifyAnswer } from "../annotators/verify-answer.ts"
import type { ProgramStep } from "../pipelines/runtime/step.ts"
import type { Question } from "../schemas/question.ts"

export interface AnsweredDirectlyOptions {
  /** Answers that are asked for; the first right one drops the question. */
  attempts: number
  maxTokens: number
  seed: number
}

/** Enough variety that several attempts are not one. */
const temperature = 0.7

/**
 * Drops a question that the judge model answers correctly without chain of thought: it teaches no reasoning (Qwen3 report, section
 * 4.1, criterion 4). Reads `question`, `choices` and `reference`.
 */
export const answeredDirectly = (
  prompt: SolvingPrompt,
  judge: Endpoint,
  { attempts, maxTokens, seed }: AnsweredDirectlyOptions,
): ProgramStep => ({
  kind: "program",
  id: "answered-directly",
  version: 1,
  params: {
    prompt: [prompt.id, prompt.version],
    model: judge.params,
    attempts,
    maxTokens,
    seed,
    verifiers: verifierVersions,
  },
  about: "Drops questions that the judge answers without reasoning",
  bound: [{ role: judge.role, calls: attempts, inputTokens: 60, outputTokens: maxTokens }],
  async run(row, effects) {
    const question = row as unknown as Question
    const messages = solvingMessages(prompt, question)
    for (let sample = 0; sample < attempts; sample++) {
      const request = { messages, maxTokens, temperature, seed: seedOf(seed, question.id, "direct", sample) }
      const { value, id } = await effects.settle(judge.chat(request, sample))
      if (value.finish !== "stop") continue
      const { verdict, extracted } = await verifyAnswer(value.answer, question, effects)
      if (verdict === "correct")
        return {
          drop: {
            reason: "answered-directly",
            measured: sample + 1,
            threshold: attempts,
            evidence: { extracted, exchange: id },
          },
          row,
        }
    }
    return { keep: [row] }
  },
})
