// Every step that `steps`, `apply` and `verify` find, as a plain list. A step's code is loaded when it is built, so that listing them is
// quick. Defaults are those of `schemas/config.ts`; parameters that only a single step has stand here.
import { z } from "zod"
import type { Endpoint } from "../annotators/endpoint/endpoint.ts"
import type { Verifier } from "../annotators/verifiers/verifier.ts"
import type { ResponseCriterion, ResponseJudgeOptions } from "../filters/judged-response.ts"
import {
  type ColdStartConfig,
  coldStartConfig,
  draftsConfig,
  type JudgePolicy,
  judgingConfig,
  responseFilterConfig,
} from "../schemas/config.ts"
import type { Judgement } from "../schemas/judgement.ts"
import { directOptions, judgedOptions, responseJudgeOptions } from "./cold-start/judging.ts"
import { guessworkPrompt } from "./cold-start/prompts/guesswork.ts"
import { notVerifiable } from "./cold-start/prompts/not-verifiable.ts"
import { severalQuestions } from "./cold-start/prompts/several-questions.ts"
import { solvingPrompts } from "./cold-start/prompts/solving.ts"
import { summaryDisagreesPrompt } from "./cold-start/prompts/summary-disagrees.ts"
import { textGeneration } from "./cold-start/prompts/text-generation.ts"
import type { Row, Step } from "./runtime/step.ts"

/** The roles whose endpoints a step may need. */
export type StepRole = "judge" | "drafter"

/** What `build` gets from whoever applies a step. */
export interface StepServices {
  endpoint(role: StepRole): Endpoint
}

/** What every entry says about its step. */
interface Entry {
  /** Folder-independent: `repetition`. */
  readonly id: string
  /** One sentence. */
  readonly about: string
  /** Columns that it reads. */
  readonly reads: readonly string[]
  /** Columns that it adds or replaces. */
  readonly adds: readonly string[]
}

/** A step over rows that `apply` can run by itself. */
export interface StepEntry extends Entry {
  readonly kind: "filter" | "annotator"
  /** Strict; each key with a description, and with a unit and a source where it has one. */
  readonly params: z.ZodObject
  /** The column that `apply --column` stands for. */
  readonly column: (params: Record<string, unknown>) => string
  /** What a row must have in that column to be decided on, or null; the column `text` does where there is none of that name. */
  readonly needs: "text" | "text-or-null" | null
  /** The added column that `apply --labels` compares, for an annotator. */
  readonly label?: string
  /** Whether a filter that may be unsure was so of a row that it has decided on. */
  readonly unsure?: (row: Row) => boolean
  readonly role?: StepRole
  /** Of a step that can do without its model: whether it asks it with these parameters. */
  readonly asks?: (params: Record<string, unknown>) => boolean
  /** Parameters of such a step where its model is set and they are not. */
  readonly withModel?: Readonly<Record<string, unknown>>
  /** True when it settles something else than a model's answers: what programs did in a sandbox, what was retrieved. */
  readonly settles?: true
  /** Parameters as a cold start's config has them, so that `apply --config` does what the run does. */
  readonly settings?: (config: ColdStartConfig) => object
  /** Side datasets by name: the sources that the parameters name. */
  readonly side?: (params: Record<string, unknown>) => Readonly<Record<string, string>>
  build(params: unknown, services: StepServices): Promise<Step>
}

/** A verifier: its options and what its reference must be are its own. */
export interface VerifierEntry extends Entry {
  readonly kind: "verifier"
  build(): Promise<Verifier>
}

export type CatalogueEntry = StepEntry | VerifierEntry

/** Types `column`, `settings`, `side` and `build` of an entry by its parameters. */
const step = <P extends z.ZodObject>(
  entry: Omit<StepEntry, "params" | "column" | "needs" | "side" | "build"> & {
    params: P
    column: string | ((params: z.output<P>) => string)
    needs?: StepEntry["needs"]
    side?: (params: z.output<P>) => Record<string, string>
    build(params: z.output<P>, services: StepServices): Promise<Step>
  },
): StepEntry => {
  const { column, needs = null } = entry
  return { ...entry, needs, column: typeof column === "string" ? () => column : column } as unknown as StepEntry
}

const none = z.strictObject({})
const { seed } = coldStartConfig.shape
const judging = judgingConfig.shape

const criterionThreshold = z
  .number()
  .min(0)
  .max(1)
  .default(0.5)
  .meta({ description: "Probability from which `logprobs` drops a question" })

const responseColumns = ["thinking", "answer"]
const verdictColumns = ["verdict", "reward", "extracted", "reason"]

