// Every default of the recipe, with its unit, range and source, so that `plan`, `steps` and `init` can print it.
import { z } from "zod"
import { budgetError, priceConfig, tokenLimit, usdLimit } from "./money.ts"

/** What `init` and `plan` print beside a key. */
export interface KeyNote {
  unit?: string
  /** Where the default comes from. */
  source?: string
}

/** Adds what `init`, `plan` and the JSON Schema say about a key. */
export const note = <T extends z.ZodType>(schema: T, description: string, keyNote: KeyNote = {}): T =>
  schema.meta({ description, ...keyNote }) as T

export const share = (value: number) => z.number().min(0).max(1).default(value)
export const count = (value: number, least = 1) => z.int().min(least).default(value)

/** Where rows come from. `columns` maps our names to the source's: `{question: "problem", reference: "answer"}`. */
export const sourceConfig = z.union([
  z.string().min(1),
  z.strictObject({
    path: note(z.string().min(1), "File, folder or glob"),
    name: note(z.string().min(1).optional(), "Name in the rows and the manifest; by default the file's name"),
    columns: note(
      z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())])).optional(),
      "Our column name -> the source's. The reference may be put together: {reference: {tests: test, entry_point: entry_point}}",
    ),
    verifier: note(
      z.string().min(1).optional(),
      "Verifier of its answers (`cotyledon steps` lists them); by default multiple-choice where there are choices, else math",
    ),
    verifierOptions: note(
      z.record(z.string(), z.json()).optional(),
      "Options of the verifier, such as {language: python}",
    ),
    domain: note(z.string().min(1).optional(), "Domain of its rows that name none"),
    license: note(z.string().min(1).optional(), "SPDX id, carried into every row and the manifest"),
    revision: note(z.string().min(1).optional(), "Revision of the source, carried into every row"),
  }),
])
export type SourceConfig = z.infer<typeof sourceConfig>

/** Where drafts come from that were made elsewhere. */
export const importSource = z.strictObject({
  path: note(z.string().min(1), "File, folder or glob"),
  model: note(z.string().min(1), "Whose drafts these are; it stands with each sample"),
  columns: note(
    z.record(z.string(), z.string()).optional(),
    "Our name (question, responses, reasoning, finish, complete, outputTokens) -> the file's column; by default those of common sets, such as problem and generations",
  ),
  name: note(z.string().min(1).optional(), "Name in the manifest; by default the file's name"),
  license: note(z.string().min(1).optional(), "SPDX id, for the manifest"),
  revision: note(z.string().min(1).optional(), "Revision of the source, for the manifest"),
})
export type ImportSource = z.infer<typeof importSource>

/** A secret in a config would be written into the run's folder. */
const secretHeader = /^(authorization|proxy-authorization|cookie|.*(api[-_]?key|token|secret).*)$/i

const publicUrl = z
  .string()
  .min(1)
  .refine((url) => !/^[a-z]+:\/\/[^/]*@|[?&][^=]*(key|token|secret)=/i.test(url), {
    error: "A URL must not hold a secret: name the environment variable that holds the key in apiKeyEnv",
  })

/** One role's model behind an OpenAI-compatible endpoint. */
export const modelConfig = z.strictObject({
  baseUrl: note(publicUrl.default("embedded"), 'Base URL up to /v1, or "embedded" for the embedded model'),
  replicas: note(z.array(publicUrl).default([]), "Further base URLs that serve the same model"),
  model: note(z.string().min(1).optional(), "Model name as the server knows it; by default its only one"),
  identity: note(
    z.string().min(1).optional(),
    "Whose answers these are; by default the model's name. Change it when the weights behind a name change",
  ),
  apiKeyEnv: note(z.string().min(1).optional(), "Name of the environment variable that holds the API key"),
  headers: note(
    z
      .record(z.string(), z.string())
      .refine((headers) => !Object.keys(headers).some((name) => secretHeader.test(name)), {
        error: "Headers must not hold secrets: name the environment variable that holds the key in apiKeyEnv",
      })
      .default({}),
    "Further HTTP headers, without secrets",
  ),
  extraBody: note(
    z.record(z.string(), z.json()).default({}),
    'Further keys of the request body, e.g. {"chat_template_kwargs": {"enable_thinking": true}}',
  ),
  temperature: note(
    z.number().min(0).max(2).nullable().optional(),
    "Sampling temperature; overrides the recipe's. null sends none, for servers that refuse one",
  ),
  topP: note(
    z.number().gt(0).max(1).nullable().optional(),
    "Nucleus mass; overrides the recipe's. null sends none, for servers that refuse one",
  ),
  maxInFlight: note(count(32), "Requests in flight", { unit: "requests" }),
  requestsPerMinute: note(z.number().positive().optional(), "Limit on requests", { unit: "per minute" }),
  tokensPerMinute: note(z.number().positive().optional(), "Limit on input and output tokens", { unit: "per minute" }),
  tokensPerSecond: note(
    z.number().positive().optional(),
    "Output tokens that one request gets, for the times of `plan`; a pilot measures it",
    { unit: "tokens per second" },
  ),
  price: note(priceConfig.optional(), "Price of a million tokens", { unit: "USD per million tokens" }),
  timeoutMs: note(z.int().min(100).default(3_600_000), "Longest time for one answer after admission", { unit: "ms" }),
  idleTimeoutMs: note(z.int().min(100).default(600_000), "Longest silence of the server within one answer", {
    unit: "ms",
  }),
  streamAboveTokens: note(count(2_048, 0), "Answers that may be longer than this are streamed", { unit: "tokens" }),
  attempts: note(count(8), "Tries of one request that meets faults (429 and outages are waited out and not counted)", {
    unit: "requests",
  }),
})
export type ModelConfig = z.infer<typeof modelConfig>

