import type { Place, SourceRow } from "../../pipelines/io/jsonl.ts"
import type { RowError } from "../../pipelines/runtime/errors.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { Verdict } from "../../schemas/verdict.ts"

/** A row of OUT. */
export type VerdictRow = { id: unknown } & Verdict

/** What became of one row of IN: a verdict, or the error of a row that has none. A scored row no longer holds its completion. */
export type ScoredRow = { at: Place; row: VerdictRow & Row } | { at: Place; failed: RowError; source: SourceRow }

/** A row that has no verdict. */
export const failedRow = (source: SourceRow, failed: RowError): ScoredRow => ({ at: source.at, failed, source })

/** A row with its verdict. Reasons may quote the row: lone surrogates go, which no UTF-8 column can hold. */
export const scoredRow = (at: Place, id: unknown, { verdict, reward, extracted, reason }: Verdict): ScoredRow => ({
  at,
  row: { id, verdict, reward, extracted, reason: reason === null ? null : reason.slice(0, maxReason).toWellFormed() },
})

/** Longest `reason` in OUT, in UTF-16 units. */
const maxReason = 2_000
