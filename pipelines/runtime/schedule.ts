// Runs a recipe's stages as one dataflow: a task starts as soon as its own inputs stand, so that judges and drafters work at the
// same time and one slow row holds up neither its neighbours nor the next stage.
import type { Columns } from "../../schemas/columns.ts"
import type { FailedRow } from "../../schemas/rejection.ts"
import { type Basis, type Commit, fingerprintOf, readCommit, removeCommitsFrom, whyNotReused } from "./commit.ts"
import type { DiskRoom } from "./disk-room.ts"
import { type RowError, stopError } from "./errors.ts"
import type { EventLog } from "./events.ts"
import type { Executor } from "./executor.ts"
import { FailureLimit } from "./failure-limit.ts"
import { runImportTask } from "./import-task.ts"
import { leaseFolder } from "./leases.ts"
import { Lock } from "./lock.ts"
import { runMapTask } from "./map-task.ts"
import type { Measure } from "./measure.ts"
import { rowsIn, runReduceTask } from "./reduce-task.ts"
import type { RowOutcome } from "./row-chain.ts"
import { canonicalRowJson } from "./row-json.ts"
import { RowSlots } from "./row-slots.ts"
import { Draining, type LedgerEffects } from "./settle.ts"
import { type PlacedShard, ShardFeed } from "./shard-feed.ts"
import type { ImportStage, MapStage, ReduceStage, Stage } from "./stage.ts"
import type { Row, Side } from "./step.ts"
import { columnsOf, importBasis, mapBasis, reduceBasis, reduceInputs, sideDigests } from "./task-plan.ts"

/** Everything that the stages of one run share. */
export interface Execution {
  run: string
  stages: Stage[]
  effects: LedgerEffects
  /** Notes what rows ask. */
  measure: Measure
  /** Room on the run's disk. */
  room: DiskRoom
  events: EventLog
  /** Source rows of a pilot; null for all. */
  limit: number | null
  /** Failure limits do not stop a run that only finishes what is settled. */
  finish: boolean
  /** Answers that were settled when the run started. */
  settled: number
  /** Runs CPU-bound tasks in other processes; null: in this one. */
  executor: Executor | null
  /** Milliseconds that calls in flight get to settle when the run stops. */
  graceMs: number
  /** Rows finished in tasks that are still running, by stage. */
  running: Map<string, number>
  /** Failed rows of tasks that did not come to their commit. */
  uncommittedFailures: FailedRow[]
}

/** The default of rows that are worked on at once in a stage with effects. */
const defaultRowsInFlight = 32
/** Failed rows of unfinished tasks that are kept for the report of a stopped run. */
const keptFailures = 1_000

/**
 * Runs all stages to their commits and resolves with them by stage. The first error stops the run: no new row starts, what is in
 * flight may settle for a while, then it rejects with that error. `stop` aborted does the same with its reason.
 */
export async function runStages(execution: Execution, stop: AbortSignal): Promise<Map<string, Commit[]>> {
  const { stages } = execution
  const columns = columnsOf(stages)
  const feeds = new Map(stages.map(({ id }) => [id, new ShardFeed()]))
  const slots = new Map(
    stages.flatMap((stage) =>
      stage.kind === "map" ? [[stage.id, new RowSlots(stage.rowsInFlight ?? defaultRowsInFlight)] as const] : [],
    ),
  )
  const stopping = new AbortController()
  let first: { error: unknown } | null = null
  let drained: Promise<void> = Promise.resolve()
  const stopWith = (error: unknown) => {
    // What stops because the run is stopping is not the cause.
    if (first || error instanceof Draining) return
    first = { error }
    const draining = new Draining()
    stopping.abort(draining)
    for (const feed of feeds.values()) feed.fail(draining)
    for (const slot of slots.values()) slot.close(draining)
    drained = execution.effects.drain(execution.graceMs)
  }
  const onStop = () => stopWith(stop.reason)
  if (stop.aborted) onStop()
  stop.addEventListener("abort", onStop, { once: true })
  try {
    await Promise.all(
      stages.map(async (stage) => {
        try {
          const { signal } = stopping
          await runStage({ execution, feeds, columns, slots: slots.get(stage.id), signal, stop: stopWith }, stage)
        } catch (error) {
          stopWith(error)
        }
      }),
    )
    await drained
  } finally {
    stop.removeEventListener("abort", onStop)
  }
  if (first) throw (first as { error: unknown }).error
  return new Map(await Promise.all([...feeds].map(async ([id, feed]) => [id, await feed.commits()] as const)))
}

interface StageContext {
  execution: Execution
  feeds: ReadonlyMap<string, ShardFeed>
  columns: ReadonlyMap<string, Columns>
  slots: RowSlots | undefined
  signal: AbortSignal
  /** Stops the run with its first error. */
  stop(error: unknown): void
}

