import { codePointAt, combines, mayChange, next } from "./code-points.ts"
import { combiningClasses, kinds } from "./memory.ts"

/** What `survey` finds. */
export const composed: i32 = 0
export const notComposed: i32 = 1
export const notUtf8: i32 = 2

/** The byte that is not UTF-8. */
export let faultAt: usize = 0

/**
 * Whether text is UTF-8 and surely in NFC (Unicode Standard Annex 15, section 9, the quick check). `notComposed` is said of text that may
 * not be. Reads up to 15 bytes after the end.
 */
export function survey(from: usize, end: usize): i32 {
  let at = from
  let last: u32 = 0
  let result = composed
  while (at < end) {
    const high = i8x16.bitmask(v128.load(at))
    if (high === 0) {
      at += 16
      last = 0
      continue
    }
    const ascii = ctz(high)
    if (ascii > 0) last = 0
    at += ascii
    // Text that is not ASCII mostly stays so for a while.
    while (at < end) {
      const first = <u32>load<u8>(at)
      if (first < 0x80) break
      const length = sequenceLength(at, end, first)
      if (length === 0) {
        faultAt = at
        return notUtf8
      }
      if (first < 0xcc) {
        last = 0
        at += length
        continue
      }
      const codePoint = codePointAt(at)
      at = next
      const flags = <u32>load<u8>(kinds + codePoint)
      if ((flags & (mayChange | combines)) === 0) {
        last = 0
        continue
      }
      const combiningClass = <u32>load<u8>(combiningClasses + codePoint)
      if (flags & mayChange || (combiningClass !== 0 && combiningClass < last)) result = notComposed
      last = combiningClass
    }
  }
  return result
}

/** Bytes of the code point at `at`, 0 where there is none (The Unicode Standard, table 3-7). */
function sequenceLength(at: usize, end: usize, first: u32): u32 {
  if (first < 0xc2 || first > 0xf4) return 0
  const length: u32 = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > end) return 0
  const second = <u32>load<u8>(at, 1)
  if (first === 0xe0) {
    if (second < 0xa0) return 0
  } else if (first === 0xed) {
    if (second > 0x9f) return 0
  } else if (first === 0xf0) {
    if (second < 0x90) return 0
  } else if (first === 0xf4) {
    if (second > 0x8f) return 0
  }
  if ((second & 0xc0) !== 0x80) return 0
  if (length > 2 && (load<u8>(at, 2) & 0xc0) !== 0x80) return 0
  if (length > 3 && (load<u8>(at, 3) & 0xc0) !== 0x80) return 0
  return length
}
