import { usageError } from "../../pipelines/runtime/errors.ts"
import { nfc } from "./nfc.ts"
import type { TokenizerFile } from "./tokenizer-file.ts"
import { spelledBytes } from "./vocabulary.ts"

/** Turns ids into text; keeps what it needs of a tokenizer. */
export class Decoder {
  readonly #bytes: Uint8Array
  readonly #starts: Int32Array
  readonly #added = new Map<number, { bytes: Uint8Array; special: boolean }>()
  readonly #text = new TextDecoder("utf-8", { ignoreBOM: true })
  readonly #size: number

  constructor({ tokens, addedTokens }: Pick<TokenizerFile, "tokens" | "addedTokens">) {
    this.#bytes = tokens.bytes
    this.#starts = tokens.starts
    for (const { id, content, normalized, special } of addedTokens)
      this.#added.set(id, { bytes: spelledBytes(normalized ? nfc(content) : content), special })
    this.#size = Math.max(tokens.starts.length - 1, ...[...this.#added.keys()].map((id) => id + 1))
  }

  /** Bytes that are not UTF-8 come as U+FFFD, one for each longest start of a character. Throws a usageError for an unknown id. */
  decode(ids: ArrayLike<number>, skipSpecial: boolean): string {
    let length = 0
    for (let at = 0; at < ids.length; at++) length += this.#lengthOf(ids[at]!, at)
    const bytes = new Uint8Array(length)
    let end = 0
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at]!
      const added = this.#added.get(id)
      if (added?.special && skipSpecial) continue
      const from = added ? added.bytes : this.#bytes.subarray(this.#starts[id]!, this.#starts[id + 1]!)
      bytes.set(from, end)
      end += from.length
    }
    return this.#text.decode(bytes.subarray(0, end))
  }

  #lengthOf(id: number, at: number): number {
    const added = this.#added.get(id)
    if (added) return added.bytes.length
    if (!Number.isInteger(id) || id < 0 || id >= this.#starts.length - 1)
      throw usageError({
        what: "An id that the tokenizer does not have",
        where: `position ${at}`,
        expected: `0 to ${this.#size - 1}`,
        got: String(id),
      })
    return this.#starts[id + 1]! - this.#starts[id]!
  }
}
