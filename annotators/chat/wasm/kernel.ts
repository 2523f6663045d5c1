// Byte-level BPE over UTF-8 columns: what the host calls.
//   Once: fill the tables whose addresses are asked for, `setMerges`, the tables of NFC, `start`.
//   For each batch of rows: `begin`, write the rows' bytes one after the other to `text()` and where each ends to `rowEnds()`, then `run`
//   until it says `done`; after each time take `count()` ids from `ids()`.
import { allocate, buffers, byteIds, combiningClasses, kinds, masks, reserve } from "./memory.ts"
import {
  hasWindows,
  mergeLong,
  mergeScanned,
  mergeWindow,
  scannedBytes,
  startWindows,
  windowBytes,
} from "./merge-word.ts"
import { setMerges, steps } from "./merges.ts"
import { addComposition, addDecomposition, normalize, setNormalizationTables } from "./normalize.ts"
import { faultAt, notComposed, notUtf8, survey } from "./survey.ts"
import {
  keepLong,
  keepShort,
  longBytes,
  longSlot,
  shortBytes,
  shortKey,
  shortSlot,
  takeLong,
  takeShort,
} from "./word-cache.ts"
import { asciiLetters, lettersEnd, wordEnd } from "./words.ts"

export { addComposition, addDecomposition, allocate, setMerges, setNormalizationTables, steps }

/** What `run` says: all rows are encoded; the ids are to be taken before it goes on; a row is not UTF-8. */
const done: i32 = 0
const full: i32 = 1
const invalid: i32 = 2

/** Ids that are held before they are taken. */
const idRoom: usize = 1 << 18
/** Ids that one word of up to a window may add. */
const idsOfWord: usize = windowBytes

let textAt: usize = 0
let rowsAt: usize = 0
let countsAt: usize = 0
let idsAt: usize = 0
let idsTo: usize = 0
let idsEnd: usize = 0
let scratch: usize = 0
let rows: u32 = 0
let row: u32 = 0
// The rest of the row that is worked on: in the text, or in its NFC.
let at: usize = 0
let end: usize = 0
let inRow: bool = false
let inWord: bool = false

export function kindsTable(): usize {
  return kinds
}
export function combiningClassesTable(): usize {
  return combiningClasses
}
export function byteIdsTable(): usize {
  return byteIds
}
export function text(): usize {
  return textAt
}
export function rowEnds(): usize {
  return rowsAt
}
/** After `run`: ids since the last call. */
export function count(): u32 {
  return <u32>((idsTo - idsAt) >> 2)
}
export function ids(): usize {
  return idsAt
}
/** u32 for each row that is done: ids of the batch up to its end. */
export function rowCounts(): usize {
  return countsAt
}
/** The row and the byte in it that are not UTF-8. */
export function faultRow(): u32 {
  return row
}
export function faultByte(): u32 {
  return <u32>(faultAt - startOf(row))
}

/** To be called when all tables are there. */
export function start(): void {
  for (let length: usize = 0; length <= 16; length++) memory.fill(masks + (length << 4), 0xff, length)
}

let total: u32 = 0

/** Makes room for a batch. `bytes` are those of all rows together. */
export function begin(bytes: usize, rowCount: u32): void {
  textAt = buffers()
  rowsAt = (textAt + bytes + 64 + 15) & ~15
  countsAt = rowsAt + ((<usize>rowCount) << 2)
  idsAt = (countsAt + ((<usize>rowCount) << 2) + 15) & ~15
  idsEnd = idsAt + (idRoom << 2)
  scratch = idsEnd + 64
  idsTo = idsAt
  rows = rowCount
  row = 0
  total = 0
  inRow = false
  inWord = false
  reserve(scratch)
  // What is read behind the text is no part of it, and the same every time.
  memory.fill(textAt + bytes, 0, 64)
}

function startOf(index: u32): usize {
  return textAt + (index === 0 ? 0 : load<u32>(rowsAt + ((index - 1) << 2)))
}

