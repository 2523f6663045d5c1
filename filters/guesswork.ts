import type { ResponsePrompt } from "../annotators/response-prompt.ts"
import type { Verifiable } from "../annotators/verify-answer.ts"
import type { Row } from "../pipelines/runtime/step.ts"
import { guessSignals } from "./guess-signals.ts"
import type { ResponseCriterion } from "./judged-response.ts"
import { responseOf } from "./response.ts"
import { excerptOf, maxSpans } from "./span.ts"

/** Thresholds, as `filters.guesswork` of the config has them. */
export interface GuessworkParams {
  /** Score of the signals from which a response is in doubt, and from which it is dropped without a judge. */
  readonly doubt: number
  readonly drop: number
}

/**
 * Guesswork without adequate reasoning, the third response criterion of the Qwen3 report (arXiv 2505.09388, section 4.1). The signals of
 * `guess-signals.ts` decide what they can: an answer that is admitted to be guessed and that no step derives, or a thinking without any step.
 * What leaves a doubt is for a judge. A guess that is checked afterwards, or from which a proof follows, is no guesswork. Reads
 * `question`, `thinking`, `answer` and what says how the answer is verified.
 */
export const guesswork = ({ doubt, drop }: GuessworkParams, prompt: ResponsePrompt): ResponseCriterion => ({
  id: "guesswork",
  version: 1,
  params: { doubt, drop },
  about: "Drops responses that guess without adequate reasoning",
  prompt,
  read(row: Row) {
    const response = responseOf(row)
    const { score, signals, answer } = guessSignals(response, row as unknown as Verifiable)
    const part = response.thinking.trim() === "" ? "answer" : "thinking"
    const text = response[part]
    const placed = [...new Set(signals.flatMap(({ span }) => (span === null ? [] : [span])))]
    const evidence = {
      part,
      signals: [...new Set(signals.map(({ kind }) => kind))],
      answer,
      spans: placed.slice(0, maxSpans),
      text: excerptOf(text, placed[0]),
    }
    if (score >= drop) return { drop: { reason: "guesswork", measured: score, threshold: drop, evidence } }
    return { doubt: score >= doubt, evidence: { ...evidence, score } }
  },
})
