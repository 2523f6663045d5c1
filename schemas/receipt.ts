import { z } from "zod"

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)

/**
 * One line of `receipts/TRAINER.jsonl`: what one attempt of a trainer took from a handoff. `rows.seen` is 0 where it only verified the
 * files. Other keys are the trainer's own.
 */
export const receipt = z.looseObject({
  manifest_sha256: sha256,
  trainer: z.string().min(1),
  version: z.string(),
  environment_sha256: sha256,
  /** As they were on the trainer's disk; null where one was missing. */
  shards: z.array(z.looseObject({ path: z.string(), sha256: sha256.nullable() })),
  rows: z.looseObject({ seen: count, dropped: z.record(z.string(), count) }),
  tokens: count,
  trained_tokens: count,
  probes: z.array(z.looseObject({ row_id: z.string(), held: z.boolean() })),
  first_batch_sha256: sha256.nullable(),
  /** Where training stands: epoch, shard, row, sampler state, global step. */
  cursor: z.record(z.string(), z.unknown()).nullable(),
  status: z.enum(["accepted", "partial", "rejected"]),
  faults: z.array(z.string()),
})
export type Receipt = z.infer<typeof receipt>
