import { createHash } from "node:crypto"
import { type FileHandle, open, unlink } from "node:fs/promises"
import { writeFailure } from "../runtime/disk.ts"
import { stopError } from "../runtime/errors.ts"

/** What a finished file holds: its size and the SHA-256 of its bytes in hex, taken while writing. */
export interface Written {
  bytes: number
  sha256: string
}

/**
 * Writes one file from start to end. Each write awaits the disk; a full disk or a short write is a stopError. `close` syncs before
 * it resolves; `abort` removes the file. The caller renames: until then the path given should be a temporary name.
 */
export class ByteSink {
  readonly path: string
  bytes = 0
  #failed = false
  readonly #file: FileHandle
  readonly #hash = createHash("sha256")

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /** Creates the file, or empties one that a killed process left. */
  static async create(path: string): Promise<ByteSink> {
    try {
      return new ByteSink(path, await open(path, "w"))
    } catch (error) {
      throw writeFailure(path, error)
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.byteLength; ) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.byteLength - at)
        if (bytesWritten === 0) throw Object.assign(new Error("short write"), { code: "ENOSPC" })
        at += bytesWritten
      }
    } catch (error) {
      this.#failed = true
      throw writeFailure(this.path, error)
    }
    this.#hash.update(bytes)
    this.bytes += bytes.byteLength
  }

  /** Rejects after a failed write, even when its error was caught: the file has a hole. */
  async close(): Promise<Written> {
    if (this.#failed) throw stopError({ what: "The file is not whole: an earlier write failed", where: this.path })
    try {
      await this.#file.sync()
      await this.#file.close()
    } catch (error) {
      throw writeFailure(this.path, error)
    }
    return { bytes: this.bytes, sha256: this.#hash.digest("hex") }
  }

  /** Gives the file up and removes it. Never throws: it runs where something else has failed already. */
  async abort(): Promise<void> {
    await this.#file.close().catch(() => {})
    await unlink(this.path).catch(() => {})
  }
}
