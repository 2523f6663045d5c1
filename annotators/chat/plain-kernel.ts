import { type IdColumn, joinedIds, type Kernel, type TextColumn } from "./kernel.ts"
import { nfc } from "./nfc.ts"
import type { TokenizerFile } from "./tokenizer-file.ts"
import { wordsOf } from "./word-cut.ts"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Words whose tokens are remembered. */
const cachedWords = 100_000
const longestCachedWord = 64

interface Merge {
  rank: number
  merged: number
}

/**
 * Byte-level BPE as it is defined, on JavaScript strings: NFC, words by the regular expression, then in each word always the merge of the
 * lowest rank, the leftmost of those. What the WebAssembly kernel is held against; the time for a word grows with the square of its
 * length.
 */
export class PlainKernel implements Kernel {
  readonly #byteIds: Int32Array
  readonly #merges = new Map<number, Merge>()
  readonly #cache = new Map<string, readonly number[]>()

  constructor({ byteIds, merges }: Pick<TokenizerFile, "byteIds" | "merges">) {
    this.#byteIds = byteIds
    for (let at = 0; at < merges.length; at += 3)
      this.#merges.set(pairKey(merges[at]!, merges[at + 1]!), { rank: at / 3, merged: merges[at + 2]! })
  }

  encode(text: string): Int32Array {
    const ids: number[] = []
    for (const word of wordsOf(nfc(text.toWellFormed()))) for (const id of this.#tokensOf(word)) ids.push(id)
    return Int32Array.from(ids)
  }

  encodeColumn({ bytes, offsets }: TextColumn): IdColumn {
    const rows = Array.from({ length: offsets.length - 1 }, (_, row) =>
      this.encode(utf8.decode(bytes.subarray(offsets[row]!, offsets[row + 1]!))),
    )
    const ends = new Int32Array(offsets.length)
    for (const [row, { length }] of rows.entries()) ends[row + 1] = ends[row]! + length
    return { ids: joinedIds(rows), offsets: ends }
  }

  #tokensOf(word: string): readonly number[] {
    const known = this.#cache.get(word)
    if (known) return known
    const ids = this.#merge(Array.from(new TextEncoder().encode(word), (byte) => this.#byteIds[byte]!))
    if (word.length <= longestCachedWord) {
      if (this.#cache.size >= cachedWords) this.#cache.clear()
      this.#cache.set(word, ids)
    }
    return ids
  }

  #merge(ids: number[]): number[] {
    const merges = ids.slice(1).map((right, at) => this.#mergeOf(ids[at]!, right))
    for (;;) {
      let best: Merge | undefined
      let at = -1
      for (let index = 0; index < merges.length; index++) {
        const merge = merges[index]
        if (merge && (!best || merge.rank < best.rank)) {
          best = merge
          at = index
        }
      }
      if (!best) return ids
      ids.splice(at, 2, best.merged)
      merges.splice(at, 1)
      if (at > 0) merges[at - 1] = this.#mergeOf(ids[at - 1]!, best.merged)
      if (at < merges.length) merges[at] = this.#mergeOf(best.merged, ids[at + 1]!)
    }
  }

  #mergeOf(left: number, right: number): Merge | undefined {
    return this.#merges.get(pairKey(left, right))
  }
}

const pairKey = (left: number, right: number) => left * 2 ** 26 + right