async function runStage(context: StageContext, stage: Stage): Promise<void> {
  const { execution, feeds } = context
  const feed = feeds.get(stage.id)!
  const { tasks, reused } = await (stage.kind === "import"
    ? runImport(context, stage, feed)
    : stage.kind === "map"
      ? runMap(context, stage, feed)
      : runReduce(context, stage, feed))
  await removeCommitsFrom(execution.run, stage.id, tasks)
  feed.end()
  execution.events.append({ event: "stage.done", stage: stage.id, tasks, reused })
}

interface StageResult {
  tasks: number
  reused: number
}

async function runImport(context: StageContext, stage: ImportStage, feed: ShardFeed): Promise<StageResult> {
  const { execution, signal } = context
  const failures = new FailureLimit(stage.id, execution.finish ? 1 : stage.failureLimit)
  const digests = await stage.digests()
  const basis = importBasis(
    stage,
    digests.map(({ sha256 }) => sha256),
    execution.limit,
  )
  const task = { stage: stage.id, index: 0, basis, rows: null, failures }
  const { commit, reused } = await commitOf(context, task, (basis, rowDone) =>
    runImportTask({ run: execution.run, stage, basis, limit: execution.limit, rowDone, signal }),
  )
  failures.finish()
  feed.push(commit)
  return { tasks: 1, reused: reused ? 1 : 0 }
}

async function runMap(context: StageContext, stage: MapStage, feed: ShardFeed): Promise<StageResult> {
  const { execution, feeds, columns } = context
  const failures = new FailureLimit(stage.id, execution.finish ? 1 : stage.failureLimit)
  const { side, digests } = await readSide(context, stage.side ?? [])
  const running = new Set<Promise<void>>()
  const result: StageResult = { tasks: 0, reused: 0 }
  let failed: { error: unknown } | null = null
  const asks = stage.steps.some(({ kind }) => kind === "program")
  // Limits and budgets of endpoints hold within one process: tasks that ask models stay in this one.
  const executor = asks ? null : execution.executor

  const start = ({ index, shard }: PlacedShard): { started: Promise<void> } => {
    const basis = mapBasis(stage, shard, digests)
    const started = Promise.withResolvers<void>()
    const task = { stage: stage.id, index, basis, asks, rows: shard.rows, failures, leased: started.resolve }
    const working = (
      executor
        ? executed(context, task, executor, started.resolve)
        : commitOf(context, task, (basis, rowDone, refused) =>
            runMapTask({
              run: execution.run,
              stage,
              index,
              input: shard,
              basis,
              columns: columns.get(stage.id)!,
              side,
              effects: execution.effects,
              measure: execution.measure,
              slots: context.slots!,
              rowDone,
              refused,
              stop: context.stop,
              allStarted: started.resolve,
            }),
          )
    )
      .then(
        ({ commit, reused }) => {
          if (reused) result.reused++
          feed.push(commit)
        },
        (error) => {
          failed ??= { error }
          // The other shards of the stage would go on to their ends, and pay for it.
          context.stop(error)
        },
      )
      .finally(() => {
        started.resolve()
        running.delete(working)
      })
    running.add(working)
    result.tasks++
    return { started: started.promise }
  }

  try {
    for await (const placed of feeds.get(stage.input)!.shards()) {
      // The next shard opens when all rows of this one are under way; its stragglers go on beside it.
      await start(placed).started
      if (failed) break
    }
  } catch (error) {
    failed ??= { error }
  }
  await Promise.all(running)
  if (failed) throw (failed as { error: unknown }).error
  failures.finish()
  return result
}

async function runReduce(context: StageContext, stage: ReduceStage, feed: ShardFeed): Promise<StageResult> {
  const { execution, feeds, columns } = context
  const { side, digests } = await readSide(context, stage.side ?? [])
  const inputs = reduceInputs(stage, await feeds.get(stage.input)!.commits())
  const basis = reduceBasis(stage, inputs, digests)
  const { commit, reused } = await commitOf(context, { stage: stage.id, index: 0, basis, rows: null }, (basis) =>
    runReduceTask({ run: execution.run, stage, basis, columns: columns.get(stage.id)!, inputs, side }),
  )
  feed.push(commit)
  return { tasks: 1, reused: reused ? 1 : 0 }
}

/** Side datasets are small: they are read whole. */
async function readSide(
  { execution, feeds }: StageContext,
  ids: readonly string[],
): Promise<{ side: Side; digests: Record<string, string[]> }> {
  const side = new Map<string, Row[]>()
  const digests: Record<string, string[]> = {}
  for (const id of ids) {
    const commits = await feeds.get(id)!.commits()
    digests[id] = sideDigests(commits)
    side.set(
      id,
      await Array.fromAsync(
        rowsIn(
          execution.run,
          commits.flatMap(({ outputs }) => outputs),
        ),
      ),
    )
  }
  return { side, digests }
}

