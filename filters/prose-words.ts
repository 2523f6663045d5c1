import type { Words } from "./ngrams.ts"

/**
 * How many words of prose stand before each word, and behind the last: [count + 1]. Prose is a word of two characters or more that
 * begins with a letter and is no LaTeX command, and each character of a script without spaces; numbers, variables and commands are not.
 */
export function proseWords(text: string, { count, starts, ends }: Words): Int32Array {
  const before = new Int32Array(count + 1)
  for (let at = 0; at < count; at++) {
    const start = starts[at]!
    const unit = text.charCodeAt(start)
    const letter = (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || unit >= 0xc0
    const long = ends[at]! - start > 1 || unit >= 0x2e80
    const command = start > 0 && text.charCodeAt(start - 1) === 0x5c
    before[at + 1] = before[at]! + (letter && long && !command ? 1 : 0)
  }
  return before
}
