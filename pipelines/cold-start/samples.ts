import { assistantContent } from "../../annotators/chat/think-block.ts"
import { questionText } from "../../annotators/solving-prompt.ts"
import type { Rejection } from "../../schemas/rejection.ts"
import { type Group, importedPrefix, type Rollout } from "../../schemas/rollout.ts"
import type { Sample } from "../../schemas/sample.ts"

/** What all samples of a run share. */
export interface SampleOrigin {
  temperature: number | null
  topP: number | null
  maxTokens: number | null
  /** `step@version` of every step that touched the rows, in order. */
  steps: string[]
}

/**
 * One response as an SFT row (F3 of the handoff): the prompt is the question with its choices, the completion one assistant turn with
 * the think block in front, in the form that every surveyed loader keeps. `ordinal` counts a question's samples from 1.
 */
export function sampleOf(
  row: Group,
  rollout: Rollout,
  ordinal: number,
  { temperature, topP, maxTokens, steps }: SampleOrigin,
): Sample {
  const { rejection } = rollout
  // How a draft was sampled that was made elsewhere, nobody has said.
  const isImported = rollout.exchange.startsWith(importedPrefix)
  return {
    id: ordinal === 1 ? row.id : `${row.id}/sample-${ordinal}`,
    prompt: [{ role: "user", content: questionText(row) }],
    completion: [{ role: "assistant", content: assistantContent(rollout.thinking, rollout.answer) }],
    chat_template_kwargs: { enable_thinking: true },
    enable_thinking: true,
    question_id: row.id,
    source: row.source,
    license: row.license,
    domain: row.domain ?? "unknown",
    reference: row.reference,
    reference_origin: row.referenceOrigin,
    verdict: rollout.verdict,
    extracted: rollout.extracted,
    rejected_by: rejection && `${rejection.step}: ${rejection.reason}`,
    rejection_evidence: rejection && evidenceOf(rejection),
    pass_rate: row.passRate,
    pass_rate_low: row.passRateLow,
    pass_rate_high: row.passRateHigh,
    rollouts: row.rollouts.length,
    model: rollout.model,
    temperature: isImported ? null : temperature,
    top_p: isImported ? null : topP,
    max_tokens: isImported ? null : maxTokens,
    seed: rollout.seed,
    output_tokens: rollout.outputTokens,
    exchange: rollout.exchange,
    steps,
  }
}

/** A rejection without its names; the evidence is JSON already. */
const evidenceOf = ({ measured, threshold, evidence }: Rejection): string =>
  `{"measured":${measured},"threshold":${threshold},"evidence":${evidence}}`
