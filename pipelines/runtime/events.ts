// A run's events: append-only JSON Lines in segments of bounded size, each with one writer (`000003.jsonl`). Each process that works
// on the run starts a segment of its own, and goes on in a new one when it is full. Whoever shows progress only folds them, from the
// last start of the run on: a snapshot that the run writes with each new segment (`snapshot.json`) spares what came before.
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { mkdir, open, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Event, Happening } from "../../schemas/event.ts"
import { temporaryName, writeFailure } from "./disk.ts"
import { expectFormat } from "./format.ts"

/** Sizes of a log; tests make them small. */
export interface EventLimits {
  /** A segment that has reached this many bytes is followed by a new one. */
  bytesPerSegment: number
  /** Full segments of one process that are kept; older ones go once a snapshot covers them. */
  segments: number
}
/** Together 512 MiB: more than a week of a run that reports every second. */
const defaultLimits: EventLimits = { bytesPerSegment: 8 << 20, segments: 64 }

export interface EventLogOptions {
  /** Hears every event after it is written. */
  listener?: ((event: Event) => void) | undefined
  /** What all events of this process so far fold to, as plain JSON; it is written beside each new segment. Only for the run's coordinator. */
  snapshot?: (() => unknown) | undefined
  limits?: Partial<EventLimits> | undefined
}

/** What `snapshot.json` holds. */
export interface EventSnapshot {
  format: 1
  /** The segment in which the process that wrote it began. */
  first: string
  /** Full segments that `state` covers. */
  covered: string[]
  /** The last segment that was removed; null while all stand. */
  removed: string | null
  state: unknown
}

/** Appends a process's events. */
export class EventLog {
  readonly #folder: string
  readonly #listener: ((event: Event) => void) | undefined
  readonly #snapshot: (() => unknown) | undefined
  readonly #limits: EventLimits
  readonly #first: string
  #covered: string[] = []
  #removed: string | null = null
  #name: string
  #file: number
  #bytes = 0
  #closed = false

  private constructor(folder: string, { name, file }: Segment, { listener, snapshot, limits }: EventLogOptions) {
    this.#folder = folder
    this.#listener = listener
    this.#snapshot = snapshot
    this.#limits = { ...defaultLimits, ...limits }
    this.#first = name
    this.#name = name
    this.#file = file
  }

