// Framed, checksummed appends. A record is one line: the CRC-32 of its payload in eight hex digits, a space, the payload (JSON,
// which has no raw line break), "\n". A file has one writer, which made it: nobody appends after a torn tail, so a tail needs no
// repair, only a reader that stops in front of it. Lines that fail their checksum are skipped and counted.
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { crc32 } from "node:zlib"
import { writeFailure } from "./disk.ts"

/** Where a record stands in its file, in bytes. */
export interface RecordPlace {
  offset: number
  length: number
}

const frameBytes = 9

function framed(payload: string): Buffer {
  const length = Buffer.byteLength(payload)
  const line = Buffer.allocUnsafe(frameBytes + length + 1)
  line.write(payload, frameBytes, "utf8")
  line.write(
    `${crc32(line.subarray(frameBytes, frameBytes + length))
      .toString(16)
      .padStart(8, "0")} `,
    0,
    "latin1",
  )
  line[frameBytes + length] = 10
  return line
}

/** The payload of a framed line (without its line break), or null where the checksum does not hold. */
export function payloadOf(line: Buffer): string | null {
  if (line.length < frameBytes || line[8] !== 32) return null
  const payload = line.subarray(frameBytes)
  return crc32(payload) === Number.parseInt(line.toString("latin1", 0, 8), 16) ? payload.toString("utf8") : null
}

/** Appends records. Appends that arrive while one is being written share the next write and one fdatasync. */
export class RecordWriter {
  readonly path: string
  #file: FileHandle
  #end = 0
  #waiting: { line: Buffer; resolve(place: RecordPlace): void; reject(error: unknown): void }[] = []
  #writing: Promise<void> | null = null

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /** Creates the file; rejects with EEXIST where it stands already. */
  static async create(path: string): Promise<RecordWriter> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
    return new RecordWriter(path, await open(path, flags, 0o600))
  }

  /** Bytes of whole records. */
  get bytes(): number {
    return this.#end
  }

  /** Resolves with the record's place once it is on disk. Rejects with a stop error when the disk refuses it. */
  append(payload: string): Promise<RecordPlace> {
    const line = framed(payload)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject })
      this.#writing ??= this.#drain()
    })
  }

  async close(): Promise<void> {
    while (this.#writing) await this.#writing
    await this.#file.close()
  }

  async #drain(): Promise<void> {
    // Everything that was appended in this turn of the event loop goes out in one write.
    await null
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        const bytes = Buffer.concat(group.map(({ line }) => line))
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#end + done)
          done += bytesWritten
        }
        await this.#file.datasync()
        for (const { line, resolve } of group) {
          resolve({ offset: this.#end, length: line.length })
          this.#end += line.length
        }
      } catch (error) {
        // What was half written would stand before the next record: cut it off. Where even that fails, the next write covers it.
        await this.#file.truncate(this.#end).catch(() => {})
        for (const { reject } of group) reject(writeFailure(this.path, error))
      }
    }
    this.#writing = null
  }
}

/** One whole record of a scan. */
export interface ScannedRecord extends RecordPlace {
  payload: string
}

/** Reads whole records from `from` on, in order, in bounded memory. Calls `damaged` for each line that fails its checksum. */
export async function* scanRecords(
  path: string,
  from = 0,
  damaged: (offset: number) => void = () => {},
): AsyncGenerator<ScannedRecord> {
  const file = await open(path, "r")
  try {
    const chunk = Buffer.allocUnsafe(1 << 20)
    let rest: Buffer[] = []
    let start = from
    for (let position = from; ; ) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position)
      if (bytesRead === 0) return
      let lineStart = 0
      for (let end = chunk.indexOf(10, 0); end >= 0 && end < bytesRead; end = chunk.indexOf(10, lineStart)) {
        const tail = chunk.subarray(lineStart, end)
        const line = rest.length > 0 ? Buffer.concat([...rest, tail]) : tail
        const payload = payloadOf(line)
        if (payload === null) damaged(start)
        else yield { offset: start, length: line.length + 1, payload }
        rest = []
        lineStart = end + 1
        start = position + lineStart
      }
      if (lineStart < bytesRead) rest.push(Buffer.from(chunk.subarray(lineStart, bytesRead)))
      position += bytesRead
    }
  } finally {
    await file.close()
  }
}
