// Parquet's hybrid of runs and bit-packed groups (https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE).

/** Numbers of more bits than this are not read here. */
export const mostBits = 24

/**
 * Reads as many numbers of `bits` bits (at most 24) as `out` holds from bytes[from, to). Throws a RangeError where they end before, and
 * where a run goes on behind.
 */
export function readRuns(
  bytes: Uint8Array,
  from: number,
  to: number,
  bits: number,
  out: Uint8Array | Int32Array,
): void {
  if (bits === 0) {
    out.fill(0)
    return
  }
  const mask = (1 << bits) - 1
  let at = from
  for (let seen = 0; seen < out.length; ) {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= to || shift > 28) throw endsEarly()
      const byte = bytes[at++]!
      header |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const count = header >>> 1
    if (header & 1) {
      // A group is eight numbers; of the last one some are padding.
      const taken = Math.min(8 * count, out.length - seen)
      if (at + Math.ceil((taken * bits) / 8) > to) throw endsEarly()
      for (let index = 0, bit = 0; index < taken; index++, bit += bits) {
        const byte = at + (bit >> 3)
        const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24)
        out[seen + index] = (word >>> (bit & 7)) & mask
      }
      at += count * bits
      seen += taken
    } else {
      let value = 0
      for (let shift = 0; shift < bits; shift += 8) {
        if (at >= to) throw endsEarly()
        value |= bytes[at++]! << shift
      }
      // Of a number that is too large for its bits nothing that follows would hold.
      if (value > mask) throw new RangeError(`a number of more than ${bits} bits`)
      if (seen + count > out.length) throw new RangeError("a run goes on behind the last value")
      out.fill(value, seen, seen + count)
      seen += count
    }
  }
}

const endsEarly = () => new RangeError("a page ends before its last value")
