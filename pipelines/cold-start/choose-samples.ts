import type { SelectConfig } from "../../schemas/config.ts"
import type { Rollout } from "../../schemas/rollout.ts"

/** The rollouts that stand after the response filters. */
export const standing = (rollouts: readonly Rollout[]): Rollout[] =>
  rollouts.filter(({ rejection }) => rejection === null)

/**
 * The `samplesPerQuestion` responses of a question that are taken, the best first: those nearest the median length of all that are
 * given (in tokens; neither a shortcut nor overthought), or the shortest, or the longest. Equals by sample index.
 */
export function chooseSamples(
  rollouts: readonly Rollout[],
  { sample, samplesPerQuestion }: Pick<SelectConfig, "sample" | "samplesPerQuestion">,
): Rollout[] {
  const median = medianOf(rollouts.map(({ outputTokens }) => outputTokens))
  const badness = ({ outputTokens }: Rollout) =>
    sample === "median" ? Math.abs(outputTokens - median) : sample === "shortest" ? outputTokens : -outputTokens
  return rollouts.toSorted((a, b) => badness(a) - badness(b) || a.sample - b.sample).slice(0, samplesPerQuestion)
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}
