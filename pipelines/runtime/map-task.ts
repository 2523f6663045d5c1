import { join } from "node:path"
import type { RecordBatch } from "apache-arrow"
import type { Columns } from "../../schemas/columns.ts"
import type { Rejection } from "../../schemas/rejection.ts"
import { readParquet } from "../io/parquet.ts"
import { enter } from "./at-work.ts"
import { rowsOf } from "./batch.ts"
import type { Basis, Commit, Shard } from "./commit.ts"
import { taskName } from "./commit.ts"
import type { Effects } from "./effect.ts"
import { RowError } from "./errors.ts"
import { verdictsOf } from "./fate.ts"
import { Journal } from "./journal.ts"
import type { Measure } from "./measure.ts"
import { type RowOutcome, runRow, runRowNow } from "./row-chain.ts"
import type { RowSlots } from "./row-slots.ts"
import type { MapStage } from "./stage.ts"
import { type KernelStep, type ProgramStep, type Row, type RowStep, rejectionOf, type Side } from "./step.ts"
import { TaskOutput } from "./task-output.ts"
import { untilAborted } from "./until-aborted.ts"

/** One shard of a map stage, ready to run. */
export interface MapTask {
  run: string
  stage: MapStage
  index: number
  input: Shard
  basis: Basis
  columns: Columns
  side: Side
  effects: Effects
  /** Notes what each row asks; null where nobody wants to know. */
  measure?: Measure | null
  slots: RowSlots
  /** Called with each finished row, in any order. */
  rowDone(outcome: RowOutcome): void
  /** Called with each row that turns out not to fit its columns when it is written. */
  refused?: (error: RowError) => void
  /** Called with an error that stops the run as soon as it is known: rows in flight may go on for a while. */
  stop(error: unknown): void
  /** Called when no row of the task waits to be started. */
  allStarted(): void
}

/** Runs a map task to its commit. Rows finish in any order; what is written is in row order. */
export async function runMapTask(task: MapTask): Promise<Commit> {
  const { run, stage, index, basis, columns } = task
  const output = new TaskOutput(run, {
    stage: stage.id,
    index,
    basis,
    columns,
    // The last step that adds a column is the one whose value does not fit it.
    stepOf: (column) => stage.steps.findLast(({ adds }) => adds && Object.hasOwn(adds, column))?.id,
    refused: task.refused,
  })
  try {
    if (stage.steps.some(({ kind }) => kind === "program")) await runPrograms(task, output)
    else await runBatches(task, output)
    return await output.commit()
  } catch (error) {
    await output.abort()
    throw error
  }
}

/** Kernels and row steps: batch by batch, nothing waits. */
async function runBatches(task: MapTask, output: TaskOutput): Promise<void> {
  const { kernels, rows: rowSteps } = splitChain(task.stage)
  const dropped = openKernels(kernels)
  for await (const batch of readParquet(join(task.run, task.input.path))) {
    const drops = dropped(batch)
    for (const [at, row] of rowsOf(batch).entries()) {
      const outcome = drops[at] ? droppedRow(row, drops[at]) : runRowNow(rowSteps as RowStep[], row, task.side)
      task.rowDone(outcome)
      await output.add(outcome)
    }
  }
  task.allStarted()
}

/** Opens kernels for a shard: for each row of a batch what the first kernel that drops it says, or null. */
function openKernels(kernels: readonly KernelStep[]): (batch: RecordBatch) => (Rejection | null)[] {
  const opened = kernels.map((step) => ({ step, decide: step.open() }))
  return (batch) => {
    const drops = new Array<Rejection | null>(batch.numRows).fill(null)
    for (const { step, decide } of opened) {
      enter(step, null)
      for (const [at, reason] of verdictsOf(step, decide, batch).entries())
        if (reason) drops[at] ??= rejectionOf(step.id, reason)
    }
    return drops
  }
}

const droppedRow = (row: Row, rejection: Rejection): RowOutcome => ({
  out: [],
  dropped: [{ row, rejection }],
  failed: [],
  tally: {},
  incomplete: false,
})

