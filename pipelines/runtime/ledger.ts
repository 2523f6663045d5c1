// The settled effects of a run: an append-only, content-addressed log. Each process writes segments of its own (`000007.log`), so
// that nobody waits for anybody and nobody appends after a torn tail. A full segment is sealed into an index (`*.idx`), and
// indexes are merged when they become many. What no index covers yet is scanned when the ledger opens. A damaged record is as
// good as none: its effect is performed again. `format.json` says which format the folder has.
import { closeSync, openSync, readSync } from "node:fs"
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises"
import { basename, join } from "node:path"
import { writeFailure, writeWhole } from "./disk.ts"
import type { Usage } from "./effect.ts"
import { stopError } from "./errors.ts"
import { canonicalJson, type Digest, sha256 } from "./fingerprint.ts"
import { expectFormat } from "./format.ts"
import { addTotals, LedgerIndex, mergeEntries, type TotalsByIdentity, writeIndex } from "./ledger-index.ts"
import { payloadOf, type RecordPlace, RecordWriter, scanRecords } from "./record-file.ts"

/** A settled effect as it stands in the log. `at` says when; nothing that becomes data depends on it. */
export interface LedgerRecord {
  key: Digest
  kind: string
  identity: string
  sample: number
  request: unknown
  value: unknown
  usage: Usage | null
  at: string
  /** Taken over from a shared ledger: another run paid for it. */
  reused?: true
}

/** The key of an effect: who is asked what, for the how-manieth time. Never where, when, or by which code. */
export const effectKey = (effect: { kind: string; identity: string; request: unknown; sample: number }): Digest =>
  effectKeyOf(effect, canonicalJson(effect.request))

/** The same where the request's canonical JSON is at hand. */
export const effectKeyOf = (
  { kind, identity, sample }: { kind: string; identity: string; sample: number },
  request: string,
): Digest =>
  // As `digestOf` of the four spells it: keys in order.
  sha256(
    `{"identity":${JSON.stringify(identity)},"kind":${JSON.stringify(kind)},"request":${request},"sample":${sample}}`,
  )

/** The part of a key that rows carry and `inspect --exchange` takes. */
export const exchangeId = (key: Digest): string => key.slice(0, 24)

const jsonOf = ({ request, value }: LedgerRecord) => ({
  request: JSON.stringify(request) ?? "null",
  value: JSON.stringify(value) ?? "null",
})

const shortKey = (key: string): string => key.slice(0, 32)

interface LivePlace extends RecordPlace {
  segment: string
}

/** The segment that this process appends to. */
interface OpenSegment {
  name: string
  writer: RecordWriter
  places: Map<string, RecordPlace>
  totals: TotalsByIdentity
}

/**
 * `read` looks only; `append` adds segments beside others that do the same; `exclusive` is for the one process that may also
 * index what dead processes left and merge indexes, because nobody else is writing when it opens. `tidy` is `append` that does so
 * while it opens, of segments that nobody has written to for a while: for one at a time of those who share a ledger.
 */
export type LedgerAccess = "read" | "append" | "exclusive" | "tidy"

/** A segment of a shared ledger that was not written to for this long is taken for finished. */
const quietMs = 600_000
/** A ledger of years has thousands of those: they are not looked at whenever somebody asks. */
const betweenLooksMs = 10_000

/** Sizes at which a segment is sealed and indexes are merged; tests make them small. */
export interface LedgerLimits {
  recordsPerSegment: number
  bytesPerSegment: number
  indexes: number
}
const defaultLimits: LedgerLimits = { recordsPerSegment: 32_768, bytesPerSegment: 512 << 20, indexes: 8 }

export class Ledger {
  readonly folder: string
  /** Lines that failed their checksum when the ledger was opened. */
  damaged = 0
  #limits: LedgerLimits
  #indexes: LedgerIndex[] = []
  /** Records that no index covers: this process's segment and the tails of others. */
  #live = new Map<string, LivePlace>()
  /** What they add up to, by segment. */
  #liveTotals = new Map<string, TotalsByIdentity>()
  #segment: OpenSegment | null = null
  #opening: Promise<OpenSegment> | null = null
  #sealing: Promise<void> = Promise.resolve()
  #readers = new Map<string, number>()
  /** How far each segment is known, in bytes; our own ones are known as they grow. */
  #known = new Map<string, number>()
  #access: LedgerAccess
  /** Segments that an open index covers, or a part of them. */
  #covered = new Set<string>()
  /** When segments that nobody seems to write to are looked at again. */
  #nextLookMs = new Map<string, number>()
  /** Names of the index files that were looked at. */
  #indexNames = new Set<string>()

