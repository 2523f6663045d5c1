import { z } from "zod"

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** One data file. `logical_sha256` hashes the canonical JSON of its rows in order: equal whatever the file format. */
export const manifestShard = z.strictObject({
  path: z.string(),
  bytes: z.int(),
  sha256,
  logical_sha256: sha256,
  rows: z.int(),
  schema: z.string(),
})

/** What a run's datasets are and where they come from. It holds no clock, host, path outside the run, or URL. */
export const manifest = z.strictObject({
  schema_version: z.literal(1),
  stage: z.string(),
  created_by: z.string(),
  git_commit: z.string().nullable(),
  seed: z.int().nullable(),
  /** Licences of the dataset's rows with row counts per source. */
  license: z.array(z.strictObject({ license: z.string().nullable(), source: z.string(), rows: z.int() })),
  lineage: z.strictObject({
    fingerprint: sha256,
    inputs: z.array(
      z.strictObject({
        name: z.string(),
        sha256,
        bytes: z.int(),
        license: z.string().nullable(),
        revision: z.string().nullable(),
      }),
    ),
    stages: z.array(
      z.strictObject({
        stage: z.string(),
        steps: z.array(z.strictObject({ id: z.string(), version: z.int(), params_sha256: sha256 })),
      }),
    ),
    models: z.array(z.strictObject({ role: z.string(), identity: z.string() })),
    /** Source rows that were read, where it was a pilot; null for all. */
    limit: z.int().nullable(),
    /** True when the dataset was made of an unfinished run. */
    finished_early: z.boolean(),
  }),
  /** The final dataset. */
  shards: z.array(manifestShard),
  /** The datasets beside it, by folder: the unfiltered twin, review, dropped, failed. */
  beside: z.record(z.string(), z.array(manifestShard)),
  /** Source rows: in = out + dropped + failed; where steps made several rows of one, in + born. */
  rows: z.strictObject({
    in: z.int(),
    born: z.int().optional(),
    out: z.int(),
    dropped: z.int(),
    failed: z.int(),
  }),
  /** Source rows by step and reason. */
  drops: z.record(z.string(), z.record(z.string(), z.int())),
  /** What steps counted besides rows, by stage. */
  tallies: z.record(z.string(), z.record(z.string(), z.int())),
  mixture: z.array(z.strictObject({ domain: z.string(), rows: z.int() })),
})
/** The manifest of a run's datasets. */
export type Manifest = z.infer<typeof manifest>
export type ManifestShard = z.infer<typeof manifestShard>
