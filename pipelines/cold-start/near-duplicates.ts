import { similarityOf, sketchBytes } from "./sketch.ts"

/** Bytes of a sketch that must be equal for two texts to be compared: 32 bands of 4 find 99.99% of those with J = 0.7. */
const bandBytes = 4
const bands = sketchBytes / bandBytes

/** A text of the index that another one is too similar to. */
export interface NearDuplicate {
  readonly of: number
  readonly similarity: number
}

/**
 * The texts that were taken so far, by number, found by locality-sensitive hashing over the bands of their sketches (Indyk & Motwani
 * 1998). `sketches` holds those of all texts, one after another. Memory: up to 384 bytes a text that is added.
 */
export class NearDuplicates {
  readonly #sketches: Uint8Array
  readonly #keys: Uint32Array
  readonly #maximum: number
  readonly #mask: number
  /** Per band: slot -> the text added last, + 1; and for each text the one added before it in the same slot. */
  readonly #heads: Int32Array
  readonly #before: Int32Array
  readonly #added: Int32Array
  #count = 0

  /** `maximum` is the similarity above which two texts are near-duplicates; at most `capacity` texts are added. */
  constructor(sketches: Uint8Array, { maximum, capacity }: { maximum: number; capacity: number }) {
    this.#sketches = sketches
    this.#keys = new Uint32Array(sketches.buffer, sketches.byteOffset, sketches.byteLength / bandBytes)
    this.#maximum = maximum
    const slots = 1 << Math.ceil(Math.log2(Math.max(16, capacity)))
    this.#mask = slots - 1
    this.#heads = new Int32Array(bands * slots)
    this.#before = new Int32Array(bands * capacity)
    this.#added = new Int32Array(capacity)
  }

  /** Takes a text in. */
  add(text: number): void {
    const ordinal = this.#count++
    this.#added[ordinal] = text
    for (let band = 0; band < bands; band++) {
      const slot = this.#slotOf(text, band)
      this.#before[ordinal * bands + band] = this.#heads[slot]!
      this.#heads[slot] = ordinal + 1
    }
  }

  /** A text taken in before that this one is too similar to, or null. Which of several depends on what was added, in which order. */
  find(text: number): NearDuplicate | null {
    if (this.#maximum >= 1) return null
    for (let band = 0; band < bands; band++) {
      const key = this.#keys[text * bands + band]!
      let ordinal = this.#heads[this.#slotOf(text, band)]! - 1
      for (; ordinal >= 0; ordinal = this.#before[ordinal * bands + band]! - 1) {
        const of = this.#added[ordinal]!
        if (this.#keys[of * bands + band] !== key) continue
        const similarity = similarityOf(this.#sketches, text * sketchBytes, of * sketchBytes)
        if (similarity > this.#maximum) return { of, similarity }
      }
    }
    return null
  }

  #slotOf(text: number, band: number): number {
    const key = this.#keys[text * bands + band]!
    return band * (this.#mask + 1) + ((Math.imul(key ^ (key >>> 15), 0x85ebca6b) >>> 7) & this.#mask)
  }
}
