import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { open, rename, unlink } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import {
  Binary,
  DataType,
  DateUnit,
  Field,
  Float32,
  Int64,
  List,
  type RecordBatch,
  Schema,
  Struct,
  TimeMillisecond,
  Timestamp,
  TimestampMillisecond,
  TimeUnit,
  Utf8,
} from "apache-arrow"
import { batchOf } from "../runtime/batch.ts"
import { ColumnError } from "../runtime/column-builder.ts"
import { writeFailure } from "../runtime/disk.ts"
import { stopError, usageError } from "../runtime/errors.ts"
import { rowJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"
import { ArrowSink } from "./arrow-file.ts"
import type { Written } from "./byte-sink.ts"
import { inferSchema } from "./infer-schema.ts"
import { JsonlSink } from "./jsonl.ts"
import { ParquetSink } from "./parquet.ts"
import { formatOf, rowEndings } from "./source.ts"

/** What a finished output holds; stdout has no bytes to count. */
export interface RowsWritten {
  rows: number
  file: Written | null
}

/** Takes rows one at a time. Await each write before the next. */
export interface RowSink {
  write(row: Row): Promise<void>
  /** Ends the file, syncs it and gives it its name. Until then nothing stands under that name. */
  close(): Promise<RowsWritten>
  /** Gives up: removes what was written; a file that stood under the name before stays as it was. */
  abort(): Promise<void>
}

/** What rows look like, where it is known beforehand. */
export interface RowSinkOptions {
  /** Columns of a Parquet or Arrow file. Types that only other writers use become their plain ones (dictionaries, large text). */
  schema?: Schema | undefined
}

/** Rows and bytes (about) from which a schema is inferred, and that make a batch. */
const batchRows = 1_000
const batchBytes = 16 * 2 ** 20

/**
 * Opens an output for rows by its ending; `-` is stdout as JSON Lines. A Parquet or Arrow file without a schema gets the one that
 * `inferSchema` reads from the first 1,000 rows (or 16 MiB of them); a later row that does not fit it is a stopError, and so is
 * closing without a single row.
 */
export async function openRowSink(path: string, options: RowSinkOptions = {}): Promise<RowSink> {
  if (path === "-") return new StdoutSink()
  const format = formatOf(path)
  if (!format)
    throw usageError({
      what: "Unknown kind of output",
      where: path,
      expected: `a name that ends in ${Object.keys(rowEndings).join(", ")}, or -`,
    })
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`)
  if (format.kind === "jsonl")
    return new NamedSink(path, temporary, await JsonlSink.create(temporary, format.compression))
  const create = async (schema: Schema): Promise<BatchSink> =>
    format.kind === "parquet" ? ParquetSink.create(temporary, schema) : ArrowSink.create(temporary, schema)
  const schema = options.schema ? plainSchema(options.schema) : null
  const sink = new BatchedSink(path, create, schema)
  if (schema) await sink.open(schema)
  return new NamedSink(path, temporary, sink)
}

interface FileSink {
  write(row: Row): Promise<void>
  close(): Promise<Written & { rows: number }>
  abort(): Promise<void>
}

/** Renames a finished file to its name. */
class NamedSink implements RowSink {
  readonly #path: string
  readonly #temporary: string
  readonly #sink: FileSink

  constructor(path: string, temporary: string, sink: FileSink) {
    this.#path = path
    this.#temporary = temporary
    this.#sink = sink
  }

  write(row: Row): Promise<void> {
    return this.#sink.write(row)
  }

  async close(): Promise<RowsWritten> {
    try {
      const { rows, bytes, sha256 } = await this.#sink.close()
      await rename(this.#temporary, this.#path)
      await syncFolder(dirname(this.#path))
      return { rows, file: { bytes, sha256 } }
    } catch (error) {
      await this.abort()
      throw writeFailure(this.#path, error)
    }
  }

  async abort(): Promise<void> {
    await this.#sink.abort()
    await unlink(this.#temporary).catch(() => {})
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

interface BatchSink {
  write(batch: RecordBatch): Promise<void>
  close(): Promise<Written & { rows: number }>
  abort(): Promise<void>
}

/** Gathers rows into batches, and infers the schema from the first of them when there is none. */
class BatchedSink implements FileSink {
  readonly #path: string
  readonly #create: (schema: Schema) => Promise<BatchSink>
  readonly #inferred: boolean
  #schema: Schema | null
  #sink: BatchSink | null = null
  #waiting: Row[] = []
  #waitingBytes = 0
  #rows = 0

  constructor(path: string, create: (schema: Schema) => Promise<BatchSink>, schema: Schema | null) {
    this.#path = path
    this.#create = create
    this.#schema = schema
    this.#inferred = schema === null
  }

  async open(schema: Schema): Promise<BatchSink> {
    this.#schema = schema
    this.#sink = await this.#create(schema)
    return this.#sink
  }

  async write(row: Row): Promise<void> {
    this.#waiting.push(row)
    this.#waitingBytes += roughBytes(row)
    if (this.#waiting.length >= batchRows || this.#waitingBytes >= batchBytes) await this.#flush()
  }

  async close(): Promise<Written & { rows: number }> {
    await this.#flush()
    if (!this.#sink)
      throw stopError({
        what: "No rows, and no schema to write without them",
        where: this.#path,
        remedy: "Write .jsonl, which needs no schema.",
      })
    return this.#sink.close()
  }

  async abort(): Promise<void> {
    this.#waiting = []
    await this.#sink?.abort()
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return
    const schema = this.#schema ?? inferSchema(this.#waiting, this.#path)
    const sink = this.#sink ?? (await this.open(schema))
    await sink.write(this.#batch(schema))
    this.#rows += this.#waiting.length
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #batch(schema: Schema): RecordBatch {
    try {
      return batchOf(schema, this.#waiting)
    } catch (error) {
      if (!(error instanceof ColumnError)) throw error
      throw stopError(
        {
          what: "A row does not fit the file's columns",
          where: `${this.#path}, row ${this.#rows + error.row + 1}, column ${error.column}`,
          expected: error.expected,
          got: error.got,
          remedy: this.#inferred
            ? "The columns come from the first rows. Write .jsonl, which takes any row."
            : "Give every row the columns of the schema.",
        },
        error,
      )
    }
  }
}

