import { fileURLToPath } from "node:url"

/**
 * The cold start that runs at once: starter questions and the embedded model in both roles. One small model judges and drafts, so
 * this is for trying out the whole path, not for data to train on.
 */
export const quickStart = {
  recipe: "cold-start",
  questions: [
    {
      path: fileURLToPath(new URL("starter-questions.jsonl", import.meta.url)),
      name: "starter-questions",
      license: "Apache-2.0",
      revision: "1",
    },
  ],
  models: { judge: { baseUrl: "embedded" }, drafter: { baseUrl: "embedded" } },
  judging: {
    decide: "logprobs",
    // Chosen on one set of questions and checked on another for this model: test/bench/quick-start-prompts.ts.
    thresholds: { "not-verifiable": 0.37, "several-questions": 0.28, "text-generation": 0.9 },
    directAttempts: 1,
    directMaxTokens: 24,
  },
  reserve: { share: 0.05 },
  drafts: { prompt: "worked-example", initial: 4, maximum: 8, temperature: 0.5, maxTokens: 160 },
  // A model of this size cannot weigh a chain of thought.
  filters: { guesswork: { judge: "off" }, summary: { judge: "off" } },
  review: { share: 0.1 },
}
