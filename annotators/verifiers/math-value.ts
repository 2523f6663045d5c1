// What an answer says: text -> value. The one place that decides how notation is read; `math-equality.ts` decides on values alone.
import { maxAnswerLength } from "./answer-markers.ts"
import {
  enclosing,
  isComma,
  isConjunction,
  isSemicolon,
  maxParts,
  plusMinus,
  splitAt,
  writtenMatrix,
} from "./math-collections.ts"
import { normalSymbols, normalText, plainNotation } from "./math-notation.ts"
import { parseExpression, parseTokens } from "./math-parser.ts"
import { constant, numberOf, readQuantity } from "./math-quantity.ts"
import { type Bounds, boundsOf, nameOf, relationOf, type Sides, splitRelation } from "./math-relations.ts"
import { knownWords, type Token, tokenize } from "./math-tokens.ts"
import { type Expression, operation, symbolsOf } from "./math-tree.ts"
import type { MathValue, Reading, Written } from "./math-values.ts"
import * as rational from "./rational.ts"
import { readTail } from "./units.ts"

export type { MathValue, Reading } from "./math-values.ts"

const usual: Reading = { attachedUnits: false, grouped: true }

/** Brackets within brackets that are read. */
const maxNesting = 8

/** Reads an answer. Null when it is blank or longer than `maxAnswerLength` units. */
export function readValue(text: string, reading: Partial<Reading> = {}): MathValue | null {
  if (text.length > maxAnswerLength) return null
  const plain = plainNotation(text)
  return plain === "" ? null : readPlain(plain, { ...usual, ...reading }, 0)
}

const written = (plain: string): Written => ({
  symbols: normalSymbols(plain),
  words: normalText(plain),
  name: null,
  relation: null,
})

function readPlain(plain: string, reading: Reading, nesting: number): MathValue {
  const base = written(plain)
  if (/^-?\d{1,15}$/.test(plain)) return { ...base, ...numberOf(rational.whole(Number(plain))) }
  if (nesting > maxNesting) return { ...base, kind: "opaque" }
  const fixed = fixedValue(base)
  if (fixed !== null) return fixed
  if (isProse(plain)) return readProse(plain, base, reading, nesting)
  const read = (part: string) => readPlain(part, reading, nesting + 1)
  if (plain.includes("\\begin")) return readMatrix(plain, base, read)
  const bare = plain.replace(trailingQualifier, "")
  if (bare !== plain && bare !== "") return readPlain(bare, reading, nesting + 1)
  const tokens = tokenize(plain, reading.grouped)
  if (tokens === null) return { ...base, kind: "opaque" }
  return (
    readList(plain, tokens, base, read) ??
    readRelation(plain, tokens, base, read) ??
    readUnion(plain, tokens, base, read) ??
    readBrackets(plain, tokens, base, { ...reading, grouped: false }, nesting) ??
    readClockOrRatio(plain, tokens, base, read) ??
    readResidue(plain, base, read) ??
    readSingle(plain, tokens, base, reading, read)
  )
}

const emptySets = new Set(
  (
    "\\emptyset|\\{\\}|{}|no solution|no solutions|no real solution|no real solutions|none|no real roots|no real root|empty set|the empty set|" +
    "there is no solution|there are no solutions|there are no real solutions|无解|空集"
  ).split("|"),
)
const realLines = new Set(
  (
    "\\mathbb{r}|all real numbers|all reals|real numbers|the set of all real numbers|the set of real numbers|x\\in\\mathbb{r}|r|全体实数|" +
    "all real values|any real number|\\mathbf{r}"
  ).split("|"),
)

/** Words and signs that name one value. */
function fixedValue(base: Written): MathValue | null {
  if (emptySets.has(base.words)) return { ...base, kind: "set", elements: [] }
  if (base.words !== "r" && realLines.has(base.words)) return { ...base, ...realLine }
  if (/^\\mathbb\{[A-Z]\}$/.test(base.symbols)) return { ...base, kind: "text" }
  if (/^[+]?(?:\\infty|infinity|\\infinity|inf|oo|无穷大)$/i.test(base.symbols))
    return { ...base, kind: "infinity", sign: 1 }
  if (/^-(?:\\infty|infinity|inf|oo)$/i.test(base.symbols)) return { ...base, kind: "infinity", sign: -1 }
  return null
}

