import { RowError } from "../runtime/errors.ts"
import type { Imported } from "../runtime/stage.ts"
import type { Row } from "../runtime/step.ts"
import { type Place, readRows, type SourceFile } from "./source.ts"

/**
 * The rows of a source file as a stage imports them. `rowAt` makes each of what was read, or throws a RowError; a row that cannot be read or
 * made is yielded with its error, its own id or else its place, and enough of its text to know it again.
 */
export async function* importedRows(file: SourceFile, rowAt: (row: Row, at: Place) => Row): AsyncGenerator<Imported> {
  for await (const read of readRows(file)) {
    const { at } = read
    const place = `${file.source}:${at.line}`
    if ("error" in read) {
      yield { error: read.error, id: place, raw: read.raw }
      continue
    }
    try {
      yield { row: rowAt(read.row, at) }
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      yield { error, id: ownId(read.row, file) ?? place, raw: rawText(read.row) }
    }
  }
}

/** The id that a row has of its own, so that whoever misses the row finds it among the failed ones. */
function ownId(row: Record<string, unknown>, { columns }: SourceFile): string | null {
  const id = row[String(columns.id ?? "id")]
  if (typeof id === "number" || typeof id === "bigint") return String(id)
  return typeof id === "string" && id.trim() !== "" && id.length <= 512 ? id.toWellFormed() : null
}

/** Enough of a row to know it again. */
const rawText = (row: Record<string, unknown>): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))
    .slice(0, 2_000)
    .toWellFormed()