const judged = (prompt: typeof notVerifiable | typeof severalQuestions | typeof textGeneration): StepEntry =>
  step({
    id: prompt.id,
    kind: "filter",
    about: prompt.about,
    reads: ["question", "choices"],
    adds: ["judgements"],
    column: "question",
    needs: "text",
    role: "judge",
    unsure: (row) =>
      (row.judgements as Judgement[]).findLast(({ criterion }) => criterion === prompt.id)!.decision === "unsure",
    params: z.strictObject({
      decide: judging.decide,
      threshold: criterionThreshold,
      votes: judging.votes,
      voteTemperature: judging.voteTemperature,
      unsure: judging.unsure,
      maxTokens: judging.maxTokens,
      seed,
    }),
    settings: (config) => judgedOptions(config, prompt.id),
    build: async (params, { endpoint }) =>
      (await import("../filters/judged-criterion.ts")).judgedCriterion(prompt, endpoint("judge"), params),
  })

const hasReference = step({
  id: "has-reference",
  kind: "filter",
  about: "Drops questions without a reference answer",
  reads: ["reference", "choices", "verifier"],
  adds: [],
  column: "reference",
  params: z.strictObject({
    majority: z.boolean().default(false).meta({ description: "Keep those where a majority of drafts can stand in" }),
  }),
  settings: ({ drafts }) => ({ majority: drafts.majority.enabled }),
  build: async (params) => (await import("../filters/has-reference.ts")).hasReference(params),
})

const unverifiableReference = step({
  id: "unverifiable-reference",
  kind: "filter",
  about: "Drops questions whose reference the verifier cannot read",
  reads: ["reference", "choices", "verifier", "verifierOptions"],
  adds: [],
  column: "reference",
  needs: "text",
  params: none,
  build: async () => (await import("../filters/unverifiable-reference.ts")).unverifiableReference(),
})

const solutionFails = step({
  id: "solution-fails",
  kind: "filter",
  about: "Drops questions of code whose own solution fails their tests",
  reads: ["solution", "reference", "verifier", "verifierOptions"],
  adds: [],
  column: "solution",
  settles: true,
  params: none,
  build: async () => (await import("../filters/solution-fails.ts")).solutionFails(),
})

const specialTokens = step({
  id: "special-tokens",
  kind: "filter",
  about: "Drops text that holds a control token of the chat template",
  reads: ["text"],
  adds: [],
  column: ({ columns }) => columns[0]!,
  needs: "text-or-null",
  params: z.strictObject({
    columns: z
      .array(z.string().min(1))
      .min(1)
      .default(["text"])
      .meta({ description: "Columns of text to search; all but the first may be missing or null" }),
  }),
  build: async ({ columns }) => (await import("../filters/special-tokens.ts")).specialTokens(columns),
})

const modeAgreement = step({
  id: "mode-agreement",
  kind: "filter",
  about: "Drops samples whose think block is not what their flags ask for",
  reads: ["prompt", "completion", "enable_thinking", "chat_template_kwargs"],
  adds: [],
  column: "completion",
  params: none,
  build: async () => (await import("../filters/mode-agreement.ts")).modeAgreement(),
})

const answeredDirectly = step({
  id: "answered-directly",
  kind: "filter",
  about: "Drops questions that the judge answers without reasoning",
  reads: ["question", "choices", "reference", "verifier", "verifierOptions", "id"],
  adds: ["directAnswers"],
  column: "question",
  needs: "text",
  role: "judge",
  params: z.strictObject({
    attempts: judging.directAttempts,
    maxTokens: judging.directMaxTokens,
    prompt: draftsConfig.shape.prompt,
    seed,
  }),
  settings: (config) => ({ ...directOptions(config), prompt: config.drafts.prompt }),
  build: async ({ prompt, ...params }, { endpoint }) =>
    (await import("../filters/answered-directly.ts")).answeredDirectly(
      solvingPrompts[prompt].direct,
      endpoint("judge"),
      params,
    ),
})

const domain = step({
  id: "domain",
  kind: "annotator",
  about: "Labels the domain of questions that have none",
  reads: ["question", "domain"],
  adds: ["domain"],
  column: "question",
  needs: "text",
  label: "domain",
  role: "judge",
  params: z.strictObject({ domains: judging.domains, ask: judging.labelDomains, maxTokens: judging.maxTokens, seed }),
  settings: ({ judging: { domains, labelDomains, maxTokens }, seed }) => ({
    domains,
    ask: labelDomains,
    maxTokens,
    seed,
  }),
  build: async (params, { endpoint }) => (await import("../annotators/domain.ts")).domain(endpoint("judge"), params),
})

