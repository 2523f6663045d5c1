import type { Span } from "./span.ts"

/**
 * The statements of a text in order: sentences in any script, lines, and clauses between semicolons, without the white space around them.
 * A full stop ends one only before white space or a closing mark, so that decimals stay whole. Linear.
 */
export function statementsOf(text: string): Span[] {
  const spans: Span[] = []
  let start = 0
  for (let at = 0; at <= text.length; at++) {
    const unit = at === text.length ? newline : text.charCodeAt(at)
    const ends = unit === newline || wideEnd(unit) || (narrowEnd(unit) && closes(text.charCodeAt(at + 1)))
    if (!ends || isAbbreviation(text, at)) continue
    let from = start
    let to = unit === newline ? at : at + 1
    while (from < to && isBlank(text.charCodeAt(from))) from++
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--
    if (to > from) spans.push([from, to])
    start = at + 1
  }
  return spans
}

/** The second full stop of `i.e.` and `e.g.` */
const isAbbreviation = (text: string, at: number): boolean =>
  text[at] === "." && text[at - 2] === "." && isLower(text.charCodeAt(at - 1)) && isLower(text.charCodeAt(at - 3))
const isLower = (unit: number) => unit >= 0x61 && unit <= 0x7a

const newline = 0x0a
/** 。！？； */
const wideEnd = (unit: number) => unit === 0x3002 || unit === 0xff01 || unit === 0xff1f || unit === 0xff1b
/** . ! ? ; */
const narrowEnd = (unit: number) => unit === 0x2e || unit === 0x21 || unit === 0x3f || unit === 0x3b
const isBlank = (unit: number) => unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || unit === 0xa0 || unit === 0x3000
/** The end of the text, white space, or what closes a sentence from outside: ) * _ " ' ” ’ and Chinese text. */
const closes = (unit: number) =>
  Number.isNaN(unit) ||
  isBlank(unit) ||
  unit === 0x29 ||
  unit === 0x2a ||
  unit === 0x5f ||
  unit === 0x22 ||
  unit === 0x27 ||
  unit === 0x201d ||
  unit === 0x2019 ||
  unit >= 0x2e80
