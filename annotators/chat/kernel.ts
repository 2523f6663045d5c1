/** Rows of text one after the other as UTF-8: row i is bytes `offsets[i]` up to `offsets[i + 1]`. */
export interface TextColumn {
  bytes: Uint8Array
  /** One more than there are rows, none below the one before. */
  offsets: Int32Array
}

/** Ids of rows one after the other: those of row i are `offsets[i]` up to `offsets[i + 1]`. */
export interface IdColumn {
  ids: Int32Array
  offsets: Int32Array
}

/** Byte-level BPE of text in which nothing is special. */
export interface Kernel {
  /** The ids of a text; lone surrogates count as U+FFFD. The array is the caller's. */
  encode(text: string): Int32Array
  /** The ids of a column, with no string made. Throws a RowError for the first row that is not UTF-8. The arrays are the caller's. */
  encodeColumn(column: TextColumn): IdColumn
}

/** Ids one after the other; a single part is not copied. */
export function joinedIds(parts: readonly Int32Array[]): Int32Array {
  if (parts.length === 1) return parts[0]!
  const whole = new Int32Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
