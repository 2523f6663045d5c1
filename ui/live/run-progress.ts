import { foldEvent, foldEvents, type RunStatus, type StageStatus } from "../../pipelines/runtime/status.ts"
import type { Event } from "../../schemas/event.ts"

/** What stood at one moment, to see how fast it goes. */
interface Reading {
  atMs: number
  rows: Record<string, number>
  output: Record<string, number>
  calls: Record<string, number>
}

/** A run's status with its speed over the last minute. */
export interface RunProgress {
  status: RunStatus
  readings: Reading[]
}

const windowMs = 60_000
const betweenMs = 1_000

export const newProgress = (): RunProgress => ({ status: foldEvents([]), readings: [] })

/** Folds one event, in place. Its cost does not depend on how long the run is. */
export function hearEvent(progress: RunProgress, event: Event): void {
  const { status, readings } = progress
  foldEvent(status, event)
  if (event.event === "run.started") readings.length = 0
  if (event.event !== "progress" && event.event !== "task.done" && event.event !== "run.started") return
  const atMs = Date.parse(event.at)
  const last = readings.at(-1)
  const reading = {
    atMs,
    rows: Object.fromEntries(status.stages.map((stage) => [stage.stage, rowsDone(stage)])),
    output: Object.fromEntries(Object.entries(status.endpoints).map(([role, { output }]) => [role, output])),
    calls: Object.fromEntries(Object.entries(status.endpoints).map(([role, { calls }]) => [role, calls])),
  }
  // The last reading of a second is the one that counts.
  const before = readings.at(-2)
  if (last && before && atMs - before.atMs < betweenMs) readings.pop()
  readings.push(reading)
  while (readings.length > 2 && readings[1]!.atMs < atMs - windowMs) readings.shift()
}

/** Rows that a stage has finished, those of its running tasks included. */
export const rowsDone = ({ counts, rowsRunning }: StageStatus): number => counts.in + rowsRunning

/** Rows per second of a stage, output tokens and calls per second of a role, over the last minute; null while nothing can be said. */
export function ratePerSecond(
  { readings, status }: RunProgress,
  what: "rows" | "output" | "calls",
  name: string,
  nowMs: number,
): number | null {
  const first = readings.find(({ atMs }) => atMs >= nowMs - windowMs - betweenMs) ?? readings.at(-1)
  const last = readings.at(-1)
  if (!first || !last || status.state !== "running") return null
  const elapsedMs = nowMs - first.atMs
  if (elapsedMs < betweenMs) return null
  return Math.max(0, ((last[what][name] ?? 0) - (first[what][name] ?? 0)) / (elapsedMs / 1_000))
}

/** How many rows a stage will see, `exact` once what it reads from is done; null while nothing can be said. */
export function rowsExpected(status: RunStatus, stage: StageStatus): { rows: number; exact: boolean } | null {
  if (stage.done) return { rows: stage.counts.in, exact: true }
  const input = status.stages.find((other) => other.stage === stage.input)
  if (!input || input === stage) return null
  if (input.done) return { rows: input.counts.out, exact: true }
  const before = rowsExpected(status, input)
  if (!before || input.counts.in === 0) return null
  return { rows: Math.round((before.rows * input.counts.out) / input.counts.in), exact: false }
}
