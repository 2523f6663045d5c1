// Reads one entry of a zip file (PKWARE APPNOTE 6.3: stored and deflated entries, no zip64, no encryption), because a
// wheel is a zip and Node has no reader for one.
import { createReadStream, createWriteStream } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createInflateRaw } from "node:zlib"

const endOfDirectory = 0x06054b50
const directoryEntry = 0x02014b50
const localHeader = 0x04034b50

/**
 * Writes the entry `name` of the zip file at `path` to `target`. Rejects when the file is no zip, is cut, has no such
 * entry, or when the entry is longer than `maxBytes`.
 */
export async function extractZipEntry(
  path: string,
  name: string,
  target: string,
  options: { maxBytes: number; signal?: AbortSignal | undefined; onBytes?: (done: number) => void },
): Promise<void> {
  const file = await open(path, "r")
  let entry: Entry
  try {
    entry = await findEntry(file, name)
  } finally {
    await file.close()
  }
  let done = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length
      if (done > options.maxBytes) return next(new Error(`${name} is longer than ${options.maxBytes} bytes`))
      options.onBytes?.(done)
      next(null, chunk)
    },
  })
  const source = createReadStream(path, { start: entry.start, end: entry.start + entry.packedBytes - 1 })
  const sink = createWriteStream(target, { flush: true })
  const signal = options.signal ? { signal: options.signal } : {}
  if (entry.method === 0) await pipeline(source, counted, sink, signal)
  else await pipeline(source, createInflateRaw(), counted, sink, signal)
  if (done !== entry.bytes) throw new Error(`${name} has ${done} bytes, the zip's directory says ${entry.bytes}`)
}

interface Entry {
  method: number
  start: number
  packedBytes: number
  bytes: number
}

async function findEntry(file: FileHandle, name: string): Promise<Entry> {
  const { size } = await file.stat()
  // The record that ends a zip is 22 bytes and a comment of at most 65,535.
  const tail = await readAt(file, Math.max(0, size - 22 - 65_535), Math.min(size, 22 + 65_535))
  let end = tail.length - 22
  while (end >= 0 && tail.readUInt32LE(end) !== endOfDirectory) end--
  if (end < 0) throw new Error("not a zip file, or one that is cut")
  const directory = await readAt(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12))

  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === directoryEntry; ) {
    const nameLength = directory.readUInt16LE(at + 28)
    if (directory.toString("utf8", at + 46, at + 46 + nameLength) === name) {
      const flags = directory.readUInt16LE(at + 8)
      const method = directory.readUInt16LE(at + 10)
      if (flags & 1 || (method !== 0 && method !== 8))
        throw new Error(`${name} is packed in a way that is not supported`)
      const header = await readAt(file, directory.readUInt32LE(at + 42), 30)
      if (header.readUInt32LE(0) !== localHeader) throw new Error("the zip's directory points nowhere")
      return {
        method,
        // The lengths of the local header's own name and extra field may differ from the directory's.
        start: directory.readUInt32LE(at + 42) + 30 + header.readUInt16LE(26) + header.readUInt16LE(28),
        packedBytes: directory.readUInt32LE(at + 20),
        bytes: directory.readUInt32LE(at + 24),
      }
    }
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  throw new Error(`no entry ${name}`)
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  if (bytesRead !== length) throw new Error("the zip file is cut")
  return buffer
}
