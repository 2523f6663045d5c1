// The ids of words that came before. A word of up to 16 bytes and 4 ids is in a slot of 32 bytes: the bytes, the length, the count of
// ids, and the ids of 3 bytes each; it may stand in one of two neighbouring slots, the one that was used last first. Other words of up
// to 64 bytes and 15 ids are in slots of 128 bytes: the bytes, length and count, the ids. What comes later replaces what was there, so
// that memory stays as it is.
import { longCache, longSlots, masks, shortCache, shortSlots } from "./memory.ts"

/** Longest words of the two caches. */
export const shortBytes: usize = 16
export const longBytes: usize = 64
const shortIds: u32 = 4
const longIds: u32 = 15
/** Ids that fit three bytes. */
const shortIdLimit: u32 = 1 << 24

/** The word's bytes, and zeros behind them. */
export function shortKey(word: usize, length: usize): v128 {
  return v128.and(v128.load(word), v128.load(masks + (length << 4)))
}

/** The slot in which a short word is looked for first. */
export function shortSlot(key: v128): usize {
  const low = i64x2.extract_lane(key, 0)
  const high = i64x2.extract_lane(key, 1)
  const hash = (low ^ (high * 0xc2b2ae3d27d4eb4f) ^ (high >> 29)) * 0x9e3779b97f4a7c15
  return shortCache + ((<usize>((hash >> 40) & (shortSlots - 1))) << 5)
}

/** Writes the ids of a short word that stands in `slot`, or its neighbour, to `out`; returns the end of them, or 0. May write 16 bytes. */
export function takeShort(slot: usize, key: v128, length: u32, out: usize): usize {
  if (load<u8>(slot, 16) === length && !v128.any_true(v128.xor(v128.load(slot), key))) return putShort(slot, out)
  return takeSecond(slot, key, length, out)
}

function takeSecond(slot: usize, key: v128, length: u32, out: usize): usize {
  const second = slot ^ 32
  if (load<u8>(second, 16) !== length || v128.any_true(v128.xor(v128.load(second), key))) return 0
  const key1 = v128.load(slot)
  const ids1 = v128.load(slot, 16)
  v128.store(slot, v128.load(second))
  v128.store(slot, v128.load(second, 16), 16)
  v128.store(second, key1)
  v128.store(second, ids1, 16)
  return putShort(slot, out)
}

function putShort(slot: usize, out: usize): usize {
  const packed = v128.load(slot, 16)
  v128.store(out, v128.swizzle(packed, i8x16(4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1)))
  return out + ((<usize>load<u8>(slot, 17)) << 2)
}

/** Remembers a short word, if its ids fit. */
export function keepShort(slot: usize, key: v128, length: u32, ids: usize, end: usize): bool {
  const count = <u32>((end - ids) >> 2)
  if (count > shortIds) return false
  for (let index: u32 = 0; index < count; index++) if (load<u32>(ids + (index << 2)) >= shortIdLimit) return false
  const second = slot ^ 32
  v128.store(second, v128.load(slot))
  v128.store(second, v128.load(slot, 16), 16)
  v128.store(slot, key)
  store<u32>(slot, length | (count << 8), 16)
  for (let index: u32 = 0; index < count; index++) {
    const id = load<u32>(ids + (index << 2))
    store<u16>(slot + 20 + 3 * index, id)
    store<u8>(slot + 22 + 3 * index, id >> 16)
  }
  return true
}

/** The slot of another word of up to 64 bytes. */
export function longSlot(word: usize, length: usize): usize {
  let hash: u64 = <u64>length * 0x9e3779b97f4a7c15
  let at: usize = 0
  for (; at + 8 <= length; at += 8) hash = (hash ^ load<u64>(word + at)) * 0xc2b2ae3d27d4eb4f + (hash >> 29)
  const left = (length - at) << 3
  if (left > 0) hash = (hash ^ (load<u64>(word + at) & (((<u64>1) << left) - 1))) * 0xc2b2ae3d27d4eb4f
  return longCache + ((<usize>((((hash ^ (hash >> 31)) * 0x9e3779b97f4a7c15) >> 40) & (longSlots - 1))) << 7)
}

/** As `takeShort`. */
export function takeLong(slot: usize, word: usize, length: usize, out: usize): usize {
  if (<usize>load<u8>(slot, 64) !== length || memory.compare(slot, word, length) !== 0) return 0
  const count = <usize>load<u8>(slot, 65)
  memory.copy(out, slot + 68, count << 2)
  return out + (count << 2)
}

export function keepLong(slot: usize, word: usize, length: usize, ids: usize, end: usize): void {
  const bytes = end - ids
  if (bytes > longIds << 2) return
  memory.copy(slot, word, length)
  store<u32>(slot, <u32>length | ((<u32>bytes >> 2) << 8), 64)
  memory.copy(slot + 68, ids, bytes)
}