const report = "Qwen3 Technical Report, arXiv 2505.09388"

/** How many drafts a question gets and how they are sampled. */
export const draftsConfig = z
  .strictObject({
    prompt: note(
      z.enum(["boxed", "worked-example"]).default("boxed"),
      "How models are asked to solve a question: by instruction, or by an example for small models",
    ),
    import: note(
      z.array(importSource).default([]),
      "Drafts that were made elsewhere: they join the question with the same text, count towards its drafts and are not asked for again",
    ),
    initial: note(count(8), "Drafts of every question", {
      unit: "drafts",
      source: "recipe default; the report says N",
    }),
    maximum: note(count(32), "Drafts of a question while none is right, in waves that double (8, 16, 32)", {
      unit: "drafts",
      source: "OpenMathReasoning (up to 32), OpenCodeReasoning (32)",
    }),
    temperature: note(z.number().min(0).max(2).default(0.6), "Sampling temperature", {
      source: `${report}, section 4.7`,
    }),
    topP: note(z.number().gt(0).max(1).default(0.95), "Nucleus mass", { source: `${report}, section 4.7` }),
    maxTokens: note(count(32_768), "Longest draft, thinking included", {
      unit: "tokens",
      source: `${report}, section 4.7`,
    }),
    suspects: note(
      z
        .strictObject({
          minimumVotes: note(
            count(4),
            "Drafts that must agree on another answer than the reference to make it suspect",
            {
              unit: "drafts",
            },
          ),
          minimumShare: note(
            share(1),
            "Share of them among the drafts with a wrong answer, all `maximum` being made and none right",
            { source: `recipe default: all of them; the report has humans assess such questions (section 4.1)` },
          ),
        })
        .prefault({}),
      "When drafts that agree put the reference under suspicion: the question goes to review, with the evidence",
    ),
    majority: note(
      z
        .strictObject({
          enabled: note(
            z.boolean().default(false),
            "Take questions without a reference too: each gets `maximum` drafts, and the answer of most becomes its reference. Never for code",
            { source: "OpenMathReasoning (arXiv 2504.16891), where the source has no answer" },
          ),
          minimumVotes: note(count(4), "Drafts that must agree", { unit: "drafts" }),
          minimumShare: note(share(0.5), "Share of them among the drafts with an answer; a tie is no majority"),
        })
        .prefault({}),
      "Questions without a reference",
    ),
  })
  .refine(
    ({ initial, maximum, majority }) => !majority.enabled || majority.minimumVotes <= Math.max(initial, maximum),
    {
      path: ["majority", "minimumVotes"],
      error: "More votes than a question gets drafts (drafts.maximum): no majority could ever be found",
    },
  )

