import { type FileHandle, open, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Event } from "../../schemas/event.ts"

const chunkBytes = 1 << 20
/** Looked at each time: files that grew lately, and the newest. */
const freshMs = 60_000
const newest = 16
/** Of the others so many in turn: a run of many workers has many files that nobody writes any more. */
const inTurn = 32
/** No event is that long: what is comes from elsewhere. */
const longestLine = 16 << 20

interface Followed {
  offset: number
  grewMs: number
  /** The start of a line whose end is not written yet. */
  rest: Buffer
  skipping: boolean
}

/**
 * Follows the events of a run's folder, across its processes, from any process or machine that sees the folder: each call of `read` gives
 * what was written since the last one, and reads no byte twice. Memory is bounded by a chunk of 1 MiB.
 */
export class EventTail {
  readonly #folder: string
  readonly #files = new Map<string, Followed>()
  #turn = 0

  constructor(run: string) {
    this.#folder = join(run, "events")
  }

  async *read(): AsyncGenerator<Event, void, void> {
    for (const name of await this.#due()) {
      const path = join(this.#folder, name)
      const file = this.#files.get(name) ?? { offset: 0, grewMs: 0, rest: Buffer.alloc(0), skipping: false }
      this.#files.set(name, file)
      const size = await stat(path).then(
        ({ size }) => size,
        () => 0,
      )
      if (size > file.offset) yield* this.#readFile(path, file, size)
    }
  }

  async #due(): Promise<string[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => name.endsWith(".jsonl")).sort()
    const nowMs = Date.now()
    const old: string[] = []
    const due = new Set<string>()
    for (const [at, name] of names.entries()) {
      const file = this.#files.get(name)
      if (!file || at >= names.length - newest || nowMs - file.grewMs < freshMs) due.add(name)
      else old.push(name)
    }
    for (let at = 0; at < Math.min(inTurn, old.length); at++) due.add(old[this.#turn++ % old.length]!)
    return names.filter((name) => due.has(name))
  }

  async *#readFile(path: string, file: Followed, size: number): AsyncGenerator<Event, void, void> {
    let handle: FileHandle
    try {
      handle = await open(path, "r")
    } catch {
      return
    }
    try {
      while (file.offset < size) {
        const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, size - file.offset))
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, file.offset)
        if (bytesRead === 0) return
        file.offset += bytesRead
        file.grewMs = Date.now()
        yield* eventsOf(file, chunk.subarray(0, bytesRead))
      }
    } finally {
      await handle.close()
    }
  }
}

function* eventsOf(file: Followed, chunk: Buffer): Generator<Event, void, void> {
  let from = 0
  for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
    const line =
      file.rest.length > 0 ? Buffer.concat([file.rest, chunk.subarray(from, end)]) : chunk.subarray(from, end)
    file.rest = Buffer.alloc(0)
    from = end + 1
    const skip = file.skipping
    file.skipping = false
    if (skip || line.length === 0) continue
    try {
      const event = JSON.parse(line.toString("utf8")) as Event | null
      if (typeof event?.event === "string") yield event
    } catch {}
  }
  if (file.skipping) return
  file.rest = Buffer.concat([file.rest, chunk.subarray(from)])
  if (file.rest.length > longestLine) Object.assign(file, { rest: Buffer.alloc(0), skipping: true })
}
