import { Schema } from "apache-arrow"
import { type Columns, fieldsOf } from "../../schemas/columns.ts"
import type { Counts, DropsByReason } from "../../schemas/event.ts"
import { type DroppedRow, droppedRow, type FailedRow, failedRow } from "../../schemas/rejection.ts"
import { ColumnError } from "./column-builder.ts"
import { type Basis, type Commit, fingerprintOf, taskName, writeCommit } from "./commit.ts"
import { addDrops, addTally } from "./counts.ts"
import type { RowError } from "./errors.ts"
import type { RowOutcome } from "./row-chain.ts"
import { canonicalRowJson } from "./row-json.ts"
import { ShardWriter } from "./shard-writer.ts"
import type { Row, Tally } from "./step.ts"

/** Writes one task's rows, drops and failures, and commits them together: all of it stands, or none. */
export class TaskOutput {
  readonly counts: Counts = { in: 0, born: 0, out: 0, dropped: 0, failed: 0 }
  readonly drops: DropsByReason = {}
  readonly tallies: Tally = {}
  readonly #run: string
  readonly #stage: string
  readonly #index: number
  readonly #basis: Basis
  readonly #stepOf: (column: string) => string | undefined
  readonly #refused: ((error: RowError) => void) | undefined
  readonly #schema: Schema
  readonly #rowsPerShard: number
  readonly #name: string
  #outputs: ShardWriter[] = []
  #rowsInShard = 0
  #dropped: ShardWriter | null = null
  #failed: ShardWriter | null = null
  #retryable = 0

  constructor(
    run: string,
    task: {
      stage: string
      index: number
      basis: Basis
      columns: Columns
      rowsPerShard?: number
      /** The step that a column's values come from. */
      stepOf?: (column: string) => string | undefined
      /** Called with each row that does not fit its columns. */
      refused?: ((error: RowError) => void) | undefined
    },
  ) {
    this.#run = run
    this.#stage = task.stage
    this.#index = task.index
    this.#basis = task.basis
    this.#stepOf = task.stepOf ?? (() => undefined)
    this.#refused = task.refused
    this.#schema = new Schema(fieldsOf(task.columns))
    this.#rowsPerShard = task.rowsPerShard ?? Number.POSITIVE_INFINITY
    this.#name = `${taskName(task.stage, task.index)}-${fingerprintOf(task.basis).slice(0, 12)}`
  }

  /** Adds what became of one input row; call in row order. */
  async add(outcome: RowOutcome): Promise<void> {
    const { out, dropped, failed, tally, incomplete } = outcome
    if (incomplete) this.#retryable++
    this.counts.in++
    this.counts.born += out.length + dropped.length + failed.length - 1
    for (const row of out) await this.#addRow(row)
    for (const { row, rejection } of dropped) {
      this.counts.dropped++
      addDrops(this.drops, { [rejection.step]: { [rejection.reason]: 1 } })
      this.#dropped ??= new ShardWriter(this.#run, `${this.#name}.dropped.parquet`, droppedRow.schema)
      const stored: DroppedRow = { id: String(row.id).toWellFormed(), ...rejection, row: rowJson(row) }
      await this.#dropped.add(stored)
    }
    for (const failure of failed) await this.#addFailed(failure)
    addTally(this.tallies, tally)
  }

  /** Completes the files, gives them their names and writes the commit. */
  async commit(): Promise<Commit> {
    if (this.#outputs.length === 0) this.#startShard()
    // Outputs first: a row that does not fit its columns is found when they close, and then stands among the failed.
    for (const writer of this.#outputs) await writer.close()
    await this.#dropped?.close()
    await this.#failed?.close()
    const outputs = []
    for (const writer of this.#outputs) outputs.push(await writer.publish())
    const commit: Commit = {
      format: 1,
      stage: this.#stage,
      index: this.#index,
      fingerprint: fingerprintOf(this.#basis),
      basis: this.#basis,
      outputs,
      dropped: (await this.#dropped?.publish()) ?? null,
      failed: (await this.#failed?.publish()) ?? null,
      counts: this.counts,
      drops: this.drops,
      tallies: this.tallies,
      retryable: this.#retryable,
    }
    await writeCommit(this.#run, commit)
    return commit
  }

  /** Removes what was written so far. */
  async abort(): Promise<void> {
    for (const writer of [...this.#outputs, this.#dropped, this.#failed]) await writer?.abort().catch(() => {})
  }

  async #addFailed({ row, step, error }: RowOutcome["failed"][number]): Promise<void> {
    const { reason, message, retryable } = error
    this.counts.failed++
    if (retryable) this.#retryable++
    this.#failed ??= new ShardWriter(this.#run, `${this.#name}.failed.parquet`, failedRow.schema)
    const stored: FailedRow = {
      id: String(row.id).toWellFormed(),
      step,
      reason,
      message: message.toWellFormed(),
      retryable,
      row: rowJson(row),
    }
    await this.#failed.add(stored)
  }

  /** A row that a step gave values that its columns cannot hold. */
  async #refuse(row: Row, error: RowError): Promise<void> {
    this.counts.out--
    this.#refused?.(error)
    const step = error instanceof ColumnError ? this.#stepOf(/^[^.[]*/.exec(error.column)![0]) : undefined
    await this.#addFailed({ row, step: step ?? this.#stage, error })
  }

  async #addRow(row: Row): Promise<void> {
    if (this.#outputs.length === 0 || this.#rowsInShard >= this.#rowsPerShard) {
      // Only the last shard of a task is still being written: the others give back their memory.
      await this.#outputs.at(-1)?.close()
      this.#startShard()
    }
    this.counts.out++
    this.#rowsInShard++
    await this.#outputs.at(-1)!.add(row)
  }

  #startShard(): void {
    const part =
      this.#rowsPerShard === Number.POSITIVE_INFINITY ? "" : `-${String(this.#outputs.length).padStart(5, "0")}`
    const path = `${this.#name}${part}.parquet`
    this.#outputs.push(new ShardWriter(this.#run, path, this.#schema, (row, error) => this.#refuse(row, error)))
    this.#rowsInShard = 0
  }
}

/** A row as JSON, whatever it holds: JSON escapes a lone surrogate, which a Parquet string could not hold. */
const rowJson = (row: Row): string => canonicalRowJson(row)