  private constructor(folder: string, access: LedgerAccess, limits: LedgerLimits) {
    this.folder = folder
    this.#access = access
    this.#limits = limits
  }

  /** Opens a ledger folder, and makes it where there is none. */
  static async open(folder: string, access: LedgerAccess, limits: Partial<LedgerLimits> = {}): Promise<Ledger> {
    const ledger = new Ledger(folder, access, { ...defaultLimits, ...limits })
    if (access !== "read") await mkdir(folder, { recursive: true, mode: 0o700 })
    await openFormat(folder, access)
    await ledger.#load()
    return ledger
  }

  /** The settled effect of a key, or null. */
  get(key: Digest): LedgerRecord | null {
    const live = this.#live.get(shortKey(key))
    if (live) return this.#fetch(live, key)
    const prefix = Buffer.from(shortKey(key), "hex")
    for (const index of this.#indexes) {
      const place = index.find(prefix)
      const record = place && this.#fetch(place, key)
      if (record) return record
    }
    return null
  }

  /** The settled effect whose key starts with `prefix` (at least 8 hex digits), or null. */
  findExchange(prefix: string): LedgerRecord | null {
    if (!/^[0-9a-f]{8,64}$/.test(prefix)) return null
    const short = shortKey(prefix)
    for (const [key, place] of this.#live) if (key.startsWith(short)) return this.#fetch(place, prefix)
    // An index compares whole bytes: half a byte is tried in all its sixteen ways.
    const whole = short.length % 2 === 0 ? [short] : Array.from("0123456789abcdef", (digit) => short + digit)
    for (const index of this.#indexes)
      for (const hex of whole) {
        const place = index.find(Buffer.from(hex, "hex"))
        const record = place && this.#fetch(place, prefix)
        if (record) return record
      }
    return null
  }

  /** Settles an effect: resolves when the record is on disk. `json`: its request and value, where they are written already. */
  async append(record: LedgerRecord, json: { request: string; value: string } = jsonOf(record)): Promise<void> {
    const segment = this.#segment ?? (await this.#openSegment())
    const { key, kind, identity, sample, usage, at, reused } = record
    const head = JSON.stringify({ key, kind, identity, sample })
    const place = await segment.writer.append(
      `${head.slice(0, -1)},"request":${json.request},"value":${json.value},${JSON.stringify({ usage, at, reused }).slice(1)}`,
    )
    const short = shortKey(key)
    segment.places.set(short, place)
    this.#live.set(short, { ...place, segment: segment.name })
    count(segment.totals, record)
    const { recordsPerSegment, bytesPerSegment } = this.#limits
    const full = segment.places.size >= recordsPerSegment || segment.writer.bytes >= bytesPerSegment
    if (full && segment === this.#segment) await this.#seal()
  }

  /** Takes in what other processes have settled since the ledger was opened. */
  async refresh(): Promise<void> {
    const names = await readdir(this.folder)
    this.#takeIndexes(names)
    await this.#scanTails(names, { index: false })
  }

  /**
   * Indexes that others have made since: what they cover needs no place in memory, and no look at its end. One that covers what another
   * index covers already, or less than is known of a segment, is left alone: the segments say the same.
   */
  #takeIndexes(names: readonly string[]): void {
    for (const name of names) {
      if (!name.endsWith(".idx") || this.#indexNames.has(name)) continue
      this.#indexNames.add(name)
      const index = openIndex(join(this.folder, name))
      if (!index) continue
      const { segments } = index.header
      if (segments.some(({ name, bytes }) => this.#covered.has(name) || bytes < (this.#known.get(name) ?? 0))) {
        index.close()
        continue
      }
      this.#indexes.push(index)
      for (const { name, bytes } of segments) {
        this.#known.set(name, bytes)
        this.#covered.add(name)
        this.#liveTotals.delete(name)
      }
      const covered = new Set(segments.map(({ name }) => name))
      for (const [key, { segment }] of this.#live) if (covered.has(segment)) this.#live.delete(key)
    }
  }

  /** What all settled answers add up to, by identity. */
  totals(): TotalsByIdentity {
    const totals: TotalsByIdentity = {}
    for (const index of this.#indexes) addTotals(totals, index.header.totals)
    for (const live of this.#liveTotals.values()) addTotals(totals, live)
    return totals
  }

  /** Seals this process's segment and closes all files. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => {})
    await this.#seal()
    await this.#sealing
    for (const index of this.#indexes) index.close()
    for (const file of this.#readers.values()) closeSync(file)
    this.#indexes = []
    this.#readers.clear()
  }

  async #load(): Promise<void> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" && this.#access === "read") return []
      throw error
    })
    for (const name of names.filter((name) => name.endsWith(".idx")).sort()) {
      this.#indexNames.add(name)
      const index = openIndex(join(this.folder, name))
      if (index) this.#indexes.push(index)
    }
    this.#dropCoveredIndexes()
    for (const { header } of this.#indexes)
      for (const { name, bytes } of header.segments) {
        this.#covered.add(name)
        this.#known.set(name, Math.max(bytes, this.#known.get(name) ?? 0))
      }
    await this.#scanTails(names, { index: this.#access === "exclusive" || this.#access === "tidy" })
    await this.#merge()
    if (this.#access === "tidy") this.#access = "append"
  }

  async #scanTails(names: readonly string[], options: { index: boolean }): Promise<void> {
    for (const segment of names.filter((name) => name.endsWith(".log")).sort()) {
      const from = this.#known.get(segment) ?? 0
      const nowMs = Date.now()
      if (from === Number.POSITIVE_INFINITY || nowMs < (this.#nextLookMs.get(segment) ?? 0)) continue
      const { size, mtimeMs } = await stat(join(this.folder, segment))
      const isQuiet = nowMs - mtimeMs > quietMs
      if (isQuiet) this.#nextLookMs.set(segment, nowMs + betweenLooksMs)
      if (size <= from) continue
      const index = options.index && (this.#access !== "tidy" || isQuiet)
      await this.#scan(segment, from, { index })
    }
  }

  /** A merge that was killed before it removed its inputs leaves indexes whose segments another one covers as well. */
  #dropCoveredIndexes(): void {
    const bySize = [...this.#indexes].sort((a, b) => b.header.segments.length - a.header.segments.length)
    const seen = new Set<string>()
    for (const index of bySize) {
      const names = index.header.segments.map(({ name }) => name)
      if (names.every((name) => seen.has(name))) {
        index.close()
        this.#indexes = this.#indexes.filter((other) => other !== index)
      }
      for (const name of names) seen.add(name)
    }
  }

  async #scan(segment: string, from: number, { index }: { index: boolean }): Promise<void> {
    const found = new Map<string, RecordPlace>()
    const totals: TotalsByIdentity = {}
    let end = from
    const damaged = () => {
      this.damaged++
    }
    for await (const { payload, offset, length } of scanRecords(join(this.folder, segment), from, damaged)) {
      const record = JSON.parse(payload) as LedgerRecord
      found.set(shortKey(record.key), { offset, length })
      count(totals, record)
      end = offset + length
    }
    this.#known.set(segment, end)
    // Small leftovers stay in memory: an index for each would cost every lookup more than they do.
    const least = this.#access === "tidy" ? 1 : this.#limits.recordsPerSegment / 8
    if (index && from === 0 && found.size >= least) {
      await this.#writeSegmentIndex(segment, end, found, totals)
      return
    }
    for (const [key, place] of found) if (!this.#live.has(key)) this.#live.set(key, { ...place, segment })
    const before = this.#liveTotals.get(segment) ?? {}
    addTotals(before, totals)
    this.#liveTotals.set(segment, before)
  }

  async #openSegment(): Promise<OpenSegment> {
    if (this.#segment) return this.#segment
    this.#opening ??= this.#createSegment().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #createSegment(): Promise<OpenSegment> {
    for (;;) {
      const taken = (await readdir(this.folder)).map((name) => Number.parseInt(name, 10)).filter(Number.isInteger)
      const name = `${String(Math.max(0, ...taken) + 1).padStart(6, "0")}.log`
      try {
        const writer = await RecordWriter.create(join(this.folder, name))
        this.#segment = { name, writer, places: new Map(), totals: {} }
        this.#liveTotals.set(name, this.#segment.totals)
        this.#known.set(name, Number.POSITIVE_INFINITY)
        return this.#segment
      } catch (error) {
        // Another process took the number first.
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw writeFailure(this.folder, error)
      }
    }
  }

  /** Closes the current segment and moves its keys from memory into an index. Appends go on in a new segment meanwhile. */
  async #seal(): Promise<void> {
    const segment = this.#segment
    if (!segment) return
    this.#segment = null
    this.#sealing = this.#sealing.then(async () => {
      await segment.writer.close()
      try {
        await this.#writeSegmentIndex(segment.name, segment.writer.bytes, segment.places, segment.totals)
      } catch {
        // The records are safe without an index: their keys stay in memory, and whoever opens the ledger next scans them.
        return
      }
      for (const key of segment.places.keys()) if (this.#live.get(key)?.segment === segment.name) this.#live.delete(key)
      this.#liveTotals.delete(segment.name)
      await this.#merge()
    })
    await this.#sealing
  }

  async #writeSegmentIndex(
    segment: string,
    bytes: number,
    places: ReadonlyMap<string, RecordPlace>,
    totals: TotalsByIdentity,
  ): Promise<void> {
    if (places.size === 0) return
    const entries = [...places.keys()].sort().map((key) => {
      const { offset, length } = places.get(key)!
      return { key: Buffer.from(key, "hex"), segment: 0, offset, length }
    })
    const path = join(this.folder, segment.replace(/\.log$/, ".idx"))
    await writeIndex(path, { segments: [{ name: segment, bytes }], totals }, entries)
    this.#indexNames.add(basename(path))
    this.#covered.add(segment)
    this.#indexes.push(new LedgerIndex(path))
  }

  async #merge(): Promise<void> {
    const merges = this.#access === "exclusive" || this.#access === "tidy"
    if (!merges || this.#indexes.length <= this.#limits.indexes) return
    const inputs = this.#indexes
    const bytesOf = new Map<string, number>()
    for (const { name, bytes } of inputs.flatMap(({ header }) => header.segments))
      bytesOf.set(name, Math.max(bytes, bytesOf.get(name) ?? 0))
    const segments = [...bytesOf].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => (a.name < b.name ? -1 : 1))
    const totals: TotalsByIdentity = {}
    for (const { header } of inputs) addTotals(totals, header.totals)
    const last = segments.at(-1)!.name.replace(/\.log$/, "")
    const path = join(this.folder, `${last}-merged-${segments.length}.idx`)
    await writeIndex(
      path,
      { segments, totals },
      mergeEntries(
        inputs,
        segments.map(({ name }) => name),
      ),
    )
    this.#indexes = [new LedgerIndex(path)]
    this.#indexNames.add(basename(path))
    for (const index of inputs) {
      index.close()
      if (index.path !== path) await rm(index.path, { force: true })
    }
  }

  #fetch(place: LivePlace, key: string): LedgerRecord | null {
    let file = this.#readers.get(place.segment)
    if (file === undefined) {
      file = openSync(join(this.folder, place.segment), "r")
      this.#readers.set(place.segment, file)
      // Open files stay few, however many segments there are.
      if (this.#readers.size > 64) {
        const [oldest, oldestFile] = this.#readers.entries().next().value!
        closeSync(oldestFile)
        this.#readers.delete(oldest)
      }
    }
    const line = Buffer.allocUnsafe(place.length)
    if (readSync(file, line, 0, place.length, place.offset) !== place.length) return null
    const payload = payloadOf(line.subarray(0, -1))
    if (payload === null) return null
    const record = JSON.parse(payload) as LedgerRecord
    return record.key.startsWith(key) ? record : null
  }
}

/** The format of a ledger's folder; one that says none yet, or whose word is damaged, has the first. */
async function openFormat(folder: string, access: LedgerAccess): Promise<void> {
  const path = join(folder, "format.json")
  const format = formatIn(await readFile(path, "utf8").catch(() => ""))
  if (typeof format === "number") expectFormat("The ledger", folder, format)
  else if (access !== "read") await writeWhole(path, `${JSON.stringify({ format: 1 })}\n`)
}

function formatIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format
  } catch {
    return undefined
  }
}

