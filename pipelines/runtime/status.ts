import { join } from "node:path"
import type { Counts, DropsByReason, Event } from "../../schemas/event.ts"
import { addDrops, addTally } from "./counts.ts"
import { EventReader, eventSegments, lastStart, readSnapshot, segmentNumber } from "./events.ts"
import type { TotalsByIdentity } from "./ledger-index.ts"
import { ownerOf } from "./lock.ts"
import type { PaidCounters } from "./recipe.ts"

/** One stage as its events tell. */
export interface StageStatus {
  stage: string
  /** The stage whose rows it reads; null for the first one, and where nothing was said. */
  input: string | null
  tasksDone: number
  tasksRunning: number
  reused: number
  done: boolean
  counts: Counts
  drops: DropsByReason
  tallies: Record<string, number>
  /** Rows finished in running tasks. */
  rowsRunning: number
}

/** A run as its events tell, at any moment. */
export interface RunStatus {
  state: "running" | "done" | "stopped" | "killed" | "new"
  recipe: string | null
  /** Why it stopped, in one to four lines. */
  reason: string | null
  startedAt: string | null
  lastAt: string | null
  /** Somebody paused it: it asks nothing new until it is resumed. */
  paused: boolean
  stages: StageStatus[]
  /** Settled answers and tokens of all attempts, by identity. */
  settled: TotalsByIdentity
  /** Set while the run begins nothing new because its disk is nearly full. */
  diskLow: { freeBytes: number; floorBytes: number } | null
  endpoints: Record<string, PaidCounters & { identity: string }>
  /** What endpoints, warnings and the runtime said last. */
  messages: string[]
  failures: { id: string; stage: string; step: string; reason: string; message: string }[]
}

const keptMessages = 8

/** Folds events into a status. Pure; later events win. */
export function foldEvents(events: Iterable<Event>): RunStatus {
  const status: RunStatus = {
    state: "new",
    recipe: null,
    reason: null,
    startedAt: null,
    lastAt: null,
    paused: false,
    stages: [],
    settled: {},
    diskLow: null,
    endpoints: {},
    messages: [],
    failures: [],
  }
  for (const event of events) foldEvent(status, event)
  return status
}

/** Folds one more event into a status, in place: what a live view does. */
export function foldEvent(status: RunStatus, event: Event): void {
  status.lastAt = event.at
  switch (event.event) {
    case "run.started":
      Object.assign(status, { state: "running", recipe: event.recipe, reason: null, startedAt: event.at })
      Object.assign(status, {
        stages: [],
        settled: event.settled,
        endpoints: {},
        failures: [],
        messages: [],
        diskLow: null,
        paused: false,
      })
      break
    case "stage.planned":
      stageOf(status, event.stage).input = event.input ?? null
      break
    case "task.started":
      stageOf(status, event.stage).tasksRunning++
      break
    case "task.done": {
      const stage = stageOf(status, event.stage)
      stage.tasksDone++
      if (event.reused) stage.reused++
      else stage.tasksRunning = Math.max(0, stage.tasksRunning - 1)
      for (const key of ["in", "born", "out", "dropped", "failed"] as const) stage.counts[key] += event.counts[key]
      addDrops(stage.drops, event.drops)
      addTally(stage.tallies, event.tallies)
      break
    }
    case "stage.done":
      stageOf(status, event.stage).done = true
      break
    case "row.failed":
      status.failures = [...status.failures.slice(-99), event]
      break
    case "progress":
      for (const stage of status.stages) stage.rowsRunning = event.rows[stage.stage] ?? 0
      status.endpoints = event.endpoints
      break
    case "endpoint":
      say(status, `${event.role} ${event.state}: ${event.message}`)
      break
    case "paused":
      status.paused = event.paused
      say(status, event.paused ? "paused: nothing new is asked" : "resumed")
      break
    case "warning":
      say(status, event.message)
      break
    case "disk": {
      const { freeBytes, floorBytes } = event
      status.diskLow = event.state === "low" ? { freeBytes, floorBytes } : null
      break
    }
    case "run.stopped":
      Object.assign(status, { state: "stopped", reason: event.reason })
      break
    case "run.done":
      status.state = "done"
      break
  }
}

