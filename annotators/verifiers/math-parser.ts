// Recursive descent over tokens: sums, products, powers, primaries. Budgets are counted in nodes and depth.
import { functionOf, inverseOf } from "./math-functions.ts"
import { type Token, tokenize } from "./math-tokens.ts"
import { call, type Expression, type FunctionName, integer, literal, negated, operation } from "./math-tree.ts"
import * as rational from "./rational.ts"

/** Budgets of one parse: beyond either the text is not read. */
export const maxNodes = 512
export const maxDepth = 48

class Unreadable extends Error {}
const unreadable = new Unreadable("not an expression")

/** Parses plain notation (`plainNotation`) as one expression. Null when it is none. */
export function parseExpression(text: string): Expression | null {
  const tokens = tokenize(text, true)
  return tokens && parseTokens(tokens)
}

/** Parses all of the tokens as one expression. Null when they are none. */
export function parseTokens(tokens: readonly Token[]): Expression | null {
  if (tokens.length === 0) return null
  try {
    const parser = new Parser(tokens)
    const tree = parser.sum()
    return parser.atEnd() ? tree : null
  } catch (error) {
    if (error instanceof Unreadable) return null
    throw error
  }
}

const closing: Record<string, string> = { "(": ")", "[": "]", "{": "}" }
const greek =
  /^\\(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|upsilon|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega|ell|hbar)$/
const decorations = new Set(["\\overline", "\\hat", "\\bar", "\\tilde", "\\widehat", "\\widetilde", "\\dot", "\\ddot"])
const figures = new Set(["\\angle", "\\triangle", "\\odot"])
// Behind these a number is a factor: `3!7!`, `(a+b)2`, `i4`; `x2` and `2 3` are no products.
const numberFollows = new Set([")", "}", "]", "!", "i"])
// Letters that mathematics uses for functions; `x(x+1)` is a product.
const applied = new Set(["f", "g", "h", "F", "G", "H"])
const variadic = new Set<FunctionName>(["max", "min", "gcd", "lcm"])

class Parser {
  #at = 0
  #nodes = 0
  #depth = 0
  /** Bars that are open: `|` closes where one is, and opens elsewhere. */
  #bars = 0
  readonly #tokens: Token[]

  constructor(tokens: readonly Token[]) {
    this.#tokens = [...tokens]
  }

  atEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  sum(): Expression {
    this.#descend()
    let left = this.#product()
    for (let sign = this.#sign(); sign === "+" || sign === "-"; sign = this.#sign()) {
      this.#at++
      left = this.#node(operation(sign, left, this.#product()))
    }
    this.#depth--
    return left
  }

  #product(): Expression {
    let left = this.#signed()
    for (;;) {
      const sign = this.#sign()
      if (sign === "*" || sign === "/") {
        this.#at++
        // `**` is the power of programming languages.
        if (sign === "*" && this.#sign() === "*") throw unreadable
        left = this.#node(operation(sign, left, this.#signed()))
      } else if (this.#isModulo()) {
        this.#at++
        left = this.#node(call("modulo", left, this.#signed()))
      } else if (this.#beginsFactor()) {
        left = this.#node(operation("*", left, this.#power()))
      } else return left
    }
  }

