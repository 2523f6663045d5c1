// DuckDB's values as rows hold them. Text is taken from the vectors' bytes: the binding's own strings lose a leading BOM.
import {
  DuckDBArrayVector,
  DuckDBBlobValue,
  DuckDBBlobVector,
  DuckDBDateValue,
  DuckDBListVector,
  DuckDBMapVector,
  DuckDBStructVector,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBVarCharVector,
  type DuckDBVector,
} from "@duckdb/node-api"
import { TimeUnit } from "apache-arrow"
import { dateText, timestampText } from "../runtime/temporal.ts"

/** What a vector keeps to itself and this file needs. */
interface Inside {
  dataView: DataView
  validity: { itemValid(index: number): boolean }
  vector: never
  itemOffset: number
  itemCount: number
  listVector: DuckDBListVector
  childData: DuckDBVector
}

const inside = (vector: DuckDBVector) => vector as unknown as Inside

/** The value at an index of a vector: a plain JS value as in a row, null for NULL. Maps are lists of {key, value}. */
export function valueReader(vector: DuckDBVector): (index: number) => unknown {
  if (vector instanceof DuckDBVarCharVector) return textReader(vector)
  if (vector instanceof DuckDBListVector) return listReader(vector)
  if (vector instanceof DuckDBMapVector) return listReader(inside(vector).listVector)
  if (vector instanceof DuckDBArrayVector) {
    const { validity, childData } = inside(vector)
    const element = valueReader(childData)
    const { length } = vector.type
    return (index) =>
      validity.itemValid(index) ? Array.from({ length }, (_, at) => element(index * length + at)) : null
  }
  if (vector instanceof DuckDBStructVector) {
    const names = vector.type.entryNames
    const entries = names.map((_, at) => valueReader(vector.entryVectorAt(at)))
    return (index) =>
      vector.isItemValid(index) ? Object.fromEntries(names.map((name, at) => [name, entries[at]!(index)])) : null
  }
  return (index) => plain(vector.getItem(index))
}

function textReader(vector: DuckDBVarCharVector): (index: number) => string | null {
  // Text and blobs have one layout, and a blob gives its bytes.
  const { dataView, validity, vector: raw, itemOffset, itemCount } = inside(vector)
  const blobs = new DuckDBBlobVector(dataView, validity as never, raw, itemOffset, itemCount)
  return (index) => {
    const bytes = blobs.getItemBytes(index)
    return bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8") : null
  }
}

function listReader(vector: DuckDBListVector): (index: number) => unknown[] | null {
  const { validity } = inside(vector)
  const element = valueReader(vector.childVector)
  return (index) => {
    if (!validity.itemValid(index)) return null
    const start = vector.getEntryOffset(index)
    return Array.from({ length: vector.getEntryLength(index) }, (_, at) => element(start + at))
  }
}

function plain(value: unknown): unknown {
  if (value === undefined) return null
  if (typeof value !== "object" || value === null) return value
  if (value instanceof DuckDBBlobValue) return Uint8Array.from(value.bytes)
  if (value instanceof DuckDBDateValue) return value.isFinite ? dateText(value.days) : infinity(value.days)
  if (value instanceof DuckDBTimestampValue) return timestamp(value, value.micros, TimeUnit.MICROSECOND)
  if (value instanceof DuckDBTimestampTZValue) return timestamp(value, value.micros, TimeUnit.MICROSECOND, true)
  if (value instanceof DuckDBTimestampSecondsValue) return timestamp(value, value.seconds, TimeUnit.SECOND)
  if (value instanceof DuckDBTimestampMillisecondsValue) return timestamp(value, value.millis, TimeUnit.MILLISECOND)
  if (value instanceof DuckDBTimestampNanosecondsValue) return timestamp(value, value.nanos, TimeUnit.NANOSECOND)
  return String(value)
}

const infinity = (value: number | bigint) => (value > 0 ? "infinity" : "-infinity")

function timestamp({ isFinite: finite }: { isFinite: boolean }, ticks: bigint, unit: TimeUnit, utc = false): string {
  return finite ? timestampText(ticks, unit, utc) : infinity(ticks)
}
