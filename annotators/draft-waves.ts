import { RowError } from "../pipelines/runtime/errors.ts"
import type { Rollout } from "../schemas/rollout.ts"

/**
 * How many drafts have been asked for at the end of each wave: `initial`, then twice as many each time, up to `maximum` (8, 16, 32).
 * Doubling asks a few drafts more than waves of `initial` would (6% at one right draft in ten) and waits for fewer waves.
 */
export function waveEnds(initial: number, maximum: number): number[] {
  const ends: number[] = []
  for (let end = initial; end < maximum; end *= 2) ends.push(end)
  return [...ends, Math.max(initial, maximum)]
}

/** The drafts of a question and those that failed. */
export interface Drafted {
  rollouts: Rollout[]
  failures: RowError[]
}

/**
 * Asks wave after wave until one draft is right or the last wave has ended. Rollouts stand in the order of their samples. A draft that
 * fails costs the question that draft alone; rejects only with what is no failure of a row.
 */
export async function draftInWaves(
  draft: (sample: number) => Promise<Rollout>,
  ends: readonly number[],
  signal: AbortSignal,
): Promise<Drafted> {
  const rollouts: Rollout[] = []
  const failures: RowError[] = []
  let asked = 0
  for (const end of ends) {
    const wave = Array.from({ length: end - asked }, (_, at) => draft(asked + at))
    asked = end
    const settled = await Promise.allSettled(wave)
    signal.throwIfAborted()
    for (const one of settled) {
      if (one.status === "fulfilled") rollouts.push(one.value)
      else if (one.reason instanceof RowError) failures.push(one.reason)
      else throw one.reason
    }
    if (rollouts.some(({ verdict }) => verdict === "correct")) break
    // A question that no sample can be drawn for (too long, refused) is not asked again and again.
    if (failures.some(({ retryable }) => !retryable)) break
  }
  return { rollouts, failures }
}