  #isModulo(): boolean {
    const token = this.#tokens[this.#at]
    return token?.text === "mod" || token?.text === "\\bmod" || token?.text === "\\mod"
  }

  /** Whether what stands here multiplies what stands before it. A number does only behind a bracket: `x2` is no product. */
  #beginsFactor(): boolean {
    const token = this.#tokens[this.#at]
    if (token === undefined) return false
    switch (token.kind) {
      case "letter":
        return true
      case "word":
        return token.text !== "and" && token.text !== "or" && token.text !== "mod"
      case "command":
        return greek.test(token.text) || beginners.has(token.text) || functionOf(token.text) !== null
      case "number": {
        const before = this.#tokens[this.#at - 1]!
        return numberFollows.has(before.text)
      }
      case "sign":
        return (
          token.text === "(" || token.text === "{" || token.text === "[" || (token.text === "|" && this.#bars === 0)
        )
    }
  }

  #signed(): Expression {
    const sign = this.#sign()
    if (sign !== "-" && sign !== "+") return this.#power()
    this.#at++
    this.#descend()
    const of = this.#signed()
    this.#depth--
    return sign === "-" ? this.#node(negated(of)) : of
  }

  #power(): Expression {
    let base = this.#primary()
    for (;;) {
      const sign = this.#sign()
      if (sign === "!") {
        this.#at++
        base = this.#node(call("factorial", base))
      } else if (sign === "°") {
        this.#at++
        base = this.#node(call("degrees", base))
      } else if (sign === "%") {
        this.#at++
        base = this.#node(operation("/", base, integer(100)))
      } else if (this.#beginsPower()) {
        base = this.#node(operation("^", base, this.#exponent()))
      } else return base
    }
  }

  #beginsPower(): boolean {
    return this.#sign() === "^" || (this.#sign() === "*" && this.#tokens[this.#at + 1]?.text === "*")
  }

  #exponent(): Expression {
    this.#at += this.#sign() === "^" ? 1 : 2
    this.#descend()
    const exponent = this.#sign() === "-" || this.#sign() === "+" ? this.#signed() : this.#power()
    this.#depth--
    return exponent
  }

  #primary(): Expression {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw unreadable
    switch (token.kind) {
      case "number":
        return this.#number()
      case "letter":
        return this.#letter()
      case "word":
      case "command":
        return this.#named(token)
      case "sign":
        if (token.text === "|") return this.#absolute()
        return this.#bracket(closing[token.text])
    }
  }

  #bracket(close: string | undefined): Expression {
    if (close === undefined) throw unreadable
    this.#at++
    const outer = this.#bars
    this.#bars = 0
    const inside = this.sum()
    this.#expect(close)
    this.#bars = outer
    return inside
  }

  #absolute(): Expression {
    this.#at++
    this.#bars++
    const inside = this.sum()
    this.#expect("|")
    this.#bars--
    return this.#node(call("abs", inside))
  }

  /** A number; a whole one before a fraction of whole numbers is a mixed number. */
  #number(): Expression {
    const token = this.#tokens[this.#at++]!
    if (token.kind !== "number") throw unreadable
    const number = this.#node(literal(token.value))
    const share = /^[\d, ]+$/.test(token.text) ? this.#share() : null
    if (share !== null) return this.#node(operation("+", number, share))
    return number
  }

  /** The fraction of a mixed number: `\frac{1}{2}`, `\frac12`, or ` 1/2` behind white space. */
  #share(): Expression | null {
    const [first, slash, last] = this.#tokens.slice(this.#at, this.#at + 3)
    if (first?.kind === "number" && first.spaced && slash?.text === "/" && last?.kind === "number") {
      this.#at += 3
      return this.#node(operation("/", literal(first.value), literal(last.value)))
    }
    if (first?.text !== "\\frac") return null
    const texts = this.#tokens.slice(this.#at + 1, this.#at + 7).map(({ text }) => text)
    const whole = /^(?:\{\d+\}\{\d+\}|\{\d+\}\d|\d\{\d+\}|\d\d)/.test(texts.join(""))
    return whole ? this.#primary() : null
  }

  #letter(): Expression {
    const token = this.#tokens[this.#at++]!
    const name = token.text + this.#marks()
    if (name === "e" || name === "i") return this.#node({ kind: "constant", name })
    if (applied.has(token.text) && this.#sign() === "(") return this.#application(name)
    return this.#node({ kind: "symbol", name })
  }

  /** Subscripts and primes that belong to a symbol's name. */
  #marks(): string {
    let marks = ""
    for (;;) {
      const sign = this.#sign()
      if (sign === "'") {
        this.#at++
        marks += "'"
      } else if (sign === "_") {
        this.#at++
        marks += `_${this.#subscript()}`
      } else return marks
    }
  }

  #subscript(): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw unreadable
    if (token.text !== "{") return token.text
    let name = ""
    for (let depth = 1; depth > 0; this.#at++) {
      const inside = this.#tokens[this.#at]
      if (inside === undefined) throw unreadable
      if (inside.text === "{") depth++
      else if (inside.text === "}") depth--
      else name += inside.text
    }
    // F_{1+n} is F_{n+1}.
    return /^\w+(?:\+\w+)+$/.test(name) ? name.split("+").sort().reverse().join("+") : name
  }

  #application(name: string): Expression {
    return this.#node({ kind: "application", name, of: this.#list(")") })
  }

  /** Arguments in brackets, separated by commas. */
  #list(close: string): Expression[] {
    this.#at++
    const all = [this.sum()]
    while (this.#sign() === ",") {
      this.#at++
      all.push(this.sum())
    }
    this.#expect(close)
    return all
  }

  #named(token: Token): Expression {
    const { text } = token
    const name = functionOf(text)
    if (name !== null) return this.#function(name)
    this.#at++
    if (greek.test(text)) return this.#node({ kind: "symbol", name: text + this.#marks() })
    if (decorations.has(text))
      return this.#node({ kind: "symbol", name: `${text}{${this.#subscript()}}${this.#marks()}` })
    if (figures.has(text)) return this.#node({ kind: "symbol", name: `${text} ${this.#letters()}` })
    switch (text) {
      case "pi":
      case "\\pi":
        return this.#node({ kind: "constant", name: "pi" })
      case "infinity":
      case "\\infty":
        return this.#node({ kind: "constant", name: "infinity" })
      case "\\imath":
        return this.#node({ kind: "constant", name: "i" })
      case "\\frac":
        return this.#fraction()
      case "\\binom":
        return this.#node(call("binomial", this.#argument(), this.#argument()))
      case "sqrt":
      case "\\sqrt":
        return this.#root()
      case "cbrt":
        return this.#node(call("root", this.#argument(), integer(3)))
      case "\\lfloor":
        return this.#node(call("floor", this.#until("\\rfloor")))
      case "\\lceil":
        return this.#node(call("ceiling", this.#until("\\rceil")))
      case "\\sum":
      case "\\prod":
        return this.#series(text === "\\sum" ? "+" : "*")
      default:
        throw unreadable
    }
  }

  #letters(): string {
    let name = ""
    for (let token = this.#tokens[this.#at]; token?.kind === "letter"; token = this.#tokens[++this.#at])
      name += token.text
    return name + this.#marks()
  }

  #until(close: string): Expression {
    const inside = this.sum()
    this.#expect(close)
    return inside
  }

  #fraction(): Expression {
    const start = this.#at
    const top = this.#argument()
    const under = this.#at
    const bottom = this.#argument()
    if (this.#differential(start, under)) {
      const written = this.#tokens.slice(start, this.#at).map(({ text }) => text)
      // `d/dx` is an operator and no value; `dy/dx` is a name.
      if (under - start < 4) throw unreadable
      return this.#node({ kind: "symbol", name: `\\frac${written.join("")}` })
    }
    return this.#node(operation("/", top, bottom))
  }

  #differential(top: number, bottom: number): boolean {
    const begins = (at: number) =>
      this.#tokens[at]?.text === "d" || (this.#tokens[at]?.text === "{" && this.#tokens[at + 1]?.text === "d")
    return begins(top) && begins(bottom) && this.#at - bottom >= 4
  }

  #root(): Expression {
    const degree = this.#sign() === "[" ? this.#bracket("]") : integer(2)
    const next = this.#tokens[this.#at]
    const of = next?.kind === "number" ? this.#number() : this.#argument()
    return this.#node(call("root", of, degree))
  }

  /** A LaTeX argument: a group, a command, a letter, or a single digit (`\frac12`). */
  #argument(): Expression {
    const token = this.#tokens[this.#at]
    if (token?.kind === "number" && /^\d\d/.test(token.text)) {
      const [digit, rest] = [token.text[0]!, token.text.slice(1)]
      const value = rational.whole(Number(digit))
      const tail = tokenize(rest, false)
      if (tail === null) throw unreadable
      this.#tokens.splice(this.#at, 1, { ...token, text: digit, value }, ...tail)
    }
    if (token?.kind === "number") {
      const digit = this.#tokens[this.#at++]!
      return digit.kind === "number" ? this.#node(literal(digit.value)) : this.#primary()
    }
    return this.#primary()
  }

  /** `\sum_{k=1}^{n}` of the product behind it. */
  #series(operator: "+" | "*"): Expression {
    this.#expect("_")
    this.#expect("{")
    const index = this.#letters()
    this.#expect("=")
    const from = this.sum()
    this.#expect("}")
    if (this.#sign() !== "^") throw unreadable
    const to = this.#exponent()
    this.#descend()
    const of = this.#product()
    this.#depth--
    return this.#node({ kind: "series", operator, index, from, to, of: withIndex(of, index) })
  }

  #function(name: FunctionName): Expression {
    this.#at++
    let base: Expression | null = null
    let exponent: Expression | null = null
    for (let sign = this.#sign(); sign === "_" || sign === "^"; sign = this.#sign()) {
      if (sign === "^") exponent = this.#exponent()
      else {
        this.#at++
        base = this.#base()
      }
    }
    const inverse = exponent !== null && isMinusOne(exponent) ? inverseOf(name) : null
    const of = this.#arguments(name)
    const applied = this.#node(this.#call(inverse ?? name, of, base))
    return exponent === null || inverse !== null ? applied : this.#node(operation("^", applied, exponent))
  }

  #call(name: FunctionName, of: Expression[], base: Expression | null): Expression {
    const [first, second] = of
    if (base !== null) {
      if (name !== "log" || of.length !== 1) throw unreadable
      return call("logarithm", first!, base)
    }
    // Programming languages write the base behind the argument.
    if (name === "log" && of.length === 2) return call("logarithm", first!, second!)
    if (!variadic.has(name) && of.length !== 1) throw unreadable
    return call(name, ...of)
  }

  /** The base of a logarithm: `\log_2 8`, `\log_{10}`; of `\log_28` the first digit. */
  #base(): Expression {
    const token = this.#tokens[this.#at]
    return token?.kind === "number" && token.text === "10" ? this.#number() : this.#argument()
  }

  #arguments(name: FunctionName): Expression[] {
    const sign = this.#sign()
    if (sign === "(") return this.#list(")")
    if (variadic.has(name)) {
      const open = this.#tokens[this.#at]?.text
      if (open === "\\{") return this.#list("\\}")
      if (open === "{") return this.#list("}")
      throw unreadable
    }
    if (sign === "[") return [this.#bracket("]")]
    this.#descend()
    let of = sign === "-" ? this.#signed() : this.#power()
    // `\sin 2x` is the sine of 2x, but `\sin x \cos x` is a product.
    while (this.#beginsFactor() && !this.#beginsFunction()) of = this.#node(operation("*", of, this.#power()))
    this.#depth--
    return [of]
  }

  #beginsFunction(): boolean {
    const token = this.#tokens[this.#at]
    return token !== undefined && functionOf(token.text) !== null && token.kind !== "letter"
  }

  #sign(): string | null {
    const token = this.#tokens[this.#at]
    return token?.kind === "sign" ? token.text : null
  }

  #expect(text: string): void {
    if (this.#tokens[this.#at]?.text !== text) throw unreadable
    this.#at++
  }

  #descend(): void {
    if (++this.#depth > maxDepth) throw unreadable
  }

  #node(expression: Expression): Expression {
    if (++this.#nodes > maxNodes) throw unreadable
    return expression
  }
}

/** Commands, besides functions and Greek letters, with which a factor may begin. */
const beginners = new Set([
  ..."\\pi \\infty \\frac \\binom \\sqrt \\lfloor \\lceil \\sum \\prod \\imath".split(" "),
  ...decorations,
  ...figures,
])

const isMinusOne = (node: Expression) =>
  node.kind === "negative" && node.of.kind === "number" && rational.equals(node.of.value, rational.whole(1))

/** The index of a series is its own symbol, also where it is named i. */
function withIndex(node: Expression, index: string): Expression {
  if (index !== "i" && index !== "e") return node
  switch (node.kind) {
    case "constant":
      return node.name === index ? { kind: "symbol", name: index } : node
    case "negative":
      return negated(withIndex(node.of, index))
    case "operation":
      return operation(node.operator, withIndex(node.left, index), withIndex(node.right, index))
    case "call":
    case "application":
      return { ...node, of: node.of.map((one) => withIndex(one, index)) }
    default:
      return node
  }
}
