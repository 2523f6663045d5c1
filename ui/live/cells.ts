import { oneLine } from "../../pipelines/runtime/errors.ts"

/** How a piece of a line stands out. Without colour only the text is left, so that nothing is said by colour alone. */
export type Tone = "plain" | "dim" | "strong" | "good" | "warning" | "bad"

export interface Span {
  text: string
  tone: Tone
}

/** One line of a screen. */
export type Line = readonly Span[]

export const span = (text: string, tone: Tone = "plain"): Span => ({ text, tone })
export const plain = (text: string): Line => [span(text)]
export const lineText = (line: Line): string => line.map(({ text }) => text).join("")

/**
 * Text from outside as one line that can neither steer a terminal nor hide in it: control, bidi, zero-width and tag characters are spelled
 * out. `limit` in UTF-16 units.
 */
export const visible = (text: string, limit = 400): string =>
  oneLine(text, limit).replace(
    /[\u061c\u180e\u200b-\u200d\u2028\u2029\u2060-\u2065\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  )

/** Cells that a character takes: 0 for combining marks, 2 for East Asian wide ones and emoji, else 1. */
function cellsOf(character: string): number {
  const code = character.codePointAt(0)!
  if (code < 0x300) return 1
  if (/^\p{M}$/u.test(character)) return 0
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  return wide ? 2 : 1
}

/** Cells that a text takes in a terminal. */
export function cells(text: string): number {
  let sum = 0
  for (const character of text) sum += cellsOf(character)
  return sum
}

/** Text cut to so many cells, with dots where it was cut and there is room for them. */
export function fit(text: string, width: number): string {
  if (cells(text) <= width) return text
  const dots = width > 12 ? "..." : ""
  let left = width - dots.length
  let cut = ""
  for (const character of text) {
    left -= cellsOf(character)
    if (left < 0) break
    cut += character
  }
  return cut + dots
}

/** A line cut to so many cells. */
export function fitLine(line: Line, width: number): Line {
  const out: Span[] = []
  let left = width
  for (const { text, tone } of line) {
    if (left <= 0) break
    const cut = fit(text, left)
    out.push({ text: cut, tone })
    left -= cells(cut)
  }
  return out
}

/** Text filled up with spaces to so many cells, cut where it is longer. */
export function padded(text: string, width: number, side: "left" | "right" = "left"): string {
  const cut = fit(text, width)
  const fill = " ".repeat(Math.max(0, width - cells(cut)))
  return side === "left" ? cut + fill : fill + cut
}

/** A long text broken into lines of so many cells, at spaces where there are any. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ""
  let used = 0
  let space = -1
  for (const character of text) {
    const wide = cellsOf(character)
    if (used + wide > width && line !== "") {
      const at = space > line.length / 2 ? space : line.length
      lines.push(line.slice(0, at))
      line = line.slice(at)
      used = cells(line)
      space = -1
    }
    line += character
    used += wide
    if (character === " ") space = line.length
  }
  lines.push(line)
  return lines
}
