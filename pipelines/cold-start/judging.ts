import type { AnsweredDirectlyOptions } from "../../filters/answered-directly.ts"
import type { JudgedOptions } from "../../filters/judged-criterion.ts"
import type { ResponseJudgeOptions } from "../../filters/judged-response.ts"
import type { ColdStartConfig, JudgePolicy } from "../../schemas/config.ts"
import type { notVerifiable } from "./prompts/not-verifiable.ts"
import type { severalQuestions } from "./prompts/several-questions.ts"
import type { textGeneration } from "./prompts/text-generation.ts"

/** Ids of the criteria that a judge decides by reading the question. */
export type JudgedCriterionId = (typeof notVerifiable | typeof severalQuestions | typeof textGeneration)["id"]

/** Without a threshold of its own, what is likelier decides. */
const evenOdds = 0.5

/** How a cold start decides one criterion. */
export const judgedOptions = ({ judging, seed }: ColdStartConfig, id: JudgedCriterionId): JudgedOptions => {
  const { decide, thresholds, votes, voteTemperature, unsure, maxTokens } = judging
  return { decide, threshold: thresholds[id] ?? evenOdds, votes, voteTemperature, unsure, maxTokens, seed }
}

/** How a cold start asks for answers without chain of thought. */
export const directOptions = ({ judging, seed }: ColdStartConfig): AnsweredDirectlyOptions => ({
  attempts: judging.directAttempts,
  maxTokens: judging.directMaxTokens,
  seed,
})

/** How a cold start's judge decides about responses; null where it is not asked. */
export function responseJudgeOptions(
  { judging, seed }: ColdStartConfig,
  judge: JudgePolicy,
): ResponseJudgeOptions | null {
  if (judge === "off") return null
  const { votes, voteTemperature, unsure, maxTokens, responseCharacters } = judging
  return { judge, votes, voteTemperature, unsure, maxTokens, responseCharacters, seed }
}