  /** Opens a new segment in a folder of event logs. */
  static async open(folder: string, options: EventLogOptions | ((event: Event) => void) = {}): Promise<EventLog> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return new EventLog(folder, newSegment(folder), typeof options === "function" ? { listener: options } : options)
    } catch (error) {
      throw writeFailure(folder, error)
    }
  }

  /** The segment that is written to. */
  get path(): string {
    return join(this.#folder, this.#name)
  }

  /** Appends one event. Events are for looking at: when the disk is full they are lost, the work's own writes say so. */
  append(happening: Happening): void {
    if (this.#closed) return
    const event: Event = { v: 1, at: new Date().toISOString(), ...happening }
    try {
      if (this.#bytes >= this.#limits.bytesPerSegment) this.#rotate()
      this.#bytes += writeSync(this.#file, `${JSON.stringify(event)}\n`)
    } catch {}
    this.#listener?.(event)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#end()
  }

  #end(): void {
    try {
      fsyncSync(this.#file)
    } catch {}
    closeSync(this.#file)
  }

  /** Goes on in a new segment. Where none can be made, the full one just grows. */
  #rotate(): void {
    const next = newSegment(this.#folder)
    this.#end()
    this.#covered.push(this.#name)
    this.#name = next.name
    this.#file = next.file
    this.#bytes = 0
    if (this.#snapshot) this.#writeSnapshot(this.#snapshot())
  }

  #writeSnapshot(state: unknown): void {
    // The first one stays: it says that a run was started there.
    const old = this.#covered.slice(1, -this.#limits.segments)
    const covered = this.#covered.filter((name) => !old.includes(name))
    const removed = old.at(-1) ?? this.#removed
    const snapshot: EventSnapshot = { format: 1, first: this.#first, covered, removed, state }
    const path = join(this.#folder, snapshotName)
    const temporary = temporaryName(path)
    try {
      writeFileSync(temporary, JSON.stringify(snapshot), { mode: 0o600 })
      renameSync(temporary, path)
    } catch {
      rmSync(temporary, { force: true })
      return
    }
    for (const name of old) rmSync(join(this.#folder, name), { force: true })
    this.#covered = covered
    this.#removed = removed
  }
}

const snapshotName = "snapshot.json"

interface Segment {
  name: string
  file: number
}

function newSegment(folder: string): Segment {
  for (;;) {
    const taken = readdirSync(folder)
      .map((name) => Number.parseInt(name, 10))
      .filter(Number.isInteger)
    const name = `${String(Math.max(0, ...taken) + 1).padStart(6, "0")}.jsonl`
    try {
      return { name, file: openSync(join(folder, name), "wx", 0o600) }
    } catch (error) {
      // Another process took the number first.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
  }
}

/** The number of a segment. */
export const segmentNumber = (name: string): number => Number.parseInt(name, 10)

/** Names of the segments in a folder, in the order of their numbers. */
export async function eventSegments(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => /^\d+\.jsonl$/.test(name)).sort((a, b) => segmentNumber(a) - segmentNumber(b))
}

/** The last snapshot of a folder, or null. */
export async function readSnapshot(folder: string): Promise<EventSnapshot | null> {
  try {
    const snapshot = JSON.parse(await readFile(join(folder, snapshotName), "utf8")) as EventSnapshot
    return snapshot.format === 1 && Array.isArray(snapshot.covered) ? snapshot : null
  } catch {
    return null
  }
}

/**
 * The segment in which the run was last started, or null. Only the coordinator says `run.started`, in the first line of its first
 * segment; what stands in segments before it concerns attempts that are over.
 */
export async function lastStart(folder: string, segments: readonly string[]): Promise<string | null> {
  for (const name of segments.toReversed()) {
    for await (const event of eventsIn(join(folder, name), 0, () => {})) {
      if (event.event === "run.started") return name
      break
    }
  }
  return null
}

/** Reads a run's events again and again, each event once, in bounded memory. */
export class EventReader {
  readonly #folder: string
  readonly #read = new Map<string, number>()
  readonly #from: string | null
  readonly #skipped: ReadonlySet<string>
  /** The newest segment that was read. */
  last: string | null = null

  /** `from`: the first segment to read; `skipped`: those not to read at all. */
  constructor(
    folder: string,
    { from = null, skipped = [] }: { from?: string | null; skipped?: readonly string[] } = {},
  ) {
    this.#folder = folder
    this.#from = from
    this.#skipped = new Set(skipped)
  }

  /** Events that were appended since the last call, in the order of the segments. A line that is not whole yet waits. */
  async *read(): AsyncGenerator<Event> {
    const segments = await eventSegments(this.#folder)
    const from = this.#from === null ? 0 : Math.max(0, segments.indexOf(this.#from))
    for (const name of segments.slice(from)) {
      this.last = name
      if (this.#skipped.has(name)) continue
      yield* eventsIn(join(this.#folder, name), this.#read.get(name) ?? 0, (end) => {
        this.#read.set(name, end)
      })
    }
  }
}

const chunkBytes = 1 << 20

/** Whole lines of a segment from a byte on. Calls `reached` with where the next one will start. Lines that are no events are left out. */
async function* eventsIn(path: string, from: number, reached: (end: number) => void): AsyncGenerator<Event> {
  // The segment may be removed while it is looked for: a snapshot covers it then.
  const file = await open(path, "r").catch(() => null)
  if (!file) return
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    let rest = Buffer.alloc(0)
    for (let position = from; ; ) {
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, position)
      if (bytesRead === 0) return
      position += bytesRead
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
      let start = 0
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        const event = eventOf(bytes.toString("utf8", start, end), path)
        start = end + 1
        reached(position - bytes.length + start)
        if (event) yield event
      }
      rest = Buffer.from(bytes.subarray(start))
    }
  } finally {
    await file.close()
  }
}

function eventOf(line: string, path: string): Event | null {
  if (line === "") return null
  let event: Event | null
  try {
    event = JSON.parse(line) as Event | null
  } catch {
    return null
  }
  if (typeof event?.event !== "string") return null
  expectFormat("An event", path, event.v)
  return event
}

/** All events of a run in the order of its processes. A torn last line (a process that was killed) is left out. Rejects with a usage error for events of another version. */
export const readEvents = (folder: string): Promise<Event[]> => Array.fromAsync(new EventReader(folder).read())
