import { classOf, spaceClass } from "./code-point-sets.ts"
import { letters, numbers } from "./unicode-sets.ts"

let pattern: RegExp | undefined

/** The words of NFC text as the family's regular expression cuts them; joined they are the text. */
export function wordsOf(text: string): string[] {
  pattern ??= wordPattern()
  return text.match(pattern) ?? []
}

/** The family's pattern with its classes spelled out, since JavaScript has others of the same names. */
function wordPattern(): RegExp {
  const [L, N, S] = [classOf(letters), classOf(numbers), spaceClass]
  const alternatives = [
    // Without regard to case, where U+017F is an s.
    "'(?:[sStTmMdD\\u017f]|[rR][eE]|[vV][eE]|[lL][lL])",
    `[^\\r\\n${L}${N}]?[${L}]+`,
    `[${N}]`,
    ` ?[^${S}${L}${N}]+[\\r\\n]*`,
    `[${S}]*[\\r\\n]+`,
    `[${S}]+(?![^${S}])`,
    `[${S}]+`,
  ]
  return new RegExp(alternatives.join("|"), "gu")
}
