import { z } from "zod"
import { type CriterionPrompt, jsonMessages, wordMessages } from "../annotators/criterion-prompt.ts"
import { decideByLogprobs } from "../annotators/endpoint/decide.ts"
import type { Endpoint } from "../annotators/endpoint/endpoint.ts"
import { seedOf } from "../annotators/endpoint/seed.ts"
import { askForJson } from "../annotators/endpoint/structured.ts"
import type { Effects } from "../pipelines/runtime/effect.ts"
import type { ProgramStep } from "../pipelines/runtime/step.ts"
import { list } from "../schemas/columns.ts"
import { decision, type Judgement, judgement } from "../schemas/judgement.ts"

/** How a judge decides. */
export interface JudgedOptions {
  /** `schema`: a JSON answer with a reason. `logprobs`: the probability of one word against another, from one token. */
  decide: "schema" | "logprobs"
  /** Probability of the dropping word from which `logprobs` says yes. */
  threshold: number
  /** Longest JSON answer in tokens, thinking included. */
  maxTokens: number
  seed: number
}

const answered = z.strictObject({ reason: z.string(), decision })

/**
 * Drops a question for which a judge says that the criterion holds; unsure keeps it. One criterion, one question to the judge:
 * narrow classifiers decide better than one that asks for everything (OpenMathReasoning, arXiv 2504.16891). Reads `question`,
 * appends to `judgements`.
 */
export const judgedCriterion = (prompt: CriterionPrompt, judge: Endpoint, options: JudgedOptions): ProgramStep => ({
  kind: "program",
  id: prompt.id,
  version: 1,
  params: {
    prompt: prompt.version,
    model: judge.params,
    decide: options.decide,
    ...(options.decide === "logprobs" ? { threshold: options.threshold } : { maxTokens: options.maxTokens }),
  },
  about: prompt.about,
  adds: { judgements: list(judgement) },
  bound: [
    {
      role: judge.role,
      // Three tries for valid JSON, and two more with room for a longer reason.
      calls: options.decide === "schema" ? 5 : 1,
      inputTokens: Math.ceil(JSON.stringify(jsonMessages(prompt, "")).length / 3),
      outputTokens: options.decide === "schema" ? 4 * options.maxTokens : 1,
    },
  ],
  async run(row, effects) {
    const judged = await decide(prompt, judge, options, effects, String(row.question))
    const judgements = [...((row.judgements as Judgement[] | undefined) ?? []), judged]
    const kept = { ...row, judgements }
    if (judged.decision !== "yes") return { keep: [kept] }
    const { probability, reason, exchange } = judged
    return {
      drop: {
        reason: prompt.id,
        ...(probability !== null && { measured: probability, threshold: options.threshold }),
        evidence: { reason, exchange },
      },
      row: kept,
    }
  },
})

async function decide(
  prompt: CriterionPrompt,
  judge: Endpoint,
  { decide, threshold, maxTokens, seed }: JudgedOptions,
  effects: Effects,
  question: string,
): Promise<Judgement> {
  const told = { criterion: prompt.id, model: judge.identity, promptVersion: prompt.version }
  const sampling = { temperature: 0, seed: seedOf(seed, prompt.id) }
  if (decide === "logprobs") {
    const request = { messages: wordMessages(prompt, question), ...sampling }
    const { probability, id } = await decideByLogprobs(
      judge,
      effects,
      request,
      { yes: [prompt.words.drop], no: [prompt.words.keep] },
      0,
    )
    const said = probability === null ? "unsure" : probability >= threshold ? "yes" : "no"
    return { ...told, decision: said, probability, reason: null, exchange: id }
  }
  const request = { messages: jsonMessages(prompt, question), maxTokens, ...sampling }
  const { value, id } = await askForJson(judge, effects, request, answered)
  return { ...told, decision: value.decision, probability: null, reason: value.reason.toWellFormed(), exchange: id }
}
