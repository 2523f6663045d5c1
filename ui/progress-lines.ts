import { oneLine } from "../pipelines/runtime/errors.ts"
import { foldEvent, foldEvents, type RunStatus } from "../pipelines/runtime/status.ts"
import type { Event } from "../schemas/event.ts"
import { bytes, grouped } from "./print.ts"
import { lowDisk } from "./status-lines.ts"

/** At most one line a second at first; a run of hours needs one a minute. */
const betweenMs = (elapsedMs: number): number => Math.min(60_000, Math.max(1_000, elapsedMs / 60))

/**
 * Plain progress on stderr: one line for each change, at most one a second, fewer when a run is long. What must not be missed (pauses, warnings, why a task is
 * done again) is said at once.
 */
export class ProgressLines {
  readonly #write: (line: string) => void
  readonly #status: RunStatus = foldEvents([])
  readonly #saidWhy = new Set<string>()
  #startedMs = Date.now()
  #lastMs = 0
  #lastText = ""

  constructor(write: (line: string) => void = (line) => process.stderr.write(`${line}\n`)) {
    this.#write = write
  }

  hear(event: Event): void {
    foldEvent(this.#status, event)
    switch (event.event) {
      case "run.started": {
        this.#startedMs = Date.now()
        const answers = Object.values(event.settled).reduce((sum, { calls }) => sum + calls, 0)
        if (answers > 0) this.#say(`going on: ${grouped(answers)} answers are settled and will not be asked again`)
        if (event.damagedRecords > 0) this.#say(`${event.damagedRecords} damaged records in the ledger were left out`)
        break
      }
      case "task.started":
        // A first run has nothing to explain; a rerun says once per stage why it works again.
        if (event.why !== "not done yet" && !this.#saidWhy.has(`${event.stage}${event.why}`)) {
          this.#saidWhy.add(`${event.stage}${event.why}`)
          this.#say(`${event.stage}: done again, ${oneLine(event.why)}`)
        }
        break
      case "stage.done":
        this.#say(stageLine(this.#status, event.stage, event.reused === event.tasks))
        break
      case "endpoint":
        // What stops an endpoint stops the run, which says it in full.
        if (event.state !== "stopped") this.#say(`${event.role}: ${event.state}, ${oneLine(event.message)}`)
        break
      case "paused":
        this.#say(event.paused ? "paused: nothing new is asked until it is resumed" : "resumed")
        break
      case "warning":
        this.#say(oneLine(event.message))
        break
      case "disk":
        this.#say(diskLine(event))
        break
      case "progress":
        this.#progress()
        break
    }
  }

  #progress(): void {
    const now = Date.now()
    if (now - this.#lastMs < betweenMs(now - this.#startedMs)) return
    const stages = this.#status.stages
      .filter(({ done, rowsRunning }) => !done && rowsRunning > 0)
      .map(({ stage, counts, rowsRunning }) => `${stage} ${grouped(counts.in + rowsRunning)} rows`)
    const calls = Object.entries(this.#status.endpoints)
      .filter(([, { inFlight, waiting }]) => inFlight + waiting > 0)
      .map(
        ([role, { calls, inFlight, output, usd, paused }]) =>
          `${role} ${grouped(calls)} calls, ${inFlight} in flight, ${grouped(output)} tokens` +
          `${usd === null ? "" : `, $${usd.toFixed(2)}`}${paused ? ", paused" : ""}`,
      )
    const text = [...stages, ...calls].join(" | ")
    if (text === "" || text === this.#lastText) return
    this.#lastText = text
    this.#lastMs = now
    this.#say(text)
  }

  #say(text: string): void {
    const seconds = Math.round((Date.now() - this.#startedMs) / 1000)
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
    this.#write(`[${clock.padStart(5)}] ${text}`)
  }
}

const diskLine = ({ state, freeBytes, floorBytes }: Extract<Event, { event: "disk" }>): string =>
  state === "low" ? lowDisk({ freeBytes, floorBytes }) : `disk: ${bytes(freeBytes)} left, going on`

function stageLine(status: RunStatus, id: string, reused: boolean): string {
  const stage = status.stages.find((stage) => stage.stage === id)
  if (!stage) return `${id}: done`
  if (reused) return `${id}: unchanged, reused`
  const { counts } = stage
  const parts = [`${grouped(counts.in)} rows`]
  if (counts.dropped > 0) parts.push(`${grouped(counts.dropped)} dropped`)
  if (counts.failed > 0) parts.push(`${grouped(counts.failed)} failed`)
  return `${id}: done, ${parts.join(", ")}`
}
