import { type Field, Int32, type List, makeData, type RecordBatch, type Schema } from "apache-arrow"
import { batchOfColumns } from "../runtime/batch.ts"
import { RowError } from "../runtime/errors.ts"

/** One row of lists of 32-bit integers, by column. */
export type IntegerLists = Readonly<Record<string, Int32Array>>

/** A batch of rows whose columns are all lists of int32: arrays are joined, no element is looked at. */
export function integerListBatch(schema: Schema, rows: readonly IntegerLists[]): RecordBatch {
  const columns = schema.fields.map((field) =>
    listColumn(
      field,
      rows.map((row) => row[field.name]!),
    ),
  )
  return batchOfColumns(schema, columns, rows.length)
}

function listColumn({ type }: Field, lists: readonly Int32Array[]) {
  const valueOffsets = new Int32Array(lists.length + 1)
  for (let at = 0; at < lists.length; at++) valueOffsets[at + 1] = valueOffsets[at]! + lists[at]!.length
  const data = new Int32Array(valueOffsets[lists.length]!)
  for (let at = 0; at < lists.length; at++) data.set(lists[at]!, valueOffsets[at]!)
  const child = makeData({ type: new Int32(), length: data.length, nullCount: 0, data })
  return makeData({ type: type as List<Int32>, length: lists.length, nullCount: 0, valueOffsets, child })
}

/**
 * Reads rows of lists of int32 as views of the batch's memory. A null, or a column of another kind, is a RowError when its row is
 * read.
 */
export function integerListReader(batch: RecordBatch): (index: number) => IntegerLists {
  const columns = batch.schema.fields.map(({ name }, at) => {
    const { valueOffsets, children, nullCount } = batch.data.children[at]!
    const values = children[0]
    if (nullCount > 0 || !values || values.nullCount > 0 || !(values.values instanceof Int32Array))
      throw new RowError("bad-value", `column ${name}: expected lists of int32 without null`)
    return { name, offsets: valueOffsets as Int32Array, values: values.values }
  })
  return (index) =>
    Object.fromEntries(
      columns.map(({ name, offsets, values }) => [name, values.subarray(offsets[index]!, offsets[index + 1]!)]),
    )
}
