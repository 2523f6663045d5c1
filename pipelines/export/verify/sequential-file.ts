import { type FileHandle, open } from "node:fs/promises"

const readBytes = 1 << 20

/** A file that is compared with what it should hold, piece by piece. */
export class SequentialFile {
  readonly #path: string
  #file: FileHandle | null = null
  /** What was read and not compared yet starts at `#at` of the file. */
  #read = Buffer.alloc(0)
  #at = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Whether the next bytes are these; goes on behind them in either case. */
  async nextIs(expected: Buffer): Promise<boolean> {
    try {
      if (this.#read.length < expected.length) await this.#fill(expected.length)
    } catch {
      return false
    }
    const same = this.#read.subarray(0, expected.length).equals(expected)
    this.#read = this.#read.subarray(expected.length)
    this.#at += expected.length
    return same
  }

  async #fill(least: number): Promise<void> {
    this.#file ??= await open(this.#path, "r")
    const more = Buffer.allocUnsafe(Math.max(readBytes, least))
    const { bytesRead } = await this.#file.read(more, 0, more.length, this.#at + this.#read.length)
    this.#read = Buffer.concat([this.#read, more.subarray(0, bytesRead)])
  }

  async atEnd(): Promise<boolean> {
    return this.#file === null || (await this.#file.stat()).size <= this.#at
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }
}
