// A row step: one row at a time.
//   cotyledon steps ./row-step.ts
//   cotyledon apply ./row-step.ts texts.jsonl kept.jsonl --set least=200 --dropped dropped.jsonl
import { type RowStep, z } from "cotyledon"

/** What can be set, and what `steps` prints. A JSON Schema will do as well. */
export const params = z.strictObject({
  least: z.int().min(1).default(20).meta({ description: "Fewest characters", unit: "characters" }),
})

/** Drops texts of fewer than `least` characters. Reads `text`. */
export default ({ least }: z.infer<typeof params>): RowStep => ({
  kind: "row",
  id: "too-short",
  version: 1, // raise it whenever the same parameters give other results: finished work is reused by it
  params: { least },
  about: "Drops short texts",
  run(row) {
    const { length } = String(row.text)
    return length < least ? { reason: "too-short", measured: length, threshold: least } : null
  },
})
