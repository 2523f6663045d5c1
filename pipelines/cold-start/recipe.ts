// The long-CoT cold start (Qwen3 Technical Report, section 4.1): questions are filtered by a judge, a reserve is set apart, a drafter
// answers each several times, answers are verified and filtered, and a small set balanced over domains is taken.
import { domain } from "../../annotators/domain.ts"
import { drafts } from "../../annotators/drafts.ts"
import type { Endpoint } from "../../annotators/endpoint/endpoint.ts"
import { openEndpoints } from "../../annotators/endpoint/open-endpoints.ts"
import { answeredDirectly } from "../../filters/answered-directly.ts"
import { guesswork } from "../../filters/guesswork.ts"
import { hasReference } from "../../filters/has-reference.ts"
import { judgedCriterion } from "../../filters/judged-criterion.ts"
import { byJudge, byText, type ResponseCriterion } from "../../filters/judged-response.ts"
import { languageMixing } from "../../filters/language-mixing.ts"
import { noThinking } from "../../filters/no-thinking.ts"
import { repetition } from "../../filters/repetition.ts"
import { reserve } from "../../filters/reserve.ts"
import { reserveSimilarity } from "../../filters/reserve-similarity.ts"
import { solutionFails } from "../../filters/solution-fails.ts"
import { specialTokens } from "../../filters/special-tokens.ts"
import { summaryDisagrees } from "../../filters/summary-disagrees.ts"
import { truncated } from "../../filters/truncated.ts"
import { unverifiableReference } from "../../filters/unverifiable-reference.ts"
import { wrongAnswer } from "../../filters/wrong-answer.ts"
import { type ColdStartConfig, coldStartConfig } from "../../schemas/config.ts"
import { type ReviewQuestion, reviewQuestion } from "../../schemas/review.ts"
import type { Group, Rollout } from "../../schemas/rollout.ts"
import { sample } from "../../schemas/sample.ts"
import { selectionReport } from "../../schemas/selection.ts"
import { importQuestions } from "../io/import-questions.ts"
import { defineRecipe, type Export, type Host, type Pipeline } from "../runtime/recipe.ts"
import type { Stage } from "../runtime/stage.ts"
import type { ProgramStep, Row, RowStep } from "../runtime/step.ts"
import { filterResponses } from "./filter-responses.ts"
import { judgeResponses } from "./judge-responses.ts"
import { directOptions, judgedOptions, responseJudgeOptions } from "./judging.ts"
import { markForReview } from "./mark-for-review.ts"
import { guessworkPrompt } from "./prompts/guesswork.ts"
import { notVerifiable } from "./prompts/not-verifiable.ts"
import { severalQuestions } from "./prompts/several-questions.ts"
import { solvingPrompts } from "./prompts/solving.ts"
import { summaryDisagreesPrompt } from "./prompts/summary-disagrees.ts"
import { textGeneration } from "./prompts/text-generation.ts"
import { reserveQuestions } from "./reserve-questions.ts"
import { responsesLeft } from "./responses-left.ts"
import { sampleOf } from "./samples.ts"
import { planSelection, type SelectOptions, takeSelected } from "./select.ts"

const criteria = [notVerifiable, severalQuestions, textGeneration] as const

/** The response criteria that a judge may be asked about, with when it is. */
const judgedCriteria = ({ filters }: ColdStartConfig) => [
  { criterion: guesswork(filters.guesswork, guessworkPrompt), policy: filters.guesswork.judge },
  { criterion: summaryDisagrees(summaryDisagreesPrompt), policy: filters.summary.judge },
]

const isOn = ({ filters }: ColdStartConfig, { id }: Pick<ResponseCriterion, "id">): boolean =>
  !filters.off.some((off) => off === id)

/** The response filters that a config leaves on, in order; of those that may ask a judge what the text alone decides. */
export function responseFilters(config: ColdStartConfig): RowStep[] {
  const { filters } = config
  return [
    truncated(),
    wrongAnswer(),
    noThinking(),
    specialTokens(["thinking", "answer"]),
    repetition(filters.repetition),
    languageMixing(filters.language),
    ...judgedCriteria(config).map(({ criterion }) => byText(criterion)),
    reserveSimilarity(filters.similarity, "reserve"),
  ].filter((filter) => isOn(config, filter))
}

/** The criteria that a config has a judge decide, of the responses that no filter drops. */
const responseJudges = (config: ColdStartConfig, judge: Endpoint): ProgramStep[] =>
  judgedCriteria(config).flatMap(({ criterion, policy }) => {
    const options = responseJudgeOptions(config, policy)
    return options !== null && isOn(config, criterion) ? [byJudge(criterion, judge, options)] : []
  })

/** Where the responses of a config stand when all filters have seen them. */
const responseStage = (config: ColdStartConfig): string =>
  judgedCriteria(config).some(({ criterion, policy }) => policy !== "off" && isOn(config, criterion))
    ? "judge-responses"
    : "filter-responses"

