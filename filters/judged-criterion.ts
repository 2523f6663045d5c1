import { type CriterionPrompt, jsonMessages, wordMessages } from "../annotators/criterion-prompt.ts"
import { decideByLogprobs } from "../annotators/endpoint/decide.ts"
import type { Endpoint } from "../annotators/endpoint/endpoint.ts"
import { seedOf } from "../annotators/endpoint/seed.ts"
import { askForJsonBound } from "../annotators/endpoint/structured.ts"
import { askForVotes } from "../annotators/judge-votes.ts"
import type { Solvable } from "../annotators/solving-prompt.ts"
import type { Effects } from "../pipelines/runtime/effect.ts"
import { usageError } from "../pipelines/runtime/errors.ts"
import type { Bound, ProgramStep, Reason, Tally } from "../pipelines/runtime/step.ts"
import { list } from "../schemas/columns.ts"
import { type Judgement, judgement } from "../schemas/judgement.ts"

/** How a judge decides. */
export interface JudgedOptions {
  /** `schema`: a JSON answer with a reason. `logprobs`: the probability of one word against another, from one token. */
  decide: "schema" | "logprobs"
  /** Probability of the dropping word from which `logprobs` says yes. */
  threshold: number
  /** Times that `schema` asks, at most: the majority decides, and without one the decision is unsure. */
  votes: number
  /** Sampling temperature of several votes; a single one is asked for at 0. */
  voteTemperature: number
  /** What becomes of a question on which the judge is unsure. */
  unsure: "keep" | "drop"
  /** Longest JSON answer in tokens, thinking included. */
  maxTokens: number
  seed: number
}

/**
 * Drops a question for which a judge says that the criterion holds. One criterion, one question to the judge: narrow classifiers
 * decide better than one that asks for everything (OpenMathReasoning, arXiv 2504.16891). Unsure is a decision of its own, counted as such
 * and by default kept. Reads `question` and `choices`, appends to `judgements`. Throws a usage error for votes that would all be the same.
 */
export const judgedCriterion = (prompt: CriterionPrompt, judge: Endpoint, options: JudgedOptions): ProgramStep => {
  checkVotes(judge, options)
  return {
    kind: "program",
    id: prompt.id,
    version: 2,
    params: paramsOf(prompt, judge, options),
    about: prompt.about,
    adds: { judgements: list(judgement) },
    bound: [boundOf(prompt, judge, options)],
    async run(row, effects) {
      const judged = await judgementOf(prompt, judge, options, effects, row as unknown as Solvable)
      const kept = { ...row, judgements: [...((row.judgements as Judgement[] | undefined) ?? []), judged] }
      const tally: Tally = {
        [`${prompt.id} judged`]: 1,
        [`${prompt.id} unsure`]: judged.decision === "unsure" ? 1 : 0,
      }
      const drop = dropOf(judged, options)
      return drop === null ? { keep: [kept], tally } : { drop, row: kept, tally }
    },
  }
}

/** What of the options changes decisions. */
function paramsOf(prompt: CriterionPrompt, judge: Endpoint, options: JudgedOptions) {
  const { decide, threshold, votes, voteTemperature, unsure, maxTokens, seed } = options
  const sampling = votes > 1 ? { votes, voteTemperature, seed } : { votes }
  return {
    prompt: prompt.version,
    model: judge.params,
    decide,
    unsure,
    ...(decide === "logprobs" ? { threshold } : { maxTokens, ...sampling }),
  }
}

function boundOf(prompt: CriterionPrompt, judge: Endpoint, { decide, votes, maxTokens }: JudgedOptions): Bound {
  const messages = (decide === "schema" ? jsonMessages : wordMessages)(prompt, { question: "" })
  // Few tokens of a prompt are shorter than three bytes, in any language.
  const inputTokens = Math.ceil(Buffer.byteLength(JSON.stringify(messages)) / 3)
  if (decide === "logprobs") return { role: judge.role, calls: 1, inputTokens, outputTokens: 1 }
  const { calls, outputs, addedInputTokens } = askForJsonBound
  return {
    role: judge.role,
    calls: votes * calls,
    inputTokens: inputTokens + addedInputTokens,
    outputTokens: (outputs / calls) * maxTokens,
  }
}

function checkVotes({ role, config }: Endpoint, { decide, votes }: JudgedOptions): void {
  if (votes === 1) return
  if (decide === "logprobs")
    throw usageError({
      what: "Votes do not apply where log-probabilities decide: one token has the probability already",
      where: "judging.votes",
      expected: "1 with `decide: logprobs`",
      got: String(votes),
      remedy: "Remove `votes`, or decide by schema.",
    })
  if (config.temperature === 0)
    throw usageError({
      what: "At temperature 0 all votes of a judge are the same",
      where: `models.${role}.temperature`,
      expected: `more than 0 with judging.votes ${votes}`,
      got: "0",
      remedy: "Remove it: votes are sampled at judging.voteTemperature.",
    })
}

function dropOf(
  { criterion, decision, probability, reason, votes, exchanges }: Judgement,
  { unsure, threshold }: JudgedOptions,
): Reason | null {
  if (decision === "no" || (decision === "unsure" && unsure === "keep")) return null
  return {
    reason: decision === "yes" ? criterion : "unsure",
    ...(probability !== null && { measured: probability, threshold }),
    evidence: { reason, votes, exchanges },
  }
}

async function judgementOf(
  prompt: CriterionPrompt,
  judge: Endpoint,
  { decide, threshold, votes, voteTemperature, maxTokens, seed }: JudgedOptions,
  effects: Effects,
  row: Solvable,
): Promise<Judgement> {
  const told = { criterion: prompt.id, model: judge.identity, promptVersion: prompt.version }
  const promptSeed = seedOf(seed, prompt.id)
  if (decide === "logprobs") {
    const request = { messages: wordMessages(prompt, row), temperature: 0, seed: promptSeed }
    const words = { yes: [prompt.words.drop], no: [prompt.words.keep] }
    const { probability, id } = await decideByLogprobs(judge, effects, request, words, 0)
    const decision = probability === null ? "unsure" : probability >= threshold ? "yes" : "no"
    return { ...told, decision, probability, reason: null, votes: null, exchanges: [id] }
  }
  const temperature = votes > 1 ? voteTemperature : 0
  const request = { messages: jsonMessages(prompt, row), maxTokens, temperature, seed: promptSeed }
  const voted = await askForVotes(judge, effects, request, votes)
  return { ...told, probability: null, ...voted }
}