const reserve = step({
  id: "reserve",
  kind: "filter",
  about: "Sets validation questions apart",
  reads: ["id"],
  adds: [],
  column: "id",
  params: z.strictObject({ share: coldStartConfig.shape.reserve.unwrap().shape.share, seed }),
  settings: ({ reserve: { share }, seed }) => ({ share, seed }),
  build: async (params) => (await import("../filters/reserve.ts")).reserve(params),
})

// What is imported is part of a run's questions, not of the step that drafts.
const { import: _imported, ...draftsShape } = draftsConfig.shape

const drafts = step({
  id: "drafts",
  kind: "annotator",
  about: "Drafts chains of thought and verifies each against the reference",
  reads: ["question", "choices", "reference", "id"],
  adds: [
    "reference",
    "referenceOrigin",
    "rollouts",
    "correct",
    "verified",
    "passRate",
    "passRateLow",
    "passRateHigh",
    "vote",
    "suspect",
  ],
  column: "question",
  needs: "text",
  role: "drafter",
  params: z.strictObject({ ...draftsShape, seed }),
  // Where drafts are imported from concerns the stage that reads the questions.
  settings: ({ drafts: { import: _, ...drafts }, seed }) => ({ ...drafts, seed }),
  build: async ({ prompt, ...params }, { endpoint }) =>
    (await import("../annotators/drafts.ts")).drafts(solvingPrompts[prompt].draft, endpoint("drafter"), params),
})

const truncated = step({
  id: "truncated",
  kind: "filter",
  about: "Drops responses that were cut, refused or left empty",
  reads: ["answer", "finish"],
  adds: [],
  column: "answer",
  params: none,
  build: async () => (await import("../filters/truncated.ts")).truncated(),
})

const wrongAnswer = step({
  id: "wrong-answer",
  kind: "filter",
  about: "Drops responses whose final answer is not verified as right",
  reads: ["verdict", "extracted", "verdictReason"],
  adds: [],
  column: "verdict",
  params: none,
  build: async () => (await import("../filters/wrong-answer.ts")).wrongAnswer(),
})

const noThinking = step({
  id: "no-thinking",
  kind: "filter",
  about: "Drops responses without a chain of thought",
  reads: ["thinking"],
  adds: [],
  column: "thinking",
  params: none,
  build: async () => (await import("../filters/no-thinking.ts")).noThinking(),
})

const repetition = step({
  id: "repetition",
  kind: "filter",
  about: "Drops responses that loop: repeated lines, n-grams or characters",
  reads: ["question", ...responseColumns],
  adds: [],
  column: "answer",
  params: responseFilterConfig.shape.repetition.unwrap(),
  settings: ({ filters }) => filters.repetition,
  build: async (params) => (await import("../filters/repetition.ts")).repetition(params),
})

const languageMixing = step({
  id: "language-mixing",
  kind: "filter",
  about: "Drops responses that mix languages, leave the question's, or break their style",
  reads: ["question", ...responseColumns, "verifier"],
  adds: [],
  column: "answer",
  params: responseFilterConfig.shape.language.unwrap(),
  settings: ({ filters }) => filters.language,
  build: async (params) => (await import("../filters/language-mixing.ts")).languageMixing(params),
})

/** A response criterion that asks a judge where one is given. */
const judgedResponse = <P extends z.ZodObject>(
  id: "guesswork" | "summary-disagrees",
  about: string,
  shape: P,
  settings: (config: ColdStartConfig) => { judge: JudgePolicy },
  criterionOf: (params: z.output<P>) => Promise<ResponseCriterion>,
): StepEntry =>
  step({
    id,
    kind: "filter",
    about,
    reads: ["question", ...responseColumns, "choices", "reference", "verifier"],
    adds: ["judgements"],
    column: "answer",
    role: "judge",
    asks: ({ judge }) => judge !== "off",
    withModel: { judge: "doubtful" },
    unsure: (row) =>
      ((row.judgements ?? []) as Judgement[]).findLast(({ criterion }) => criterion === id)?.decision === "unsure",
    params: z.strictObject({
      ...shape.shape,
      judge: z.enum(["off", "doubtful", "always"]).default("off").meta({
        description:
          "When models.judge is asked: never, where the text leaves a doubt (the default where models.judge is set), or always",
      }),
      votes: judging.votes,
      voteTemperature: judging.voteTemperature,
      unsure: judging.unsure,
      maxTokens: judging.maxTokens,
      responseCharacters: judging.responseCharacters,
      seed,
    }),
    settings: (config) => ({ ...settings(config), ...responseJudgeOptions(config, settings(config).judge) }),
    build: async ({ judge, ...params }, { endpoint }) => {
      const { byJudge, byText } = await import("../filters/judged-response.ts")
      const criterion = await criterionOf(params as z.output<P>)
      const { votes, voteTemperature, unsure, maxTokens, responseCharacters, seed } = params as ResponseJudgeOptions
      const options = { votes, voteTemperature, unsure, maxTokens, responseCharacters, seed }
      return judge === "off" ? byText(criterion) : byJudge(criterion, endpoint("judge"), { ...options, judge })
    },
  })