/** The question filter. */
export const judgingConfig = z.strictObject({
  decide: note(
    z.enum(["schema", "logprobs"]).default("schema"),
    "How a judge decides: a JSON answer under a schema, or the log-probabilities of two words",
  ),
  thresholds: note(
    z
      .partialRecord(z.enum(["not-verifiable", "several-questions", "text-generation"]), z.number().min(0).max(1))
      .default({}),
    "Probability from which `logprobs` drops a question, by criterion; 0.5 where none is given",
  ),
  votes: note(
    z.int().min(1).max(64).default(1),
    "Times that a judge is asked, until a majority is certain; without one the decision is unsure. With `logprobs` 1: one token has the probability",
    { unit: "answers", source: "recipe default; a judge that wavers gains by 3 or 5" },
  ),
  voteTemperature: note(
    z.number().gt(0).max(2).default(0.7),
    "Sampling temperature of several votes; a single one is asked for at 0",
  ),
  unsure: note(
    z.enum(["keep", "drop"]).default("keep"),
    "What becomes of a question on which the judge is unsure; it is counted by itself in either case",
    { source: "OpenMathReasoning (arXiv 2504.16891) keeps what its classifiers are unsure of" },
  ),
  maxTokens: note(
    count(160),
    "Longest judgement, thinking included; one that is cut is asked for again with two and four times as many. A judge that thinks needs thousands",
    { unit: "tokens", source: "recipe default: a short sentence and a word" },
  ),
  responseCharacters: note(
    count(24_000, 100),
    "Characters of a chain of thought that the judge of a response reads: its first third and its end",
    { unit: "characters", source: "recipe default: about 8,000 tokens" },
  ),
  directAttempts: note(count(4, 0), "Answers without chain of thought; one right answer drops the question. 0: off", {
    unit: "answers",
    source: "recipe default for the report's fourth criterion (section 4.1)",
  }),
  directMaxTokens: note(count(64), "Longest answer without chain of thought", { unit: "tokens" }),
  criteria: note(
    z
      .array(z.enum(["not-verifiable", "several-questions", "text-generation"]))
      .default(["not-verifiable", "several-questions", "text-generation"]),
    "Criteria that a judge decides, each asked on its own",
    { source: `${report}, section 4.1` },
  ),
  labelDomains: note(z.boolean().default(true), "Ask the judge for the domain of questions that have none"),
  domains: note(
    z.array(z.string().min(1)).min(1).default(["mathematics", "code", "logic", "science"]),
    "Domains that the judge chooses from",
    { source: `${report}, section 4.1` },
  ),
})

/** When a judge is asked about a response that no other filter drops. */
const judgePolicy = z.enum(["off", "doubtful", "always"]).default("doubtful")
export type JudgePolicy = z.infer<typeof judgePolicy>
const judgeNote =
  "When the judge is asked about a response that no filter drops: never, where the signals leave a doubt, or always"

/** The response filters. Each can be switched off. */
export const responseFilterConfig = z.strictObject({
  off: note(
    z
      .array(
        z.enum([
          "truncated",
          "wrong-answer",
          "no-thinking",
          "special-tokens",
          "repetition",
          "language-mixing",
          "guesswork",
          "summary-disagrees",
          "reserve-similarity",
        ]),
      )
      .default([]),
    "Response filters to leave out",
    { source: `${report}, section 4.1: six criteria` },
  ),
  repetition: z
    .strictObject({
      ngram: note(count(12, 2), "Words in a repeated n-gram", { unit: "words" }),
      maxShare: note(share(0.2), "Share of words within repeated n-grams above which a response is dropped"),
      maxLineRepeats: note(count(4), "Times that one line, or a block of lines or words, may come in a row", {
        unit: "times",
      }),
    })
    .prefault({}),
  language: z
    .strictObject({
      maxShare: note(share(0.02), "Share of words in other languages above which a response is dropped"),
      maxPassage: note(count(20), "Words of one passage in another language above which a response is dropped", {
        unit: "words",
      }),
      match: note(
        z.enum(["response", "answer", "off"]).default("response"),
        "What must be in the question's language: thinking and answer, the answer alone, or neither",
      ),
    })
    .prefault({}),
  guesswork: z
    .strictObject({
      judge: note(judgePolicy, judgeNote),
      doubt: note(share(0.5), "Score of the signals from which a response is in doubt"),
      drop: note(share(0.8), "Score of the signals from which a response is dropped without a judge"),
    })
    .prefault({}),
  summary: z.strictObject({ judge: note(judgePolicy, judgeNote) }).prefault({}),
  similarity: z
    .strictObject({
      ngram: note(count(13, 2), "Words in an n-gram shared with a reserve question", {
        unit: "words",
        source: "13-gram overlap, GPT-3 (arXiv 2005.14165, appendix C)",
      }),
      maxShare: note(share(0.1), "Share of a response's n-grams found in the reserve above which it is dropped"),
      maxCoverage: note(
        share(0.5),
        "Share of one reserve question's n-grams found in a response above which it is dropped",
      ),
    })
    .prefault({}),
})

