// Snappy's raw format (https://github.com/google/snappy/blob/main/format_description.txt). The library's own reader goes backwards where a
// damaged literal says that it is of 2 GiB or more, and then runs for minutes.

/** The bytes of a page of which the header says the length. Throws an Error where they are not what they say. */
export function unpackSnappy(packed: Uint8Array, length: number): Uint8Array {
  const [said, start] = lengthOf(packed)
  // Before anything is allocated. An element of three bytes makes at most 64.
  if (said !== length || length > 64 * packed.length) throw damaged()
  const out = new Uint8Array(length)
  let end = 0
  for (let at = start; at < packed.length; ) {
    const tag = packed[at++]!
    if ((tag & 3) === 0) {
      let size = tag >> 2
      if (size >= 60) {
        const bytes = size - 59
        size = numberOf(packed, at, bytes)
        at += bytes
      }
      size++
      if (at + size > packed.length || end + size > length) throw damaged()
      // A call into C++ costs more than a short copy.
      if (size > 48) out.set(packed.subarray(at, at + size), end)
      else for (let index = 0; index < size; index++) out[end + index] = packed[at + index]!
      at += size
      end += size
      continue
    }
    let size = (tag >> 2) + 1
    let back: number
    if ((tag & 3) === 1) {
      if (at >= packed.length) throw damaged()
      size = ((tag >> 2) & 7) + 4
      back = ((tag >> 5) << 8) | packed[at++]!
    } else if ((tag & 3) === 2) {
      if (at + 2 > packed.length) throw damaged()
      back = packed[at]! | (packed[at + 1]! << 8)
      at += 2
    } else {
      back = numberOf(packed, at, 4)
      at += 4
    }
    if (back === 0 || back > end || end + size > length) throw damaged()
    // Byte for byte: a copy may reach into what it writes.
    for (const stop = end + size; end < stop; end++) out[end] = out[end - back]!
  }
  if (end !== length) throw damaged()
  return out
}

/** The length in front of the data, and where that ends. */
function lengthOf(packed: Uint8Array): [length: number, end: number] {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = packed[at] ?? 0x80
    length += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return [length, at + 1]
  }
  throw damaged()
}

/** A number of one to four bytes, the lowest first. */
function numberOf(packed: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > packed.length) throw damaged()
  let value = 0
  for (let index = bytes - 1; index >= 0; index--) value = 256 * value + packed[at + index]!
  return value
}

const damaged = () => new Error("a page that is not the Snappy it should be")
