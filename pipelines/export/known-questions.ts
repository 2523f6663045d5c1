import { TextSet } from "./text-set.ts"

/** Questions that must not come up again; spacing and case do not matter. */
export class KnownQuestions {
  readonly #texts = new TextSet()

  add(text: string): void {
    this.#texts.add(plain(text))
  }

  has(text: string): boolean {
    return this.#texts.has(plain(text))
  }
}

const plain = (text: string): string => text.normalize("NFC").toLowerCase().replace(/\s+/g, " ").trim()
