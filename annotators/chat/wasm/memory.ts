// Where everything stands. Tables of fixed size come first, at addresses that the compiler knows; then those whose size depends on the
// vocabulary, which the host asks for once; then the text, the ids and the scratch of a call.

/** Of every code point one byte: its kind in the low three bits, and the flags of `code-points.ts`. */
export const kinds: usize = 0x10000
/** Of every code point its canonical combining class. */
export const combiningClasses: usize = kinds + 0x110000
/** u32: the token of each single byte. */
export const byteIds: usize = combiningClasses + 0x110000
/** u32: the rank of the merge of two bytes at `left << 8 | right`, or `none`. */
export const bytePairs: usize = byteIds + 0x400
/** 16 bytes for each length from 0 to 16: as many bytes of 0xff, then 0. */
export const masks: usize = bytePairs + 0x40000
/** The caches of `word-cache.ts`. */
export const shortSlots: u32 = 1 << 15
export const shortCache: usize = masks + 17 * 16
export const longSlots: u32 = 1 << 13
export const longCache: usize = shortCache + 32 * shortSlots
/** Buffers of `merge-word.ts`, for words up to `scannedBytes`. */
export const wordKeys: usize = longCache + 128 * longSlots
export const wordIds: usize = wordKeys + 0x420
export const wordNext: usize = wordIds + 0x420
export const wordPrevious: usize = wordNext + 0x420
const fixedEnd: usize = wordPrevious + 0x420

/** No merge, no token. */
export const none: u32 = 0xffffffff

let tablesEnd: usize = fixedEnd
let reserved: usize = 0

/** Room for a table; never given back. Zero. */
export function allocate(bytes: usize): usize {
  const at = tablesEnd
  tablesEnd = (at + bytes + 63) & ~63
  reserve(tablesEnd)
  return at
}

/** Where the buffers of a call start. */
export function buffers(): usize {
  return tablesEnd
}

/** Makes sure that memory reaches to `end`. Traps where there is none left. */
export function reserve(end: usize): void {
  if (end <= reserved) return
  const missing = (((end + 0xffff) >> 16) as i32) - memory.size()
  if (missing > 0 && memory.grow(missing) < 0) unreachable()
  reserved = (memory.size() as usize) << 16
}
