import { hash } from "node:crypto"

/**
 * A set of texts in 8 bytes each (the first of their SHA-256) and free slots, of which there are at least three for every seven texts and
 * about as many as texts on the average: of a million texts two are taken for one with a chance below one in ten million.
 */
export class TextSet {
  /** Two words for each slot, 0 and 0 where it is free. */
  #slots = new Uint32Array(2_048)
  size = 0

  /** False where the text was there already. */
  add(text: string): boolean {
    if (20 * (this.size + 1) > 7 * this.#slots.length) this.#grow()
    const [low, high] = wordsOf(text)
    const at = this.#slotOf(low, high)
    if (this.#slots[at] === low && this.#slots[at + 1] === high) return false
    this.#slots[at] = low
    this.#slots[at + 1] = high
    this.size++
    return true
  }

  has(text: string): boolean {
    const [low, high] = wordsOf(text)
    const at = this.#slotOf(low, high)
    return this.#slots[at] === low && this.#slots[at + 1] === high
  }

  /** The slot that holds a hash, or the free one where it belongs. */
  #slotOf(low: number, high: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = (2 * low) & mask
    while ((slots[at] !== 0 || slots[at + 1] !== 0) && (slots[at] !== low || slots[at + 1] !== high))
      at = (at + 2) & mask
    return at
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Uint32Array(2 * before.length)
    for (let from = 0; from < before.length; from += 2) {
      const [low, high] = [before[from]!, before[from + 1]!]
      if (low === 0 && high === 0) continue
      const at = this.#slotOf(low, high)
      this.#slots[at] = low
      this.#slots[at + 1] = high
    }
  }
}

/** Never 0 and 0, which marks a free slot. */
function wordsOf(text: string): [number, number] {
  // As text: a buffer for each digest costs several times the hash.
  const digest = hash("sha256", text, "binary")
  const word = (at: number) =>
    (digest.charCodeAt(at) |
      (digest.charCodeAt(at + 1) << 8) |
      (digest.charCodeAt(at + 2) << 16) |
      (digest.charCodeAt(at + 3) << 24)) >>>
    0
  const [low, high] = [word(0), word(4)]
  return low === 0 && high === 0 ? [1, 0] : [low, high]
}
