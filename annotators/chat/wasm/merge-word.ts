// Byte-pair encoding of one word: always the merge of the lowest rank, the leftmost of those, until none is left. Three ways, by length:
// a scan of all pairs for each merge; a heap; and, for what has no white space in it at all, windows that a heap encodes.
import { byteIds, bytePairs, none, reserve, wordIds, wordKeys, wordNext, wordPrevious } from "./memory.ts"
import { countStep, mergedBy, rankOf } from "./merges.ts"

/** Longest word that is scanned: a pair's place is one byte of its key. */
export const scannedBytes: usize = 256

/** Longest word that one heap encodes. */
export const windowBytes: usize = 8192

/** Writes the ids of a word of 2 to `scannedBytes` bytes; returns the end of them. */
export function mergeScanned(word: usize, length: u32, out: usize): usize {
  // Keys are rank << 8 | place: their minimum is the merge to do, and 4 of them are compared at once.
  const pairs = length - 1
  let left = <u32>load<u8>(word)
  store<u32>(wordIds, load<u32>(byteIds + (left << 2)))
  for (let place: u32 = 0; place < pairs; place++) {
    const right = <u32>load<u8>(word + place + 1)
    const rank = load<u32>(bytePairs + (((left << 8) | right) << 2))
    store<u32>(wordKeys + (place << 2), rank === none ? none : (rank << 8) | place)
    store<u32>(wordIds + ((place + 1) << 2), load<u32>(byteIds + (right << 2)))
    store<u32>(wordNext + (place << 2), place + 1)
    store<u32>(wordPrevious + ((place + 1) << 2), place)
    left = right
  }
  store<u32>(wordNext + (pairs << 2), length)
  v128.store(wordKeys + (pairs << 2), i32x4.splat(-1))
  while (true) {
    const key = leastKey(pairs)
    if (key === none) break
    const place = key & 0xff
    const id = mergedBy(key >> 8)
    const absorbed = load<u32>(wordNext + (place << 2))
    const after = load<u32>(wordNext + (absorbed << 2))
    store<u32>(wordIds + (place << 2), id)
    store<u32>(wordNext + (place << 2), after)
    store<u32>(wordKeys + (absorbed << 2), none)
    if (after < length) {
      store<u32>(wordPrevious + (after << 2), place)
      store<u32>(wordKeys + (place << 2), keyOf(id, load<u32>(wordIds + (after << 2)), place))
    } else store<u32>(wordKeys + (place << 2), none)
    if (place > 0) {
      const before = load<u32>(wordPrevious + (place << 2))
      store<u32>(wordKeys + (before << 2), keyOf(load<u32>(wordIds + (before << 2)), id, before))
    }
  }
  for (let place: u32 = 0; place < length; place = load<u32>(wordNext + (place << 2))) {
    store<u32>(out, load<u32>(wordIds + (place << 2)))
    out += 4
  }
  return out
}

function keyOf(left: u32, right: u32, place: u32): u32 {
  const rank = rankOf(left, right)
  return rank === none ? none : (rank << 8) | place
}

/** The least of the keys; up to three after the last are read, which are `none`. */
function leastKey(count: u32): u32 {
  let least = v128.load(wordKeys)
  for (let place: u32 = 4; place < count; place += 4) least = i32x4.min_u(least, v128.load(wordKeys + (place << 2)))
  least = i32x4.min_u(least, i32x4.shuffle(least, least, 2, 3, 0, 1))
  least = i32x4.min_u(least, i32x4.shuffle(least, least, 1, 0, 3, 2))
  return i32x4.extract_lane(least, 0)
}

// A heap of u64 rank << 32 | place. Entries of pairs that are no more stay until they come up.
let heap: usize = 0
let heapSize: u32 = 0

function push(rank: u32, place: u32): void {
  const entry = ((<u64>rank) << 32) | place
  let at = heapSize++
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = load<u64>(heap + ((<usize>parent) << 3))
    if (above <= entry) break
    store<u64>(heap + ((<usize>at) << 3), above)
    at = parent
    countStep()
  }
  store<u64>(heap + ((<usize>at) << 3), entry)
}

