import type { Place, SourceRow } from "../../pipelines/io/jsonl.ts"
import type { RowError } from "../../pipelines/runtime/errors.ts"
import type { Verdict } from "../../schemas/verdict.ts"

/** A row of OUT. */
export type VerdictRow = { id: unknown } & Verdict

/** What became of one row of IN: a verdict, or the error of a row that has none. A scored row no longer holds its completion. */
export type ScoredRow = { at: Place; row: VerdictRow } | { at: Place; failed: RowError; source: SourceRow }

/** A row that has no verdict. */
export const failedRow = (source: SourceRow, failed: RowError): ScoredRow => ({ at: source.at, failed, source })

/** Longest `reason` in OUT, in UTF-16 units. */
const maxReason = 2_000

/** A row of OUT. Reasons may quote the row: they are cut, and lone surrogates go, which no UTF-8 column can hold. */
export const verdictRow = (id: unknown, { verdict, reward, extracted, reason }: Verdict): VerdictRow => ({
  id,
  verdict,
  reward,
  extracted,
  reason: reason === null ? null : reason.slice(0, maxReason).toWellFormed(),
})
