import { z } from "zod"

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)

/**
 * One data file. Of rows (Parquet) `logical_sha256` hashes their canonical JSON in order, a line each; of bare token files, and what
 * lies beside them, it is the SHA-256 of the bytes, which are the content itself. `tokens` and `trained_tokens` count what the rows
 * are for a trainer; each folder is a view of its own, so that sums over folders mean nothing.
 */
export const handoffShard = z.strictObject({
  path: z.string(),
  bytes: count,
  sha256,
  logical_sha256: sha256,
  rows: count,
  tokens: count,
  trained_tokens: count,
  schema: z.string(),
})
export type HandoffShard = z.infer<typeof handoffShard>

/** What a row must become in any trainer: hashes over int32 little-endian bytes. */
export const probe = z.strictObject({
  row_id: z.string(),
  input_ids_sha256: sha256,
  labels_sha256: sha256,
  trained_tokens: count,
})
export type Probe = z.infer<typeof probe>

const file = z.strictObject({ path: z.string(), bytes: count, sha256 })
export type HandoffFile = z.infer<typeof file>

/** What a handoff is and where it comes from. It holds no clock, host, path outside of the folder, or URL. */
export const handoffManifest = z.strictObject({
  schema_version: z.literal(1),
  /** The recipe whose samples these are. */
  stage: z.string(),
  created_by: z.string(),
  git_commit: z.string().nullable(),
  seed: z.int().nullable(),
  /** The model of the family that the launch configs name. */
  model: z.string(),
  license: z.array(z.strictObject({ license: z.string().nullable(), source: z.string(), rows: count })),
  lineage: z.strictObject({
    run_manifest_sha256: sha256,
    run_fingerprint: sha256,
    /** What was asked of the handoff: model, lengths, policy, digests of tokenizer and template. */
    params_sha256: sha256,
    /** The run's files that were read. */
    inputs: z.array(z.strictObject({ path: z.string(), sha256, rows: count })),
    stages: z.array(
      z.strictObject({
        stage: z.string(),
        steps: z.array(z.strictObject({ id: z.string(), version: z.int(), params_sha256: sha256 })),
      }),
    ),
    models: z.array(z.strictObject({ role: z.string(), identity: z.string() })),
  }),
  /** Samples of the run: in = written + the sum of rejected. `cut` of those written were shortened. */
  rows: z.strictObject({ in: count, written: count, cut: count, rejected: z.record(z.string(), count) }),
  /** Prompts for RL in the same way: questions of the run that were looked at; null where the run has none. */
  rl_rows: z.strictObject({ in: count, written: count, rejected: z.record(z.string(), count) }).nullable(),
  max_length: count,
  over_long: z.enum(["drop", "cut"]),
  /** Every data file. */
  shards: z.array(handoffShard),
  /** Every other file but this one and the receipts. */
  files: z.array(file),
  tokenizer: z.strictObject({ sha256, vocab_size: count, eos_token_id: count, pad_token_id: count }),
  template: z.strictObject({
    stock_sha256: sha256,
    /** Path of the template for trainers that render messages one by one. */
    training: z.string(),
    training_sha256: sha256,
    /** `stripped`: earlier assistant turns hold no thinking. */
    history: z.literal("stripped"),
    /** Whether loss is taken on the empty thinking block of a non-thinking sample. */
    empty_think_loss: z.boolean(),
    mode_counts: z.strictObject({ thinking: count, non_thinking: count }),
  }),
  /** Written samples by source and domain; `weight` is their share of all. */
  mixture: z.array(
    z.strictObject({
      source: z.string(),
      domain: z.string().nullable(),
      rows: count,
      weight: z.number(),
      epochs: z.number(),
    }),
  ),
  packing: z.strictObject({
    seq_len: count,
    strategy: z.string(),
    /** Tokens over places, 0..1. */
    fill: z.number(),
    /** What keeps the segments of a row apart. */
    isolation: z.string(),
  }),
  verifiers: z.array(z.strictObject({ name: z.string(), version: z.int(), code_sha256: sha256 })),
  distill: z
    .strictObject({
      k: z.int(),
      temperature: z.number(),
      teacher_digest: sha256,
      student_digest: sha256,
      max_staleness: z.int(),
    })
    .nullable(),
  probes: z.array(probe),
  launch: z.array(
    z.strictObject({
      trainer: z.string(),
      version: z.string(),
      config: z.string(),
      config_sha256: sha256,
      transformers: z.string().nullable(),
    }),
  ),
})
/** The manifest of a handoff, as `manifest.json` holds it. */
export type HandoffManifest = z.infer<typeof handoffManifest>
