import { join, resolve } from "node:path"
import type { Happening } from "../../schemas/event.ts"
import { answeredBefore } from "./answered-before.ts"
import { readCommit, readCommits, whyNotReused } from "./commit.ts"
import { DiskRoom } from "./disk-room.ts"
import { CotyledonError, exitCode, usageError } from "./errors.ts"
import { EventLog } from "./events.ts"
import { leaseFolder } from "./leases.ts"
import { Ledger } from "./ledger.ts"
import { Lock } from "./lock.ts"
import { runMapTask } from "./map-task.ts"
import { openRecipe } from "./open-recipe.ts"
import { holdWhilePaused } from "./pause.ts"
import type { HouseKeys, Recipe } from "./recipe.ts"
import { rowsIn } from "./reduce-task.ts"
import { RowSlots } from "./row-slots.ts"
import { Draining, LedgerEffects } from "./settle.ts"
import { SharedLedger } from "./shared-ledger.ts"
import { columnsOf, mapBasis, sideDigests } from "./task-plan.ts"

/** One task of a run in a folder. */
export interface WorkOptions<C = unknown> {
  recipe: Recipe<C>
  config: C
  run: string
  stage: string
  index: number
  signal?: AbortSignal
  graceMs?: number
}

/**
 * Runs one task of a map stage of a run whose earlier stages are done: what an engine starts on its nodes. Resolves with true when
 * it did the work, false when it stood already. Rejects as held while another process works on the task. The task's end is told by
 * whoever reads its commit; here only what endpoints say goes to the log.
 */
export async function work<C>(options: WorkOptions<C>): Promise<boolean> {
  options.signal?.throwIfAborted()
  const run = resolve(options.run)
  const ledger = await Ledger.open(join(run, "ledger"), "append")
  const events = await EventLog.open(join(run, "events"))
  const report = (happening: Happening) => events.append(happening)
  const pipeline = openRecipe(options.recipe, options.config, {
    report,
    settled: ledger.totals(),
    answered: await answeredBefore(join(run, "ledger")),
  })
  const { ledger: sharedFolder, disk } = (options.config ?? {}) as HouseKeys
  const room = new DiskRoom(run, disk?.minimumFreeBytes ?? null, report)
  let shared: SharedLedger | null = null
  try {
    const stage = pipeline.stages.find(({ id }) => id === options.stage)
    if (stage?.kind !== "map")
      throw usageError({
        what: `No map stage ${options.stage} in recipe ${options.recipe.name}`,
        expected: pipeline.stages.flatMap(({ id, kind }) => (kind === "map" ? [id] : [])).join(", "),
      })
    const inputs = (await readCommits(run, stage.input)).flatMap(({ index, outputs }) =>
      outputs.map((shard, at) => ({ index: index + at, shard })),
    )
    const input = inputs.find(({ index }) => index === options.index)
    if (!input)
      throw usageError({
        what: `Task ${options.index} of stage ${stage.id} has no input`,
        expected: `a shard of stage ${stage.input} (0 to ${inputs.length - 1})`,
        remedy: `Run stage ${stage.input} first.`,
      })
    const side = new Map()
    const digests: Record<string, string[]> = {}
    for (const id of stage.side ?? []) {
      const commits = await readCommits(run, id)
      if (commits.length === 0) throw usageError({ what: `Stage ${id} is not done`, remedy: `Run stage ${id} first.` })
      digests[id] = sideDigests(commits)
      side.set(
        id,
        await Array.fromAsync(
          rowsIn(
            run,
            commits.flatMap(({ outputs }) => outputs),
          ),
        ),
      )
    }
    const basis = mapBasis(stage, input.shard, digests)
    if (whyNotReused(await readCommit(run, stage.id, options.index), basis) === null) return false
    const lease = await Lock.take(leaseFolder(run, stage.id, options.index))
    if (!(lease instanceof Lock))
      throw new CotyledonError(exitCode.held, {
        what: `Another process works on task ${options.index} of stage ${stage.id}`,
        got: `process ${lease.pid} on ${lease.host}`,
        remedy: "Let it finish.",
      })
    if (sharedFolder !== undefined)
      shared = await SharedLedger.open(resolve(sharedFolder), (message) => report({ event: "warning", message }))
    const effects = new LedgerEffects(ledger, { shared, room: (signal) => room.enough(signal) })
    const slots = new RowSlots(stage.rowsInFlight ?? 32)
    const pauses = holdWhilePaused(run, {
      hold(paused) {
        effects.hold(paused)
        for (const paid of pipeline.endpoints) paid.hold?.(paused)
      },
    })
    pauses.look()
    const looking = setInterval(pauses.look, 1_000)
    const onStop = () => {
      slots.close(new Draining())
      effects.drain(options.graceMs ?? 10_000)
    }
    options.signal?.addEventListener("abort", onStop, { once: true })
    if (options.signal?.aborted) onStop()
    try {
      // Another worker may have finished the task, or died over it, since we looked.
      if (whyNotReused(await readCommit(run, stage.id, options.index), basis) === null) return false
      if (lease.inherited) await ledger.refresh()
      await runMapTask({
        run,
        stage,
        index: options.index,
        input: input.shard,
        basis,
        columns: columnsOf(pipeline.stages).get(stage.id)!,
        side,
        effects,
        slots,
        rowDone: () => {},
        stop: onStop,
        allStarted: () => {},
      })
      return true
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason
      throw error
    } finally {
      clearInterval(looking)
      options.signal?.removeEventListener("abort", onStop)
      await lease.release()
    }
  } finally {
    room.close()
    await pipeline.close().catch(() => {})
    await shared?.close()
    await ledger.close()
    events.close()
  }
}
