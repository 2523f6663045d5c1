// A sorted index over sealed ledger segments, so that millions of keys need no memory: entries of 32 bytes in key order on disk,
// and in memory the first 8 bytes of every 128th key. A lookup is a binary search in memory and one read of 4 KiB.
//
// File: "CTYLIDX1", u32 length of the header, header (JSON: segments with the bytes that are covered, totals), entries:
// 16 bytes of key, u32 segment, u32 length, u64 offset; then u32 CRC-32 of all before; all little-endian but the
// key. The checksum is read once, when the index opens: a damaged index would hide what was paid for.
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { open, rename } from "node:fs/promises"
import { crc32 } from "node:zlib"
import { temporaryName, writeFailure } from "./disk.ts"
import { stopError } from "./errors.ts"

const magic = "CTYLIDX1"
const checksumBytes = 4
const entriesPerRead = 4_096
const entryBytes = 32
const keyBytes = 16
const fenceStride = 128

/** What a model's settled answers add up to: those that were paid for here, and how many were taken over from elsewhere. */
export interface Totals {
  calls: number
  input: number
  output: number
  /** Answers of a shared ledger, which another run paid for. */
  reused?: number
}

/** Totals by effect identity. */
export type TotalsByIdentity = Record<string, Totals>

/** Adds `from` into `into`. */
export function addTotals(into: TotalsByIdentity, from: TotalsByIdentity): void {
  for (const [identity, { calls, input, output, reused = 0 }] of Object.entries(from)) {
    into[identity] ??= { calls: 0, input: 0, output: 0 }
    const total = into[identity]
    total.calls += calls
    total.input += input
    total.output += output
    if (reused !== 0) total.reused = (total.reused ?? 0) + reused
  }
}

export interface IndexHeader {
  /** Covered segments in the order of their numbers; entries point at them by position. */
  segments: { name: string; bytes: number }[]
  totals: TotalsByIdentity
}

/** Where an indexed record stands. */
export interface IndexedPlace {
  segment: string
  offset: number
  length: number
}

/** An entry before it is written. `key` is 16 bytes, the first half of the effect's SHA-256. */
export interface IndexEntry {
  key: Buffer
  segment: number
  offset: number
  length: number
}

/** An open index file. Not safe to use after `close`. */
export class LedgerIndex {
  readonly path: string
  readonly header: IndexHeader
  readonly entries: number
  #file: number
  #start: number
  #fence: BigUint64Array

