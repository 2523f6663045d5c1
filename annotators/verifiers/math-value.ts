// What an answer says: text -> value. The one place that decides how notation is read; `math-equality.ts` decides on values alone.
import { maxAnswerLength } from "./answer-markers.ts"
import { readClock, readClockOrRatio, readResidue } from "./math-clocks.ts"
import { enclosing, isComma, isConjunction, isSemicolon, maxParts, plusMinus, splitAt } from "./math-collections.ts"
import { listOf, readList, trailingQualifier } from "./math-lists.ts"
import { readMatrix } from "./math-matrices.ts"
import { plainNotation } from "./math-notation.ts"
import { parseTokens } from "./math-parser.ts"
import { isProse } from "./math-prose.ts"
import { constant, numberOf, readQuantity } from "./math-quantity.ts"
import { splitRelation } from "./math-relations.ts"
import { readRelation, readSides } from "./math-sides.ts"
import { type Token, tokenize } from "./math-tokens.ts"
import { type MathValue, type Reading, realLine, type Written, written } from "./math-values.ts"
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
