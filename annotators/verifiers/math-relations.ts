// Equations, inequalities and membership: what an answer names, and which set of numbers an inequality describes.
import { parseTokens } from "./math-parser.ts"
import { type Token, tokenize } from "./math-tokens.ts"
import { type Expression, symbolsOf } from "./math-tree.ts"
import type { MathValue, Relation } from "./math-values.ts"

/** The sides of a text and the operators between them. */
export interface Sides {
  readonly sides: readonly string[]
  readonly operators: readonly Operator[]
}

export type Operator = "=" | "\\approx" | "\\ne" | "<" | "\\le" | ">" | "\\ge" | "\\in"

const operatorOf: Record<string, Operator> = {
  "=": "=",
  "==": "=",
  "\\approx": "\\approx",
  "\\simeq": "\\approx",
  "\\doteq": "\\approx",
  "\\ne": "\\ne",
  "!=": "\\ne",
  "<": "<",
  "<=": "\\le",
  "\\le": "\\le",
  ">": ">",
  ">=": "\\ge",
  "\\ge": "\\ge",
  "\\in": "\\in",
}

/** Splits a text at its relations outside of brackets. Null without one, and where a side is empty. */
export function splitRelation(plain: string, tokens: readonly Token[]): Sides | null {
  const sides: string[] = []
  const operators: Operator[] = []
  let from = 0
  let depth = 0
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    const next = tokens[at + 1]
    if (/^(?:[([{]|\\\{)$/.test(token.text)) depth++
    else if (/^(?:[)\]}]|\\\})$/.test(token.text)) depth--
    if (depth !== 0) continue
    const pair = next !== undefined && next.start === token.end ? token.text + next.text : ""
    // `5!=120` is an equation; `x != 5` is none.
    const double = pair === "!=" && !token.spaced ? undefined : operatorOf[pair]
    const operator = double ?? operatorOf[token.text]
    if (operator === undefined) continue
    const end = double === undefined ? token.end : next!.end
    const side = plain.slice(from, token.start).trim()
    if (side === "") return null
    sides.push(side)
    operators.push(operator)
    from = end
    if (double !== undefined) at++
  }
  const last = plain.slice(from).trim()
  return operators.length === 0 || last === "" ? null : { sides: [...sides, last], operators }
}

// One letter or command at a time and marks that begin differently: no text can be matched in two ways, so the work is linear.
const letter = "(?:[a-zA-Z]|\\\\(?!sqrt|pi(?![a-z])|infty|cup|cap|pm|mp|ldots)[a-zA-Z]{2,14}(?![a-zA-Z]))"
const marks = "(?:_(?:[a-zA-Z0-9]|\\{[^{}]{1,16}\\})|'|\\^\\{-1\\}|\\{[a-zA-Z]{1,4}\\}|\\([^()=<>]{1,24}\\))*"
const single = `\\|?(?:${letter}${marks})+\\|?`
const lone = new RegExp(`^(?:${single}|\\(${single}(?:,${single})*\\))$`)
const joined = new RegExp(`^${single}(?:[-+:/*]${single}){1,4}$`)
const words = /^(?:[\p{L}'’,-]+(?:\s+|$)){2,10}$/u

/** The name that a side gives to the other: `x`, `f(2)`, `AB`, `\angle ABC`, `(x,y)`, `a+b`, `Total cost`. Null for other sides. */
export function nameOf(side: string): string | null {
  const symbols = side.replace(/\s+/g, "")
  if (symbols.length > 80) return null
  if (/^\\(?:pi|infty|sqrt|emptyset)(?![a-zA-Z])|^[ei]$/.test(symbols)) return null
  if (lone.test(symbols) || joined.test(symbols)) return symbols
  return words.test(side) || /^\p{L}{5,}$/u.test(side) ? side.toLowerCase() : null
}

/** True for one symbol: names of more than it are not compared with each other. */
export const isSymbol = (name: string): boolean =>
  /^(?:\|[a-z]\||(?:[a-zA-Z]|\\[a-zA-Z]+)(?:_(?:\w|\{\w+\}))?'?)$/.test(name)

/** The relation of two sides, where both can be read. */
export function relationOf(left: string, operator: Operator, right: string): Relation | null {
  const [a, b] = [parse(left), parse(right)]
  if (a === null || b === null) return null
  switch (operator) {
    case "=":
    case "\\approx":
      return { operator: "=", left: a, right: b }
    case "\\ne":
    case "<":
    case "\\le":
      return { operator, left: a, right: b }
    case ">":
      return { operator: "<", left: b, right: a }
    case "\\ge":
      return { operator: "\\le", left: b, right: a }
    case "\\in":
      return null
  }
}

function parse(side: string): Expression | null {
  const tokens = tokenize(side, true)
  return tokens && parseTokens(tokens)
}

/** The bounds that an inequality gives to its one name. */
export interface Bounds {
  readonly name: string
  readonly low: string | null
  readonly high: string | null
  readonly openLow: boolean
  readonly openHigh: boolean
}

/** `x > 3`, `3 < x`, `1 < x \le 2`, `2 \ge x > 1`. Null where no lone name stands against what does not hold it. */
export function boundsOf({ sides, operators }: Sides): Bounds | null {
  const up = operators.every((operator) => operator === "<" || operator === "\\le")
  const down = operators.every((operator) => operator === ">" || operator === "\\ge")
  if (!up && !down) return null
  const ascending = up ? sides : [...sides].reverse()
  const open = (up ? operators : [...operators].reverse()).map((operator) => operator === "<" || operator === ">")
  if (sides.length === 3) {
    const name = nameOf(ascending[1]!)
    return name === null
      ? null
      : { name, low: ascending[0]!, high: ascending[2]!, openLow: open[0]!, openHigh: open[1]! }
  }
  if (sides.length !== 2) return null
  const [low, high] = ascending as [string, string]
  const [nameLow, nameHigh] = [nameOf(low), nameOf(high)]
  if (nameHigh !== null && !holds(low, nameHigh))
    return { name: nameHigh, low, high: null, openLow: open[0]!, openHigh: true }
  if (nameLow !== null && !holds(high, nameLow))
    return { name: nameLow, low: null, high, openLow: true, openHigh: open[0]! }
  return null
}

/** Whether a side is more than a constant, so that it bounds nothing on its own. */
function holds(side: string, name: string): boolean {
  const tree = parse(side)
  return tree === null ? side.includes(name) : symbolsOf(tree).length > 0 && isSymbol(name)
}

/** True for a symbol, and for symbols with operators between them: `x+y`. */
const isTerm = (name: string) => isSymbol(name) || joined.test(name)

/** True where two values name different symbols or terms. */
export const namesDiffer = (a: MathValue, b: MathValue): boolean =>
  a.name !== null && b.name !== null && a.name !== b.name && isTerm(a.name) && isTerm(b.name)
