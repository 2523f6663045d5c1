import { flag, float64, nullable, type RowOf, struct, table, text, type ValueOf } from "./columns.ts"

/** Why a row or a response was dropped: the step, its reason, what it measured against which threshold, and evidence. */
export const rejection = struct({
  step: text(),
  reason: text(),
  measured: nullable(float64()),
  threshold: nullable(float64()),
  /** JSON of what was found (spans, matched n-grams, counts), or null. */
  evidence: nullable(text()),
})
export type Rejection = ValueOf<typeof rejection>

/** A dropped row, whatever dataset it was dropped from: one schema, so that all of a run's drops can be read at once. */
export const droppedRow = table("dropped", {
  id: text(),
  step: text(),
  reason: text(),
  measured: nullable(float64()),
  threshold: nullable(float64()),
  evidence: nullable(text()),
  /** JSON of the whole row as it stood when it was dropped. */
  row: text(),
})
export type DroppedRow = RowOf<typeof droppedRow>

/** A failed row: no step could decide on it. `retryable` is true when a rerun may do better (an endpoint's fault). */
export const failedRow = table("failed", {
  id: text(),
  step: text(),
  reason: text(),
  message: text(),
  retryable: flag(),
  row: text(),
})
export type FailedRow = RowOf<typeof failedRow>
