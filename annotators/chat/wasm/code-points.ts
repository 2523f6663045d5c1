import { kinds } from "./memory.ts"

// Kinds, as in `code-point-sets.ts`.
export const other: u32 = 0
export const letter: u32 = 1
export const number: u32 = 2
export const space: u32 = 3
export const newline: u32 = 4
export const kindBits: u32 = 7

// Flags of a code point for NFC.
/** May change: its quick check is not Yes. */
export const mayChange: u32 = 8
/** Has a combining class other than 0. */
export const combines: u32 = 16
/** Has a decomposition in the table; Hangul syllables do not. */
export const decomposes: u32 = 32

/** The byte after the code point that was read last. */
export let next: usize = 0

/** The code point at `at`, in valid UTF-8. Sets `next`. */
export function codePointAt(at: usize): u32 {
  const first = <u32>load<u8>(at)
  if (first < 0x80) {
    next = at + 1
    return first
  }
  if (first < 0xe0) {
    next = at + 2
    return ((first & 31) << 6) | (load<u8>(at, 1) & 63)
  }
  if (first < 0xf0) {
    next = at + 3
    return ((first & 15) << 12) | ((<u32>load<u8>(at, 1) & 63) << 6) | (load<u8>(at, 2) & 63)
  }
  next = at + 4
  return (
    ((first & 7) << 18) |
    ((<u32>load<u8>(at, 1) & 63) << 12) |
    ((<u32>load<u8>(at, 2) & 63) << 6) |
    (load<u8>(at, 3) & 63)
  )
}

/** The kind of the code point at `at`. Sets `next`. */
export function kindAt(at: usize): u32 {
  return load<u8>(kinds + codePointAt(at)) & kindBits
}

/** Writes a code point as UTF-8; returns the byte after it. */
export function putCodePoint(at: usize, codePoint: u32): usize {
  if (codePoint < 0x80) {
    store<u8>(at, codePoint)
    return at + 1
  }
  if (codePoint < 0x800) {
    store<u8>(at, 0xc0 | (codePoint >> 6))
    store<u8>(at, 0x80 | (codePoint & 63), 1)
    return at + 2
  }
  if (codePoint < 0x10000) {
    store<u8>(at, 0xe0 | (codePoint >> 12))
    store<u8>(at, 0x80 | ((codePoint >> 6) & 63), 1)
    store<u8>(at, 0x80 | (codePoint & 63), 2)
    return at + 3
  }
  store<u8>(at, 0xf0 | (codePoint >> 18))
  store<u8>(at, 0x80 | ((codePoint >> 12) & 63), 1)
  store<u8>(at, 0x80 | ((codePoint >> 6) & 63), 2)
  store<u8>(at, 0x80 | (codePoint & 63), 3)
  return at + 4
}
