// Arithmetic and algebra as a tree: a parser with counted budgets, and two evaluations of the tree. A new construct is a case
// in `primary` and a case in each evaluation.

import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"

/** A parsed expression. */
export type Expression =
  | { readonly kind: "number"; readonly value: Rational }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "pi" }
  | { readonly kind: "negative"; readonly of: Expression }
  | { readonly kind: "root"; readonly degree: Expression; readonly of: Expression }
  | { readonly kind: "operation"; readonly operator: Operator; readonly left: Expression; readonly right: Expression }

export type Operator = "+" | "-" | "*" | "/" | "^"

/** Budgets of one parse: beyond either the text is not read. */
export const maxNodes = 512
export const maxDepth = 48

const numberAt = /(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d*)?(?:[eE][-+]?\d{1,4}(?![\d.]))?|\.\d+/y
const commandAt = /\\(?:[a-zA-Z]+|.)/y
// Names of functions, which are no products of letters. They are not read yet.
const functionName =
  /^(?:a(?:rc)?)?(?:sin|cos|tan|cot|sec|csc)h?|^(?:log|ln|lg|exp|lim|max|min|mod|gcd|lcm|det|abs|erf|floor|ceil|[a-zA-Z]{3,}\()/
const greek = /^\\(?:alpha|beta|gamma|delta|epsilon|theta|lambda|mu|nu|rho|sigma|tau|phi|omega|Delta|Omega)$/

class Unreadable extends Error {}
const unreadable = new Unreadable("not an expression")

/** Parses plain notation (`plainNotation`): + - * / ^, juxtaposition, brackets, fractions, roots, pi. Null when it is none. */
export function parseExpression(text: string): Expression | null {
  try {
    const parser = new Parser(text)
    const tree = parser.sum()
    return parser.atEnd() ? tree : null
  } catch (error) {
    if (error instanceof Unreadable) return null
    throw error
  }
}

class Parser {
  #at = 0
  #nodes = 0
  #depth = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  sum(): Expression {
    if (++this.#depth > maxDepth) throw unreadable
    let left = this.#product()
    for (let sign = this.#peek(); sign === "+" || sign === "-"; sign = this.#peek()) {
      this.#at++
      left = this.#operation(sign, left, this.#product())
    }
    this.#depth--
    return left
  }

  atEnd(): boolean {
    return this.#peek() === ""
  }

  #product(): Expression {
    let left = this.#signed()
    for (;;) {
      const next = this.#peek()
      if (next === "*" || next === "/") {
        this.#at++
        left = this.#operation(next, left, this.#signed())
      } else if (next === "(" || next === "{" || next === "\\" || /[a-zA-Z]/.test(next)) {
        left = this.#operation("*", left, this.#power())
      } else return left
    }
  }

  #signed(): Expression {
    const sign = this.#peek()
    if (sign !== "-" && sign !== "+") return this.#power()
    this.#at++
    if (++this.#depth > maxDepth) throw unreadable
    const of = this.#signed()
    this.#depth--
    return sign === "-" ? this.#node({ kind: "negative", of }) : of
  }

  #power(): Expression {
    const base = this.#primary()
    if (this.#peek() !== "^") return base
    this.#at++
    if (++this.#depth > maxDepth) throw unreadable
    const exponent = this.#signed()
    this.#depth--
    return this.#operation("^", base, exponent)
  }

  #primary(): Expression {
    const next = this.#peek()
    if (next === "(") return this.#bracket(")")
    if (next === "{") return this.#bracket("}")
    if (/[\d.]/.test(next)) return this.#number()
    if (next === "\\") return this.#command()
    if (/[a-zA-Z]/.test(next)) return this.#letter()
    throw unreadable
  }

  #bracket(close: string): Expression {
    this.#at++
    const inside = this.sum()
    if (this.#peek() !== close) throw unreadable
    this.#at++
    return inside
  }

  /** A number; a whole one followed by a fraction of numbers is a mixed number. */
  #number(): Expression {
    const digits = this.#match(numberAt)
    const value = digits === null ? null : readDecimal(digits)
    if (value === null) throw unreadable
    const number = this.#node({ kind: "number", value })
    const rest = this.#text.slice(this.#at, this.#at + 128)
    const mixed = /^\d+$/.test(digits!)
      ? /^(?: +(\d{1,32}) ?\/ ?(\d{1,32})| *\\frac ?(?:\{ *(\d{1,32}) *\} ?\{ *(\d{1,32}) *\}|(\d)(\d)))(?![\d.])/.exec(
          rest,
        )
      : null
    if (mixed === null) {
      // Two numbers side by side are no product.
      if (/^ +[\d.]/.test(rest)) throw unreadable
      return number
    }
    this.#at += mixed[0].length
    const part = (a: string | undefined) => this.#node({ kind: "number", value: rational.decimal(a!, "")! })
    const share = this.#operation("/", part(mixed[1] ?? mixed[3] ?? mixed[5]), part(mixed[2] ?? mixed[4] ?? mixed[6]))
    return this.#operation("+", number, share)
  }

  #letter(): Expression {
    const ahead = this.#text.slice(this.#at, this.#at + 16)
    const word = /^(?:sqrt|pi)(?![a-zA-Z])/.exec(ahead)?.[0]
    if (word === undefined && functionName.test(ahead)) throw unreadable
    if (word === undefined) return this.#node({ kind: "symbol", name: this.#text[this.#at++]! })
    this.#at += word.length
    return word === "pi" ? this.#node({ kind: "pi" }) : this.#root()
  }

  #command(): Expression {
    const command = this.#match(commandAt)
    if (command === "\\pi") return this.#node({ kind: "pi" })
    if (command === "\\sqrt") return this.#root()
    if (command === "\\frac") {
      const top = this.#argument()
      return this.#operation("/", top, this.#argument())
    }
    if (command !== null && greek.test(command)) return this.#node({ kind: "symbol", name: command })
    throw unreadable
  }

  #root(): Expression {
    let degree: Expression = { kind: "number", value: rational.whole(2) }
    if (this.#peek() === "[") degree = this.#bracket("]")
    const next = this.#peek()
    const of = /[\d.]/.test(next) ? this.#number() : this.#argument()
    return this.#node({ kind: "root", degree, of })
  }

  /** A LaTeX argument: a group, a command or a single character (`\frac12`). */
  #argument(): Expression {
    const next = this.#peek()
    if (next === "{" || next === "(") return this.#bracket(next === "{" ? "}" : ")")
    if (next === "\\") return this.#command()
    if (/\d/.test(next)) {
      this.#at++
      return this.#node({ kind: "number", value: rational.whole(Number(next)) })
    }
    if (/[a-zA-Z]/.test(next)) return this.#letter()
    throw unreadable
  }

  #operation(operator: Operator, left: Expression, right: Expression): Expression {
    return this.#node({ kind: "operation", operator, left, right })
  }

  #node(expression: Expression): Expression {
    if (++this.#nodes > maxNodes) throw unreadable
    return expression
  }

  #peek(): string {
    while (this.#text[this.#at] === " ") this.#at++
    return this.#text[this.#at] ?? ""
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? null
    if (found !== null) this.#at += found.length
    return found
  }
}

