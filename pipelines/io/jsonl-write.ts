import { once } from "node:events"
import { constants, createGzip, createZstdCompress, type Gzip } from "node:zlib"
import { rowJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"
import { ByteSink, type Written } from "./byte-sink.ts"
import type { Compression } from "./jsonl-read.ts"

const flushBytes = 256 * 1024

/** Writes rows as JSON Lines, plain or compressed. Await each write: it returns when what is full is on the disk. */
export class JsonlSink {
  readonly #sink: ByteSink
  readonly #encoder: Gzip | ReturnType<typeof createZstdCompress> | null
  readonly #drained: Promise<void>
  #lines: string[] = []
  #length = 0
  #rows = 0
  #fault: unknown

  private constructor(sink: ByteSink, compression: Compression) {
    this.#sink = sink
    this.#encoder =
      compression === "gzip"
        ? createGzip({ level: 6 })
        : compression === "zstd"
          ? createZstdCompress({
              params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
            })
          : null
    this.#drained = this.#drain().catch((error) => {
      this.#fault = error
      this.#encoder?.destroy()
    })
  }

  static async create(path: string, compression: Compression = "none"): Promise<JsonlSink> {
    return new JsonlSink(await ByteSink.create(path), compression)
  }

  async write(row: Row): Promise<void> {
    const line = rowJson(row)
    this.#lines.push(line)
    this.#length += line.length + 1
    this.#rows++
    if (this.#length >= flushBytes) await this.#flush()
  }

  async close(): Promise<Written & { rows: number }> {
    await this.#flush()
    this.#encoder?.end()
    await this.#drained
    if (this.#fault) throw this.#fault
    return { rows: this.#rows, ...(await this.#sink.close()) }
  }

  /** Gives the file up and removes it. */
  async abort(): Promise<void> {
    this.#encoder?.destroy()
    await this.#drained
    await this.#sink.abort()
  }

  async #flush(): Promise<void> {
    if (this.#fault) throw this.#fault
    if (this.#lines.length === 0) return
    const bytes = Buffer.from(`${this.#lines.join("\n")}\n`)
    this.#lines = []
    this.#length = 0
    if (this.#encoder === null) await this.#sink.write(bytes)
    else if (!this.#encoder.write(bytes))
      await Promise.race([once(this.#encoder, "drain").catch(() => {}), this.#drained])
    if (this.#fault) throw this.#fault
  }

  async #drain(): Promise<void> {
    if (this.#encoder === null) return
    for await (const chunk of this.#encoder) await this.#sink.write(chunk as Buffer)
  }
}