function pop(): u64 {
  const least = load<u64>(heap)
  const entry = load<u64>(heap + ((<usize>--heapSize) << 3))
  let at: u32 = 0
  while (true) {
    let child: u32 = 2 * at + 1
    if (child >= heapSize) break
    let below = load<u64>(heap + ((<usize>child) << 3))
    if (child + 1 < heapSize) {
      const right = load<u64>(heap + ((<usize>(child + 1)) << 3))
      if (right < below) {
        below = right
        child++
      }
    }
    if (below >= entry) break
    store<u64>(heap + ((<usize>at) << 3), below)
    at = child
    countStep()
  }
  store<u64>(heap + ((<usize>at) << 3), entry)
  return least
}

/** Bytes of scratch that `mergeHeap` takes for a word: per byte an id, two neighbours, and up to three entries of the heap. */
function scratchOf(length: usize): usize {
  return 36 * length + 64
}

/**
 * Writes the ids of a word of 2 bytes or more to `out`; returns the end of them. With `ends` other than 0 it also writes, for each id, the
 * place after its last byte.
 */
function mergeHeap(word: usize, length: u32, scratch: usize, out: usize, ends: usize): usize {
  reserve(scratch + scratchOf(length))
  const ids = scratch
  const nexts = ids + ((<usize>length) << 2)
  const previous = nexts + ((<usize>length) << 2)
  heap = (previous + ((<usize>length) << 2) + 7) & ~7
  heapSize = 0
  for (let place: u32 = 0; place < length; place++) {
    const byte = <u32>load<u8>(word + place)
    store<u32>(ids + ((<usize>place) << 2), load<u32>(byteIds + (byte << 2)))
    store<u32>(nexts + ((<usize>place) << 2), place + 1)
    store<u32>(previous + ((<usize>place) << 2), place - 1)
    if (place + 1 === length) break
    const rank = load<u32>(bytePairs + (((byte << 8) | load<u8>(word + place + 1)) << 2))
    countStep()
    if (rank !== none) push(rank, place)
  }
  while (heapSize > 0) {
    const entry = pop()
    const place = <u32>entry
    const rank = <u32>(entry >> 32)
    const id = load<u32>(ids + ((<usize>place) << 2))
    if (id === none) continue
    const absorbed = load<u32>(nexts + ((<usize>place) << 2))
    if (absorbed >= length || rankOf(id, load<u32>(ids + ((<usize>absorbed) << 2))) !== rank) continue
    const joined = mergedBy(rank)
    const after = load<u32>(nexts + ((<usize>absorbed) << 2))
    store<u32>(ids + ((<usize>place) << 2), joined)
    store<u32>(ids + ((<usize>absorbed) << 2), none)
    store<u32>(nexts + ((<usize>place) << 2), after)
    if (after < length) {
      store<u32>(previous + ((<usize>after) << 2), place)
      const following = rankOf(joined, load<u32>(ids + ((<usize>after) << 2)))
      if (following !== none) push(following, place)
    }
    if (place > 0) {
      const before = load<u32>(previous + ((<usize>place) << 2))
      const preceding = rankOf(load<u32>(ids + ((<usize>before) << 2)), joined)
      if (preceding !== none) push(preceding, before)
    }
  }
  for (let place: u32 = 0; place < length; ) {
    const after = load<u32>(nexts + ((<usize>place) << 2))
    store<u32>(out, load<u32>(ids + ((<usize>place) << 2)))
    out += 4
    if (ends !== 0) {
      store<u32>(ends, after)
      ends += 4
    }
    place = after
  }
  return out
}

/** Writes the ids of a word of more than `scannedBytes` and at most `windowBytes` bytes; returns the end of them. */
export function mergeLong(word: usize, length: u32, scratch: usize, out: usize): usize {
  return mergeHeap(word, length, scratch, out, 0)
}

