import type { RuleVerifier } from "../../annotators/verifiers/verifier.ts"
import { RowError } from "../../pipelines/runtime/errors.ts"
import { type VerdictRow, verdictRow } from "./scored-row.ts"
import { lengthOf, placeOf, rowOf, type SourceBatch } from "./source-batch.ts"
import { verifierInput } from "./verifier-input.ts"

/** What became of a row, in plain values that threads can send: its row of OUT, or why there is none. Null for a blank line. */
export type BatchOutcome = VerdictRow | { failed: string; message: string } | null

/** Scores the rows of a batch by a rule, in order. Never throws: what a verifier throws costs that row alone. */
export function scoreBatch(
  verifier: RuleVerifier,
  batch: SourceBatch,
  optionsForAll: Readonly<Record<string, unknown>>,
): BatchOutcome[] {
  return Array.from({ length: lengthOf(batch) }, (_, index) => scoreAt(verifier, batch, index, optionsForAll))
}

function scoreAt(
  verifier: RuleVerifier,
  batch: SourceBatch,
  index: number,
  optionsForAll: Readonly<Record<string, unknown>>,
): BatchOutcome {
  try {
    const source = rowOf(batch, index)
    if (source === null) return null
    if ("error" in source) return { failed: source.error.reason, message: source.error.message }
    const read = verifierInput("rule", source.row, optionsForAll)
    return verdictRow(source.row.id ?? null, "verdict" in read ? read.verdict : verifier.verify(read.input))
  } catch (error) {
    const { file, line } = placeOf(batch, index)
    return { failed: "verifier-threw", message: `${file}, line ${line}: ${verifier.id} threw ${String(error)}` }
  }
}

/** The error of a row that failed, as it stood in an outcome. */
export const errorOf = ({ failed, message }: { failed: string; message: string }) => new RowError(failed, message)