/** A decimal literal with optional thousands separators and power of ten. Null when it is too large to hold. */
export function readDecimal(literal: string): Rational | null {
  const [mantissa = "", exponent = "0"] = literal.split(/[eE]/)
  const [before = "", after = ""] = mantissa.replaceAll(",", "").split(".")
  return before + after === "" ? null : rational.decimal(before, after, Number(exponent))
}

/** The symbols of an expression, sorted. */
export function symbolsOf(expression: Expression): string[] {
  const names = new Set<string>()
  const visit = (node: Expression): void => {
    if (node.kind === "symbol") names.add(node.name)
    if (node.kind === "negative" || node.kind === "root") visit(node.of)
    if (node.kind === "root") visit(node.degree)
    if (node.kind === "operation") {
      visit(node.left)
      visit(node.right)
    }
  }
  visit(expression)
  return [...names].sort()
}

/** The exact value, given exact values of the symbols. Null when it is irrational, undefined or too large. */
export function evaluateExactly(node: Expression, symbols: ReadonlyMap<string, Rational>): Rational | null {
  switch (node.kind) {
    case "number":
      return node.value
    case "symbol":
      return symbols.get(node.name) ?? null
    case "pi":
      return null
    case "negative": {
      const of = evaluateExactly(node.of, symbols)
      return of && rational.negate(of)
    }
    case "root": {
      const degree = evaluateExactly(node.degree, symbols)
      const of = degree && rational.equals(degree, rational.whole(2)) ? evaluateExactly(node.of, symbols) : null
      return of && rational.squareRoot(of)
    }
    case "operation": {
      const left = evaluateExactly(node.left, symbols)
      const right = left && evaluateExactly(node.right, symbols)
      return right && exact[node.operator](left, right)
    }
  }
}

const exact: Record<Operator, (a: Rational, b: Rational) => Rational | null> = {
  "+": rational.add,
  "-": (a, b) => rational.add(a, rational.negate(b)),
  "*": rational.multiply,
  "/": rational.divide,
  "^": rational.power,
}

/** The value as a double, given doubles for the symbols; not finite where it is undefined over the reals. */
export function evaluateNearly(node: Expression, symbols: ReadonlyMap<string, number>): number {
  switch (node.kind) {
    case "number":
      return rational.toDouble(node.value)
    case "symbol":
      return symbols.get(node.name) ?? Number.NaN
    case "pi":
      return Math.PI
    case "negative":
      return -evaluateNearly(node.of, symbols)
    case "root": {
      const degree = evaluateNearly(node.degree, symbols)
      const of = evaluateNearly(node.of, symbols)
      return of < 0 && Math.abs(degree % 2) === 1 ? -((-of) ** (1 / degree)) : of ** (1 / degree)
    }
    case "operation":
      return near[node.operator](evaluateNearly(node.left, symbols), evaluateNearly(node.right, symbols))
  }
}

const near: Record<Operator, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "^": (a, b) => a ** b,
}
