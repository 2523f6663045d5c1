// The family's regular expression, read by hand. Each alternative is named by what it takes:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)      a contraction
//   [^\r\n\p{L}\p{N}]?\p{L}+          letters, with one character before them that is no letter, number or newline
//   \p{N}                             one number
//   ` ?[^\s\p{L}\p{N}]+[\r\n]*`       others, with a blank before and newlines after
//   \s*[\r\n]+                        white space up to its last newline
//   \s+(?!\S)|\s+                     white space, without the last of it where something follows
import { kindAt, letter, newline, next, number, other, space } from "./code-points.ts"
import { kinds } from "./memory.ts"

/** The end of the word that starts at `at`; `end` is the end of the text, behind which 16 bytes can be read. */
export function wordEnd(at: usize, end: usize): usize {
  const first = <u32>load<u8>(at)
  if (first === 0x27) {
    const contraction = contractionEnd(at, end)
    if (contraction !== 0) return contraction
  }
  const kind = kindAt(at)
  const second = next
  if (kind === letter) return lettersEnd(second, end)
  if (kind === number) return second
  let following: u32 = newline
  let third: usize = second
  if (kind !== newline && second < end) {
    following = kindAt(second)
    third = next
    if (following === letter) return lettersEnd(third, end)
  }
  if (kind === other) return othersEnd(second, end)
  if (first === 0x20 && following === other) return othersEnd(third, end)
  return spaceEnd(at, end)
}

function contractionEnd(at: usize, end: usize): usize {
  const rest = end - at
  if (rest < 2) return 0
  const one = <u32>load<u8>(at, 1) | 0x20
  if (one === 0x73 || one === 0x74 || one === 0x6d || one === 0x64) return at + 2
  if (rest < 3) return 0
  // U+017F is an s without regard to case.
  if (load<u8>(at, 1) === 0xc5) return load<u8>(at, 2) === 0xbf ? at + 3 : 0
  const two = <u32>load<u8>(at, 2) | 0x20
  const matches = (one === 0x72 && two === 0x65) || (one === 0x76 && two === 0x65) || (one === 0x6c && two === 0x6c)
  return matches ? at + 3 : 0
}

/** The first byte from `at` on that is no part of a letter. */
export function lettersEnd(at: usize, end: usize): usize {
  while (at < end) {
    const run = asciiLetters(v128.load(at))
    at += run
    if (at >= end) return end
    if (run === 16) continue
    // Several of one script mostly follow each other.
    while (true) {
      if (load<u8>(at) < 0x80) break
      if (kindAt(at) !== letter) return at
      at = next
      if (at >= end) return end
    }
    if ((<u32>load<u8>(at) | 0x20) - 0x61 > 25) return at
  }
  return at
}

/** How many of 16 bytes, from the first on, are ASCII letters. */
export function asciiLetters(bytes: v128): u32 {
  const lower = v128.or(bytes, i8x16.splat(0x20))
  const letters = i8x16.lt_u(i8x16.sub(lower, i8x16.splat(0x61)), i8x16.splat(26))
  return ctz(~i8x16.bitmask(letters) | 0x10000)
}

function othersEnd(at: usize, end: usize): usize {
  while (at < end && kindAt(at) === other) at = next
  while (at < end && load<u8>(kinds + load<u8>(at)) === newline) at++
  return at
}

function spaceEnd(at: usize, end: usize): usize {
  const start = at
  let afterNewline: usize = 0
  let last = at
  while (at < end) {
    const kind = kindAt(at)
    if (kind === newline) afterNewline = next
    else if (kind !== space) break
    last = at
    at = next
  }
  if (afterNewline !== 0) return afterNewline
  return at < end && last > start ? last : at
}
