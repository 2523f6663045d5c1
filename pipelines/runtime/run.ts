// A run is a folder: `run.json` (recipe and config), `ledger/` (settled effects), `stages/` (shards and commits), `events/`,
// `locks/` and `leases/`, and what is published: `dataset/`, the datasets beside it, `manifest.json`. All of it is private (0700).
import { readdir, readFile, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { join, resolve } from "node:path"
import type { Counts, Event } from "../../schemas/event.ts"
import type { Manifest } from "../../schemas/manifest.ts"
import { answeredBefore } from "./answered-before.ts"
import { readCommits } from "./commit.ts"
import { makeFolder, writeWhole } from "./disk.ts"
import { DiskRoom } from "./disk-room.ts"
import { CotyledonError, exitCode, usageError } from "./errors.ts"
import { EventLog } from "./events.ts"
import type { Executor } from "./executor.ts"
import { canonicalJson, type Digest, digestOf } from "./fingerprint.ts"
import { expectFormat } from "./format.ts"
import { isAnyHeld, removeFreeLeases } from "./leases.ts"
import { Ledger } from "./ledger.ts"
import { Lock } from "./lock.ts"
import { Measure } from "./measure.ts"
import { openRecipe } from "./open-recipe.ts"
import { holdWhilePaused, setPaused } from "./pause.ts"
import { publish, publishFailures } from "./publish.ts"
import type { HouseKeys, Pipeline, Recipe } from "./recipe.ts"
import { type Execution, runStages } from "./schedule.ts"
import { LedgerEffects } from "./settle.ts"
import { SharedLedger } from "./shared-ledger.ts"
import type { SourceDigest } from "./stage.ts"
import { foldEvent, foldEvents } from "./status.ts"
import { columnsOf } from "./task-plan.ts"
import { version } from "./version.ts"

/** What is run, where, and how far. */
export interface RunOptions<C = unknown> {
  recipe: Recipe<C>
  /** As the recipe's own schema returned it. */
  config: C
  /** The run's folder; made where it is missing, gone on with where it stands. */
  out: string
  /** How the recipe is found again by `work`: a name or a path. Default: the recipe's name. */
  recipeReference?: string
  /** Digest of the user's own code, of a recipe by path: the run warns where it changed and no version did. */
  code?: Digest | null
  /** A pilot on the first N source rows. */
  limit?: number | null
  /** Make a dataset of what is settled and ask for nothing new. */
  finish?: boolean
  /**
   * Answer from the ledger alone: what is not settled fails its row with `not-settled`, and nothing is ever sent. Programs of code
   * questions run here all the same.
   */
  offline?: boolean
  /** Aborted: what is in flight may settle, then the run stops and can be resumed. */
  signal?: AbortSignal
  /** Runs CPU-bound tasks in other processes. */
  executor?: Executor | null
  /** How long calls in flight may go on after a stop. Default 10,000 ms. */
  graceMs?: number
  /** Hears every event after it is written. */
  onEvent?: (event: Event) => void
}

/** A finished run. */
export interface RunResult {
  run: string
  manifest: Manifest
  /** Nothing had to be done: the datasets stood already. */
  reused: boolean
}

/** The run folder's own record. */
export interface RunRecord {
  format: 1
  recipe: string
  config: unknown
  /** Of a recipe by path: its code, and what it says of itself, when the run last started. */
  code?: { sha256: Digest; versions: Digest }
}

const progressMs = 1_000
/** How often is looked how many requests are in flight: a short pilot is to be measured too. */
const pulseMs = 100

/**
 * Runs a recipe in a folder, or goes on with it. Resolves when the dataset stands. Rejects with a `CotyledonError`: usage (another
 * recipe's folder), held (another process runs it), stopped (failure limit, budget, disk), interrupted. What is done is kept.
 */
export async function run<C>(options: RunOptions<C>): Promise<RunResult> {
  const folder = resolve(options.out)
  const limit = options.limit ?? null
  if (limit !== null && !(Number.isSafeInteger(limit) && limit > 0))
    throw usageError({ what: "Cannot read the limit", expected: "a whole number of rows, at least 1", got: `${limit}` })
  const versions = await checkSources(options)
  await openFolder(folder, options)
  const lock = await Lock.take(join(folder, "locks", "coordinator"))
  if (!(lock instanceof Lock))
    throw new CotyledonError(exitCode.held, {
      what: "Another process holds this run",
      where: folder,
      got: `process ${lock.pid} on ${lock.host} since ${lock.since}`,
      remedy: "Wait for it, or stop it; this command then goes on where it is.",
    })
  let events: EventLog | null = null
  let ledger: Ledger | null = null
  let shared: SharedLedger | null = null
  let room: DiskRoom | null = null
  let measure: Measure | null = null
  let pipeline: Pipeline | null = null
  let execution: Execution | null = null
  let timer: NodeJS.Timeout | null = null
  let pulse: NodeJS.Timeout | null = null
  try {
    await removeScratch(folder)
    const before = await readRecord(folder)
    const code = options.code ? { sha256: options.code, versions } : undefined
    await writeRecord(folder, options, code)
    // Whoever starts a run wants it to run.
    await setPaused(folder, false)
    const status = foldEvents([])
    events = await EventLog.open(join(folder, "events"), {
      listener: (event) => {
        foldEvent(status, event)
        options.onEvent?.(event)
      },
      snapshot: () => status,
    })
    ledger = await Ledger.open(join(folder, "ledger"), "exclusive")
    const log = events
    const settled = ledger.totals()
    log.append({
      event: "run.started",
      recipe: options.recipe.name,
      version,
      limit,
      finish: options.finish ?? false,
      offline: options.offline ?? false,
      pid: process.pid,
      host: hostname(),
      settled,
      damagedRecords: ledger.damaged,
    })
    if (code && before?.code && before.code.sha256 !== code.sha256 && before.code.versions === code.versions)
      log.append({
        event: "warning",
        message:
          "The code of the recipe has changed, but no version in it: what is done is reused as it is. Raise the version of a " +
          "step that now gives other results",
      })
    pipeline = openRecipe(options.recipe, options.config, {
      report: (happening) => log.append(happening),
      settled,
      answered: await answeredBefore(join(folder, "ledger")),
    })
    const { ledger: sharedFolder, disk } = (options.config ?? {}) as HouseKeys
    if (sharedFolder !== undefined)
      shared = await SharedLedger.open(resolve(sharedFolder), (message) => log.append({ event: "warning", message }))
    const measuring = await Measure.open(folder)
    measure = measuring
    const watch = new DiskRoom(folder, disk?.minimumFreeBytes ?? null, (happening) => log.append(happening))
    room = watch
    for (const stage of pipeline.stages)
      log.append({
        event: "stage.planned",
        stage: stage.id,
        tasks: null,
        ...(stage.kind !== "import" && { input: stage.input }),
      })
    execution = {
      run: folder,
      stages: pipeline.stages,
      effects: new LedgerEffects(ledger, {
        shared,
        offline: (options.finish || options.offline) ?? false,
        room: (signal) => watch.enough(signal),
      }),
      room: watch,
      measure: measuring,
      events: log,
      limit,
      finish: options.finish ?? false,
      settled: Object.values(settled).reduce((sum, { calls, reused = 0 }) => sum + calls + reused, 0),
      executor: options.executor ?? null,
      graceMs: options.graceMs ?? 10_000,
      running: new Map(),
      uncommittedFailures: [],
    }
    const { running } = execution
    const { endpoints } = pipeline
    let last = ""
    const progress = () => {
      const rows = Object.fromEntries([...running].filter(([, count]) => count > 0))
      const happening = { event: "progress" as const, rows, endpoints: countersOf(endpoints) }
      const text = JSON.stringify(happening)
      if (text !== last) log.append(happening)
      last = text
    }
    const tick = () => measuring.tick(countersOf(endpoints))
    tick()
    pulse = setInterval(tick, pulseMs)
    const { effects } = execution
    const pauses = holdWhilePaused(folder, {
      hold(paused) {
        effects.hold(paused)
        for (const paid of endpoints) paid.hold?.(paused)
        log.append({ event: "paused", paused })
      },
    })
    timer = setInterval(() => {
      pauses.look()
      progress()
    }, progressMs)
    const commits = await runStages(execution, options.signal ?? new AbortController().signal)
    progress()
    tick()
    const inputs = await importInputs(pipeline)
    const { manifest, reused } = await publish({
      run: folder,
      recipe: options.recipe.name,
      recipeVersion: options.recipe.version,
      seed: seedOf(options.config),
      pipeline,
      commits,
      inputs,
      limit,
      finished: options.finish ?? false,
    })
    for (const { folder: name } of pipeline.exports) {
      const files = name === pipeline.exports[0]!.folder ? manifest.shards : (manifest.beside[name] ?? [])
      const rows = files.reduce((sum, shard) => sum + shard.rows, 0)
      log.append({ event: "published", folder: name, rows, files: files.length })
    }
    const rows: Counts = { ...manifest.rows, born: manifest.rows.born ?? 0 }
    log.append({ event: "run.done", rows })
    return { run: folder, manifest, reused }
  } catch (error) {
    const failure = await stopped(error, folder, pipeline, execution)
    events?.append({ event: "run.stopped", exit: failure.exit, reason: failure.message })
    throw failure
  } finally {
    if (timer) clearInterval(timer)
    if (pulse) clearInterval(pulse)
    room?.close()
    await measure?.save()
    await pipeline?.close().catch(() => {})
    await shared?.close()
    await ledger?.close().catch(() => {})
    events?.close()
    await removeFreeLeases(folder)
    await lock.release()
  }
}

/** The run folder's record, or null where the folder holds no run. Rejects with a usage error for one of another format. */
export async function readRecord(folder: string): Promise<RunRecord | null> {
  const text = await readFile(join(folder, "run.json"), "utf8").catch(() => null)
  if (text === null) return null
  let record: RunRecord | null
  try {
    record = JSON.parse(text) as RunRecord | null
  } catch {
    throw usageError({ what: "run.json is not JSON", where: folder, remedy: "Take another --out folder." })
  }
  expectFormat("The run", folder, record?.format)
  return record
}

/** Counters of each endpoint, as the progress event and `status` have them. */
export const countersOf = (endpoints: Pipeline["endpoints"]) =>
  Object.fromEntries(endpoints.map((paid) => [paid.role, { identity: paid.identity, ...paid.counters() }]))

/** What can be found wrong before anything is started or written. Resolves with a digest of the versions of all that has one. */
async function checkSources<C>({ recipe, config }: RunOptions<C>): Promise<Digest> {
  const pipeline = openRecipe(recipe, config)
  try {
    columnsOf(pipeline.stages)
    for (const stage of pipeline.stages) if (stage.kind === "import") await stage.check?.()
    const versions = pipeline.stages.flatMap((stage) =>
      (stage.kind === "map" ? stage.steps : [stage]).map(({ id, version }) => `${stage.id}/${id}@${version}`),
    )
    return digestOf([recipe.version, ...versions])
  } finally {
    await pipeline.close()
  }
}

async function openFolder<C>(folder: string, options: RunOptions<C>): Promise<void> {
  await makeFolder(folder)
  const record = await readRecord(folder)
  if (!record) {
    const found = (await readdir(folder)).filter((name) => !isStart(name))
    if (found.length > 0)
      throw usageError({
        what: "The folder holds something else than a run",
        where: folder,
        expected: "a new or empty folder, or one with run.json",
        got: found.slice(0, 3).join(", "),
        remedy: "Take another --out folder.",
      })
    return
  }
  const reference = options.recipeReference ?? options.recipe.name
  if (record.recipe !== reference)
    throw usageError({
      what: "The folder holds a run of another recipe",
      where: folder,
      expected: reference,
      got: record.recipe,
      remedy: "Take another --out folder.",
    })
}

/** What a process that was killed before its run had a record leaves behind. */
const isStart = (name: string): boolean => name === "locks" || /^run\.json\..+\.tmp$/.test(name)

async function writeRecord<C>(folder: string, options: RunOptions<C>, code: RunRecord["code"]): Promise<void> {
  const record: RunRecord = {
    format: 1,
    recipe: options.recipeReference ?? options.recipe.name,
    config: options.config,
    ...(code && { code }),
  }
  const standing = await readRecord(folder)
  if (standing && canonicalJson(standing) === canonicalJson(JSON.parse(JSON.stringify(record)))) return
  await writeWhole(join(folder, "run.json"), `${JSON.stringify(record, null, 2)}\n`)
}

/** Files that killed processes were writing. Only the coordinator of a run without workers may remove them. */
async function removeScratch(folder: string): Promise<void> {
  if (await isAnyHeld(folder)) return
  const names = await readdir(folder, { recursive: true })
  for (const name of names) if (name.endsWith(".tmp")) await rm(join(folder, name), { force: true })
}

async function importInputs({ stages }: Pipeline): Promise<SourceDigest[]> {
  const first = stages.find((stage) => stage.kind === "import")
  return first ? first.digests() : []
}

const seedOf = (config: unknown): number | null => {
  const seed = (config as { seed?: unknown } | null)?.seed
  return typeof seed === "number" ? seed : null
}

/** Every way a run ends before its time, as an error with an exit code; what is known to have failed is published. */
async function stopped(
  error: unknown,
  folder: string,
  pipeline: Pipeline | null,
  execution: Execution | null,
): Promise<CotyledonError> {
  const failure =
    error instanceof CotyledonError
      ? error
      : new CotyledonError(
          exitCode.stopped,
          { what: `Unexpected error: ${error instanceof Error ? error.message : String(error)}`, where: folder },
          error,
        )
  if (pipeline && execution && failure.exit === exitCode.stopped)
    try {
      const commits = (await Promise.all(pipeline.path.map((stage) => readCommits(folder, stage)))).flat()
      await publishFailures(folder, commits, execution.uncommittedFailures as never[])
    } catch {}
  return failure
}
