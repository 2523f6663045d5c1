import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"
import { mkdir, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Event, Happening } from "../../schemas/event.ts"
import { writeFailure } from "./disk.ts"
import { expectFormat } from "./format.ts"

/**
 * A run's events: append-only JSON Lines, one file per process that worked on the run (`000003.jsonl`), each with one writer. Whoever
 * shows progress only folds them.
 */
export class EventLog {
  readonly path: string
  readonly #file: number
  readonly #listener: ((event: Event) => void) | undefined
  #closed = false

  private constructor(path: string, file: number, listener?: (event: Event) => void) {
    this.path = path
    this.#file = file
    this.#listener = listener
  }

  /** Opens a new file in a folder of event logs. `listener` hears every event after it is written. */
  static async open(folder: string, listener?: (event: Event) => void): Promise<EventLog> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      for (;;) {
        const taken = (await readdir(folder)).map((name) => Number.parseInt(name, 10)).filter(Number.isInteger)
        const path = join(folder, `${String(Math.max(0, ...taken) + 1).padStart(6, "0")}.jsonl`)
        try {
          return new EventLog(path, openSync(path, "wx", 0o600), listener)
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
        }
      }
    } catch (error) {
      throw writeFailure(folder, error)
    }
  }

  /** Appends one event. Events are for looking at: when the disk is full they are lost, the work's own writes say so. */
  append(happening: Happening): void {
    if (this.#closed) return
    const event: Event = { v: 1, at: new Date().toISOString(), ...happening }
    try {
      writeSync(this.#file, `${JSON.stringify(event)}\n`)
    } catch {}
    this.#listener?.(event)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      fsyncSync(this.#file)
    } catch {}
    closeSync(this.#file)
  }
}

/** All events of a run in the order of its processes. A torn last line (a process that was killed) is left out. Rejects with a usage error for events of another version. */
export async function readEvents(folder: string): Promise<Event[]> {
  const names = await readdir(folder).catch(() => [])
  const events: Event[] = []
  for (const name of names.filter((name) => name.endsWith(".jsonl")).sort()) {
    for (const line of (await readFile(join(folder, name), "utf8")).split("\n")) {
      if (line === "") continue
      let event: Event
      try {
        event = JSON.parse(line) as Event
      } catch {
        continue
      }
      if (typeof event?.v !== "number") continue
      expectFormat("An event", join(folder, name), event.v)
      events.push(event)
    }
  }
  return events
}
