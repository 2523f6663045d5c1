import { join } from "node:path"
import { ownerOf } from "../../pipelines/runtime/lock.ts"
import { foldEvent, foldEvents, type RunStatus } from "../../pipelines/runtime/status.ts"
import { EventTail } from "../live/event-tail.ts"

/** What had been reached at one moment of a run, over all attempts. */
export interface Moment {
  /** Milliseconds since the first start. Time in which no process worked on the run is left out. */
  atMs: number
  calls: number
  tokens: number
  /** USD; 0 where prices are unknown. */
  usd: number
}

export interface OverTime {
  moments: Moment[]
  attempts: number
  /** How often endpoints paused. */
  pauses: number
  priced: boolean
  /** The run as it stands. */
  status: RunStatus
}

/** So many moments are kept, evenly over the whole. */
const kept = 400

/** A run's course from its events, in memory that does not depend on how long it was. */
export async function readOverTime(run: string): Promise<OverTime> {
  const found: OverTime = { moments: [], attempts: 0, pauses: 0, priced: false, status: foldEvents([]) }
  let betweenMs = 1_000
  let startMs = 0
  let lastMs = 0
  let idleMs = 0
  let before = { calls: 0, tokens: 0, usd: 0 }
  let now = { ...before }
  const add = (atMs: number, force = false) => {
    const moment = { atMs: Math.max(0, atMs - startMs - idleMs), ...now }
    const last = found.moments.at(-1)
    if (last && !force && moment.atMs - last.atMs < betweenMs) return
    found.moments.push(moment)
    if (found.moments.length <= kept) return
    found.moments = found.moments.filter((_, at) => at % 2 === 0)
    betweenMs *= 2
  }
  for await (const event of new EventTail(run).read()) {
    foldEvent(found.status, event)
    const atMs = Date.parse(event.at)
    if (event.event === "run.started") {
      found.attempts++
      if (found.attempts === 1) startMs = atMs
      else idleMs += Math.max(0, atMs - lastMs)
      before = { ...now }
    }
    // Logs of workers come after that of the process that started them: their times are earlier.
    if (atMs < lastMs) continue
    lastMs = atMs
    if (event.event === "endpoint" && event.state === "paused") found.pauses++
    if (event.event === "progress") {
      now = { ...before }
      for (const { calls, input, output, usd } of Object.values(event.endpoints)) {
        now.calls += calls
        now.tokens += input + output
        now.usd += usd ?? 0
        found.priced ||= usd !== null
      }
      add(atMs)
    }
    if (event.event === "run.started") add(atMs)
    if (event.event === "run.done" || event.event === "run.stopped") add(atMs, true)
  }
  const { status } = found
  if (status.state === "running" && !(await ownerOf(join(run, "locks", "coordinator")))) status.state = "killed"
  return found
}

/** How fast something grew, per second, between moments. */
export const speeds = (moments: readonly Moment[], what: "calls" | "tokens"): { x: number; y: number }[] =>
  moments.slice(1).flatMap((moment, at) => {
    const last = moments[at]!
    const elapsedMs = moment.atMs - last.atMs
    return elapsedMs <= 0 ? [] : [{ x: moment.atMs, y: Math.max(0, (moment[what] - last[what]) / (elapsedMs / 1_000)) }]
  })