class StdoutSink implements RowSink {
  #rows = 0

  async write(row: Row): Promise<void> {
    const { stdout } = process
    this.#rows++
    if (!stdout.write(`${rowJson(row)}\n`)) await once(stdout, "drain")
  }

  async close(): Promise<RowsWritten> {
    return { rows: this.#rows, file: null }
  }

  async abort(): Promise<void> {}
}

function roughBytes(value: unknown): number {
  if (typeof value === "string") return value.length
  if (typeof value !== "object" || value === null) return 8
  if (value instanceof Uint8Array) return value.byteLength
  let sum = 8
  for (const inner of Array.isArray(value) ? value : Object.values(value)) sum += roughBytes(inner)
  return sum
}

/** The schema in types that both file formats hold and whose row values are the same. */
export const plainSchema = (schema: Schema): Schema => new Schema(schema.fields.map(plainField), schema.metadata)

const plainField = ({ name, type, nullable }: Field): Field => new Field(name, plainType(type), nullable)

function plainType(type: DataType): DataType {
  if (DataType.isDictionary(type)) return plainType(type.dictionary)
  if (DataType.isLargeUtf8(type) || DataType.isUtf8View(type)) return new Utf8()
  if (DataType.isLargeBinary(type) || DataType.isBinaryView(type)) return new Binary()
  if (DataType.isFloat(type) && type.ArrayType === Uint16Array) return new Float32()
  if (DataType.isDuration(type)) return new Int64()
  if (DataType.isDate(type) && type.unit === DateUnit.MILLISECOND) return new TimestampMillisecond()
  if (DataType.isTimestamp(type) && type.unit === TimeUnit.SECOND)
    return new Timestamp(TimeUnit.MILLISECOND, type.timezone ?? null)
  if (DataType.isTime(type) && type.unit === TimeUnit.SECOND) return new TimeMillisecond()
  if (DataType.isStruct(type)) return new Struct(type.children.map(plainField))
  if (DataType.isMap(type) || DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type)) {
    const element = plainField(type.children[0]!)
    return new List(new Field("element", element.type, element.nullable))
  }
  return type
}
