// Arrow IPC files and streams (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc).
import { createReadStream } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { zstdCompressSync, zstdDecompressSync } from "node:zlib"
import {
  AsyncByteQueue,
  CompressionType,
  compressionRegistry,
  type RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  type Schema,
} from "apache-arrow"
import { CotyledonError, stopError } from "../runtime/errors.ts"
import { ByteSink, type Written } from "./byte-sink.ts"
import { readError } from "./file-error.ts"

compressionRegistry.set(CompressionType.ZSTD, {
  encode: (bytes) => zstdCompressSync(bytes),
  decode: (bytes) => zstdDecompressSync(bytes),
})

/** The schema of an Arrow file or stream, and its rows, which the whole file must be read to count. */
export async function openArrow(path: string): Promise<{ schema: Schema; rows: number }> {
  let rows = 0
  const file = await opened(path)
  try {
    for await (const batch of file.reader) rows += (batch as RecordBatch).numRows
    return { schema: file.schema, rows }
  } catch (error) {
    throw damaged(error, path)
  } finally {
    await file.close()
  }
}

/** The schema alone. */
export async function arrowSchema(path: string): Promise<Schema> {
  const file = await opened(path)
  await file.close()
  return file.schema
}

/** The record batches of an Arrow file or stream, in order and one at a time. A truncated or foreign file is a stopError. */
export async function* readArrow(path: string): AsyncGenerator<RecordBatch, void, void> {
  const file = await opened(path)
  try {
    // A file without batches gives one hollow batch that stands for its schema.
    for await (const batch of file.reader) if ((batch as RecordBatch).numRows > 0) yield batch as RecordBatch
  } catch (error) {
    throw damaged(error, path)
  } finally {
    await file.close()
  }
}

interface OpenArrow {
  schema: Schema
  reader: RecordBatchReader
  close(): Promise<void>
}

const fileMagic = "ARROW1"
const endOfStream = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])

async function opened(path: string): Promise<OpenArrow> {
  const handle = await open(path, "r").catch((error) => {
    throw readError(error, path)
  })
  try {
    const { size } = await handle.stat()
    const head = await bytesAt(handle, 0, 6)
    const tail = await bytesAt(handle, Math.max(0, size - 8), 8)
    if (head.toString("latin1") === fileMagic) {
      if (tail.toString("latin1", 2) !== fileMagic) throw cutShort(path, `its end to be "${fileMagic}"`)
      return await openedAs(handle, () => handle.close())
    }
    // The format lets a writer end a stream without a mark, but then a stream cut between two batches looks whole: the known
    // writers (pyarrow, arrow-rs, arrow-cpp, apache-arrow) all write it.
    if (head.readUInt32LE(0) !== 0xffffffff) throw notArrow(path, size)
    if (!tail.equals(endOfStream)) throw cutShort(path, "an end-of-stream mark")
    await handle.close()
    const stream = createReadStream(path)
    return await openedAs(stream, async () => void stream.destroy())
  } catch (error) {
    await handle.close().catch(() => {})
    throw damaged(error, path)
  }
}

async function openedAs(source: unknown, close: () => Promise<void>): Promise<OpenArrow> {
  const reader = (await RecordBatchReader.from(source as never)) as RecordBatchReader
  await reader.open({ autoDestroy: false })
  return {
    schema: reader.schema,
    reader,
    close: async () => {
      await reader.cancel()
      await close().catch(() => {})
    },
  }
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, position)
  return buffer
}

const notArrow = (path: string, size: number) =>
  stopError({
    what: "Not an Arrow file or stream",
    where: path,
    expected: `"${fileMagic}" or a stream's first message`,
    got: size === 0 ? "an empty file" : "other bytes",
    remedy: "Check the file's ending; write it again as Arrow IPC.",
  })

const cutShort = (path: string, expected: string) =>
  stopError({
    what: "The Arrow file is cut short",
    where: path,
    expected,
    got: "other bytes",
    remedy: "Fetch or write it again.",
  })

function damaged(error: unknown, path: string): CotyledonError {
  if (error instanceof CotyledonError) return error
  const got = error instanceof Error ? error.message : String(error)
  return stopError(
    {
      what: "The Arrow file is damaged or of a kind not supported",
      where: path,
      got,
      remedy: /codec not found/.test(got)
        ? "LZ4 (the default of Feather files) cannot be read: write it uncompressed, with zstd, or as Parquet."
        : "Fetch or write it again.",
    },
    error,
  )
}

/** Keeps what the writer writes until the sink takes it. */
class Chunks extends AsyncByteQueue {
  waiting: Uint8Array[] = []

  override write(chunk: Uint8Array): void {
    this.waiting.push(chunk)
  }
}

/** Writes record batches of one schema as an Arrow file. Await each write before the next. */
export class ArrowSink {
  readonly #sink: ByteSink
  readonly #writer = new RecordBatchFileWriter()
  readonly #chunks = new Chunks()
  #rows = 0

  private constructor(sink: ByteSink, schema: Schema) {
    this.#sink = sink
    this.#writer.reset(this.#chunks as never, schema)
  }

  /** Creates (or empties) the file. The path should be a temporary name that the caller renames after `close`. */
  static async create(path: string, schema: Schema): Promise<ArrowSink> {
    return new ArrowSink(await ByteSink.create(path), schema)
  }

  async write(batch: RecordBatch): Promise<void> {
    this.#writer.write(batch)
    this.#rows += batch.numRows
    await this.#flush()
  }

  async close(): Promise<Written & { rows: number }> {
    this.#writer.close()
    await this.#flush()
    return { rows: this.#rows, ...(await this.#sink.close()) }
  }

  /** Gives the file up and removes it. */
  async abort(): Promise<void> {
    await this.#sink.abort()
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#chunks.waiting)
    this.#chunks.waiting = []
    await this.#sink.write(bytes)
  }
}