// A word that is longer than a window. Tokens that follow each other are the encoding of their bytes exactly when each two neighbours are
// the encoding of theirs: the merge that would cross a boundary first would do so between the two alone. So the start of one window's
// tokens can be put before the next window's tokens, where that one starts between two tokens and its first is again the second of the
// two. Costs time in proportion to the word's length, and memory to the window's.
let rest: usize = 0
let wordStop: usize = 0
let window: usize = 0
let overlap: usize = 0
// The tokens of the window at `rest`, where each of them ends, and how many of them are known to be the word's and written.
let heldIds: usize = 0
let heldEnds: usize = 0
let held: u32 = 0
let sure: u32 = 0
let written: u32 = 0
// The next window, behind it in memory.
let nextIds: usize = 0
let nextEnds: usize = 0
let nextHeld: u32 = 0

/** A window's last tokens that may change by what follows them: a few tokens at first. */
const firstOverlap: usize = 512

/** Starts a word of more than `windowBytes`; `mergeWindow` writes its ids. */
export function startWindows(word: usize, end: usize): void {
  rest = word
  wordStop = end
  window = windowBytes
  overlap = firstOverlap
  held = 0
}

/** True while `mergeWindow` has not written all ids. */
export function hasWindows(): bool {
  return rest < wordStop
}

/** Writes some further ids of the word, up to `limit`; returns the end of them. Scratch must be the same for all calls of a word, and stay. */
export function mergeWindow(scratch: usize, out: usize, limit: usize): usize {
  if (held === 0) holdWindow(scratch)
  if (sure === 0) return out
  const room = <u32>((limit - out) >> 2)
  const count = min(sure - written, room)
  memory.copy(out, heldIds + ((<usize>written) << 2), (<usize>count) << 2)
  written += count
  if (written === sure) goOn()
  return out + ((<usize>count) << 2)
}

/** Encodes the window at `rest`, finds out which of its tokens are the word's, and enlarges the window where none are. */
function holdWindow(scratch: usize): void {
  heldIds = scratch
  const left = wordStop - rest
  const length = left < window ? left : window
  held = encodeWindow(rest, length, heldIds)
  heldEnds = heldIds + (length << 2)
  nextIds = heldEnds + (length << 2)
  confirm(length)
}

/** Goes on with the next window. */
function goOn(): void {
  rest += <usize>load<u32>(heldEnds + ((<usize>(sure - 1)) << 2))
  if (rest === wordStop) return
  const left = wordStop - rest
  const length = left < windowBytes ? left : windowBytes
  window = windowBytes
  overlap = firstOverlap
  memory.copy(heldIds, nextIds, length << 2)
  heldEnds = heldIds + (length << 2)
  memory.copy(heldEnds, nextEnds, length << 2)
  nextIds = heldEnds + (length << 2)
  held = nextHeld
  confirm(length)
}

/** Sets `sure`; with it 0, `held` is 0 as well and the window larger. */
function confirm(length: usize): void {
  written = 0
  sure = held
  if (rest + length === wordStop) return
  for (; overlap < length; overlap *= 2) {
    while (sure > 0 && <usize>load<u32>(heldEnds + ((<usize>(sure - 1)) << 2)) + overlap > length) sure--
    if (sure === 0) break
    const from = rest + <usize>load<u32>(heldEnds + ((<usize>(sure - 1)) << 2))
    const left = wordStop - from
    const nextLength = left < windowBytes ? left : windowBytes
    nextHeld = encodeWindow(from, nextLength, nextIds)
    nextEnds = nextIds + (nextLength << 2)
    if (load<u32>(nextIds) === load<u32>(heldIds + ((<usize>sure) << 2))) return
  }
  sure = 0
  held = 0
  window *= 2
  overlap = firstOverlap
}

/** Writes the ids of bytes to `ids` and behind them, `length` u32 further on, where each ends; returns how many there are. */
function encodeWindow(from: usize, length: usize, ids: usize): u32 {
  const ends = ids + (length << 2)
  if (length === 1) {
    reserve(ends + 4)
    store<u32>(ids, load<u32>(byteIds + ((<usize>load<u8>(from)) << 2)))
    store<u32>(ends, 1)
    return 1
  }
  const behind = ends + (length << 2)
  reserve(behind)
  return <u32>((mergeHeap(from, <u32>length, behind, ids, ends) - ids) >> 2)
}
