// What `apply` and `verify` do with their files: IN is any row format, OUT is whole or not there, rows that fail are kept beside it.
import { access, constants, readdir, realpath, rm } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import type { Schema } from "apache-arrow"
import type { SourceRow } from "../pipelines/io/jsonl.ts"
import { openRowSink, type RowSink } from "../pipelines/io/row-sink.ts"
import { formatOf, readRows, resolveSources, type SourceFile } from "../pipelines/io/source.ts"
import { type RowError, usageError } from "../pipelines/runtime/errors.ts"
import type { Row } from "../pipelines/runtime/step.ts"
import { checkFile } from "./output-file.ts"

/** The files of IN. A missing one is a usage error. */
export const filesOfInput = (input: string): Promise<SourceFile[]> =>
  resolveSources([input], { cwd: process.cwd(), where: "IN" })

/** Their rows, one file after the other. */
export async function* rowsOfInput(files: readonly SourceFile[]): AsyncGenerator<SourceRow> {
  for (const file of files) yield* readRows(file)
}

/** Throws a usage error when several outputs would go to stdout. */
export function checkOneStdout(outputs: Readonly<Record<string, boolean>>): void {
  const given = Object.keys(outputs).filter((name) => outputs[name])
  if (given.length > 1)
    throw usageError({
      what: "Standard output takes one thing",
      expected: `one of ${Object.keys(outputs).join(", ")}`,
      got: given.join(" and "),
      remedy: "Write rows to a file.",
    })
}

/** The start of the names of what is kept beside OUT: OUT itself, or `./NAME` where OUT is stdout. */
export const besideOutput = (output: string, name: string): string => (output === "-" ? name : output)

/**
 * Checks what would otherwise be found out only after the work: that outputs can be written, are different files, and none of them is
 * an input. Throws usage errors.
 */
export async function checkOutputs(
  outputs: Readonly<Record<string, string>>,
  files: readonly SourceFile[],
): Promise<void> {
  const inputs = new Map(
    await Promise.all(files.map(async ({ path }) => [path === "-" ? path : await realpath(path), path] as const)),
  )
  const taken = new Map<string, string>()
  for (const [name, path] of Object.entries(outputs)) {
    if (path === "-") continue
    if (!formatOf(path))
      throw usageError({
        what: `Unknown kind of file for ${name}`,
        where: path,
        expected: "a name that ends in .jsonl, .jsonl.gz, .jsonl.zst, .parquet or .arrow",
      })
    await checkFile(name, resolve(path))
    const real = join(await writableFolder(dirname(resolve(path)), name, path), basename(path))
    const input = inputs.get(await realpath(real).catch(() => real))
    if (input !== undefined)
      throw usageError({ what: `${name} is also an input`, where: path, remedy: "Write to another file or folder." })
    const other = taken.get(real)
    if (other !== undefined)
      throw usageError({ what: `${other} and ${name} are the same file`, where: path, remedy: "Name two files." })
    taken.set(real, name)
  }
}

async function writableFolder(folder: string, name: string, path: string): Promise<string> {
  try {
    await access(folder, constants.W_OK)
    return await realpath(folder)
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT"
    throw usageError({
      what: missing ? `There is no folder for ${name}` : `The folder of ${name} cannot be written to`,
      where: path,
      remedy: missing ? "Make it first." : "Make it writable, or choose another.",
    })
  }
}

/** Removes what a killed process left of outputs. Only for who holds their lock: another one's unfinished file looks the same. */
export async function removeUnfinished(outputs: readonly string[]): Promise<void> {
  for (const path of outputs.filter((path) => path !== "-")) {
    const folder = dirname(resolve(path))
    const start = `.${basename(path)}.`
    for (const name of await readdir(folder))
      if (name.startsWith(start) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(start.length))) await rm(join(folder, name))
  }
}

/** An output that is made when its first row comes. At the end, without any row, what an earlier time left there is removed. */
export class OutputOnDemand {
  readonly path: string
  readonly #schema: Schema | undefined
  #sink: RowSink | null = null
  rows = 0

  constructor(path: string, schema?: Schema) {
    this.path = path
    this.#schema = schema
  }

  async write(row: Row): Promise<void> {
    this.#sink ??= await openRowSink(this.path, { schema: this.#schema })
    this.rows++
    await this.#sink.write(row)
  }

  async close(): Promise<void> {
    if (this.#sink) await this.#sink.close()
    else await rm(this.path, { force: true })
  }

  async abort(): Promise<void> {
    await this.#sink?.abort()
  }
}

/** A row that failed as it is kept: its columns as they came, or the start of what could not be read, and the error. */
export function failedRowOf(step: string, source: SourceRow, error: RowError): Row {
  const { file, line } = source.at
  const { reason, message, retryable } = error
  return {
    ...("row" in source ? source.row : { raw: source.raw }),
    error: { step, reason, message, retryable, file, line },
  }
}

/** The first rows of a stream, and the stream with them. Holds at most `rows` rows or about 16 MiB of text. */
export async function peek(
  sources: AsyncGenerator<SourceRow>,
  rows: number,
): Promise<{ first: Row[]; all: AsyncGenerator<SourceRow> }> {
  const held: SourceRow[] = []
  let room = 16 * 2 ** 20
  while (held.length < rows && room > 0) {
    const next = await sources.next()
    if (next.done) break
    held.push(next.value)
    if ("row" in next.value)
      for (const value of Object.values(next.value.row)) room -= typeof value === "string" ? value.length : 64
  }
  async function* all() {
    yield* held
    yield* sources
  }
  return { first: held.flatMap((source) => ("row" in source ? [source.row] : [])), all: all() }
}
