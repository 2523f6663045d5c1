import { isUtf8 } from "node:buffer"
import { createReadStream } from "node:fs"
import { createGunzip } from "node:zlib"
import { CotyledonError, oneLine, RowError, stopError } from "../runtime/errors.ts"
import { parseJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"
import { readError } from "./file-error.ts"
import { zstdDecompressed } from "./zstd-frames.ts"

/** Where a row stands: the file's name and the line from 1 (in Parquet and Arrow files the row from 1). */
export interface Place {
  file: string
  line: number
}

/** A row, or the error of one that cannot be read, with the start of its text. */
export type SourceRow = { row: Row; at: Place } | { error: RowError; at: Place; raw: string }

export type Compression = "none" | "gzip" | "zstd"

export interface JsonlOptions {
  /** Name for places and errors; by default the path. */
  name?: string | undefined
  compression?: Compression | undefined
  /** Longer lines are row errors and are never held in memory; default 64 MiB. */
  maxLineBytes?: number | undefined
}

/** Deeper rows would overflow the stack of whoever walks them. */
const maxDepth = 500

const defaultMaxLineBytes = 64 * 2 ** 20

/** Characters of a bad line that are kept as evidence. */
const rawLimit = 2_000

/**
 * The rows of a JSON Lines file in order, one line at a time; path `-` is stdin. Blank lines are skipped and counted; CRLF and a BOM
 * at the start of the file are allowed. A line that is no JSON object, no UTF-8 or too long is a row error and the next line goes
 * on. A damaged or truncated compressed file is a stopError after the whole lines before the damage.
 */
export async function* readJsonl(path: string, options: JsonlOptions = {}): AsyncGenerator<SourceRow, void, void> {
  const file = options.name ?? path
  let number = 0
  for await (const lines of readLines(path, options))
    for (const line of lines) {
      const row = rowOfLine(line, { file, line: ++number }, options.maxLineBytes)
      if (row) yield row
    }
}

/**
 * The lines of a JSON Lines file in order and without their ends, some at a time: those that one read brought. For whoever reads them as
 * rows elsewhere, with `rowOfLine`. Rejects as `readJsonl` does.
 */
export async function* readLines(path: string, options: JsonlOptions = {}): AsyncGenerator<Line[], void, void> {
  const lines = new LineSplitter(options.maxLineBytes ?? defaultMaxLineBytes)
  try {
    for await (const chunk of decompressed(path, options.compression ?? "none")) yield [...lines.push(chunk)]
  } catch (error) {
    throw unreadable(error, path, lines)
  }
  const last = lines.end()
  if (last) yield [last]
}

async function* decompressed(path: string, compression: Compression): AsyncGenerator<Buffer, void, void> {
  const source = path === "-" ? process.stdin : createReadStream(path, { highWaterMark: 256 * 1024 })
  try {
    if (compression === "zstd") yield* zstdDecompressed(source as AsyncIterable<Buffer>)
    else if (compression === "gzip") {
      const gunzip = createGunzip({ chunkSize: 256 * 1024 })
      source.on("error", (error: Error) => gunzip.destroy(error))
      yield* source.pipe(gunzip) as AsyncIterable<Buffer>
    } else yield* source as AsyncIterable<Buffer>
  } finally {
    source.destroy()
  }
}

function unreadable(error: unknown, path: string, lines: LineSplitter): CotyledonError {
  if (error instanceof CotyledonError) return error
  const { code, message } = error as NodeJS.ErrnoException
  const zlib = code === undefined || code.startsWith("Z_") || code.startsWith("ZSTD") || code.startsWith("ERR_ZSTD")
  if (!zlib) return readError(error, path)
  return stopError(
    {
      what: "The compressed file is truncated or damaged",
      where: `${path}, line ${lines.number + 1}, byte ${lines.bytes} of the text`,
      got: message,
      remedy: "Fetch or write it again; the lines before this one are whole.",
    },
    error,
  )
}

/** The row of a line, or its row error; null for a blank line. */
export function rowOfLine(line: Line, at: Place, limit = defaultMaxLineBytes): SourceRow | null {
  const bad = (message: string) => ({
    error: new RowError("bad-row", `${oneLine(at.file, 120)}, line ${at.line}: ${message}`),
    at,
    raw: line.bytes.toString("utf8", 0, rawLimit),
  })
  if (line.length > limit) return bad(`expected at most ${limit} bytes in a line, got ${line.length}`)
  if (!isUtf8(line.bytes)) return bad("expected UTF-8, got other bytes")
  if (nestedDeeper(line.bytes, maxDepth)) return bad(`expected at most ${maxDepth} levels of nesting, got more`)
  const text = line.bytes.toString("utf8")
  if (text.trim() === "") return null
  try {
    const row = parseJson(text)
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return { row: row as Row, at }
    return bad(`expected a JSON object, got ${oneLine(text, 60)}`)
  } catch (error) {
    return bad(`expected a JSON object, got ${oneLine((error as Error).message, 160)}`)
  }
}

function nestedDeeper(json: Uint8Array, limit: number): boolean {
  let depth = 0
  let inText = false
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === 0x22) inText = !inText
    else if (inText) {
      if (byte === 0x5c) at++
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return false
}

/** A line without its end. `length` is the whole line's; `bytes` hold only the start of one that is too long. */
export interface Line {
  bytes: Buffer
  length: number
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Splits bytes at line feeds; holds no more than `limit` bytes of a line. */
class LineSplitter {
  /** Lines handed out so far. */
  number = 0
  /** Bytes handed out so far, line ends included. */
  bytes = 0
  readonly #limit: number
  #parts: Buffer[] = []
  #length = 0
  #tooLong = false

  constructor(limit: number) {
    this.#limit = limit
  }

  *push(chunk: Buffer): Generator<Line> {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#hold(chunk.subarray(start, end))
      start = end + 1
      yield this.#take(1)
    }
    this.#hold(chunk.subarray(start))
  }

  /** The last line, when it has no line end. */
  end(): Line | null {
    return this.#length === 0 ? null : this.#take(0)
  }

  #hold(part: Buffer): void {
    this.#length += part.byteLength
    if (this.#length <= this.#limit) this.#parts.push(part)
    else if (!this.#tooLong) {
      this.#parts = [Buffer.concat([...this.#parts, part], Math.min(this.#length, rawLimit * 4))]
      this.#tooLong = true
    }
  }

  #take(endBytes: number): Line {
    let bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    let length = this.#length
    if (bytes.at(-1) === carriageReturn && !this.#tooLong) {
      bytes = bytes.subarray(0, -1)
      length--
    }
    if (this.bytes === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3)
    this.number++
    this.bytes += this.#length + endBytes
    this.#parts = []
    this.#length = 0
    this.#tooLong = false
    return { bytes, length }
  }
}
