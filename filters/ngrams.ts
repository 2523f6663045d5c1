// Words and word n-grams as numbers: no string is made per word, and all work is linear in the text.
// A word is a run of letters, digits and marks, in lower case; each character of a script that is written without spaces
// (Han, kana, Thai, Lao, Khmer, Myanmar), and each character beyond the basic plane, is a word of its own. Punctuation and
// signs only separate.

/** The words of a text, in order. */
export interface Words {
  readonly count: number
  /** 32-bit hash of each word. */
  readonly hashes: Uint32Array
  /** Where each word begins and ends in the text, in UTF-16 units. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Words that are one character of a script without spaces. */
  readonly unspaced: number
}

const separator = 0
const inWord = 1
const ownWord = 2

let classes: Uint8Array | null = null
let lowerCase: Uint16Array | null = null

/** Class and lower case of each UTF-16 unit, built at the first use. */
function tables(): { classes: Uint8Array; lowerCase: Uint16Array } {
  if (classes && lowerCase) return { classes, lowerCase }
  classes = new Uint8Array(0x10000)
  lowerCase = new Uint16Array(0x10000)
  const unspacedScript =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
  for (let unit = 0; unit < 0x10000; unit++) {
    const character = String.fromCharCode(unit)
    const lower = character.toLowerCase()
    lowerCase[unit] = lower.length === 1 ? lower.charCodeAt(0) : unit
    if (unit >= 0xd800 && unit <= 0xdfff) classes[unit] = ownWord
    else if (/[\p{L}\p{N}\p{M}]/u.test(character)) classes[unit] = unspacedScript.test(character) ? ownWord : inWord
  }
  return { classes, lowerCase }
}

/** Splits a text into words. */
export function splitWords(text: string): Words {
  const { classes, lowerCase } = tables()
  let [hashes, starts, ends] = [new Uint32Array(1024), new Int32Array(1024), new Int32Array(1024)]
  let count = 0
  let unspaced = 0
  for (let at = 0; at < text.length; ) {
    const unit = text.charCodeAt(at)
    const kind = classes[unit]
    if (kind === separator) {
      at++
      continue
    }
    if (count === hashes.length) {
      hashes = grown(hashes, new Uint32Array(count * 2))
      starts = grown(starts, new Int32Array(count * 2))
      ends = grown(ends, new Int32Array(count * 2))
    }
    const start = at++
    let hash = fnvStep(0x811c9dc5, lowerCase[unit]!)
    if (kind === ownWord) {
      unspaced++
      const low = text.charCodeAt(at)
      if (unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
        hash = fnvStep(hash, low)
        at++
      }
    } else
      for (let next = text.charCodeAt(at); classes[next] === inWord && at < text.length; next = text.charCodeAt(++at))
        hash = fnvStep(hash, lowerCase[next]!)
    hashes[count] = hash
    starts[count] = start
    ends[count++] = at
  }
  return { count, hashes, starts, ends, unspaced }
}

const fnvStep = (hash: number, unit: number) => Math.imul(hash ^ unit, 0x01000193)

function grown<T extends Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** A Chinese word has one or two characters: an n-gram of characters is made longer to hold about as much as one of words. */
const charactersPerWord = 1.5

/** Length of an n-gram in words of this text: `ngram`, or half as many again where most words are single characters. */
export const ngramLength = (words: Words, ngram: number): number =>
  words.unspaced * 2 > words.count ? Math.ceil(ngram * charactersPerWord) : ngram

const base = 0x01000195

/** Rolling polynomial hash (mod 2^32) of the n-gram that begins at each word; empty when there are fewer than n words. */
export function hashNgrams({ count, hashes }: Words, n: number): Uint32Array {
  const out = new Uint32Array(Math.max(0, count - n + 1))
  let leading = 1
  for (let i = 1; i < n; i++) leading = Math.imul(leading, base)
  let hash = 0
  for (let at = 0; at < count; at++) {
    if (at >= n) hash = (hash - Math.imul(hashes[at - n]!, leading)) | 0
    hash = (Math.imul(hash, base) + hashes[at]!) | 0
    if (at >= n - 1) out[at - n + 1] = hash
  }
  return out
}

/** Most slots that one look-up visits, so that no text can make it slow. */
const maxProbes = 64

/**
 * A set of n-grams of one length with the place where each was first added. A find compares all n word hashes, so that two
 * different n-grams meet only when n 32-bit hashes do.
 */
export class NgramSet {
  readonly n: number
  readonly #slots: Int32Array
  readonly #words: Uint32Array

  /** `words` are the hashes of all texts that will be added, one after another; `capacity` the n-grams among them. */
  constructor(n: number, words: Uint32Array, capacity: number) {
    this.n = n
    this.#words = words
    this.#slots = new Int32Array(1 << Math.ceil(Math.log2(Math.max(16, capacity * 2))))
  }

  /** Adds the n-gram at `at` of the set's own words. Returns where an equal one was added before, else -1. */
  add(hash: number, at: number): number {
    return this.#look(hash, this.#words, at, true)
  }

  /** Where an n-gram equal to the one at `at` of `words` was added first, else -1. */
  find(hash: number, words: Uint32Array, at: number): number {
    return this.#look(hash, words, at, false)
  }

  #look(hash: number, words: Uint32Array, at: number, insert: boolean): number {
    const mask = this.#slots.length - 1
    let slot = mixed(hash) & mask
    for (let probe = 0; probe < maxProbes; probe++) {
      const found = this.#slots[slot]! - 1
      if (found < 0) {
        if (insert) this.#slots[slot] = at + 1
        return -1
      }
      if (this.#equal(found, words, at)) return found
      slot = (slot + 1) & mask
    }
    return -1
  }

  #equal(found: number, words: Uint32Array, at: number): boolean {
    for (let i = 0; i < this.n; i++) if (this.#words[found + i] !== words[at + i]) return false
    return true
  }
}

/** The latest place of each n-gram of one text, by its words as `NgramSet` does. */
export class LatestNgrams {
  readonly #n: number
  readonly #words: Uint32Array
  readonly #slots: Int32Array

  constructor(n: number, words: Uint32Array, capacity: number) {
    this.#n = n
    this.#words = words
    this.#slots = new Int32Array(1 << Math.ceil(Math.log2(Math.max(16, capacity * 2))))
  }

  /** Puts the n-gram at `at` in the place of the last equal one. Returns where that stood, else -1. */
  replace(hash: number, at: number): number {
    const mask = this.#slots.length - 1
    let slot = mixed(hash) & mask
    for (let probe = 0; probe < maxProbes; probe++) {
      const found = this.#slots[slot]! - 1
      if (found < 0 || this.#equal(found, at)) {
        this.#slots[slot] = at + 1
        return found
      }
      slot = (slot + 1) & mask
    }
    return -1
  }

  #equal(found: number, at: number): boolean {
    for (let i = 0; i < this.#n; i++) if (this.#words[found + i] !== this.#words[at + i]) return false
    return true
  }
}

// The finaliser of MurmurHash3: a polynomial hash is poor in its low bits.
function mixed(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
