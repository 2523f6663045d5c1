// NFC (Unicode Standard Annex 15): decompose, order marks by their class, compose. Works on one starter and its marks at a time.
import { codePointAt, decomposes, next, putCodePoint } from "./code-points.ts"
import { combiningClasses, kinds, none, reserve } from "./memory.ts"

// u32 pairs (code point, address of its parts: count, code points) in an open table.
let decompositions: usize = 0
let decompositionMask: u32 = 0
// u32 triples (first, second, composite).
let compositions: usize = 0
let compositionMask: u32 = 0

/** Takes two zeroed tables; sizes are powers of two, in entries of 8 and 12 bytes. */
export function setNormalizationTables(
  decomposed: usize,
  decomposedSize: u32,
  composed: usize,
  composedSize: u32,
): void {
  decompositions = decomposed
  decompositionMask = decomposedSize - 1
  compositions = composed
  compositionMask = composedSize - 1
}

/** Adds a full decomposition: at `parts` a count, then the code points. */
export function addDecomposition(codePoint: u32, parts: usize): void {
  let slot = (codePoint * 0x9e3779b1) >> 7
  while (load<u32>(decompositions + ((slot & decompositionMask) << 3)) !== 0) slot++
  store<u32>(decompositions + ((slot & decompositionMask) << 3), codePoint)
  store<u32>(decompositions + ((slot & decompositionMask) << 3), parts, 4)
}

function partsOf(codePoint: u32): usize {
  let slot = (codePoint * 0x9e3779b1) >> 7
  while (load<u32>(decompositions + ((slot & decompositionMask) << 3)) !== codePoint) slot++
  return load<u32>(decompositions + ((slot & decompositionMask) << 3), 4)
}

function pairSlot(first: u32, second: u32): u32 {
  return ((first * 0x9e3779b1) ^ (second * 0x85ebca6b)) >> 7
}

/** Adds a primary composite. */
export function addComposition(first: u32, second: u32, composite: u32): void {
  let slot = pairSlot(first, second)
  while (load<u32>(compositions + (slot & compositionMask) * 12) !== 0) slot++
  const at = compositions + (slot & compositionMask) * 12
  store<u32>(at, first)
  store<u32>(at, second, 4)
  store<u32>(at, composite, 8)
}

/** The composite of two code points, or `none`. */
function composite(first: u32, second: u32): u32 {
  // Hangul: leading consonant and vowel, then a syllable without a final consonant and that.
  const vowel = second - 0x1161
  if (first - 0x1100 < 19 && vowel < 21) return 0xac00 + ((first - 0x1100) * 21 + vowel) * 28
  const final = second - 0x11a7
  if (final - 1 < 27 && first - 0xac00 < 11172 && (first - 0xac00) % 28 === 0) return first + final
  let slot = pairSlot(first, second)
  while (true) {
    const at = compositions + (slot & compositionMask) * 12
    const found = load<u32>(at)
    if (found === 0) return none
    if (found === first && load<u32>(at, 4) === second) return load<u32>(at, 8)
    slot++
  }
}

let out: usize = 0
let starter: u32 = none
// Marks after the starter, in order of the text: u32 class << 24 | code point. The list reaches as far as memory does.
let marks: usize = 0
let markCount: u32 = 0

/**
 * Writes the NFC of the text to `to`, at most three times as long as it is, and uses what lies behind it. Returns the end of what it
 * wrote.
 */
export function normalize(from: usize, end: usize, to: usize): usize {
  out = to
  starter = none
  marks = (to + 3 * (end - from) + 15) & ~15
  markCount = 0
  reserve(marks)
  for (let at = from; at < end; ) {
    const codePoint = codePointAt(at)
    at = next
    if (load<u8>(kinds + codePoint) & decomposes) {
      const parts = partsOf(codePoint)
      const count = load<u32>(parts)
      for (let part: u32 = 1; part <= count; part++) add(load<u32>(parts + (part << 2)))
    } else add(codePoint)
  }
  finish()
  return out
}

function add(codePoint: u32): void {
  const combiningClass = <u32>load<u8>(combiningClasses + codePoint)
  if (combiningClass !== 0) {
    const at = marks + (markCount << 2)
    reserve(at + 4)
    store<u32>(at, (combiningClass << 24) | codePoint)
    markCount++
    return
  }
  if (starter !== none) {
    if (markCount > 0) composeMarks()
    if (markCount === 0) {
      const joined = composite(starter, codePoint)
      if (joined !== none) {
        starter = joined
        return
      }
    }
  }
  finish()
  starter = codePoint
}

/** Orders the marks, and takes into the starter those that compose with it; the others stay. */
function composeMarks(): void {
  if (markCount > 1) orderMarks()
  if (starter === none) return
  let kept: u32 = 0
  let last: u32 = 0
  for (let index: u32 = 0; index < markCount; index++) {
    const mark = load<u32>(marks + (index << 2))
    const combiningClass = mark >> 24
    // A mark is blocked by one of its own class that stayed before it.
    const joined = combiningClass === last ? none : composite(starter, mark & 0xffffff)
    if (joined !== none) starter = joined
    else {
      store<u32>(marks + (kept << 2), mark)
      kept++
      last = combiningClass
    }
  }
  markCount = kept
}

/** Sorts the marks by class and leaves those of one class in their order: by insertion a few, by counting the many of hostile text. */
function orderMarks(): void {
  if (markCount <= 16) {
    for (let index: u32 = 1; index < markCount; index++) {
      const mark = load<u32>(marks + (index << 2))
      let at = index
      for (; at > 0; at--) {
        const before = load<u32>(marks + ((at - 1) << 2))
        if (before >> 24 <= mark >> 24) break
        store<u32>(marks + (at << 2), before)
      }
      store<u32>(marks + (at << 2), mark)
    }
    return
  }
  const counts = marks + (markCount << 2)
  const sorted = counts + 0x400
  reserve(sorted + (markCount << 2))
  memory.fill(counts, 0, 0x400)
  for (let index: u32 = 0; index < markCount; index++) {
    const count = counts + ((load<u32>(marks + (index << 2)) >> 24) << 2)
    store<u32>(count, load<u32>(count) + 1)
  }
  let before: u32 = 0
  for (let combiningClass: u32 = 0; combiningClass < 256; combiningClass++) {
    const count = load<u32>(counts + (combiningClass << 2))
    store<u32>(counts + (combiningClass << 2), before)
    before += count
  }
  for (let index: u32 = 0; index < markCount; index++) {
    const mark = load<u32>(marks + (index << 2))
    const place = counts + ((mark >> 24) << 2)
    const at = load<u32>(place)
    store<u32>(place, at + 1)
    store<u32>(sorted + (at << 2), mark)
  }
  memory.copy(marks, sorted, markCount << 2)
}

/** Writes the starter and its marks. */
function finish(): void {
  if (markCount > 0) composeMarks()
  if (starter !== none) out = putCodePoint(out, starter)
  for (let index: u32 = 0; index < markCount; index++)
    out = putCodePoint(out, load<u32>(marks + (index << 2)) & 0xffffff)
  starter = none
  markCount = 0
}
