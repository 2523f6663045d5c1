import { type FileHandle, mkdir, open, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { deserialize, serialize } from "node:v8"
import { temporaryName, writeFailure } from "./disk.ts"

/**
 * Where finished rows of a running task wait for their turn: rows finish in any order, shards are written in row order. A scratch
 * file of one process; a killed task starts a new one and replays its rows from the ledger.
 */
export class Journal<T> {
  readonly #path: string
  readonly #file: FileHandle
  readonly #places: { offset: number; length: number }[] = []
  #end = 0

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

  /** Keeps what became of a row. Each index once. */
  async put(index: number, value: T): Promise<void> {
    const bytes = serialize(value)
    const place = { offset: this.#end, length: bytes.length }
    this.#end += bytes.length
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, place.offset + done)
        done += bytesWritten
      }
    } catch (error) {
      throw writeFailure(this.#path, error)
    }
    this.#places[index] = place
  }

  /** What was put, in order of the index. */
  async *inOrder(): AsyncGenerator<T> {
    for (const place of this.#places) {
      if (!place) continue
      const bytes = Buffer.allocUnsafe(place.length)
      await this.#file.read(bytes, 0, place.length, place.offset)
      yield deserialize(bytes) as T
    }
  }

  async discard(): Promise<void> {
    await this.#file.close()
    await rm(this.#path, { force: true })
  }
}
