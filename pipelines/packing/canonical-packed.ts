import type { PackedTokens } from "./pack-samples.ts"

/** The canonical JSON of a packed row: what `canonicalRowJson` gives, without looking at every number as a value. */
export const canonicalPacked = ({ input_ids, labels, seq_lengths }: PackedTokens): string =>
  `{"input_ids":[${input_ids.join()}],"labels":[${labels.join()}],"seq_lengths":[${seq_lengths.join()}]}`
