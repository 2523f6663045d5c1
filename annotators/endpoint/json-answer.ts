// Models that were asked for JSON and nothing else put it in a fence, talk around it, leave commas behind or quote it the
// Python way. This reads what they meant; whether it is what was asked for is decided by the schema afterwards.

const longestText = 200_000
const deepest = 64
const mostStarts = 100

/**
 * The JSON values that a model's text may mean, likeliest first: the whole text, then the contents of code fences (the last
 * one first), then objects and arrays within the text (the last one first). Lazy; never throws.
 */
export function* jsonCandidates(text: string): Generator<unknown> {
  const answer = afterThinking(text).trim().slice(0, longestText)
  const whole = readWhole(answer)
  if (whole !== undefined) yield whole
  const fences = [...answer.matchAll(/```[\w-]*[ \t]*\r?\n?([\s\S]*?)```/g)].map((match) => match[1]!.trim())
  for (const fence of fences.reverse()) {
    const value = readWhole(fence)
    if (value !== undefined) yield value
  }
  for (const value of embedded(answer).reverse()) yield value
}

/** The one JSON value that a text is, read as tolerantly; undefined where it is none or says more. */
export const wholeJson = (text: string): unknown => readWhole(text.trim().slice(0, longestText))

const afterThinking = (text: string): string => {
  const end = text.lastIndexOf("</think>")
  return end === -1 ? text : text.slice(end + "</think>".length)
}

function readWhole(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    const reader = new LenientReader(text, 0)
    const value = reader.value()
    return value !== undefined && reader.atEnd() ? value : undefined
  }
}

/** Objects and arrays that stand in the text, none within another. */
function embedded(text: string): unknown[] {
  const values: unknown[] = []
  let starts = 0
  for (let at = 0; at < text.length && starts < mostStarts; at++) {
    if (text[at] !== "{" && text[at] !== "[") continue
    starts++
    const reader = new LenientReader(text, at)
    const value = reader.value()
    if (value === undefined) continue
    values.push(value)
    at = reader.at - 1
  }
  return values
}

const words: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  True: true,
  False: false,
  None: null,
}

/**
 * JSON with trailing commas, single quotes, bare keys, comments, raw line breaks in strings and Python's True, False and
 * None. Undefined stands for what cannot be read.
 */
class LenientReader {
  at: number
  readonly #text: string

  constructor(text: string, at: number) {
    this.#text = text
    this.at = at
  }

  atEnd(): boolean {
    this.#skipSpace()
    return this.at >= this.#text.length
  }

  value(depth = 0): unknown {
    if (depth > deepest) return undefined
    this.#skipSpace()
    const first = this.#text[this.at]
    if (first === "{") return this.#object(depth)
    if (first === "[") return this.#array(depth)
    if (first === '"' || first === "'") return this.#string(first)
    const word = this.#match(/[\w+.-]+/y)
    if (word === null) return undefined
    if (Object.hasOwn(words, word)) return words[word]
    return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(word) ? Number(word) : undefined
  }

  #object(depth: number): unknown {
    const entries: [string, unknown][] = []
    this.at++
    for (;;) {
      this.#skipSpace()
      if (this.#take("}")) return Object.fromEntries(entries)
      const quote = this.#text[this.at]
      const key = quote === '"' || quote === "'" ? this.#string(quote) : this.#match(/[A-Za-z_$][\w$-]*/y)
      if (key === undefined || key === null) return undefined
      this.#skipSpace()
      if (!this.#take(":")) return undefined
      const value = this.value(depth + 1)
      if (value === undefined) return undefined
      entries.push([key, value])
      this.#skipSpace()
      if (!this.#take(",") && this.#text[this.at] !== "}") return undefined
    }
  }

  #array(depth: number): unknown {
    const elements: unknown[] = []
    this.at++
    for (;;) {
      this.#skipSpace()
      if (this.#take("]")) return elements
      const value = this.value(depth + 1)
      if (value === undefined) return undefined
      elements.push(value)
      this.#skipSpace()
      if (!this.#take(",") && this.#text[this.at] !== "]") return undefined
    }
  }

  #string(quote: string): string | undefined {
    let text = ""
    for (this.at++; this.at < this.#text.length; this.at++) {
      const character = this.#text[this.at]!
      if (character === quote) {
        this.at++
        return text
      }
      text += character === "\\" ? this.#escape() : character
    }
    return undefined
  }

  /** Leaves `at` on the escape's last character. */
  #escape(): string {
    const escaped = this.#text[++this.at] ?? ""
    if (escaped === "u") {
      const hex = this.#text.slice(this.at + 1, this.at + 5)
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) return "u"
      this.at += 4
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
    const known: Readonly<Record<string, string>> = {
      n: "\n",
      t: "\t",
      r: "\r",
      b: "\b",
      f: "\f",
      '"': '"',
      "'": "'",
      "\\": "\\",
      "/": "/",
    }
    // A lone backslash is TeX more often than a mistake: \sqrt stays \sqrt.
    return known[escaped] ?? `\\${escaped}`
  }

  #skipSpace(): void {
    this.#match(/(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y)
  }

  #take(character: string): boolean {
    if (this.#text[this.at] !== character) return false
    this.at++
    return true
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.#text)
    if (match === null) return null
    this.at += match[0].length
    return match[0]
  }
}