function count(totals: TotalsByIdentity, { kind, identity, usage, reused }: LedgerRecord): void {
  if (kind !== "chat") return
  if (reused) {
    addTotals(totals, { [identity]: { calls: 0, input: 0, output: 0, reused: 1 } })
    return
  }
  addTotals(totals, { [identity]: { calls: 1, input: usage?.input ?? 0, output: usage?.output ?? 0 } })
}

/** An index can always be made again from its segments, so one that does not open is left out and scanned for. */
function openIndex(path: string): LedgerIndex | null {
  try {
    return new LedgerIndex(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === "EACCES" || code === "EMFILE" || code === "EIO")
      throw stopError({ what: "Cannot read the ledger", where: path, got: code }, error)
    return null
  }
}

/** Names of a ledger's indexes whose segments another one covers: what a merge that was killed leaves, and nobody reads. */
export async function supersededIndexes(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".idx")).sort()
  const covered = names.flatMap((name) => {
    const index = openIndex(join(folder, name))
    index?.close()
    return index ? [{ name, segments: new Set(index.header.segments.map(({ name }) => name)) }] : []
  })
  covered.sort((a, b) => b.segments.size - a.segments.size)
  const seen = new Set<string>()
  return covered.flatMap(({ name, segments }) => {
    const isSuperseded = [...segments].every((segment) => seen.has(segment))
    for (const segment of segments) seen.add(segment)
    return isSuperseded ? [name] : []
  })
}
