// Where a completion says that its answer stands: boxes, final-answer phrases, `####`, `A:`. Each function reads its text once.

/** Longest answer that is looked at behind a marker, in UTF-16 units. */
export const maxAnswerLength = 2_048

const boxCommand = /\\(?:boxed|fbox|framebox)(?![a-zA-Z])\s*/y

/** A complete box: its content, which is not blank, and where it stands. */
interface Box {
  readonly content: string
  readonly start: number
  readonly end: number
}

/** The complete boxes (braces may nest; `\boxed 5` counts) in the order in which they close, and whether any was opened. */
function boxes(text: string): { readonly all: Box[]; readonly opened: boolean } {
  const all: Box[] = []
  if (!/\\(?:boxed|fbox|framebox)/.test(text)) return { all, opened: false }
  const starts: (Pick<Box, "start"> & { readonly inside: number })[] = []
  let opened = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 0x7b) starts.push({ start: at, inside: -1 })
    else if (unit === 0x7d) {
      const from = starts.pop()
      if (from === undefined || from.inside < 0) continue
      const content = text.slice(from.inside, at)
      if (content.trim() !== "") all.push({ content, start: from.start, end: at + 1 })
    } else if (unit === 0x5c) {
      boxCommand.lastIndex = at
      if (!boxCommand.test(text)) {
        // An escaped brace is content; so is whatever else a backslash guards, but for a box that was escaped twice.
        boxCommand.lastIndex = at + 1
        if (!boxCommand.test(text)) at++
        continue
      }
      opened = true
      const end = boxCommand.lastIndex
      const braced = text.charCodeAt(end) === 0x7b
      if (braced) starts.push({ start: at, inside: end + 1 })
      else {
        const bare = /^[^\s{}\\$.,;]{1,64}/.exec(text.slice(end, end + 64))?.[0]
        if (bare !== undefined) all.push({ content: bare, start: at, end: end + bare.length })
      }
      at = end - (braced ? 0 : 1)
    }
  }
  return { all, opened }
}

/**
 * Content of the last complete `\boxed{...}` that is not blank. Null without a box; an empty string where boxes were opened and
 * none was completed, as in a completion that was cut.
 */
export function lastBoxed(text: string): string | null {
  const { all, opened } = boxes(text)
  return all.at(-1)?.content ?? (opened ? "" : null)
}

/** Longest text between two boxes of one answer, in UTF-16 units. */
const maxBetween = 40

/** Most boxes of one answer. */
const maxBoxes = 32

/** The boxes of one answer at the end, `\boxed{1} and \boxed{2}`, as a list; null where the last box stands alone. */
export function lastBoxes(text: string): string | null {
  const { all } = boxes(text)
  const run: Box[] = []
  for (const box of all.reverse()) {
    if (run.length > maxBoxes) return null
    const next = run[0]
    if (next !== undefined) {
      if (box.start > next.start) continue
      const between = text.slice(box.end, next.start)
      if (between.length > maxBetween || /\n\s*\n/.test(between)) break
    }
    run.unshift(box)
  }
  return run.length < 2 ? null : run.map(({ content }) => content).join(", ")
}

// "answer is", "answer to the riddle is", "Answer:", "**Final answer**" on a line of its own, 答案是, 答：
const phrase =
  /\banswer\b(?:[ \t]{1,3}(?:to|for|of)\b[^.\n:]{1,48}?)?[ \t*_"']{0,6}(?:(?:is|are|was|equals|(?:must|should|would|will) be)\b|[:：=])|\bfinal answer[ \t]{0,3}(?:\*\*|__)?[ \t]{0,3}(?=\n)|答案?[ \t]{0,3}(?:应该?)?(?:[是为]|[:：])/gi

/** What stands behind the last final-answer phrase (English or Chinese), to the end of its sentence; null without one. */
export function lastPhrase(text: string): string | null {
  let end = -1
  for (const match of text.matchAll(phrase)) end = match.index + match[0].length
  return end < 0 ? null : statement(text, end)
}

/** The rest of the line behind the last `####`, or null. */
export function lastHashes(text: string): string | null {
  const at = text.lastIndexOf("####")
  return at < 0 ? null : restOfLine(text, at + 4)
}

/** The rest of the last line that begins with `A:`, or null. */
export function lastShortAnswer(text: string): string | null {
  let end = -1
  for (const match of text.matchAll(/(?:^|\n)[ \t]{0,8}A[ \t]?[:：]/g)) end = match.index + match[0].length
  return end < 0 ? null : restOfLine(text, end)
}

function restOfLine(text: string, start: number): string | null {
  const window = text.slice(start, start + maxAnswerLength)
  const newline = window.indexOf("\n")
  const line = (newline < 0 ? window : window.slice(0, newline)).trim()
  return line === "" ? null : line
}

/**
 * The maths between delimiters that begins at the start of a text: `$...$`, `$$...$$`, `\(...\)`, `\[...\]`. A dollar opens
 * maths by Pandoc's rule (no white space inside its ends, no digit behind it), so that prices are not taken for it; with a command
 * inside it is maths in any case.
 */
export const leadingMaths =
  /^(?:\$\$([^$]{1,2048}?)\$\$|\$(?!\s)([^$\n]{1,1024})(?<!\s)\$(?!\d)|\$(?=[^$\n]{0,1022}\\[a-zA-Z])([^$\n]{1,1024})\$(?!\d)|\\\(([\s\S]{1,1024}?)\\\)|\\\[([\s\S]{1,2048}?)\\\])/

// A full stop ends a sentence only before white space or a closing mark, so that decimals stay whole.
const sentenceEnd = /\n|[。！？；]|[.!?;](?=\s|$|[*_"'”’)])/

function statement(text: string, start: number): string | null {
  const window = text.slice(start, start + maxAnswerLength).replace(/^[\s*_:：=]+/, "")
  const maths = leadingMaths.exec(window)
  const spoken = maths?.[0] ?? window.slice(0, sentenceEnd.exec(window)?.index ?? window.length)
  const said = spoken.replace(/^[\s*_`"'“‘]+|[\s*_`"'”’]+$/g, "")
  return said === "" ? null : said
}