const { judge: _judge, ...guessworkShape } = responseFilterConfig.shape.guesswork.unwrap().shape

const guesswork = judgedResponse(
  "guesswork",
  "Drops responses that guess without adequate reasoning",
  z.strictObject(guessworkShape),
  ({ filters }) => filters.guesswork,
  async (params) => (await import("../filters/guesswork.ts")).guesswork(params, guessworkPrompt),
)

const summaryDisagrees = judgedResponse(
  "summary-disagrees",
  "Drops responses whose answer is not what their thinking came to",
  none,
  ({ filters }) => filters.summary,
  async () => (await import("../filters/summary-disagrees.ts")).summaryDisagrees(summaryDisagreesPrompt),
)

const reserveSimilarity = step({
  id: "reserve-similarity",
  kind: "filter",
  about: "Drops responses that share n-grams with the validation reserve",
  reads: ["question", ...responseColumns],
  adds: [],
  column: "answer",
  params: z.strictObject({
    ...responseFilterConfig.shape.similarity.unwrap().shape,
    reserve: z.string().min(1).meta({ description: "File, folder or glob with the reserve: rows {id, question}" }),
  }),
  settings: ({ filters }) => filters.similarity,
  side: ({ reserve }) => ({ reserve }),
  build: async ({ reserve: _, ...params }) =>
    (await import("../filters/reserve-similarity.ts")).reserveSimilarity(params, "reserve"),
})

const math: VerifierEntry = {
  id: "math",
  kind: "verifier",
  about: "Final answers of mathematics: numbers, expressions, short words",
  reads: ["completion", "reference", "options"],
  adds: verdictColumns,
  build: async () => (await import("../annotators/verifiers/math.ts")).math,
}

const multipleChoice: VerifierEntry = {
  id: "multiple-choice",
  kind: "verifier",
  about: "The chosen letter of a multiple-choice question",
  reads: ["completion", "reference", "options"],
  adds: verdictColumns,
  build: async () => (await import("../annotators/verifiers/multiple-choice.ts")).multipleChoice,
}

const codeTests: VerifierEntry = {
  id: "code-tests",
  kind: "verifier",
  about: "Programs against tests: asserts, check functions, unittest classes",
  reads: ["completion", "reference", "options"],
  adds: verdictColumns,
  build: async () => (await import("../annotators/verifiers/code-tests.ts")).codeTests,
}

const codeStdio: VerifierEntry = {
  id: "code-stdio",
  kind: "verifier",
  about: "Programs that read standard input and write standard output",
  reads: ["completion", "reference", "options"],
  adds: verdictColumns,
  build: async () => (await import("../annotators/verifiers/code-stdio.ts")).codeStdio,
}

const thinkFormat: VerifierEntry = {
  id: "think-format",
  kind: "verifier",
  about: "The think tags of a completion: one block at the start, or the empty one",
  reads: ["completion", "reference", "options"],
  adds: verdictColumns,
  build: async () => (await import("../annotators/verifiers/think-format.ts")).thinkFormat,
}

/** All steps, in the order in which the recipes use them. */
export const catalogue: readonly CatalogueEntry[] = [
  hasReference,
  unverifiableReference,
  solutionFails,
  specialTokens,
  modeAgreement,
  judged(notVerifiable),
  judged(severalQuestions),
  judged(textGeneration),
  answeredDirectly,
  domain,
  reserve,
  drafts,
  truncated,
  wrongAnswer,
  noThinking,
  repetition,
  languageMixing,
  guesswork,
  summaryDisagrees,
  reserveSimilarity,
  math,
  multipleChoice,
  codeTests,
  codeStdio,
  thinkFormat,
]

/** What an entry can be set to: a step's parameters or a verifier's options. */
export const settingsOf = async (entry: CatalogueEntry): Promise<z.ZodType> =>
  entry.kind === "verifier" ? (await entry.build()).options : entry.params
