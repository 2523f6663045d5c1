// Where an answer holds several values: separators, brackets, unions, matrices, plus-minus. Only the text is cut here; each part is
// read by the caller.
import type { Token } from "./math-tokens.ts"

const opens = (text: string) => text === "(" || text === "[" || text === "{" || text === "\\{"
const closes = (text: string) => text === ")" || text === "]" || text === "}" || text === "\\}"

/** Most parts of one answer. */
export const maxParts = 128

/**
 * The parts of a text between separators outside of brackets, without white space around them; empty ones are left out. Null
 * without a separator. `brackets: "groups"` lets only braces enclose, since the brackets of intervals may face either way.
 */
export function splitAt(
  plain: string,
  tokens: readonly Token[],
  isSeparator: (token: Token) => boolean,
  brackets: "all" | "groups" = "all",
): string[] | null {
  const parts: string[] = []
  let [from, depth, separators] = [0, 0, 0]
  for (const token of tokens) {
    const counts = brackets === "all" || token.text.endsWith("{") || token.text.endsWith("}")
    if (counts && opens(token.text)) depth++
    else if (counts && closes(token.text)) depth--
    else if (depth === 0 && isSeparator(token)) {
      parts.push(plain.slice(from, token.start).trim())
      from = token.end
      separators++
    }
  }
  if (separators === 0) return null
  parts.push(plain.slice(from).trim())
  return parts.filter((part) => part !== "")
}

export const isComma = (token: Token): boolean => token.text === "," && token.kind === "sign"
export const isSemicolon = (token: Token): boolean => token.text === ";" || token.text === "\\cr"
export const isConjunction = (token: Token): boolean =>
  token.kind === "word" && (token.text === "and" || token.text === "or")

/** A text whose first bracket closes at its end. `open` and `close` as written; braces of LaTeX groups are `{` and `}`. */
export interface Bracketed {
  readonly open: "(" | "[" | "]" | "{" | "\\{"
  readonly close: ")" | "]" | "[" | "}" | "\\}"
  readonly inside: string
}

/** The brackets around a whole text; null where they do not enclose all of it. */
export function enclosing(plain: string, tokens: readonly Token[]): Bracketed | null {
  const [first, last] = [tokens[0], tokens.at(-1)]
  if (first === undefined || last === undefined || tokens.length < 2) return null
  const inside = plain.slice(first.end, last.start).trim()
  // ]a, b[ and its mixed forms: outward brackets at both ends.
  if ((first.text === "]" && /^[[)\]]$/.test(last.text)) || (last.text === "[" && /^[[(]$/.test(first.text)))
    return { open: first.text as "]", close: last.text as "[", inside }
  if (!opens(first.text) || !closes(last.text)) return null
  let depth = 0
  for (const token of tokens) {
    if (opens(token.text)) depth++
    else if (closes(token.text) && --depth === 0 && token !== last) return null
  }
  return depth === 0 ? { open: first.text as "(", close: last.text as ")", inside } : null
}

/** `\pm` written out: every choice of signs, the two of `\mp` being opposite to those of `\pm`. Null without one or beyond eight. */
export function plusMinus(plain: string): string[] | null {
  const count = plain.match(/\\pm(?![a-zA-Z])/g)?.length ?? 0
  const opposite = plain.match(/\\mp(?![a-zA-Z])/g)?.length ?? 0
  if (count + opposite === 0 || count > 3 || opposite > 3) return null
  const joint = opposite > 0
  return Array.from({ length: joint ? 2 : 2 ** count }, (_, choice) => {
    let at = 0
    return plain
      .replace(/\\pm(?![a-zA-Z])/g, () => ((choice >> (joint ? 0 : at++)) & 1 ? "-" : "+"))
      .replace(/\\mp(?![a-zA-Z])/g, choice & 1 ? "+" : "-")
  })
}

/** A matrix as written: what stands before it, its rows of cells, and whether it is turned. */
export interface WrittenMatrix {
  readonly factor: string
  readonly kind: string
  readonly rows: readonly (readonly string[])[]
}

const matrixPattern =
  /^(.{0,64}?)([([|]?)\s*\\begin\s*\{([pbBvV]?(?:small)?matrix|array|cases)\*?\}(?:\s*\{[^{}]{0,32}\})?([\s\S]*)\\end\s*\{\3\*?\}\s*[)\]|]?\s*(\^\s*\{?\s*(?:T|\\top|\\intercal|\\mathrm\s*T)\s*\}?)?$/

/** A text that is one matrix, vector or system, perhaps with a factor before it or turned by `^T`. Null for others. */
export function writtenMatrix(plain: string): WrittenMatrix | null {
  const match = matrixPattern.exec(plain)
  if (!match) return null
  const [, factor = "", bar = "", kind = "", body = "", turned] = match
  if (body.includes("\\begin")) return null
  const rows = body
    .split("\\cr")
    .map((row) => row.split("&").map((cell) => cell.trim()))
    .filter((row) => row.length > 1 || row[0] !== "")
  const width = rows[0]?.length ?? 0
  if (kind !== "cases" && !rows.every((row) => row.length === width)) return null
  const straight = turned === undefined ? rows : Array.from({ length: width }, (_, i) => rows.map((row) => row[i]!))
  return { factor: factor.trim(), kind: bar === "|" ? "vmatrix" : kind, rows: straight }
}