/** The commit of a task that another process works on, which takes the task's lease itself. */
async function executed(
  { execution: { run, events, room }, signal }: StageContext,
  { stage, index, basis, rows, failures }: Task,
  executor: Executor,
  started: () => void,
): Promise<{ commit: Commit; reused: boolean }> {
  const why = whyNotReused(await readCommit(run, stage, index), basis)
  if (why !== null) {
    await room.enough(signal)
    events.append({ event: "task.started", stage, index, rows, why })
    await executor.run({ run, stage, index }, signal, started)
  }
  const commit = await readCommit(run, stage, index)
  if (commit?.fingerprint !== fingerprintOf(basis))
    throw stopError({
      what: "A worker ended without the commit of its task",
      where: `${run}, stage ${stage}, task ${index}`,
    })
  const { counts, drops, tallies } = commit
  events.append({ event: "task.done", stage, index, reused: why === null, counts, drops, tallies })
  failures?.count(counts.in, Array<string>(counts.failed).fill("see RUN/failed"))
  return { commit, reused: why === null }
}

interface Task {
  stage: string
  index: number
  basis: Basis
  /** Whether its steps settle effects. */
  asks?: boolean
  rows: number | null
  failures?: FailureLimit
  /** Called when the task waits for a worker that holds its lease: others need not wait for it. */
  leased?: () => void
}

/** The commit of a task: the one that stands, or the one of a worker that holds its lease, or made now. */
async function commitOf(
  { execution, signal }: StageContext,
  task: Task,
  work: (basis: Basis, rowDone: (outcome: RowOutcome) => void, refused: (error: RowError) => void) => Promise<Commit>,
): Promise<{ commit: Commit; reused: boolean }> {
  const { run, events, running } = execution
  const { stage, index, rows, failures } = task
  const done = (commit: Commit, reused: boolean) => {
    const { counts, drops, tallies } = commit
    events.append({ event: "task.done", stage, index, reused, counts, drops, tallies })
    return { commit, reused }
  }
  for (;;) {
    const standing = await readCommit(run, stage, index)
    const why = whyNotReused(standing, task.basis)
    // What is made of an unfinished ledger must not pass for the whole later on: what was settled is part of what it is made from.
    const basis =
      execution.finish && task.asks
        ? {
            ...task.basis,
            steps: [...task.basis.steps, { id: "finish", version: 1, params: { settled: execution.settled } }],
          }
        : task.basis
    if (why === null || (basis !== task.basis && standing?.fingerprint === fingerprintOf(basis))) {
      const failed = standing!.counts.failed
      failures?.count(standing!.counts.in, Array<string>(failed).fill("failed before"))
      return done(standing!, true)
    }
    signal.throwIfAborted()
    await execution.room.enough(signal)
    const lease = await Lock.take(leaseFolder(run, stage, index))
    if (!(lease instanceof Lock)) {
      task.leased?.()
      await new Promise((resolve) => setTimeout(resolve, 500))
      continue
    }
    let finished = 0
    let seenToFail = 0
    const refused: RowError[] = []
    const failedRows: FailedRow[] = []
    try {
      // A worker that held the lease and died has left settled effects behind.
      if (lease.inherited) await execution.effects.refresh()
      events.append({ event: "task.started", stage, index, rows, why })
      const hearRow = ({ failed }: RowOutcome) => {
        finished++
        running.set(stage, (running.get(stage) ?? 0) + 1)
        seenToFail += failed.length
        for (const { row, step, error } of failed) {
          const { reason, message, retryable } = error
          const id = String(row.id)
          events.append({ event: "row.failed", stage, id, step, reason, message: message.slice(0, 400) })
          if (failedRows.length < keptFailures)
            failedRows.push({
              id,
              step,
              reason,
              message: message.toWellFormed(),
              retryable,
              row: canonicalRowJson(row),
            })
        }
        failures?.count(
          1,
          failed.map(({ error }) => error.reason),
          failed.map(({ error }) => error.message),
        )
      }
      const commit = await work(basis, hearRow, (error) => {
        if (refused.length === 0) refused.push(error)
      })
      // Rows that did not fit their columns were found when the shards were written.
      const late = commit.counts.failed - seenToFail
      if (late > 0)
        failures?.count(
          0,
          Array<string>(late).fill("bad-value"),
          refused.map(({ message }) => message),
        )
      return done(commit, false)
    } catch (error) {
      execution.uncommittedFailures.push(...failedRows.splice(0, keptFailures - execution.uncommittedFailures.length))
      throw error
    } finally {
      running.set(stage, (running.get(stage) ?? 0) - finished)
      await lease.release()
    }
  }
}