/** The cold start's stages for a config. */
export function coldStartStages(config: ColdStartConfig, { judge, drafter }: ReturnType<typeof openRoles>): Stage[] {
  const { judging, seed, failureLimit } = config
  const prompts = solvingPrompts[config.drafts.prompt]
  const endpointStage = { failureLimit }
  const judges = responseJudges(config, judge)
  const review = markForReview({ share: config.review.share, seed })
  const responses = responseStage(config)
  const mostDrafts = Math.max(config.drafts.initial, config.drafts.maximum)
  return [
    importQuestions({
      id: "questions",
      sources: config.questions,
      drafts: config.drafts.import,
      rowsPerShard: config.rowsPerShard,
      failureLimit,
    }),
    {
      kind: "map",
      id: "filter-questions",
      input: "questions",
      steps: [
        hasReference({ majority: config.drafts.majority.enabled }),
        unverifiableReference(),
        solutionFails(),
        specialTokens(["question"]),
        ...criteria
          .filter(({ id }) => judging.criteria.some((on) => on === id))
          .map((prompt) => judgedCriterion(prompt, judge, judgedOptions(config, prompt.id))),
        ...(judging.directAttempts > 0 ? [answeredDirectly(prompts.direct, judge, directOptions(config))] : []),
        domain(judge, { domains: judging.domains, ask: judging.labelDomains, maxTokens: judging.maxTokens, seed }),
        reserve({ share: config.reserve.share, seed }),
      ],
      ...endpointStage,
      rowsInFlight: judge.config.maxInFlight,
      ready: () => judge.ready(),
    },
    reserveQuestions({ id: "reserve", input: "filter-questions" }),
    {
      kind: "map",
      id: "draft",
      input: "filter-questions",
      steps: [drafts(prompts.draft, drafter, draftOptions(config))],
      ...endpointStage,
      rowsInFlight: drafter.config.maxInFlight,
      ready: () => drafter.ready(),
    },
    {
      kind: "map",
      id: "filter-responses",
      input: "draft",
      side: ["reserve"],
      steps: [filterResponses(responseFilters(config)), ...(judges.length > 0 ? [] : [review])],
      failureLimit,
    },
    ...(judges.length > 0
      ? [
          {
            kind: "map" as const,
            id: responses,
            input: "filter-responses",
            steps: [judgeResponses(judges, mostDrafts), review],
            ...endpointStage,
            rowsInFlight: judge.config.maxInFlight,
            ready: () => judge.ready(),
          },
        ]
      : []),
    planSelection({ id: "selection", input: responses, ...selectOptions(config) }),
    {
      kind: "map",
      id: "select",
      input: responses,
      side: ["selection"],
      steps: [responsesLeft(), takeSelected("selection", selectOptions(config))],
      failureLimit,
    },
  ]
}

const draftOptions = ({ drafts: { prompt: _, import: __, ...options }, seed }: ColdStartConfig) => ({
  ...options,
  seed,
})

const selectOptions = ({ select, judging, drafts: { initial }, seed }: ColdStartConfig): SelectOptions => ({
  ...select,
  expectedDomains: judging.domains,
  firstWave: initial,
  seed,
})

/** The datasets of a cold start: the selected samples, their unfiltered twin, what humans should see, what the selection did. */
export function coldStartExports(config: ColdStartConfig, stages: readonly Stage[]): Export[] {
  const { drafter } = config.models
  const origin = {
    // null in a model's config means that none was sent.
    temperature: drafter.temperature === undefined ? config.drafts.temperature : drafter.temperature,
    topP: drafter.topP === undefined ? config.drafts.topP : drafter.topP,
    maxTokens: config.drafts.maxTokens,
    steps: stages.flatMap((stage) =>
      stage.kind === "map" ? stage.steps.map(({ id, version }) => `${id}@${version}`) : [],
    ),
  }
  const rolloutsOf = (row: Row) => (row as Group).rollouts
  const samples = (row: Row, rollouts: readonly Rollout[]) =>
    rollouts.map((rollout, at) => sampleOf(row as Group, rollout, at + 1, origin))
  return [
    {
      folder: "dataset",
      about: "selected samples (F3)",
      table: sample,
      from: "select",
      rows: (row) =>
        samples(
          row,
          (row.selected as number[]).map((index) => rolloutsOf(row).find(({ sample }) => sample === index)!),
        ),
    },
    {
      folder: "unfiltered",
      about: "every response, with its verdict and what dropped it",
      table: sample,
      from: responseStage(config),
      rows: (row) => samples(row, rolloutsOf(row)),
    },
    {
      folder: "review",
      about: "questions for humans",
      table: reviewQuestion,
      from: responseStage(config),
      rows: (row) => (row.review ? [reviewOf(row as Group)] : []),
    },
    {
      folder: "selection-report",
      about: "what the selection did to each distribution",
      table: selectionReport,
      from: "selection",
      rows: ({ line }) => (line === null ? [] : [line as Row]),
    },
  ]
}

function reviewOf(row: Group): ReviewQuestion {
  const { id, question, choices, reference, referenceOrigin, domain, source } = row
  const { passRate, passRateLow, passRateHigh, vote, rollouts } = row
  const why = row.suspect ? "suspect-reference" : row.correct === 0 ? "consistently-failed" : "accepted-share"
  const measured = { passRate, passRateLow, passRateHigh, vote }
  return { id, why, question, choices, reference, referenceOrigin, domain, source, ...measured, rollouts }
}

const openRoles = (config: ColdStartConfig, host: Host) =>
  openEndpoints({ judge: config.models.judge, drafter: config.models.drafter }, { budget: config.budget, host })

/** The long-CoT cold start. */
export const coldStart = defineRecipe<ColdStartConfig>({
  name: "cold-start",
  about: "Long chains of thought, drafted, verified and filtered, for the first SFT",
  version: 3,
  config: coldStartConfig,
  open(config, host): Pipeline {
    const roles = openRoles(config, host)
    const stages = coldStartStages(config, roles)
    return {
      stages,
      path: [
        ...new Set(["questions", "filter-questions", "draft", "filter-responses", responseStage(config), "select"]),
      ],
      exports: coldStartExports(config, stages),
      endpoints: roles.paid,
      close: () => roles.close(),
    }
  },
})
