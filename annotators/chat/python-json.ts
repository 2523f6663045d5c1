// JSON as Python's `json` module reads and writes it. Chat templates print tools and arguments with it, and the text is what a model is
// trained on: `1.0` stays `1.0`, keys stay in their order, separators have their blanks.

/** A Python float whose value JavaScript would take for an integer: `1.0`, `-0.0`, `1e22`. */
export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  /** As the plain number, for whoever writes it as JSON of another kind. */
  toJSON(): number {
    return this.value
  }
}

/** Deeper values are refused: whoever walks them would overflow the stack. */
const maxDepth = 500

/**
 * Parses JSON and keeps what `JSON.parse` loses: fractions and exponents make a `Float` where the number is whole, integers beyond 2^53
 * a bigint, and an object whose keys JavaScript would reorder or misread (`"2"`, `__proto__`) a Map. Throws a SyntaxError with the place.
 */
export function parsePythonJson(text: string): unknown {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const blank = /[ \t\r\n]*/y
const plainText = /[^"\\\u0000-\u001f]*"/y
const anyText = /(?:[^"\\\u0000-\u001f]|\\.)*"/y
/** Keys that an object would move to its front (array indexes), or that mean something else on it. */
const unruly = /^(?:0|[1-9]\d{0,15}|__proto__)$/

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  end(): void {
    this.#skip()
    if (this.#at < this.#text.length) throw this.#fault("the end")
  }

  value(depth: number): unknown {
    if (depth > maxDepth) throw new SyntaxError(`expected at most ${maxDepth} levels of nesting`)
    this.#skip()
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth)
      case "[":
        return this.#array(depth)
      case '"':
        return this.#string()
      case "t":
        return this.#word("true", true)
      case "f":
        return this.#word("false", false)
      case "n":
        return this.#word("null", null)
      default:
        return this.#number()
    }
  }

  #object(depth: number): unknown {
    const entries = new Map<string, unknown>()
    let ruly = true
    this.#at++
    if (this.#closes("}")) return {}
    do {
      this.#skip()
      if (this.#text[this.#at] !== '"') throw this.#fault("a key in quotes")
      const key = this.#string()
      this.#skip()
      if (this.#text[this.#at++] !== ":") throw this.#fault("a colon", this.#at - 1)
      ruly &&= !unruly.test(key)
      entries.set(key, this.value(depth + 1))
    } while (this.#another("}"))
    return ruly ? Object.fromEntries(entries) : entries
  }

  #array(depth: number): unknown[] {
    const values: unknown[] = []
    this.#at++
    if (this.#closes("]")) return values
    do values.push(this.value(depth + 1))
    while (this.#another("]"))
    return values
  }

  #string(): string {
    const start = this.#at
    if (this.#match(plainText, start + 1)) return this.#text.slice(start + 1, this.#at - 1)
    if (!this.#match(anyText, start + 1)) throw this.#fault("a text that ends", start)
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string
    } catch {
      throw this.#fault("a text with JSON's escapes", start)
    }
  }

  #number(): unknown {
    const start = this.#at
    number.lastIndex = start
    const found = number.exec(this.#text)
    if (!found) throw this.#fault("a JSON value")
    this.#at = number.lastIndex
    const [source, fraction, exponent] = found
    const value = Number(source)
    if (fraction === undefined && exponent === undefined) {
      // Python has no -0 among its integers.
      return Number.isSafeInteger(value) ? value + 0 : BigInt(source)
    }
    return floatOf(value)
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#fault("a JSON value")
    this.#at += word.length
    return value
  }

  #closes(end: string): boolean {
    this.#skip()
    if (this.#text[this.#at] !== end) return false
    this.#at++
    return true
  }

  #another(end: string): boolean {
    this.#skip()
    const next = this.#text[this.#at]
    if (next !== "," && next !== end) throw this.#fault(`a comma or ${end}`)
    this.#at++
    return next === ","
  }

  #skip(): void {
    this.#match(blank, this.#at)
  }

  #match(pattern: RegExp, from: number): boolean {
    pattern.lastIndex = from
    if (!pattern.test(this.#text)) return false
    this.#at = pattern.lastIndex
    return true
  }

  #fault(expected: string, at = this.#at): SyntaxError {
    const got = at < this.#text.length ? JSON.stringify(this.#text.slice(at, at + 20)) : "the end of the text"
    return new SyntaxError(`expected ${expected} at character ${at}, got ${got}`)
  }
}

/** A double as a Python float: a plain number where it has a fraction, a `Float` where JavaScript would take it for an integer. */
export const floatOf = (value: number): number | Float => (Number.isInteger(value) ? new Float(value) : value)

/** Whether a value is a Python float. Whole numbers beyond 2^53 are: integers of that size are bigints. */
export const isFloat = (value: unknown): value is number | Float =>
  value instanceof Float || (typeof value === "number" && !Number.isSafeInteger(value))

/** Whether a value is a Python dict. */
export const isDict = (value: unknown): value is Map<string, unknown> | Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Float)

/** The entries of a dict in their order, without members that are undefined. */
export const entriesOf = (dict: Map<string, unknown> | Record<string, unknown>): [string, unknown][] =>
  (dict instanceof Map ? [...dict] : Object.entries(dict)).filter(([, value]) => value !== undefined)

/** Options of `json.dumps` that the `tojson` filter of `transformers` passes on. */
export interface JsonOptions {
  readonly ensureAscii?: boolean
  /** Blanks of one level, or its text. */
  readonly indent?: number | string | null
  readonly separators?: readonly [item: string, key: string] | null
  readonly sortKeys?: boolean
}

/** `json.dumps` with the options of the `tojson` filter. Throws a TypeError for what Python cannot write, and for a circle or too deep nesting. */
export function pythonJson(value: unknown, options: JsonOptions = {}): string {
  const { indent = null } = options
  const [item, key] = options.separators ?? [indent === null ? ", " : ",", ": "]
  const { ensureAscii = false, sortKeys = false } = options
  const level = typeof indent === "number" ? " ".repeat(Math.max(0, indent)) : indent
  return write(value, { item, key, level, ensureAscii, sortKeys }, 0)
}

interface Style {
  item: string
  key: string
  level: string | null
  ensureAscii: boolean
  sortKeys: boolean
}

function write(value: unknown, style: Style, depth: number): string {
  if (typeof value === "string") return writeText(value, style.ensureAscii)
  if (value === null) return "null"
  if (typeof value === "boolean" || typeof value === "bigint") return `${value}`
  if (typeof value === "number" || value instanceof Float) return jsonNumber(value)
  if (typeof value !== "object") throw new TypeError(`Object of type ${typeof value} is not JSON serializable`)
  if (depth > maxDepth) throw new TypeError(`expected at most ${maxDepth} levels of nesting`)
  const inner = Array.isArray(value)
    ? value.map((element) => write(element, style, depth + 1))
    : orderedEntries(value as Record<string, unknown>, style.sortKeys).map(
        ([key, member]) => writeText(key, style.ensureAscii) + style.key + write(member, style, depth + 1),
      )
  const [open, close] = Array.isArray(value) ? "[]" : "{}"
  if (style.level === null || inner.length === 0) return `${open}${inner.join(style.item)}${close}`
  const line = `\n${style.level.repeat(depth)}`
  return `${open}${line}${style.level}${inner.join(`${style.item}${line}${style.level}`)}${line}${close}`
}

function orderedEntries(dict: Map<string, unknown> | Record<string, unknown>, sortKeys: boolean): [string, unknown][] {
  const entries = entriesOf(dict)
  return sortKeys ? entries.sort(([left], [right]) => compareCodePoints(left, right)) : entries
}

/** The order of Python strings: by code point, where JavaScript's is by UTF-16 unit. */
export function compareCodePoints(left: string, right: string): number {
  if (left === right) return 0
  const shorter = Math.min(left.length, right.length)
  for (let at = 0; at < shorter; at++) {
    if (left.charCodeAt(at) === right.charCodeAt(at)) continue
    // A difference in the second half of a pair lies in the same plane: comparing from there is right as well.
    const a = left.codePointAt(at)!
    const b = right.codePointAt(at)!
    return a - b
  }
  return left.length - right.length
}

const writeText = (text: string, ensureAscii: boolean): string => {
  // A lone surrogate stays what it is, as in Python; JSON.stringify would write its escape.
  const json = text.isWellFormed() ? JSON.stringify(text) : `"${text.replace(/["\\\u0000-\u001f]/g, escaped)}"`
  return ensureAscii
    ? json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : json
}

const escaped = (character: string) => JSON.stringify(character).slice(1, -1)

function jsonNumber(value: number | Float): string {
  if (typeof value === "number" && Number.isSafeInteger(value)) return Object.is(value, -0) ? "-0.0" : `${value}`
  const double = value instanceof Float ? value.value : value
  if (Number.isFinite(double)) return floatText(double)
  return Number.isNaN(double) ? "NaN" : double > 0 ? "Infinity" : "-Infinity"
}

/** Python's `repr` of a float: the shortest digits that read back, with an exponent below 1e-4 and from 1e16. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan"
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf"
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0"
  const [mantissa, power] = value.toExponential().split("e") as [string, string]
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    const digits = `${Math.abs(exponent)}`.padStart(2, "0")
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`
  }
  const sign = value < 0 ? "-" : ""
  const digits = mantissa.replace(/[-.]/g, "")
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0")
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`
}