/** Steps with effects: many rows at once, each finished row waits in the journal for its turn. */
async function runPrograms(task: MapTask, output: TaskOutput): Promise<void> {
  const { run, stage, index, slots, side, effects, measure } = task
  const { kernels, rows: steps } = splitChain(stage)
  const dropped = openKernels(kernels)
  const journal = await Journal.create<RowOutcome>(join(run, taskName(stage.id, index)))
  const running = new Set<Promise<void>>()
  let stopped: { error: unknown } | null = null
  const work = async (at: number, row: Row, drop: Rejection | null) => {
    try {
      const became = drop
        ? droppedRow(row, drop)
        : await runRow(steps, row, measure?.of(stage.id, String(row.id), effects) ?? effects, side)
      const outcome = await kept(journal, at, row, became)
      task.rowDone(outcome)
    } catch (error) {
      stopped ??= { error }
      task.stop(error)
    } finally {
      slots.give()
    }
  }
  try {
    let next = 0
    reading: for await (const batch of readParquet(join(run, task.input.path))) {
      const drops = dropped(batch)
      for (const [at, row] of rowsOf(batch).entries()) {
        await slots.take()
        // An endpoint that never gets ready must not keep a run from stopping.
        if (stage.ready) await untilAborted(stage.ready(), effects.signal)
        if (stopped) {
          slots.give()
          break reading
        }
        const working = work(next++, row, drops[at]!).then(() => {
          running.delete(working)
        })
        running.add(working)
      }
    }
    task.allStarted()
    await endOf(running, effects.signal)
    if (stopped) throw (stopped as { error: unknown }).error
    for await (const outcome of journal.inOrder()) await output.add(outcome)
  } finally {
    await endOf(running, effects.signal).catch(() => {})
    await journal.discard()
  }
}

/** Rows get this long to end once everything that they may wait for was aborted. */
const abandonedAfterMs = 2_000

/** Resolves when all rows have ended. A step of the user's that never settles must not keep a run from stopping: it is left behind. */
async function endOf(running: ReadonlySet<Promise<void>>, signal: AbortSignal): Promise<void> {
  const abandoned = Promise.withResolvers<void>()
  let timer: NodeJS.Timeout | undefined
  const onAbort = () => {
    timer = setTimeout(abandoned.resolve, abandonedAfterMs)
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener("abort", onAbort, { once: true })
  try {
    await Promise.race([Promise.all(running), abandoned.promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener("abort", onAbort)
  }
  // Its last rows are missing, and it must not come to a commit.
  if (running.size > 0) signal.throwIfAborted()
}

/** Puts what became of a row into the journal. A row that a step gave something that is no data fails. */
async function kept(journal: Journal<RowOutcome>, at: number, row: Row, outcome: RowOutcome): Promise<RowOutcome> {
  try {
    await journal.put(at, storable(outcome))
    return outcome
  } catch (error) {
    if ((error as Error)?.name !== "DataCloneError") throw error
    const reason = new RowError("no-data", `A step gave the row a value that is no data: ${(error as Error).message}`)
    const instead: RowOutcome = {
      out: [],
      dropped: [],
      failed: [{ row, step: "row", error: reason }],
      tally: {},
      incomplete: false,
    }
    await journal.put(at, storable(instead))
    return instead
  }
}

/** The journal keeps plain data: of an error, what the failed row will say. */
function storable(outcome: RowOutcome): RowOutcome {
  const failed = outcome.failed.map(({ row, step, error: { reason, message, retryable } }) => ({
    row,
    step,
    error: { reason, message, retryable } as RowOutcome["failed"][number]["error"],
  }))
  return { ...outcome, failed }
}

/** Kernels come first: `columnsOf` has looked at that. */
function splitChain(stage: MapStage): { kernels: KernelStep[]; rows: (RowStep | ProgramStep)[] } {
  return {
    kernels: stage.steps.filter((step) => step.kind === "kernel"),
    rows: stage.steps.filter((step) => step.kind !== "kernel"),
  }
}
