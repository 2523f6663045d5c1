import { type FileHandle, open } from "node:fs/promises"

/** A file that is read from its start, piece by piece, into memory that is used again. */
export class SequentialFile {
  readonly #path: string
  #file: FileHandle | null = null
  #buffer = Buffer.alloc(0)
  #at = 0

  constructor(path: string) {
    this.#path = path
  }

  /** The next bytes, fewer where the file ends or cannot be read; they stand until the next call. Goes on behind `length` in any case. */
  async next(length: number): Promise<Buffer> {
    if (this.#buffer.length < length) this.#buffer = Buffer.allocUnsafeSlow(length)
    const start = this.#at
    this.#at += length
    let read = 0
    try {
      this.#file ??= await open(this.#path, "r")
      while (read < length) {
        const { bytesRead } = await this.#file.read(this.#buffer, read, length - read, start + read)
        if (bytesRead === 0) break
        read += bytesRead
      }
    } catch {
      // Bytes that are not there are not those that are expected.
    }
    return this.#buffer.subarray(0, read)
  }

  async atEnd(): Promise<boolean> {
    return this.#file === null || (await this.#file.stat()).size <= this.#at
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }
}
