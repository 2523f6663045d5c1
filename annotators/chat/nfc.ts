import { normalizedCodePoints } from "./code-point-sets.ts"

/**
 * NFC (Unicode Standard Annex 15) as the `tokenizers` crate does it: of Unicode 9. Code points that got a combining class or a
 * decomposition later stay as they are and let nothing move past them; for all others NFC is the same in every version, by the
 * stability policy of Unicode.
 */
export function nfc(text: string): string {
  if (/^[\u0000-\u02ff]*$/.test(text)) return text
  later ??= laterCodePoints()
  // Every second part is what was split at.
  return text
    .split(later)
    .map((part, index) => (index % 2 === 0 ? part.normalize("NFC") : part))
    .join("")
}

let later: RegExp | undefined

/** Matches, and captures, a code point that this Node's NFC may touch and that of Unicode 9 does not. */
function laterCodePoints(): RegExp {
  const known = normalizedCodePoints()
  const mark = /^\p{M}$/u
  const touched = (character: string) =>
    character.normalize("NFD") !== character || twice(character) !== twice(character).normalize("NFC")
  let members = ""
  for (let codePoint = 0x300; codePoint < 0x110000; codePoint++) {
    if (known[codePoint] || (codePoint >= 0xd800 && codePoint < 0xe000)) continue
    const character = String.fromCodePoint(codePoint)
    if (mark.test(character) || touched(character)) members += `\\u{${codePoint.toString(16)}}`
  }
  return new RegExp(`([${members}]+)`, "u")
}

/** A vowel sign that is a letter joins with another of itself. */
const twice = (character: string): string => character.repeat(2)
