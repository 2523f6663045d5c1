// Texts as Python has them: `str()` and `repr()` of values, white space, code points.
import { entriesOf, Float, floatText, isDict, isFloat } from "./python-json.ts"

/** A tuple, which prints otherwise than a list. */
export class Tuple extends Array<unknown> {}

/** `str(value)`. Undefined is jinja2's, which prints nothing. Throws a TypeError for a value that Python would print with an address. */
export function pythonText(value: unknown): string {
  if (typeof value === "string") return value
  return value === undefined ? "" : pythonRepr(value)
}

/** `repr(value)`. */
export function pythonRepr(value: unknown): string {
  if (value === null) return "None"
  if (value === undefined) return "Undefined"
  if (typeof value === "boolean") return value ? "True" : "False"
  if (typeof value === "string") return quoted(value)
  if (isFloat(value)) return floatText(value instanceof Float ? value.value : value)
  if (typeof value === "number" || typeof value === "bigint") return `${value}`
  if (value instanceof Tuple)
    return value.length === 1 ? `(${pythonRepr(value[0])},)` : `(${Array.from(value, pythonRepr).join(", ")})`
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`
  if (isDict(value))
    return `{${entriesOf(value)
      .map(([key, member]) => `${quoted(key)}: ${pythonRepr(member)}`)
      .join(", ")}}`
  throw new TypeError("a function cannot be printed")
}

// What `str.isprintable` denies: categories Other and Separator but for the blank.
const unprintable = /[\p{C}\p{Z}]/u

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let out = quote
  for (const character of text) {
    if (character === quote || character === "\\") out += `\\${character}`
    else if (character === "\n") out += "\\n"
    else if (character === "\r") out += "\\r"
    else if (character === "\t") out += "\\t"
    else if (character !== " " && unprintable.test(character)) out += escapeOf(character.codePointAt(0)!)
    else out += character
  }
  return out + quote
}

function escapeOf(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`
  if (code < 0x1_0000) return `\\u${code.toString(16).padStart(4, "0")}`
  return `\\U${code.toString(16).padStart(8, "0")}`
}

/** The characters that `str.strip` removes and `str.split` splits at; JavaScript's `trim` has others. */
const whiteSpace = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
const isWhite = new RegExp(`[${whiteSpace}]`)

/** `text.strip(characters)` of the given ends; without characters, of white space. */
export function strip(text: string, characters: string | null | undefined, ends: "both" | "left" | "right"): string {
  const set = characters == null ? null : new Set(characters)
  const goes = (character: string) => (set === null ? isWhite.test(character) : set.has(character))
  let start = 0
  let end = text.length
  if (ends !== "right")
    while (start < end) {
      const character = String.fromCodePoint(text.codePointAt(start)!)
      if (!goes(character)) break
      start += character.length
    }
  if (ends !== "left")
    while (end > start) {
      const pair = end - start > 1 && isPair(text, end - 2)
      if (!goes(text.slice(pair ? end - 2 : end - 1, end))) break
      end -= pair ? 2 : 1
    }
  return text.slice(start, end)
}

/** Whether `text.strip()` leaves nothing of a text: U+FEFF is a character to Python, U+0085 is white space. */
export const isBlank = (text: string): boolean => strip(text, null, "left") === ""

const isPair = (text: string, at: number) => text.codePointAt(at)! > 0xffff

/** `text.split(separator, most)`. Null splits at runs of white space. Throws where the separator is empty, as Python does. */
export function split(text: string, separator: string | null | undefined, most = -1): string[] {
  if (separator === "") throw new Error("empty separator")
  if (separator == null) return splitWords(text, most)
  const parts = text.split(separator)
  if (most < 0 || parts.length <= most + 1) return parts
  return [...parts.slice(0, most), parts.slice(most).join(separator)]
}

function splitWords(text: string, most: number): string[] {
  const words: string[] = []
  let rest = strip(text, null, "left")
  while (rest !== "" && (most < 0 || words.length < most)) {
    const gap = rest.search(isWhite)
    if (gap < 0) break
    words.push(rest.slice(0, gap))
    rest = strip(rest.slice(gap), null, "left")
  }
  if (rest !== "") words.push(rest)
  return words
}
