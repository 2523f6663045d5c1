import type { RecordBatch } from "apache-arrow"
import type { Columns } from "../../schemas/columns.ts"
import type { Rejection } from "../../schemas/rejection.ts"
import type { Effects } from "./effect.ts"

/** A row: column name -> value, as `schemas/columns.ts` says. */
export type Row = Record<string, unknown>

/** Why a step drops a row, before the runtime adds the step's name. `evidence` is any plain JSON. */
export interface Reason {
  reason: string
  measured?: number
  threshold?: number
  evidence?: unknown
}

/**
 * What becomes of one row: kept (as one row or as several), or dropped with a reason. A step that cannot decide throws; the
 * row then fails with the error. A dropped row may carry what the step added to it, so that the evidence is kept.
 */
export type Fate = ({ keep: Row[] } | { drop: Reason; row?: Row }) & {
  tally?: Tally
  /** An effect that failed is missing in what the row became; a rerun tries it again. */
  incomplete?: boolean
}

/** What a step counted on the way besides rows (drafts, responses by filter); summed over a stage for `status` and the funnel. */
export type Tally = Record<string, number>

/** What every kind of step declares. `version` rises whenever the same params give other results. */
interface Declaration {
  /** Folder-independent id, as `steps` lists it: `gopher-quality`. */
  readonly id: string
  readonly version: number
  /** Plain JSON; part of the fingerprint. Whatever changes what the step decides stands here, and nothing else. */
  readonly params: unknown
  /** Columns that the step adds or replaces. */
  readonly adds?: Columns
  /** One sentence for `steps` and `plan`. */
  readonly about?: string
}

/**
 * The plain way: one row at a time, synchronous. Null keeps the row as it is. Rows are frozen: a step that changes one makes a
 * new one (`{ keep: [{ ...row, length }] }`).
 */
export interface RowStep extends Declaration {
  readonly kind: "row"
  run(row: Readonly<Row>, side: Side): Reason | Fate | null
}

/** Decides on all rows of a batch: one entry for each, in order; null keeps the row. */
export type Kernel = (batch: RecordBatch) => (Reason | null)[]

/**
 * The fast way: over the buffers of a record batch. `open` is called once for a shard; what it returns may keep scratch memory. Kernels
 * stand before all other steps of a stage.
 */
export interface KernelStep extends Declaration {
  readonly kind: "kernel"
  open(): Kernel
}

/** The async way: settles effects (judges, drafters, sandboxes). Must depend on the row, the side data and settled values alone. */
export interface ProgramStep extends Declaration {
  readonly kind: "program"
  run(row: Readonly<Row>, effects: Effects, side: Side): Promise<Fate>
  /** Upper bound of what one row may ask, for `plan`. */
  readonly bound?: Bound[]
}

/** Upper bound on the calls of one row to one role. Tokens are per call; `inputTokens` leaves out the row's own text. */
export interface Bound {
  role: string
  calls: number
  inputTokens: number
  outputTokens: number
}

/** Code over the rows of a map stage. */
export type Step = RowStep | KernelStep | ProgramStep

/** Small datasets that every task of a stage may read, by stage id: their rows in order. */
export type Side = ReadonlyMap<string, readonly Row[]>

/** Joins a step's reason with its name: the stored form of a rejection. */
export function rejectionOf(step: string, { reason, measured, threshold, evidence }: Reason): Rejection {
  return {
    step,
    reason,
    measured: measured ?? null,
    threshold: threshold ?? null,
    evidence: evidence === undefined ? null : JSON.stringify(evidence),
  }
}
