import { type Data, type DataType, type RecordBatch, Type } from "apache-arrow"

/**
 * The bytes that each row of a batch adds to an uncompressed file, about: text and bytes by their length, other values by their
 * width. Depends on the rows alone, not on how they were batched.
 */
export function rowBytes(batch: RecordBatch): Float64Array {
  const sizes = new Float64Array(batch.numRows)
  for (const column of batch.data.children) {
    const size = sizeReader(column)
    for (let index = 0; index < sizes.length; index++) sizes[index]! += size(index, index + 1)
  }
  return sizes
}

/** Bytes of the values from one index to another. */
function sizeReader(data: Data): (start: number, end: number) => number {
  const offsets = data.valueOffsets
  switch (data.typeId) {
    case Type.Utf8:
    case Type.Binary:
      return (start, end) => 4 * (end - start) + offsets[end]! - offsets[start]!
    case Type.List: {
      const element = sizeReader(data.children[0]!)
      return (start, end) => end - start + element(offsets[start]!, offsets[end]!)
    }
    case Type.Struct: {
      const children = data.children.map(sizeReader)
      return (start, end) => children.reduce((sum, child) => sum + child(start, end), 0)
    }
    default: {
      const width = widthOf(data.type)
      return (start, end) => width * (end - start)
    }
  }
}

function widthOf(type: DataType): number {
  const { bitWidth, byteWidth } = type as DataType & { bitWidth?: number; byteWidth?: number }
  return byteWidth ?? (bitWidth ? bitWidth / 8 : 8)
}
