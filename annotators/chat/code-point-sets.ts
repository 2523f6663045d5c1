import { combiningClasses, decomposables, letters, numbers } from "./unicode-sets.ts"

/** What the splitting of text into words knows of a code point. */
export const kind = { other: 0, letter: 1, number: 2, space: 3, newline: 4 } as const

/** White space but CR and LF, as `\s` of regular expressions over UTF-8 has it: unlike JavaScript's, with U+0085 and without U+FEFF. */
const spaces =
  "\t\u000b\f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

/** Code points `start` up to `end`, and the number that stands with them in `unicode-sets.ts`, or 0. */
export interface Run {
  start: number
  end: number
  value: number
}

/** The runs of a set of `unicode-sets.ts`. */
export function runsOf(set: string): Run[] {
  let at = 0
  return set
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [gap, length, value] = word.split(".").map((digits) => Number.parseInt(digits, 36)) as [
        number,
        number,
        number?,
      ]
      const start = at + gap
      at = start + length
      return { start, end: at, value: value ?? 0 }
    })
}

/** The kind of every code point, one byte each. */
export function kindsOfCodePoints(): Uint8Array {
  const kinds = new Uint8Array(0x110000)
  for (const { start, end } of runsOf(letters)) kinds.fill(kind.letter, start, end)
  for (const { start, end } of runsOf(numbers)) kinds.fill(kind.number, start, end)
  for (const space of spaces) kinds[space.codePointAt(0)!] = kind.space
  kinds[0x0a] = kind.newline
  kinds[0x0d] = kind.newline
  return kinds
}

/** A set as the inside of a character class of a regular expression with the flag `u`. */
export const classOf = (set: string): string =>
  runsOf(set)
    .map(({ start, end }) => `\\u{${start.toString(16)}}-\\u{${(end - 1).toString(16)}}`)
    .join("")

export const spaceClass = `\\r\\n${spaces}`

/** True for code points that NFC may change or move: those with a combining class, a decomposition, or that join with the one before. */
export function normalizedCodePoints(): Uint8Array {
  const known = new Uint8Array(0x110000)
  for (const { start, end } of runsOf(combiningClasses)) known.fill(1, start, end)
  for (const { start, end } of runsOf(decomposables)) {
    known.fill(1, start, end)
    for (let codePoint = start; codePoint < end; codePoint++)
      for (const part of String.fromCodePoint(codePoint).normalize("NFD")) known[part.codePointAt(0)!] = 1
  }
  known.fill(1, 0x1100, 0x1113)
  known.fill(1, 0x1161, 0x1176)
  known.fill(1, 0x11a8, 0x11c3)
  known.fill(1, 0xac00, 0xd7a4)
  return known
}
