import type { Columns } from "../../schemas/columns.ts"
import type { RowError } from "./errors.ts"
import type { Digest } from "./fingerprint.ts"
import type { Row, Side, Step } from "./step.ts"

/** A row as a source gives it, or the error that stands in its place. */
export type Imported = { row: Row } | { error: RowError; id: string; raw: string }

/** One source file by its declared name and the SHA-256 of its bytes. */
export interface SourceDigest {
  name: string
  sha256: Digest
  bytes: number
  license: string | null
  revision: string | null
}

/** Reads sources into shards. One task; the only stage that numbers rows. Rows need an `id` column of text. */
export interface ImportStage {
  kind: "import"
  id: string
  version: number
  params: unknown
  columns: Columns
  rowsPerShard: number
  failureLimit: number
  /** Looks at the sources before anything starts; rejects with a usage error where they are missing or do not fit. */
  check?(): Promise<void>
  /** What each source file is, in order. */
  digests(): Promise<SourceDigest[]>
  /** Rows in the order of the sources. A pilot reads `limit` of them at most: sources of several kinds give some of each.
   * `scratch` is the path that a file may be made at while rows are read; without one (`plan` only counts) rows may lack what needs it. */
  rows(limit: number | null, scratch?: string | null): AsyncIterable<Imported>
}

/** Takes each shard of its input through a chain of steps; each task depends on its shard and the side data alone. */
export interface MapStage {
  kind: "map"
  id: string
  input: string
  /** Stages whose whole output every task reads. */
  side?: string[]
  steps: Step[]
  failureLimit: number
  /** Rows that are worked on at once, over all tasks of the stage. */
  rowsInFlight?: number
  /** Resolves when a further row may start: back-pressure of the endpoints that the steps use. */
  ready?: () => Promise<void>
}

/** One small dataset from all rows of another stage: a plan, a reserve, counts. Waits for the whole input. */
export interface ReduceStage {
  kind: "reduce"
  id: string
  version: number
  params: unknown
  input: string
  /** Which rows of the input: those it passed on, or those it dropped (as `schemas/rejection.ts` droppedRow). */
  of: "out" | "dropped"
  side?: string[]
  /** Columns of the input that it needs; all where it does not say. */
  reads?: string[]
  columns: Columns
  run(rows: AsyncIterable<Row>, side: Side): Promise<Iterable<Row>>
}

/** One part of a recipe; its output is a dataset of shards, which later stages name as their input. */
export type Stage = ImportStage | MapStage | ReduceStage
