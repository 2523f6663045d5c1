import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult, StatementType } from "@duckdb/node-api"
import { CotyledonError, stopError, usageError } from "../runtime/errors.ts"
import type { Row } from "../runtime/step.ts"
import { valueReader } from "./duckdb-values.ts"

/** What a query may see. */
export interface SqlOptions {
  /** Views by name, each over Parquet files of one schema. Nothing else can be read. */
  views: Readonly<Record<string, readonly string[]>>
  /** From where on DuckDB spills to a temporary folder: `512MB`, `4GB`; default `1GB`. */
  memoryLimit?: string | undefined
}

/** A query's result. Read `rows` to its end, or call `close`: either gives memory and temporary files back. */
export interface SqlResult {
  /** Column names; a name that comes twice gets a number. */
  columns: string[]
  /** Rows in order, streamed: integers of 64 bits and more are bigint, dates and decimals exact text, lists and structs plain. */
  rows: AsyncGenerator<Row, void, void>
  close(): Promise<void>
}

/**
 * Runs one SELECT (also WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW) over views of Parquet files, in a database of its own in
 * memory. Other statements are a usageError, and so is what DuckDB finds wrong with the query; it can read no file but those of
 * the views, write none, and cannot change that.
 */
export async function querySql(sql: string, options: SqlOptions): Promise<SqlResult> {
  const spill = await mkdtemp(join(tmpdir(), "cotyledon-sql-"))
  const closers: (() => void)[] = []
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= (async () => {
      for (const done of closers.reverse()) done()
      await rm(spill, { recursive: true, force: true })
    })()
    return closing
  }
  try {
    const instance = await DuckDBInstance.create(":memory:", {
      temp_directory: spill,
      memory_limit: options.memoryLimit ?? "1GB",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      allow_community_extensions: "false",
    })
    closers.push(() => instance.closeSync())
    // A statement on the connection of an open stream ends that stream: the query gets one that nothing else uses.
    const connection = await instance.connect()
    closers.push(() => connection.closeSync())
    await openViews(connection, options.views)
    const result = await selected(connection, sql)
    const columns = result.deduplicatedColumnNames()
    return { columns, rows: streamed(result, columns, close), close }
  } catch (error) {
    await close()
    throw sqlError(error)
  }
}

async function openViews(connection: DuckDBConnection, views: SqlOptions["views"]): Promise<void> {
  for (const [name, paths] of Object.entries(views)) {
    if (paths.length === 0)
      throw usageError({ what: `Nothing to query in ${name}`, expected: "one Parquet file or more", got: "none" })
    await connection.run(
      `CREATE VIEW "${name.replaceAll('"', '""')}" AS SELECT * FROM read_parquet([${paths.map(quoted).join(", ")}])`,
    )
  }
  const paths = Object.values(views).flat()
  await connection.run(`SET allowed_paths = [${paths.map(quoted).join(", ")}]`)
  await connection.run("SET enable_external_access = false")
  await connection.run("SET lock_configuration = true")
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

async function selected(connection: DuckDBConnection, sql: string): Promise<DuckDBResult> {
  const statements = await connection.extractStatements(sql)
  // The views' files may be read, and so, as far as DuckDB is concerned, be written by COPY: only a SELECT gets through.
  const prepared = statements.count === 1 ? await statements.prepare(0) : null
  if (prepared?.statementType !== StatementType.SELECT)
    throw usageError({
      what: "Only one SELECT can be run",
      expected: "SELECT ...",
      got: statements.count === 1 ? sql.trim().split(/\s/)[0] : `${statements.count} statements`,
    })
  return prepared.stream()
}

async function* streamed(
  result: DuckDBResult,
  columns: readonly string[],
  close: () => Promise<void>,
): AsyncGenerator<Row, void, void> {
  try {
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      const readers = columns.map((_, at) => valueReader(chunk!.getColumnVector(at)))
      for (let index = 0; index < chunk.rowCount; index++) {
        const row: Row = {}
        for (let at = 0; at < columns.length; at++) row[columns[at]!] = readers[at]!(index)
        yield row
      }
    }
  } catch (error) {
    throw sqlError(error)
  } finally {
    await close()
  }
}

function sqlError(error: unknown): CotyledonError {
  if (error instanceof CotyledonError) return error
  const message = error instanceof Error ? error.message : String(error)
  const got = message.split("\n")[0]!.replace(/^Failed to \w+ statements?: /, "")
  if (/^Out of Memory Error|No space left/.test(message))
    return stopError(
      {
        what: "The query needs more room than there is",
        got,
        remedy: "Raise the memory limit or free space for temporary files.",
      },
      error,
    )
  return usageError(
    { what: "The query cannot be run", got, remedy: "Correct the SQL; its dialect is DuckDB's." },
    error,
  )
}