/** Encodes rows until it is done or the ids are to be taken. */
export function run(): i32 {
  idsTo = idsAt
  for (; row < rows; row++) {
    if (!inRow) {
      at = startOf(row)
      end = textAt + load<u32>(rowsAt + (row << 2))
      const found = survey(at, end)
      if (found === notUtf8) return invalid
      if (found === notComposed) {
        const to = normalize(at, end, scratch)
        reserve(to + 64)
        memory.fill(to, 0, 64)
        at = scratch
        end = to
      }
      inRow = true
    }
    if (!encodeRow()) {
      total += count()
      return full
    }
    inRow = false
    store<u32>(countsAt + (row << 2), total + count())
  }
  total += count()
  return done
}

/** Encodes words from `at` on; false when the ids are to be taken first. */
function encodeRow(): bool {
  const last = end
  const limit = idsEnd - (idsOfWord << 2)
  if (inWord && !encodeWindows()) return false
  let word = at
  let out = idsTo
  while (word < last) {
    if (out > limit) {
      at = word
      idsTo = out
      return false
    }
    const stop = nextEnd(word, last)
    const length = stop - word
    if (length === 1) {
      store<u32>(out, load<u32>(byteIds + ((<u32>load<u8>(word)) << 2)))
      out += 4
    } else if (length <= shortBytes) {
      const key = shortKey(word, length)
      const slot = shortSlot(key)
      const known = takeShort(slot, key, <u32>length, out)
      out = known !== 0 ? known : learnShort(word, <u32>length, slot, key, out)
    } else if (length <= windowBytes) out = encodeLonger(word, <u32>length, out)
    else {
      startWindows(word, stop)
      inWord = true
      at = stop
      idsTo = out
      if (!encodeWindows()) return false
      out = idsTo
    }
    word = stop
  }
  at = word
  idsTo = out
  return true
}

/** The end of a word; words of ASCII letters, with one character before them, are what most text consists of. */
function nextEnd(word: usize, last: usize): usize {
  const first = <u32>load<u8>(word)
  // A letter, or a blank: anything else takes the long way.
  const skip: usize = first === 0x20 ? 1 : 0
  const run = <usize>asciiLetters(v128.load(word + skip))
  const stop = word + skip + run
  if (run === 0 || run === 16 || load<i8>(stop) < 0 || stop > last) return otherEnd(word, last, skip + run, run)
  return stop
}

function otherEnd(word: usize, last: usize, past: usize, run: usize): usize {
  if (run === 0) return wordEnd(word, last)
  return word + past >= last ? last : lettersEnd(word + past, last)
}

function learnShort(word: usize, length: u32, slot: usize, key: v128, out: usize): usize {
  const longer = longSlot(word, length)
  const known = takeLong(longer, word, length, out)
  if (known !== 0) return known
  const to = mergeScanned(word, length, out)
  if (!keepShort(slot, key, length, out, to)) keepLong(longer, word, length, out, to)
  return to
}

function encodeLonger(word: usize, length: u32, out: usize): usize {
  if (length > <u32>longBytes)
    return length <= <u32>scannedBytes ? mergeScanned(word, length, out) : mergeLong(word, length, wordScratch(), out)
  const slot = longSlot(word, length)
  const known = takeLong(slot, word, length, out)
  if (known !== 0) return known
  const to = mergeScanned(word, length, out)
  keepLong(slot, word, length, out, to)
  return to
}

/** Free memory: behind the row's NFC where it has one. */
function wordScratch(): usize {
  return end > scratch ? (end + 64 + 15) & ~15 : scratch
}

/** Goes on with a word that is longer than a window; false when the ids are to be taken first. Then `at` is the word's end already. */
function encodeWindows(): bool {
  while (hasWindows()) {
    if (idsTo > idsEnd - (idsOfWord << 2)) return false
    idsTo = mergeWindow(wordScratch(), idsTo, idsEnd)
  }
  inWord = false
  return true
}