/** The status of a run's folder: its events, and whether the process that runs it still lives. */
export const readStatus = (run: string): Promise<RunStatus> => new StatusReader(run).read()

/**
 * Follows a run's status: each read folds what was appended since the one before. The first one starts at the run's last start or at
 * its last snapshot, so that it is quick after a week as well.
 */
export class StatusReader {
  readonly #run: string
  #reader: EventReader | null = null
  #status = foldEvents([])

  constructor(run: string) {
    this.#run = run
  }

  /** The status by now; an object of its own each time, whose lists must not be changed. */
  async read(): Promise<RunStatus> {
    if (await this.#isBehind()) this.#reader = null
    this.#reader ??= await this.#open()
    for await (const event of this.#reader.read()) foldEvent(this.#status, event)
    const dead = this.#status.state === "running" && !(await ownerOf(join(this.#run, "locks", "coordinator")))
    return { ...this.#status, ...(dead && { state: "killed" }) }
  }

  /** Whether a segment was removed before it was read to its end: the snapshot has what it said. */
  async #isBehind(): Promise<boolean> {
    if (!this.#reader?.last) return false
    const snapshot = await readSnapshot(join(this.#run, "events"))
    return !!snapshot?.removed && segmentNumber(snapshot.removed) >= segmentNumber(this.#reader.last)
  }

  async #open(): Promise<EventReader> {
    const folder = join(this.#run, "events")
    const snapshot = await readSnapshot(folder)
    const from = await lastStart(folder, await eventSegments(folder))
    this.#status = foldEvents([])
    if (snapshot === null || snapshot.first !== from) return new EventReader(folder, { from })
    Object.assign(this.#status, snapshot.state)
    return new EventReader(folder, { from, skipped: snapshot.covered })
  }
}

function stageOf(status: RunStatus, id: string): StageStatus {
  const known = status.stages.find(({ stage }) => stage === id)
  if (known) return known
  const stage: StageStatus = {
    stage: id,
    input: null,
    tasksDone: 0,
    tasksRunning: 0,
    reused: 0,
    done: false,
    counts: { in: 0, born: 0, out: 0, dropped: 0, failed: 0 },
    drops: {},
    tallies: {},
    rowsRunning: 0,
  }
  status.stages.push(stage)
  return stage
}

function say(status: RunStatus, message: string): void {
  status.messages = [...status.messages.slice(1 - keptMessages), message]
}

/**
 * About how long a running run still needs, in ms: the stage that is furthest behind sets the pace, at the rate since the run was
 * (re)started. Rows that later stages will get are guessed from what earlier ones dropped so far. Null while nothing can be said.
 */
export function timeLeftMs({ state, startedAt, stages }: RunStatus, nowMs: number): number | null {
  if (state !== "running" || startedAt === null) return null
  const [source, ...later] = stages.filter(({ counts, rowsRunning }) => counts.in + rowsRunning > 0)
  if (!source?.done) return null
  let expected = source.counts.out
  let least = 1
  for (const { counts, rowsRunning, reused, tasksDone, done } of later) {
    if (!done && reused < Math.max(1, tasksDone))
      least = Math.min(least, (counts.in + rowsRunning) / Math.max(1, expected))
    if (counts.in > 0) expected *= counts.out / counts.in
  }
  const elapsedMs = nowMs - Date.parse(startedAt)
  return least <= 0 || least >= 1 ? null : (elapsedMs * (1 - least)) / least
}

/** Cost of settled answers in USD, by the prices of a config's models; null where a price is unknown. */
export function costOfSettled(
  settled: RunStatus["settled"],
  prices: ReadonlyMap<string, { input: number; output: number }>,
): number | null {
  let usd = 0
  let known = false
  for (const [identity, { input, output }] of Object.entries(settled)) {
    const price = prices.get(identity)
    if (!price) continue
    known = true
    usd += (input * price.input + output * price.output) / 1e6
  }
  return known ? usd : null
}
