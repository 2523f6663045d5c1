import { float64, nullable, type RowOf, table, text } from "./columns.ts"

/** A sample of the run that the handoff did not take, and why. The sample itself stands in the run. */
export const rejectedRow = table("rejected", {
  id: text(),
  reason: text(),
  measured: nullable(float64()),
  threshold: nullable(float64()),
  detail: nullable(text()),
})
export type RejectedRow = RowOf<typeof rejectedRow>
