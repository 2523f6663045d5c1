import { readFileSync, writeFileSync } from "node:fs"
import { characterOfByte } from "../../../annotators/chat/byte-alphabet.ts"
import { fixture } from "./kernels.ts"

/**
 * Writes a tokenizer of the family whose merges are all pairs of bytes, in an order that mixes them: nearly every change of where words
 * start and end changes the ids, which a vocabulary of real words hides.
 */
export function writePairsTokenizer(path: string): void {
  const characters = characterOfByte.map((character) => String.fromCodePoint(character))
  const vocab = new Map(characters.map((character, byte) => [character, byte]))
  const merges: [string, string][] = []
  for (let pair = 0; pair < 0x10000; pair++) {
    // 40503 is odd, so that every pair comes once.
    const mixed = (pair * 40_503) & 0xffff
    const merge: [string, string] = [characters[mixed >> 8]!, characters[mixed & 0xff]!]
    merges.push(merge)
    vocab.set(merge.join(""), vocab.size)
  }
  const settings = JSON.parse(readFileSync(fixture("small-tokenizer.json"), "utf8"))
  const model = { ...settings.model, vocab: Object.fromEntries(vocab), merges }
  writeFileSync(path, JSON.stringify({ ...settings, added_tokens: [], model }))
}