const infinity = (sign: 1 | -1): MathValue => ({
  ...written(sign === 1 ? "\\infty" : "-\\infty"),
  kind: "infinity",
  sign,
})
const realLine = { kind: "tuple", open: "(", close: ")", elements: [infinity(-1), infinity(1)] } as const

const conjunctions = new Set(["and", "or"])
const functionName = new RegExp(
  [...knownWords]
    .filter((word) => !conjunctions.has(word))
    .sort((a, b) => b.length - a.length)
    .join("|"),
  "g",
)

/** A run of letters without the names of functions in it, where nothing but single symbols is left of it: `xsinx`, but not `York`. */
function symbolsOnly(run: string): string {
  if (conjunctions.has(run)) return " "
  const rest = run.replace(functionName, " ")
  return rest !== run && /^ *(?:[a-zA-Z]{1,2} +)*(?:[a-zA-Z]{0,2})$/.test(rest) ? rest : run
}

/** Words that belong to no notation: four letters in a row, two words side by side, other scripts, letters alone. */
function isProse(plain: string): boolean {
  if (/^[\x20-\x40[\]^_{|}]*$/.test(plain)) return false
  const bare = plain.replace(/\\[a-zA-Z]+(?:\s*\{[a-zA-Z]+\})?/g, " ").replace(/[a-zA-Z]+/g, symbolsOnly)
  if (/\p{L}{4,}|\p{L}{2,}\s+\p{L}{2,}/u.test(bare) || /[^\p{ASCII}°¥€£¢]/u.test(bare)) return /\p{L}/u.test(bare)
  return bare.trim() === plain && /^[\p{L}\s'.,!]*$/u.test(bare) && /\p{L}{2}/u.test(bare) && !isProduct(bare)
}

const shortWords = new Set(
  "am an as at be by do go he if in is it me mr my no of ok on or pm so to tv up us we".split(" "),
)

/** Two letters, or three without a vowel or in the order of the alphabet, are symbols side by side: `kV`, `xyz`. */
function isProduct(run: string): boolean {
  const lower = run.toLowerCase()
  if (/^[a-zA-Z]{2}$/.test(run)) return !shortWords.has(lower)
  if (!/^[a-z]{3}$/.test(run)) return false
  return !/[aeiouy]/.test(run) || "abcdefghijklmnopqrstuvwxyz".includes(run)
}

/** A number with words around it, a named value, a list of values with words, else text. */
function readProse(plain: string, base: Written, reading: Reading, nesting: number): MathValue {
  const quantity = readQuantity(plain, reading)
  if (quantity !== null) return { ...base, ...quantity }
  const read = (part: string) => readPlain(part, reading, nesting + 1)
  const clock = readClock(plain, base)
  if (clock !== null) return clock
  const tokens = tokenize(plain, reading.grouped)
  if (tokens === null) return { ...base, kind: "text" }
  const parts = splitAt(plain, tokens, (token) => isComma(token) || isSemicolon(token) || isConjunction(token))
  if (parts !== null && parts.length > 1 && parts.length <= maxParts) {
    const values = parts.map(read)
    if (values.every((value) => value.kind !== "text" && value.kind !== "opaque")) return listOf(base, values, "and")
    return { ...base, kind: "text" }
  }
  const sides = splitRelation(plain, tokens)
  if (sides === null) return { ...base, kind: "text" }
  const relation = readSides(sides, base, read)
  return relation.kind === "opaque" ? { ...base, kind: "text" } : relation
}

function readList(plain: string, tokens: readonly Token[], base: Written, read: (part: string) => MathValue) {
  const groups = splitAt(plain, tokens, isSemicolon)
  if (groups !== null && groups.length > 1)
    return groups.length > maxParts ? null : listOf(base, groups.map(read), "or")
  const parts = splitAt(plain, tokens, (token) => isComma(token) || isConjunction(token))
  if (parts === null || parts.length > maxParts) return null
  const telling = parts.filter((part) => !isQualifier(part))
  if (telling.length === 0) return null
  const or = tokens.some((token) => token.kind === "word" && token.text === "or")
  return telling.length === 1 ? read(telling[0]!) : listOf(base, telling.map(read), or ? "or" : "and")
}

/** `(k \in \mathbb{Z})` behind what it qualifies. */
const trailingQualifier = /\s*\((?:where |for )?[a-zA-Z](?:\s*,\s*[a-zA-Z])*\s*\\in\s*[^()]{1,32}\)$/

/** `k \in \mathbb{Z}`, `n = 0, 1, 2, \ldots`: says of which kind a symbol is. */
const isQualifier = (part: string) =>
  /^(?:where\s+|for\s+)?[a-zA-Z](?:\s*,\s*[a-zA-Z])*\s*\\in\s*(?:\\mathbb\s*\{?\s*[ZNQRC]\s*\}?|[ZN])(?:\s*[\^_]\s*\{?[+*\d]\}?)?$/.test(
    part,
  )

function listOf(base: Written, values: readonly MathValue[], conjunction: "and" | "or"): MathValue {
  const elements = values.flatMap((value) =>
    value.kind === "list" && value.elements.every((one) => one.name === null) && value.name === null
      ? value.elements
      : [value],
  )
  const bounded = elements.every(
    (one) => (one.kind === "tuple" && one.inequality) || (one.kind === "difference" && one.relation !== null),
  )
  if (bounded && new Set(elements.map(({ name }) => name)).size === 1)
    return { ...base, name: elements[0]!.name, ...combined(elements, conjunction) }
  const repeated = repeatedNames(elements)
  return { ...base, kind: "list", elements: repeated ?? elements }
}

/** `p = 5, q = 2, p = 7, q = 2`: two pairs. */
function repeatedNames(elements: readonly MathValue[]): MathValue[] | null {
  const names = elements.map(({ name }) => name)
  const size = names.indexOf(names[0]!, 1)
  if (size < 2 || names.includes(null) || names.length % size !== 0) return null
  if (!names.every((name, index) => name === names[index % size])) return null
  return Array.from({ length: names.length / size }, (_, group) => {
    const inside = elements.slice(group * size, (group + 1) * size)
    return { ...written(inside.map(({ symbols }) => symbols).join(",")), kind: "list", elements: inside }
  })
}

/** Inequalities of one name: `x > 1 and x < 2` is an interval, `x < 1 or x > 2` a union. */
function combined(elements: readonly MathValue[], conjunction: "and" | "or") {
  const [first, second] = elements
  if (conjunction === "and" && elements.length === 2 && first?.kind === "tuple" && second?.kind === "tuple") {
    const [lower, upper] = first.elements[1]!.kind === "infinity" ? [first, second] : [second, first]
    const [low, high] = [lower.elements[0]!, upper.elements[1]!]
    const meets = low.kind === "number" && high.kind === "number" ? rational.compare(low.value, high.value) <= 0 : true
    if (lower.elements[1]!.kind === "infinity" && upper.elements[0]!.kind === "infinity" && meets)
      return { kind: "tuple", open: lower.open, close: upper.close, elements: [low, high] } as const
  }
  return { kind: "union", parts: elements } as const
}

function readRelation(plain: string, tokens: readonly Token[], base: Written, read: (part: string) => MathValue) {
  const implied = splitAt(plain, tokens, (token) => token.text === "\\Rightarrow" || token.text === "\\implies")
  if (implied !== null && implied.length > 0) return read(implied.at(-1)!)
  const sides = splitRelation(plain, tokens)
  return sides && readSides(sides, base, read)
}

function readSides(all: Sides, base: Written, read: (part: string) => MathValue): MathValue {
  const rounded = all.operators.indexOf("\\approx")
  // What follows a rounding sign only says again what stood before it.
  const { sides, operators } =
    rounded > 0 || (rounded === 0 && nameOf(all.sides[0]!) === null)
      ? { sides: all.sides.slice(0, rounded + 1), operators: all.operators.slice(0, rounded) }
      : all
  const [first, last] = [sides[0]!, sides.at(-1)!]
  if (operators.every((operator) => operator === "=" || operator === "\\approx")) {
    // a = b = c says the same in any order.
    if (sides.length > 2 && sides.every((side) => /^[a-z]$/.test(side)))
      return { ...base, kind: "set", elements: sides.map(read) }
    const relation = sides.length === 2 ? relationOf(first, "=", last) : null
    const name = nameOf(first)
    const other = name === null && sides.length === 2 ? nameOf(last) : null
    if (name !== null) return { ...read(last), ...base, name, relation }
    if (other !== null) return { ...read(first), ...base, name: other, relation }
    if (relation !== null && symbolsOf(relation.left).length + symbolsOf(relation.right).length > 0)
      return { ...base, kind: "relation", relation }
    const value = read(last)
    return sides.slice(0, -1).some((side) => /[a-zA-Z]/.test(side.replace(/\\[a-zA-Z]+/g, "")))
      ? { ...base, kind: "opaque" }
      : { ...value, ...base }
  }
  if (operators[0] === "\\in" && sides.length === 2) {
    const name = nameOf(first)
    return name === null ? { ...base, kind: "opaque" } : { ...read(last), ...base, name }
  }
  return readInequality({ sides, operators }, base, read)
}

function readInequality({ sides, operators }: Sides, base: Written, read: (part: string) => MathValue): MathValue {
  const relation = sides.length === 2 ? relationOf(sides[0]!, operators[0]!, sides[1]!) : null
  const bounds = boundsOf({ sides, operators })
  if (bounds !== null) {
    const inside = /^\|([^|]+)\|$/.exec(bounds.name)?.[1]
    if (inside !== undefined) return { ...base, ...withinSize(bounds, read), name: inside, relation }
    return { ...base, ...interval(bounds, read), name: bounds.name, relation, inequality: true }
  }
  const name = nameOf(sides[0]!)
  if (operators[0] === "\\ne" && sides.length === 2 && name !== null)
    return {
      ...base,
      kind: "difference",
      from: { ...written("\\mathbb{R}"), ...realLine },
      without: read(sides[1]!),
      name,
      relation,
    }
  if (relation !== null) return { ...base, kind: "relation", relation }
  const parts = sides.slice(1).map((side, index) => relationOf(sides[index]!, operators[index]!, side))
  if (parts.length > 1 && parts.every((part) => part !== null))
    return {
      ...base,
      kind: "list",
      elements: parts.map((part, index) => ({
        ...written(`${sides[index]}${operators[index]}${sides[index + 1]}`),
        kind: "relation",
        relation: part,
      })),
    }
  return { ...base, kind: "opaque" }
}

/** The values of x that `|x| < 2` or `|x| > 2` allows. */
function withinSize(bounds: Bounds, read: (part: string) => MathValue) {
  const negative = (bound: string) => `-(${bound})`
  if (bounds.low === null && bounds.high !== null)
    return {
      ...interval({ ...bounds, low: negative(bounds.high), openLow: bounds.openHigh }, read),
      inequality: true,
    } as const
  const above = interval(bounds, read)
  const below = interval(
    {
      name: bounds.name,
      low: bounds.high === null ? null : negative(bounds.high),
      high: negative(bounds.low!),
      openLow: bounds.openHigh,
      openHigh: bounds.openLow,
    },
    read,
  )
  const parts = [below, above].map((part) => ({ ...written(""), ...part }))
  return { kind: "union", parts } as const
}

function interval(bounds: Bounds, read: (part: string) => MathValue) {
  const low = bounds.low === null ? infinity(-1) : read(bounds.low)
  const high = bounds.high === null ? infinity(1) : read(bounds.high)
  return {
    kind: "tuple",
    open: bounds.openLow ? "(" : "[",
    close: bounds.openHigh ? ")" : "]",
    elements: [low, high],
  } as const
}

function readUnion(
  plain: string,
  tokens: readonly Token[],
  base: Written,
  read: (part: string) => MathValue,
): MathValue | null {
  const without = splitAt(plain, tokens, (token) => token.text === "\\setminus", "groups")
  if (without?.length === 2) return { ...base, kind: "difference", from: read(without[0]!), without: read(without[1]!) }
  const isCup = (token: Token) => token.text === "\\cup" || token.text === "\\bigcup"
  // `(1,2)U(3,4)` is how plain text writes it.
  const isPlainCup = (token: Token, index: number) =>
    token.text === "U" && /[)\]}]/.test(tokens[index - 1]?.text ?? "") && /[([{]/.test(tokens[index + 1]?.text ?? "")
  const plainCups = new Set(tokens.filter(isPlainCup))
  const parts = splitAt(plain, tokens, (token) => isCup(token) || plainCups.has(token), "groups")
  return parts === null || parts.length < 2 || parts.length > maxParts
    ? null
    : { ...base, kind: "union", parts: parts.map(read) }
}

function readBrackets(
  plain: string,
  tokens: readonly Token[],
  base: Written,
  reading: Reading,
  nesting: number,
): MathValue | null {
  const around = enclosing(plain, tokens)
  if (around === null) return readNamedPoint(plain, base, reading, nesting)
  const inside = tokenize(around.inside, false)
  if (inside === null) return null
  const read = (part: string) => readPlain(part, reading, nesting + 1)
  if (around.open === "\\{") {
    const builder = splitAt(around.inside, inside, (token) => token.text === "|" || token.text === ":")
    if (builder?.length === 2) return { ...read(builder[1]!), ...base }
  }
  const spaced = tokenize(around.inside, true)
  const grouped = spaced && splitAt(around.inside, spaced, (token) => isComma(token) || isSemicolon(token))
  // `(1,000, 2,000)` has two elements, `(1,234)` has two as well.
  const parts = grouped?.length
    ? grouped
    : splitAt(around.inside, inside, (token) => isComma(token) || isSemicolon(token))
  const wide = grouped?.length ? { ...reading, grouped: true } : reading
  if (parts === null) {
    if (around.open === "\\{" && around.close === "\\}")
      return { ...base, kind: "set", elements: [read(around.inside)].flatMap(spread) }
    if (around.open === "[" && around.close === "]" && parseTokens(tokens) === null) return read(around.inside)
    if (around.open === "(" || around.open === "{") {
      const value = parseTokens(tokens) === null ? read(around.inside) : null
      return value && value.kind !== "opaque" && value.kind !== "text" ? { ...value, ...base } : null
    }
    return null
  }
  if (parts.length === 0 || parts.length > maxParts) return null
  const elements = parts.map((part) => readPlain(part, wide, nesting + 1))
  if (around.open === "\\{" || around.close === "\\}")
    return { ...base, kind: "set", elements: elements.flatMap(spread) }
  // A bare LaTeX group prints no brackets.
  if (around.open === "{" || around.close === "}") return { ...base, kind: "list", elements: elements.flatMap(spread) }
  const open = around.open === "(" || around.open === "]" ? "(" : "["
  const close = around.close === ")" || around.close === "[" ? ")" : "]"
  return { ...base, kind: "tuple", open, close, elements }
}

/** `A(1,2)`: a point with its name. */
function readNamedPoint(plain: string, base: Written, reading: Reading, nesting: number): MathValue | null {
  const match = /^([A-Z]'?)\s?(\([^()]{3,128}\))$/.exec(plain)
  const brackets = match?.[2] ?? ""
  const point = brackets.includes(",") ? readPlain(brackets, reading, nesting + 1) : null
  const isPoint = point?.kind === "tuple" && point.elements.every(({ kind }) => kind === "number")
  return isPoint ? { ...point, ...base, name: match![1]! } : null
}

const spread = (value: MathValue): readonly MathValue[] => (value.kind === "list" ? value.elements : [value])

function readMatrix(plain: string, base: Written, read: (part: string) => MathValue): MathValue {
  const matrix = writtenMatrix(plain)
  if (matrix === null) {
    const named = /^([^=]{1,24})=\s*(\\begin[\s\S]*|[^=]{0,64}\\begin[\s\S]*)$/.exec(plain)
    const name = named && nameOf(named[1]!.trim())
    if (named && name) return { ...read(named[2]!), ...base, name }
    const around = /^\(([\s\S]*)\)$/.exec(plain)
    return around ? { ...read(around[1]!), ...base } : { ...base, kind: "opaque" }
  }
  if (matrix.kind === "cases") {
    const cells = matrix.rows.map((row) => row.join(" "))
    return cells.length < 2 ? { ...base, kind: "opaque" } : listOf(base, cells.map(read), "and")
  }
  if (matrix.kind === "vmatrix") return { ...base, ...(determinant(matrix.rows) ?? { kind: "opaque" }) }
  if (matrix.kind.startsWith("V")) return { ...base, kind: "opaque" }
  if (matrix.factor !== "" && nameOf(matrix.factor.replace(/=$/, "")) !== null && matrix.factor.endsWith("="))
    return { ...read(plain.slice(plain.indexOf("=") + 1)), ...base, name: nameOf(matrix.factor.slice(0, -1).trim()) }
  const scale = matrix.factor.replace(/\*$/, "")
  if (scale.includes("=")) return { ...base, kind: "opaque" }
  const cell = (text: string) => read(scale === "" ? text : scale === "-" ? `-(${text})` : `(${scale})*(${text})`)
  return { ...base, kind: "matrix", rows: matrix.rows.map((row) => row.map(cell)) }
}

/** Largest determinant that is written out, in rows. */
const maxDeterminant = 4

/** The determinant of a square of expressions, by its first row; null for others and beyond `maxDeterminant` rows. */
function determinant(rows: readonly (readonly string[])[]) {
  if (rows.length > maxDeterminant || rows.some((row) => row.length !== rows.length)) return null
  const cells = rows.map((row) => row.map(parseExpression))
  if (!cells.every((row): row is Expression[] => row.every((cell) => cell !== null))) return null
  return constant(expanded(cells))
}

function expanded(cells: readonly (readonly Expression[])[]): Expression {
  const [first, ...rest] = cells
  if (rest.length === 0) return first![0]!
  return first!
    .map((cell, at) => operation("*", cell, expanded(rest.map((row) => row.filter((_, column) => column !== at)))))
    .reduce((sum, term, at) => operation(at % 2 === 0 ? "+" : "-", sum, term))
}

const clockAt = /^(\d{1,2}):(\d{2})(?::00)?\s*([ap])?\.?\s?(?:m\.?)?$/i

function readClock(plain: string, base: Written): MathValue | null {
  const match = clockAt.exec(plain) ?? /^(\d{1,2})()\s*([ap])\.?\s?m\.?$/i.exec(plain)
  if (!match || Number(match[1]) > 23 || Number(match[2]) > 59) return null
  const half = match[3] === undefined ? null : match[3].toLowerCase() === "a" ? "am" : "pm"
  const hours = half === null ? Number(match[1]) : (Number(match[1]) % 12) + (half === "pm" ? 12 : 0)
  return { ...base, kind: "clock", minutes: hours * 60 + Number(match[2]), half }
}

function readClockOrRatio(
  plain: string,
  tokens: readonly Token[],
  base: Written,
  read: (part: string) => MathValue,
): MathValue | null {
  const clock = readClock(plain, base)
  if (clock !== null) return clock
  const worded = /^(\d[\d.,]*) to (\d[\d.,]*)$/.exec(plain)
  const parts = worded ? worded.slice(1) : splitAt(plain, tokens, (token) => token.text === ":")
  if (parts === null || parts.length < 2 || parts.length > 8) return null
  const values = parts.map(read)
  return values.every((value) => value.kind === "number" || value.kind === "expression")
    ? { ...base, kind: "ratio", parts: values }
    : null
}

/** `3 \pmod 7`: a number up to multiples of the modulus. */
function readResidue(plain: string, base: Written, read: (part: string) => MathValue): MathValue | null {
  const match = /^(-?\d{1,15})\s*\(?\s*\\?(?:pmod|mod)\s*\{?\s*(\d{1,15})\s*\}?\s*\)?$/.exec(plain)
  if (!match || !plain.includes("\\pmod")) {
    const bracketed = /^(-?\d{1,15})\s*\(\s*\\?mod\s*(\d{1,15})\s*\)$/.exec(plain)
    return bracketed ? residue(bracketed, base, read) : null
  }
  return residue(match, base, read)
}

const residue = (match: RegExpExecArray, base: Written, read: (part: string) => MathValue): MathValue => ({
  ...base,
  kind: "residue",
  value: read(match[1]!),
  modulus: BigInt(match[2]!),
})

/** One value: plus-minus, a quantity, an expression; else text where it has words. */
function readSingle(
  plain: string,
  tokens: readonly Token[],
  base: Written,
  reading: Reading,
  read: (part: string) => MathValue,
): MathValue {
  const signs = plusMinus(plain)
  if (signs !== null) return { ...base, kind: "list", elements: signs.map(read) }
  const quantity = readQuantity(plain, reading)
  if (quantity !== null) return { ...base, ...quantity }
  const measured = symbolicQuantity(plain, reading)
  if (measured !== null) return { ...base, ...measured }
  const expression = parseTokens(tokens)
  if (expression !== null) {
    const value = constant(expression)
    return value === null ? { ...base, kind: "opaque" } : { ...base, ...value }
  }
  return { ...base, kind: /[a-zA-Z]{2}/.test(plain.replace(/\\[a-zA-Z]+/g, "")) ? "text" : "opaque" }
}

/** An expression in symbols with a unit behind it: `2x cm`. */
function symbolicQuantity(plain: string, reading: Reading) {
  const match = /^(.*\S)\s+(\p{L}{2}[\p{L}\s/^\d]*)$/u.exec(plain)
  const tail = match && readTail(match[2]!, true, false)
  const tokens = tail?.unit && (tail.unit.known || match![2]!.length > 3) && tokenize(match![1]!, reading.grouped)
  const expression = tokens && parseTokens(tokens)
  return expression ? ({ kind: "expression", expression, unit: tail!.unit } as const) : null
}