/** The small final set. */
export const selectConfig = z.strictObject({
  maximum: note(count(4_000), "Questions in the final set", {
    unit: "questions",
    source: "recipe default; s1 and LIMO end with about 1,000",
  }),
  domains: note(
    z
      .record(z.string().min(1), z.number().min(0))
      .refine((weights) => Object.keys(weights).length === 0 || Object.values(weights).some((weight) => weight > 0), {
        error: "Every domain has the weight 0: nothing could be selected",
      })
      .default({}),
    "Weights of the domains, such as {mathematics: 0.4, code: 0.3, logic: 0.2, science: 0.1}; equal where none is given. A domain of " +
      "weight 0 is left out; one that is not named gets what the others leave",
    { source: `${report}, section 4.1 names the domains; equal weights are the recipe's default` },
  ),
  difficulty: note(
    z
      .strictObject({
        order: note(
          z.enum(["hardest", "random"]).default("hardest"),
          "Which questions of a domain come first: those with the lowest positive pass rate, or any",
          { source: "LIMO (arXiv 2502.03387): 1 to 3 right of 32" },
        ),
        minimumPassRate: note(share(0), "Least pass rate; one above 0 leaves out what may have been guessed"),
        maximumPassRate: note(share(1), "Greatest pass rate"),
      })
      .prefault({}),
    "How hard the questions are",
  ),
  length: note(
    z
      .strictObject({
        shortest: note(
          z.number().min(0).max(0.5).default(0.01),
          "Share of each domain left out for the shortest responses",
        ),
        longest: note(
          z.number().min(0).max(0.5).default(0.01),
          "Share of each domain left out for the longest responses",
        ),
      })
      .prefault({}),
    "Tails of the responses' lengths in tokens",
  ),
  maximumSimilarity: note(
    z.number().gt(0).max(1).default(0.8),
    "Jaccard similarity to a chosen question (5-character shingles) above which a question is a near-duplicate. 1: off",
    { source: "recipe default; MinHash deduplication commonly takes 0.7 to 0.8" },
  ),
  samplesPerQuestion: note(count(1), "Responses kept of one question", { unit: "samples" }),
  sample: note(
    z.enum(["median", "shortest", "longest"]).default("median"),
    "Which of a question's accepted responses: nearest their median length (neither a shortcut nor overthought), or an extreme",
  ),
})
export type SelectConfig = z.infer<typeof selectConfig>

/** Keys of every recipe. */
export const common = {
  recipe: note(z.string().min(1), "Name of the recipe, or the path of one"),
  seed: note(z.int().min(0).max(0x7fff_ffff).default(42), "Seed of every random choice and of every sample"),
  failureLimit: note(share(0.05), "Share of a stage's rows that may fail before the run stops"),
  rowsPerShard: note(count(256), "Rows of a shard", { unit: "rows" }),
  budget: note(
    z
      .strictObject(
        {
          tokens: note(tokenLimit.optional(), "Input and output tokens of the whole run", { unit: "tokens" }),
          usd: note(usdLimit.optional(), "Cost of the whole run; needs the models' prices", { unit: "USD" }),
        },
        { error: budgetError },
      )
      .prefault({}),
    "Limits that stop the run before they are passed",
  ),
  ledger: note(
    z.string().min(1).optional(),
    "Folder of a ledger that several runs share: what one of them paid for the others take over",
  ),
  disk: note(
    z
      .strictObject({
        minimumFreeBytes: note(
          z.int().min(0).optional(),
          "Free bytes of the run's disk below which nothing new is begun; by default 1 GiB, or 2% of a smaller disk. 0: off",
          { unit: "bytes" },
        ),
      })
      .prefault({}),
    "When a run waits for room on its disk",
  ),
}

/** Config of the long-CoT cold start. */
export const coldStartConfig = z.strictObject({
  ...common,
  questions: note(z.array(sourceConfig).min(1), "Questions with references"),
  models: z.strictObject({
    judge: note(modelConfig.prefault({}), "Judges questions (the report: Qwen2.5-72B-Instruct)"),
    drafter: note(modelConfig.prefault({}), "Drafts chains of thought (the report: QwQ-32B)"),
  }),
  judging: judgingConfig.prefault({}),
  reserve: z
    .strictObject({
      share: note(share(0.02), "Share of the filtered questions kept apart for validation before any draft", {
        source: `the report reserves a validation query set (section 4.1) without its size`,
      }),
    })
    .prefault({}),
  drafts: draftsConfig.prefault({}),
  filters: responseFilterConfig.prefault({}),
  review: z
    .strictObject({
      share: note(share(0.02), "Share of the questions with an accepted response that humans see too"),
    })
    .prefault({}),
  select: selectConfig.prefault({}),
})
/** A checked config of the long-CoT cold start, all defaults filled in. */
export type ColdStartConfig = z.infer<typeof coldStartConfig>
