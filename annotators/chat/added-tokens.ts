import { classOf } from "./code-point-sets.ts"
import { nfc } from "./nfc.ts"
import type { AddedToken } from "./tokenizer-settings.ts"
import { wordCharacters } from "./unicode-sets.ts"

/** A part of a text: an added token, or text between added tokens. */
export type Section = { id: number } | { text: string }

/**
 * Finds added tokens in text as Hugging Face does: first those that are looked for in the text as it is, then, in what is between them,
 * the others in its NFC; leftmost and of these the longest.
 */
export class AddedTokens {
  readonly #raw: Finder | null
  readonly #normalized: Finder | null

  constructor(tokens: readonly AddedToken[]) {
    this.#raw = Finder.of(tokens.filter(({ normalized }) => !normalized))
    this.#normalized = Finder.of(
      tokens.filter(({ normalized }) => normalized).map((token) => ({ ...token, content: nfc(token.content) })),
    )
  }

  /** The sections of a text without lone surrogates, in order. Text between tokens may come in NFC. */
  sectionsOf(text: string): Section[] {
    const sections = this.#raw ? this.#raw.sectionsOf(text) : text === "" ? [] : [{ text }]
    const normalized = this.#normalized
    if (!normalized) return sections
    return sections.flatMap((section) => ("text" in section ? normalized.sectionsOf(nfc(section.text)) : [section]))
  }
}

const spaceAtStart = /^\p{White_Space}*/u
const spaceAtEnd = /\p{White_Space}$/u

class Finder {
  readonly #byContent: ReadonlyMap<string, AddedToken>
  readonly #pattern: RegExp

  private constructor(tokens: readonly AddedToken[]) {
    this.#byContent = new Map(tokens.map((token) => [token.content, token]))
    const longestFirst = tokens.map(({ content }) => content).toSorted((a, b) => b.length - a.length)
    this.#pattern = new RegExp(longestFirst.map((content) => escaped(content)).join("|"), "g")
  }

  static of(tokens: readonly AddedToken[]): Finder | null {
    return tokens.length === 0 ? null : new Finder(tokens)
  }

  sectionsOf(text: string): Section[] {
    const sections: Section[] = []
    let from = 0
    for (const match of text.matchAll(this.#pattern)) {
      const token = this.#byContent.get(match[0])!
      let start = match.index
      let end = start + match[0].length
      if (token.single_word && !standsAlone(text, start, end)) continue
      if (token.lstrip) start = Math.max(from, withoutSpaceAtEnd(text, start))
      if (token.rstrip) end += spaceAtStart.exec(text.slice(end))![0].length
      if (from < start) sections.push({ text: text.slice(from, start) })
      sections.push({ id: token.id })
      from = end
    }
    if (from < text.length) sections.push({ text: text.slice(from) })
    return sections
  }
}

const escaped = (content: string): string => content.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

let word: { atStart: RegExp; atEnd: RegExp } | undefined

/** True where no letter, mark, digit or connector stands next to it. Looks at two UTF-16 units, which hold a code point in any case. */
function standsAlone(text: string, start: number, end: number): boolean {
  word ??= wordPatterns()
  return !word.atEnd.test(text.slice(Math.max(0, start - 2), start)) && !word.atStart.test(text.slice(end, end + 2))
}

function wordPatterns() {
  const members = classOf(wordCharacters)
  return { atStart: new RegExp(`^[${members}]`, "u"), atEnd: new RegExp(`[${members}]$`, "u") }
}

function withoutSpaceAtEnd(text: string, end: number): number {
  while (end > 0 && spaceAtEnd.test(text[end - 1]!)) end--
  return end
}
