import { byteOfCharacter } from "./byte-alphabet.ts"
import { type Span, StringReader, skipByte, skipSpace, unexpected } from "./json-spans.ts"

/** A fault of the vocabulary or the merges: where in the file, expected and got. */
export class VocabularyFault extends Error {
  readonly where: string
  readonly expected: string
  readonly got: string

  constructor(where: string, expected: string, got: string) {
    super(`${where}: expected ${expected}, got ${got}`)
    this.name = "VocabularyFault"
    this.where = where
    this.expected = expected
    this.got = got
  }
}

/** The tokens of a byte-level BPE model, by their spelling in the file and by id. */
export class Vocabulary {
  readonly size: number
  /** Spellings in UTF-8, one after the other in the order of the file; `#starts` has one more than there are tokens. */
  readonly #spellings: Uint8Array
  readonly #starts: Int32Array
  readonly #ids: Int32Array
  /** Index of the file's order + 1 at the place that a spelling's hash says, or at the next that was free. */
  readonly #table: Int32Array
  readonly #mask: number
  /** Index of the file's order by id. */
  readonly #places: Int32Array

  /** Throws a VocabularyFault where a token stands twice, or the ids are not 0 to size - 1. */
  constructor(spellings: Uint8Array, starts: Int32Array, ids: Int32Array) {
    this.#spellings = spellings
    this.#starts = starts
    this.#ids = ids
    this.size = ids.length
    this.#mask = (1 << Math.max(4, Math.ceil(Math.log2(2 * this.size + 1)))) - 1
    this.#table = new Int32Array(this.#mask + 1)
    this.#places = new Int32Array(this.size).fill(-1)
    for (let place = 0; place < this.size; place++) {
      const id = ids[place]!
      if (id >= this.size || this.#places[id] !== -1)
        throw new VocabularyFault(
          "model.vocab",
          `each of the ids 0 to ${this.size - 1} once`,
          `id ${id} of ${this.#quoted(place)}`,
        )
      this.#places[id] = place
      const slot = this.#slotOf(spellings, starts[place]!, starts[place + 1]!)
      if (this.#table[slot] !== 0)
        throw new VocabularyFault("model.vocab", "each token once", `${this.#quoted(place)} twice`)
      this.#table[slot] = place + 1
    }
  }

  /** The id of the token whose spelling is those bytes; -1 where there is none. */
  idOf(bytes: Uint8Array, from: number, to: number): number {
    const place = this.#table[this.#slotOf(bytes, from, to)]!
    return place === 0 ? -1 : this.#ids[place - 1]!
  }

  /** Writes what tokens stand for, by id. */
  putTokens(put: (spellings: Uint8Array, from: number, to: number) => void): void {
    for (const place of this.#places) put(this.#spellings, this.#starts[place]!, this.#starts[place + 1]!)
  }

  #slotOf(bytes: Uint8Array, from: number, to: number): number {
    let hash = to - from
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    let slot = (hash ^ (hash >>> 13)) & this.#mask
    for (;;) {
      const place = this.#table[slot]!
      if (place === 0 || this.#equals(place - 1, bytes, from, to)) return slot
      slot = (slot + 1) & this.#mask
    }
  }

  #equals(place: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#starts[place]!
    if (this.#starts[place + 1]! - start !== to - from) return false
    for (let at = 0; at < to - from; at++) if (this.#spellings[start + at] !== bytes[from + at]) return false
    return true
  }

  #quoted(place: number): string {
    return JSON.stringify(
      new TextDecoder().decode(this.#spellings.subarray(this.#starts[place]!, this.#starts[place + 1]!)),
    )
  }
}

/** Reads `model.vocab`, an object of token to id. Throws a SyntaxError for what is no JSON, else a VocabularyFault. */
export function readVocabulary(json: Uint8Array, { from, to }: Span): Vocabulary {
  // A member takes five bytes at least: `"":0,`.
  const most = Math.ceil((to - from) / 5) + 1
  const starts = new Int32Array(most + 1)
  const ids = new Int32Array(most)
  const reader = new StringReader(json)
  let size = 0
  let length = 0
  let at = skipByte(json, from, 0x7b)
  if (json[at] !== 0x7d)
    for (;;) {
      const start = length
      at = skipByte(json, reader.read(at, length), 0x3a)
      length = reader.length
      let id = 0
      const digits = at
      for (; at < to; at++) {
        const digit = json[at]! - 0x30
        if (digit < 0 || digit > 9) break
        id = id * 10 + digit
      }
      if (at === digits || at - digits > 9)
        throw new VocabularyFault(
          `model.vocab, token ${JSON.stringify(new TextDecoder().decode(reader.bytes.subarray(start, length)))}`,
          "a whole number of at most nine digits",
          JSON.stringify(new TextDecoder().decode(json.subarray(digits, Math.min(digits + 20, to)))),
        )
      ids[size++] = id
      starts[size] = length
      at = skipSpace(json, at)
      if (json[at] === 0x7d) break
      at = skipByte(json, at, 0x2c)
    }
  return new Vocabulary(reader.bytes.slice(0, length), starts.slice(0, size + 1), ids.slice(0, size))
}

/**
 * Reads `model.merges` in order of rank, in either spelling: "a b" or ["a", "b"]. Returns left, right and merged id of each, one after
 * the other. Throws a SyntaxError for what is no JSON, else a VocabularyFault.
 */
export function readMerges(json: Uint8Array, { from, to }: Span, vocabulary: Vocabulary): Int32Array {
  // A merge takes six bytes at least: `"a b",`.
  const triples = new Int32Array(3 * (Math.ceil((to - from) / 6) + 1))
  const reader = new StringReader(json)
  let size = 0
  let index = 0
  const fault = (expected: string, got: string) => new VocabularyFault(`model.merges[${index}]`, expected, got)
  const idOf = (start: number, end: number): number => {
    const id = vocabulary.idOf(reader.bytes, start, end)
    if (id >= 0) return id
    throw fault("tokens of the vocabulary", JSON.stringify(new TextDecoder().decode(reader.bytes.subarray(start, end))))
  }
  let at = skipByte(json, from, 0x5b)
  if (json[at] !== 0x5d)
    for (; ; index++) {
      let left = 0
      let comment = false
      if (json[at] === 0x5b) {
        at = reader.read(skipByte(json, at, 0x5b))
        left = reader.length
        at = skipByte(json, reader.read(skipByte(json, at, 0x2c), left), 0x5d)
      } else {
        at = reader.read(at)
        const { bytes, length } = reader
        comment = startsWith(bytes, length, "#version")
        if (!comment) {
          // By hand: calls of the library for each of so many short texts cost more than all else here.
          left = 0
          while (left < length && bytes[left] !== 0x20) left++
          let second = left + 1
          while (second < length && bytes[second] !== 0x20) second++
          if (left >= length || second < length)
            throw fault(
              "two tokens with one space between",
              JSON.stringify(new TextDecoder().decode(bytes.subarray(0, length))),
            )
          for (let to = left + 1; to < length; to++) bytes[to - 1] = bytes[to]!
          reader.length = length - 1
        }
        at = skipSpace(json, at)
      }
      if (!comment) {
        triples[size++] = idOf(0, left)
        triples[size++] = idOf(left, reader.length)
        triples[size++] = idOf(0, reader.length)
      }
      if (json[at] === 0x5d) break
      at = skipByte(json, at, 0x2c)
      if (at >= to) unexpected(json, at, "a merge")
    }
  return triples.slice(0, size)
}

const startsWith = (bytes: Uint8Array, length: number, start: string): boolean =>
  length >= start.length &&
  bytes[0] === start.charCodeAt(0) &&
  [...start].every((character, at) => bytes[at] === character.charCodeAt(0))

/** The bytes of all tokens one after the other, by id; `starts` has one more than there are tokens. */
export interface TokenBytes {
  bytes: Uint8Array
  starts: Int32Array
}

/** The bytes that tokens stand for: of their characters by the byte alphabet, and of one that has others the UTF-8. */
export function tokenBytes(vocabulary: Vocabulary): TokenBytes {
  const starts = new Int32Array(vocabulary.size + 1)
  let bytes = new Uint8Array(1 << 16)
  let length = 0
  let id = 0
  vocabulary.putTokens((spellings, from, to) => {
    if (length + to - from > bytes.length) {
      const larger = new Uint8Array(2 * (length + to - from))
      larger.set(bytes)
      bytes = larger
    }
    length = putToken(spellings, from, to, bytes, length)
    starts[++id] = length
  })
  return { bytes: bytes.slice(0, length), starts }
}

/** The bytes that a token of this spelling stands for. */
export function spelledBytes(spelling: string): Uint8Array {
  const utf8 = new TextEncoder().encode(spelling)
  const bytes = new Uint8Array(utf8.length)
  return bytes.subarray(0, putToken(utf8, 0, utf8.length, bytes, 0))
}

function putToken(spellings: Uint8Array, from: number, to: number, bytes: Uint8Array, start: number): number {
  let length = start
  for (let at = from; at < to; at++) {
    const first = spellings[at]!
    // The alphabet ends below U+0144: one byte of UTF-8, or two that start with C2 to C5.
    const character =
      first < 0x80 ? first : first >= 0xc2 && first <= 0xc5 ? ((first & 31) << 6) | (spellings[++at]! & 63) : -1
    const byte = byteOfCharacter[character] ?? -1
    if (byte < 0) {
      bytes.set(spellings.subarray(from, to), start)
      return start + to - from
    }
    bytes[length++] = byte
  }
  return length
}
