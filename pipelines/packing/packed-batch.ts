import { type Field, Int32, type List, makeData, type RecordBatch, type Schema } from "apache-arrow"
import { batchOfColumns } from "../runtime/batch.ts"

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
