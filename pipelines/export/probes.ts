import type { Probe } from "../../schemas/handoff-manifest.ts"
import { int32Sha256 } from "./int32-bytes.ts"

/** Probes of a handoff. */
export const probeCount = 64

/** Samples of each mode, in whatever order. */
export interface ModeCounts {
  readonly thinking: number
  readonly nonThinking: number
}

/**
 * Chooses the rows that become probes: spread evenly over each mode, which gets its share of them and at least 8 (or all that it has).
 * Call `wants` for every row that is written, in order.
 */
export class ProbePlan {
  readonly #modes: {
    [mode in "thinking" | "nonThinking"]: { rows: number; probes: number; seen: number; taken: number }
  }

  /** `counts` is how many rows of each mode there may be. Of rows that are rejected the next one stands in. */
  constructor(counts: ModeCounts, total = probeCount) {
    const { thinking, nonThinking } = counts
    const all = thinking + nonThinking
    const share = all === 0 ? 0 : Math.round((total * nonThinking) / all)
    const least = Math.min(8, nonThinking)
    const most = total - Math.min(8, thinking)
    const forNonThinking = Math.min(nonThinking, Math.max(least, Math.min(most, share)))
    const forThinking = Math.min(thinking, total - forNonThinking)
    this.#modes = {
      thinking: { rows: thinking, probes: forThinking, seen: 0, taken: 0 },
      nonThinking: { rows: nonThinking, probes: Math.min(nonThinking, total - forThinking), seen: 0, taken: 0 },
    }
  }

  /** Counts a row of a mode that was read, written or not. */
  read(enableThinking: boolean): void {
    this.#of(enableThinking).seen++
  }

  /** True when the row that was read last, and is written, is a probe. */
  wants(enableThinking: boolean): boolean {
    const mode = this.#of(enableThinking)
    if (mode.taken >= mode.probes || mode.seen - 1 < Math.floor((mode.taken * mode.rows) / mode.probes)) return false
    mode.taken++
    return true
  }

  #of(enableThinking: boolean) {
    return enableThinking ? this.#modes.thinking : this.#modes.nonThinking
  }
}

/** The probe of an encoded row. */
export const probeOf = (
  row_id: string,
  { inputIds, labels, trainedTokens }: { inputIds: Int32Array; labels: Int32Array; trainedTokens: number },
): Probe => ({
  row_id,
  input_ids_sha256: int32Sha256(inputIds),
  labels_sha256: int32Sha256(labels),
  trained_tokens: trainedTokens,
})
