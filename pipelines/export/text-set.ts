import { createHash } from "node:crypto"

/**
 * A set of texts in 8 bytes each (by the first half of their SHA-256's first 16 bytes) and free slots as many: of a million texts two are
 * taken for one with a chance below one in ten million.
 */
export class TextSet {
  #slots = new BigUint64Array(1_024)
  size = 0

  /** False where the text was there already. */
  add(text: string): boolean {
    if (2 * (this.size + 1) > this.#slots.length) this.#grow()
    const hash = hashOf(text)
    const at = this.#slotOf(hash)
    if (this.#slots[at] === hash) return false
    this.#slots[at] = hash
    this.size++
    return true
  }

  has(text: string): boolean {
    const hash = hashOf(text)
    return this.#slots[this.#slotOf(hash)] === hash
  }

  /** The slot that holds a hash, or the free one where it belongs. */
  #slotOf(hash: bigint): number {
    const mask = this.#slots.length - 1
    let at = Number(hash & 0xffff_ffffn) & mask
    while (this.#slots[at] !== 0n && this.#slots[at] !== hash) at = (at + 1) & mask
    return at
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new BigUint64Array(2 * before.length)
    for (const hash of before) if (hash !== 0n) this.#slots[this.#slotOf(hash)] = hash
  }
}

/** Never 0, which marks a free slot. */
const hashOf = (text: string): bigint => createHash("sha256").update(text).digest().readBigUInt64LE(0) || 1n
