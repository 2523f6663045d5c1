import type { Endpoint } from "../annotators/endpoint/endpoint.ts"
import { seedOf } from "../annotators/endpoint/seed.ts"
import { askForJsonBound } from "../annotators/endpoint/structured.ts"
import { askForVotes } from "../annotators/judge-votes.ts"
import { type JudgedResponse, type ResponsePrompt, responseMessages } from "../annotators/response-prompt.ts"
import type { Effects } from "../pipelines/runtime/effect.ts"
import type { ProgramStep, Reason, Row, RowStep } from "../pipelines/runtime/step.ts"
import { list } from "../schemas/columns.ts"
import { type Judgement, judgement } from "../schemas/judgement.ts"
import { responseOf } from "./response.ts"

/** What a response's text says on a criterion: enough to drop it, or whether it leaves a doubt; with the evidence in either case. */
export type CriterionReading = { drop: Reason } | { doubt: boolean; evidence: object }

/** A response criterion that is decided from the text where that is clear, and by a judge where it is not. */
export interface ResponseCriterion {
  readonly id: string
  readonly version: number
  /** Plain JSON: what changes the reading. */
  readonly params: object
  readonly about: string
  /** What a judge is asked. */
  readonly prompt: ResponsePrompt
  /** Reads a response row. Throws a RowError where it is none. */
  read(row: Row): CriterionReading
}

/** How a judge decides about responses. */
export interface ResponseJudgeOptions {
  /** Which responses it is asked about: those that the text leaves in doubt, or all that the text does not drop. */
  judge: "doubtful" | "always"
  /** Times that it is asked, at most: the majority decides, and without one the decision is unsure. */
  votes: number
  /** Sampling temperature of several votes; a single one is asked for at 0. */
  voteTemperature: number
  /** What becomes of a response on which the judge is unsure. */
  unsure: "keep" | "drop"
  /** Longest JSON answer in tokens, thinking included. */
  maxTokens: number
  /** Characters of one part that the judge reads: its first third and its end. */
  responseCharacters: number
  seed: number
}

/** The criterion as a filter that asks nobody: a doubt keeps the response. */
export const byText = ({ id, version, params, about, read }: ResponseCriterion): RowStep => ({
  kind: "row",
  id,
  version,
  params,
  about,
  run(row) {
    const reading = read(row)
    return "drop" in reading ? reading.drop : null
  },
})

/**
 * The criterion as a filter that asks a judge about what its text does not decide. What the judge says is appended to `judgements`, of kept
 * and of dropped responses. Always by a JSON answer with a reason, whatever the questions' judge decides by: one token cannot weigh a
 * chain of thought.
 */
export const byJudge = (criterion: ResponseCriterion, judge: Endpoint, options: ResponseJudgeOptions): ProgramStep => {
  const { id, version, params, about, prompt } = criterion
  const { judge: asked, votes, voteTemperature, unsure, maxTokens, responseCharacters, seed } = options
  const { calls, outputs, addedInputTokens } = askForJsonBound
  const nothing = responseMessages(prompt, { question: "", thinking: "", answer: "" }, 0)
  return {
    kind: "program",
    id,
    version,
    params: {
      ...params,
      prompt: prompt.version,
      model: judge.params,
      judge: asked,
      unsure,
      maxTokens,
      responseCharacters,
      ...(votes > 1 ? { votes, voteTemperature, seed } : { votes }),
    },
    about,
    adds: { judgements: list(judgement) },
    bound: [
      {
        role: judge.role,
        calls: votes * calls,
        // Few tokens of a prompt are shorter than three bytes, in any language; a character may be one.
        inputTokens:
          Math.ceil(Buffer.byteLength(JSON.stringify(nothing)) / 3) + addedInputTokens + 2 * responseCharacters,
        outputTokens: (outputs / calls) * maxTokens,
      },
    ],
    async run(row, effects) {
      const reading = criterion.read(row)
      if ("drop" in reading) return { drop: reading.drop }
      if (asked === "doubtful" && !reading.doubt) return { keep: [row] }
      const judged = await judgementOf(criterion, judge, options, effects, row)
      const kept = { ...row, judgements: [...((row.judgements as Judgement[] | undefined) ?? []), judged] }
      const tally = { [`${id} judged`]: 1, [`${id} unsure`]: judged.decision === "unsure" ? 1 : 0 }
      if (judged.decision === "no" || (judged.decision === "unsure" && unsure === "keep"))
        return { keep: [kept], tally }
      const { decision, reason, votes, exchanges } = judged
      const evidence = { ...reading.evidence, reason, votes, exchanges }
      return { drop: { reason: decision === "yes" ? id : "unsure", evidence }, row: kept, tally }
    },
  }
}

async function judgementOf(
  { id, prompt }: ResponseCriterion,
  judge: Endpoint,
  { votes, voteTemperature, maxTokens, responseCharacters, seed }: ResponseJudgeOptions,
  effects: Effects,
  row: Row,
): Promise<Judgement> {
  const { question, thinking, answer } = responseOf(row)
  const response: JudgedResponse = { question, choices: row.choices as string[] | null, thinking, answer }
  const request = {
    messages: responseMessages(prompt, response, responseCharacters),
    maxTokens,
    temperature: votes > 1 ? voteTemperature : 0,
    seed: seedOf(seed, id),
  }
  const voted = await askForVotes(judge, effects, request, votes)
  return { criterion: id, model: judge.identity, promptVersion: prompt.version, probability: null, ...voted }
}
