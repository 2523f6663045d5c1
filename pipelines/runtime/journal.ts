import { type FileHandle, mkdir, open, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { deserialize, serialize } from "node:v8"
import { temporaryName, writeFailure } from "./disk.ts"

/** Bytes that are written and read at once. */
const blockBytes = 1 << 18

/**
 * Where finished rows of a running task wait for their turn: rows finish in any order, shards are written in row order. A scratch
 * file of one process; a killed task starts a new one and replays its rows from the ledger.
 */
export class Journal<T> {
  readonly #path: string
  readonly #file: FileHandle
  readonly #places: { offset: number; length: number }[] = []
  #end = 0
  /** What is not in the file yet; the file ends at `#written`. */
  #waiting: Buffer[] = []
  #written = 0
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** `beside` names the file that the journal will help to write. */
  static async create<T>(beside: string): Promise<Journal<T>> {
    const path = temporaryName(beside)
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      return new Journal<T>(path, await open(path, "wx+", 0o600))
    } catch (error) {
      throw writeFailure(path, error)
    }
  }

  /** Keeps what became of a row. Each index once. Rejects when the disk refused this or an earlier row. */
  async put(index: number, value: T): Promise<void> {
    const bytes = serialize(value)
    this.#places[index] = { offset: this.#end, length: bytes.length }
    this.#end += bytes.length
    this.#waiting.push(bytes)
    // Most rows are small: a write for each would cost more than the rows do.
    if (this.#end - this.#written >= blockBytes) await this.#flush()
  }

  /** What was put, in order of the index. */
  async *inOrder(): AsyncGenerator<T> {
    await this.#flush()
    // Rows finish nearly in order, so the next one mostly stands in the block that was read for this one.
    let block = Buffer.alloc(0)
    let start = 0
    for (const place of this.#places) {
      if (!place) continue
      const { offset, length } = place
      if (offset < start || offset + length > start + block.length) {
        start = offset
        block = await this.#read(offset, Math.min(Math.max(length, blockBytes), this.#end - offset))
      }
      yield deserialize(block.subarray(offset - start, offset - start + length)) as T
    }
  }

  #flush(): Promise<void> {
    const block = Buffer.concat(this.#waiting)
    const from = this.#written
    this.#waiting = []
    this.#written += block.length
    this.#writing = this.#writing.then(async () => {
      try {
        for (let done = 0; done < block.length; ) {
          const { bytesWritten } = await this.#file.write(block, done, block.length - done, from + done)
          done += bytesWritten
        }
      } catch (error) {
        throw writeFailure(this.#path, error)
      }
    })
    return this.#writing
  }

  async #read(offset: number, length: number): Promise<Buffer<ArrayBuffer>> {
    const block = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#file.read(block, done, length - done, offset + done)
      if (bytesRead === 0) throw new Error(`The scratch file ${this.#path} was cut short by somebody else`)
      done += bytesRead
    }
    return block
  }

  async discard(): Promise<void> {
    await this.#writing.catch(() => {})
    await this.#file.close()
    await rm(this.#path, { force: true })
  }
}
