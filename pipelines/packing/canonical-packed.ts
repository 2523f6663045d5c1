import type { PackedTokens } from "./pack-samples.ts"

/** The longest a 32-bit integer and its comma are. */
const longest = "-2147483648,".length

/** Grows to the longest row; no row needs what the one before it wrote. */
let buffer = Buffer.allocUnsafe(1 << 16)

/**
 * The canonical JSON of a packed row, UTF-8: what `canonicalRowJson` gives, without making a text of every number. It stands until the next
 * call.
 */
export function canonicalPacked({ input_ids, labels, seq_lengths }: PackedTokens): Uint8Array {
  const most = 64 + longest * (input_ids.length + labels.length + seq_lengths.length)
  if (buffer.length < most) buffer = Buffer.allocUnsafe(most)
  let end = writeText('{"input_ids":[', 0)
  end = writeIntegers(input_ids, end)
  end = writeText('],"labels":[', end)
  end = writeIntegers(labels, end)
  end = writeText('],"seq_lengths":[', end)
  end = writeIntegers(seq_lengths, end)
  end = writeText("]}", end)
  return buffer.subarray(0, end)
}

const writeText = (text: string, at: number): number => at + buffer.write(text, at, "latin1")

const [zero, comma, minus] = [48, 44, 45]

function writeIntegers(values: Int32Array, start: number): number {
  const bytes = buffer
  let at = start
  for (let index = 0; index < values.length; index++) {
    let rest = values[index]!
    if (index > 0) bytes[at++] = comma
    if (rest < 0) {
      bytes[at++] = minus
      rest = -rest >>> 0
    }
    const end = at + digitsOf(rest)
    for (let place = end - 1; place >= at; place--) {
      const tens = (rest / 10) >>> 0
      bytes[place] = zero + rest - 10 * tens
      rest = tens
    }
    at = end
  }
  return at
}

/** Digits of a natural number below 2^32; most are token ids. */
function digitsOf(value: number): number {
  if (value < 1_000) return value < 10 ? 1 : value < 100 ? 2 : 3
  if (value < 1_000_000) return value < 10_000 ? 4 : value < 100_000 ? 5 : 6
  return `${value}`.length
}
