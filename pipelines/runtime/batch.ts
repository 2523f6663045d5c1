// Between Arrow and rows, exact both ways: text with its BOM, 64-bit integers as bigint, nulls and empty lists at every depth.
import { makeData, RecordBatch, type Schema, Struct } from "apache-arrow"
import { buildColumn, expectKnown, ownValue } from "./column-builder.ts"
import { type Cell, cellReader, rowAt } from "./column-reader.ts"
import { stopError } from "./errors.ts"
import type { Row } from "./step.ts"

/**
 * One record batch of the rows, in order. Text may be string or UTF-8 bytes; a missing column is null. Throws a ColumnError (with
 * `column` and `row`) for a value that the column cannot hold exactly: a fraction or NaN for an integer, a lone surrogate, a null
 * where none is allowed, a column that the schema lacks.
 */
export function batchOf(schema: Schema, rows: readonly Row[]): RecordBatch {
  const known = new Set(schema.fields.map((field) => field.name))
  const place = { column: "", row: (index: number) => index }
  for (let index = 0; index < rows.length; index++) expectKnown(rows[index]!, known, place, index)
  const children = schema.fields.map((field) =>
    buildColumn(
      field,
      rows.map((row) => ownValue(row, field.name)),
    ),
  )
  return batchOfColumns(schema, children, rows.length)
}

/** Joins finished columns of one length. */
export function batchOfColumns(
  schema: Schema,
  children: ReturnType<typeof buildColumn>[],
  length: number,
): RecordBatch {
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }))
}

/**
 * The row at an index of a batch, all columns or the named ones. The returned function throws a RowError for a row whose text is
 * not UTF-8; the other rows stay readable. A named column that the batch lacks is an error.
 */
export function rowReader(batch: RecordBatch, columns?: readonly string[]): (index: number) => Row {
  const names = columns ?? batch.schema.fields.map((field) => field.name)
  const cells = names.map((name) => columnCell(batch, name))
  return (index) => rowAt(names, cells, index)
}

/** All rows of a batch, in order. Throws at the first that cannot be read. */
export function rowsOf(batch: RecordBatch, columns?: readonly string[]): Row[] {
  const read = rowReader(batch, columns)
  return Array.from({ length: batch.numRows }, (_, index) => read(index))
}

function columnCell(batch: RecordBatch, name: string): Cell {
  const at = batch.schema.fields.findIndex((field) => field.name === name)
  if (at === -1) {
    const found = batch.schema.fields.map((field) => field.name).join(", ")
    throw stopError({ what: `No column ${name}`, expected: `one of ${found}` })
  }
  return cellReader(batch.data.children[at]!, name, "row")
}
