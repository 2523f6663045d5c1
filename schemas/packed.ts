import { int32, list, type RowOf, table } from "./columns.ts"

/**
 * F2 of the handoff: a row of packed token ids. `labels` has -100 where no loss is taken; `seq_lengths` are the lengths of the segments
 * that the row is made of, and sum to its length.
 */
export const packedRow = table("packed", {
  input_ids: list(int32()),
  labels: list(int32()),
  seq_lengths: list(int32()),
})
export type PackedRow = RowOf<typeof packedRow>