  constructor(path: string) {
    this.path = path
    this.#file = openSync(path, "r")
    try {
      const lead = this.#read(0, magic.length + 4)
      if (lead.toString("latin1", 0, magic.length) !== magic) throw damaged(path)
      const headerBytes = lead.readUInt32LE(magic.length)
      this.#start = lead.length + headerBytes
      const size = fstatSync(this.#file).size
      this.entries = (size - checksumBytes - this.#start) / entryBytes
      if (!Number.isInteger(this.entries) || this.entries < 0) throw damaged(path)
      const header = this.#read(lead.length, headerBytes)
      let checksum = crc32(header, crc32(lead))
      this.#fence = new BigUint64Array(Math.ceil(this.entries / fenceStride))
      for (let from = 0; from < this.entries; from += entriesPerRead) {
        const entries = this.#entries(from, Math.min(entriesPerRead, this.entries - from))
        checksum = crc32(entries, checksum)
        for (let at = 0; at < entries.length; at += fenceStride * entryBytes)
          this.#fence[(from + at / entryBytes) / fenceStride] = entries.readBigUInt64BE(at)
      }
      if (this.#read(size - checksumBytes, checksumBytes).readUInt32LE(0) !== checksum) throw damaged(path)
      this.header = JSON.parse(header.toString("utf8")) as IndexHeader
    } catch (error) {
      closeSync(this.#file)
      throw error
    }
  }

  /** The first entry whose key starts with `prefix` (up to 16 bytes), or null. */
  find(prefix: Buffer): IndexedPlace | null {
    const lead = Buffer.alloc(8)
    prefix.copy(lead)
    const first = lead.readBigUInt64BE(0)
    let low = 0
    let high = this.#fence.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#fence[middle]! < first) low = middle + 1
      else high = middle
    }
    // The key stands in the block before the first fence that is not below it, or behind that fence: fences that share the key's
    // first 8 bytes do not tell which.
    for (let block = Math.max(0, low - 1); block < this.#fence.length; block++) {
      const from = block * fenceStride
      const entries = this.#entries(from, Math.min(fenceStride, this.entries - from))
      for (let at = 0; at < entries.length; at += entryBytes) {
        const order = entries.compare(prefix, 0, prefix.length, at, at + prefix.length)
        if (order === 0) return this.#place(entries, at)
        if (order > 0) return null
      }
    }
    return null
  }

  /** All entries in key order, in bounded memory; the segment is its position in this file's header. */
  *scan(): Generator<IndexEntry> {
    for (let from = 0; from < this.entries; from += entriesPerRead) {
      const entries = this.#entries(from, Math.min(entriesPerRead, this.entries - from))
      for (let at = 0; at < entries.length; at += entryBytes)
        yield {
          key: Buffer.from(entries.subarray(at, at + keyBytes)),
          segment: entries.readUInt32LE(at + 16),
          length: entries.readUInt32LE(at + 20),
          offset: Number(entries.readBigUInt64LE(at + 24)),
        }
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  #entries(from: number, count: number): Buffer {
    return this.#read(this.#start + from * entryBytes, count * entryBytes)
  }

  #place(entries: Buffer, at: number): IndexedPlace {
    const segment = this.header.segments[entries.readUInt32LE(at + 16)]
    if (!segment) throw damaged(this.path)
    return {
      segment: segment.name,
      length: entries.readUInt32LE(at + 20),
      offset: Number(entries.readBigUInt64LE(at + 24)),
    }
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    if (readSync(this.#file, bytes, 0, length, position) !== length) throw damaged(this.path)
    return bytes
  }
}

/** Writes an index whole or not at all. `entries` come in key order. */
export async function writeIndex(path: string, header: IndexHeader, entries: Iterable<IndexEntry>): Promise<void> {
  const temporary = temporaryName(path)
  const text = Buffer.from(JSON.stringify(header))
  const lead = Buffer.alloc(magic.length + 4)
  lead.write(magic, "latin1")
  lead.writeUInt32LE(text.length, magic.length)
  try {
    const file = await open(temporary, "wx", 0o600)
    try {
      let checksum = 0
      const write = async (bytes: Buffer) => {
        checksum = crc32(bytes, checksum)
        await file.writeFile(bytes)
      }
      await write(Buffer.concat([lead, text]))
      const block = Buffer.allocUnsafe(entriesPerRead * entryBytes)
      let used = 0
      for (const entry of entries) {
        entry.key.copy(block, used, 0, keyBytes)
        block.writeUInt32LE(entry.segment, used + 16)
        block.writeUInt32LE(entry.length, used + 20)
        block.writeBigUInt64LE(BigInt(entry.offset), used + 24)
        used += entryBytes
        if (used === block.length) {
          await write(block)
          used = 0
        }
      }
      await write(block.subarray(0, used))
      const end = Buffer.alloc(checksumBytes)
      end.writeUInt32LE(checksum)
      await file.writeFile(end)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    throw writeFailure(path, error)
  }
}

/**
 * Entries of several indexes as one, in key order; of equal keys the one of the highest segment is kept: what was settled again
 * was settled because the record before could not be read.
 */
export function* mergeEntries(indexes: readonly LedgerIndex[], segments: readonly string[]): Generator<IndexEntry> {
  const position = new Map(segments.map((name, at) => [name, at]))
  const heads = indexes.flatMap((index) => {
    const scan = index.scan()
    const first = scan.next()
    return first.done ? [] : [{ index, scan, entry: first.value }]
  })
  let last: IndexEntry | null = null
  while (heads.length > 0) {
    let least = 0
    for (let at = 1; at < heads.length; at++)
      if (Buffer.compare(heads[at]!.entry.key, heads[least]!.entry.key) < 0) least = at
    const head = heads[least]!
    const segment = position.get(head.index.header.segments[head.entry.segment]!.name)!
    const entry: IndexEntry = { ...head.entry, segment }
    if (last?.key.equals(entry.key)) {
      if (entry.segment > last.segment) last = entry
    } else {
      if (last) yield last
      last = entry
    }
    const next = head.scan.next()
    if (next.done) heads.splice(least, 1)
    else head.entry = next.value
  }
  if (last) yield last
}

const damaged = (path: string) =>
  stopError({
    what: "The ledger's index is damaged",
    where: path,
    remedy: "Delete this .idx file; it is made again from the segments.",
  })
