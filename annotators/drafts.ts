import type { Effects } from "../pipelines/runtime/effect.ts"
import { RowError } from "../pipelines/runtime/errors.ts"
import type { ProgramStep, Tally } from "../pipelines/runtime/step.ts"
import type { Question } from "../schemas/question.ts"
import { group, type Rollout } from "../schemas/rollout.ts"
import type { Endpoint } from "./endpoint/endpoint.ts"
import { seedOf } from "./endpoint/seed.ts"
import { type SolvingPrompt, solvingMessages } from "./solving-prompt.ts"
import { splitResponse } from "./split-response.ts"
import { verifierVersions, verifyAnswer } from "./verify-answer.ts"

export interface DraftsOptions {
  /** Drafts of every question, then as many again while none is right, up to `maximum`. */
  initial: number
  maximum: number
  temperature: number
  topP: number
  /** Longest draft in tokens, thinking included. */
  maxTokens: number
  seed: number
}

/**
 * Drafts candidates for a question with a long-CoT model and verifies each against the reference (Qwen3 report, section 4.1). Every
 * draft is an effect of its own: a group that is killed after five of eight keeps five. Adds `rollouts` in order of their
 * sample index, `correct`, `verified` and `passRate`.
 */
export const drafts = (prompt: SolvingPrompt, drafter: Endpoint, options: DraftsOptions): ProgramStep => {
  const { initial, maximum, temperature, topP, maxTokens, seed } = options
  const most = Math.max(initial, maximum)
  return {
    kind: "program",
    id: "drafts",
    version: 1,
    params: {
      prompt: [prompt.id, prompt.version],
      model: drafter.params,
      ...options,
      maximum: most,
      verifiers: verifierVersions,
    },
    about: "Drafts chains of thought and verifies each against the reference",
    adds: {
      rollouts: group.columns.rollouts,
      correct: group.columns.correct,
      verified: group.columns.verified,
      passRate: group.columns.passRate,
    },
    bound: [{ role: drafter.role, calls: most, inputTokens: 80, outputTokens: maxTokens }],
    async run(row, effects) {
      const question = row as unknown as Question
      const messages = solvingMessages(prompt, question)
      const draft = async (sample: number): Promise<Rollout> => {
        const sampleSeed = seedOf(seed, question.id, "draft", sample)
        const request = { messages, maxTokens, temperature, topP, seed: sampleSeed }
        const { value, usage, id } = await effects.settle(drafter.chat(request, sample))
        const { thinking, answer } = splitResponse(value)
        const { verdict, extracted, reason } = await verifyAnswer(answer, question, effects)
        return {
          sample,
          seed: sampleSeed,
          thinking,
          answer,
          finish: value.finish,
          inputTokens: usage?.input ?? 0,
          outputTokens: usage?.output ?? 0,
          model: drafter.identity,
          exchange: id,
          verdict,
          extracted,
          verdictReason: reason,
          rejection: null,
        }
      }
      const { rollouts, failures } = await draftInWaves(draft, { initial, most }, effects)
      if (rollouts.length === 0) throw failures[0]!
      const correct = rollouts.filter(({ verdict }) => verdict === "correct").length
      const verified = rollouts.filter(({ verdict }) => verdict === "correct" || verdict === "incorrect").length
      const passRate = verified === 0 ? null : correct / verified
      return {
        keep: [{ ...row, rollouts, correct, verified, passRate }],
        tally: tallyOf(rollouts, failures),
        // What was drafted is kept; what an endpoint's fault cost is tried again by the next run.
        incomplete: failures.some(({ retryable }) => retryable),
      }
    },
  }
}

/** Asks in waves of `initial` until one is right or `most` were asked. A draft that fails costs the group that draft alone. */
async function draftInWaves(
  draft: (sample: number) => Promise<Rollout>,
  { initial, most }: { initial: number; most: number },
  effects: Effects,
): Promise<{ rollouts: Rollout[]; failures: RowError[] }> {
  const rollouts: Rollout[] = []
  const failures: RowError[] = []
  for (let asked = 0; asked < most; ) {
    const wave = Math.min(initial, most - asked)
    const ends = await Promise.allSettled(Array.from({ length: wave }, (_, at) => draft(asked + at)))
    effects.signal.throwIfAborted()
    for (const end of ends) {
      if (end.status === "fulfilled") rollouts.push(end.value)
      else if (end.reason instanceof RowError) failures.push(end.reason)
      else throw end.reason
    }
    asked += wave
    if (rollouts.some(({ verdict }) => verdict === "correct")) break
    // A question that no sample can be drawn for (too long, refused) is not asked again and again.
    if (failures.some(({ retryable }) => !retryable)) break
  }
  return { rollouts, failures }
}

function tallyOf(rollouts: readonly Rollout[], failures: readonly RowError[]): Tally {
  const tally: Tally = { drafts: rollouts.length }
  const add = (name: string) => {
    tally[name] = (tally[name] ?? 0) + 1
  }
  for (const { verdict, finish } of rollouts) {
    add(verdict)
    if (finish === "length") add("truncated")
  }
  if (failures.length > 0) tally["failed drafts"] = failures.length
  return tally
}
