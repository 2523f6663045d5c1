// One way of writing for the many: what is only typography goes, what carries meaning stays. No meaning is decided here.
import { asciiOf } from "./math-characters.ts"

/** LaTeX that only sets type: commands that are removed, with their argument where they have one. */
const invisible =
  /\\(?:left|right|middle)(?:\.|(?![a-zA-Z]))|\\(?:[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits|nonumber|notag|hfill|centering|rm|bf|it)(?![a-zA-Z])|\\(?:phantom|hphantom|vphantom|hspace\*?|vspace\*?|tag\*?|label|color|fontsize|kern|hskip)\s*\{[^{}]*\}|\\!|\\textcolor\s*\{[^{}]*\}/g
const rowBreak = /\\\\(?:\s*\[-?[\d.]+\s*(?:pt|em|ex|mm|cm)\])?|\\(?:tabularnewline|newline)(?![a-zA-Z])/g
const spaces =
  /\\[,;:> ]|\\q?quad|\\(?:thinspace|medspace|thickspace|enspace|space|nobreakspace|hline|par)(?![a-zA-Z])|~/g
const environments =
  /\\(?:begin|end)\s*\{(?:align|aligned|alignat|gather|gathered|equation|split|multline|displaymath|math|center|flushleft)\*?\}(?:\s*\{\d*\})?/g
const textCommands =
  /\\(?:text|textrm|textbf|textit|textsf|texttt|textnormal|textup|emph|mathrm|mathbf|mathit|mathsf|mathtt|mathnormal|mathcal|mathscr|mathfrak|boldsymbol|bm|pmb|mbox|hbox|fbox|boxed|operatorname\*?|underline|vec|overrightarrow|displaylines)\s*\{([^{}]*)\}/g

/** The spellings of one command, each with the one that stays. */
const synonyms: readonly [RegExp, string][] = [
  [/\\(?:dfrac|tfrac|cfrac|nicefrac|sfrac)(?![a-zA-Z])/g, "\\frac"],
  [/\\(?:dbinom|tbinom)(?![a-zA-Z])/g, "\\binom"],
  [/\\(?:times|cdot|ast|star)(?![a-zA-Z])/g, "*"],
  [/\\div(?![a-zA-Z])/g, "/"],
  [/\\(?:leq|leqslant|leqq)(?![a-zA-Z])/g, "\\le"],
  [/\\(?:geq|geqslant|geqq)(?![a-zA-Z])/g, "\\ge"],
  [/\\(?:neq|not\s*=)(?![a-zA-Z])/g, "\\ne"],
  [/\\lt(?![a-zA-Z])/g, "<"],
  [/\\gt(?![a-zA-Z])/g, ">"],
  [/\\(?:lbrace)(?![a-zA-Z])/g, "\\{"],
  [/\\(?:rbrace)(?![a-zA-Z])/g, "\\}"],
  [/\\lbrack(?![a-zA-Z])/g, "["],
  [/\\rbrack(?![a-zA-Z])/g, "]"],
  [/\\(?:langle|lparen)(?![a-zA-Z])/g, "("],
  [/\\(?:rangle|rparen)(?![a-zA-Z])/g, ")"],
  [/\\(?:lvert|rvert|vert|mid)(?![a-zA-Z])/g, "|"],
  [/\\(?:varnothing|empty)(?![a-zA-Z])/g, "\\emptyset"],
  [/\\(?:ldots|dots|cdots|dotsc|dotsb)(?![a-zA-Z])|\.\.\.+/g, "\\ldots "],
  [/\\(?:setminus|smallsetminus|backslash)(?![a-zA-Z])/g, "\\setminus"],
  [/\\(?:lor|vee)(?![a-zA-Z])/g, " or "],
  [/\\(?:land|wedge)(?![a-zA-Z])/g, " and "],
  [/\\(?:R|reals|Reals)(?![a-zA-Z])/g, "\\mathbb{R}"],
  [/\\mathbb\s+([A-Z])/g, "\\mathbb{$1}"],
  [/\\(?:mathrm|mathbf|mathit|textrm|textbf|text|rm|bf)\s+([a-zA-Z\d])(?![a-zA-Z\d])/g, " $1 "],
  [/\\varphi(?![a-zA-Z])/g, "\\phi"],
  [/\\varepsilon(?![a-zA-Z])/g, "\\epsilon"],
  [/\\vartheta(?![a-zA-Z])/g, "\\theta"],
  [/\\bar(?=\s*\{?\d)/g, "\\overline"],
  [/\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|\\degrees?(?![a-zA-Z])/g, "°"],
  [/\^\s*\{\s*(?:\\prime\s*){2}\}/g, "''"],
  [/\^\s*(?:\{\s*\\prime\s*\}|\\prime(?![a-zA-Z]))/g, "'"],
  [/\\([$%&#_])/g, "$1"],
  [/\{\s*([,:.;])\s*\}/g, "$1"],
  [/\{([^{}]*)\\over(?![a-zA-Z])([^{}]*)\}/g, "\\frac{$1}{$2}"],
  [/\{([^{}]*)\\choose(?![a-zA-Z])([^{}]*)\}/g, "\\binom{$1}{$2}"],
]

// Text that was escaped once too often: `\\\\frac{1}{2}`.
const escapedTwice =
  /\\\\(?=(?:[dt]?frac|left|right|sqrt|text|pi|boxed|infty|cup|cap|in|leq?|geq?|neq?|times|cdot|pm|circ|mathrm|mathbb|ln|log|sin|cos|tan)(?![a-zA-Z]))/g

/** Layers of `\text{...}` within `\text{...}` that are opened. */
const maxTextDepth = 4

function plainCommands(text: string): string {
  // First of all the row break, which would else lend its second backslash to the sign behind it.
  let plain = text.replace(/,\s*\\!\s*(?=\d{3})/g, ",")
  if (!plain.includes("\\begin")) plain = plain.replace(escapedTwice, "\\")
  plain = plain.replace(rowBreak, "\\cr ").replace(environments, " ").replace(invisible, "").replace(spaces, " ")
  for (const [pattern, spelling] of synonyms) plain = plain.replace(pattern, spelling)
  for (let depth = 0; depth < maxTextDepth && plain.includes("\\"); depth++) {
    const before = plain
    plain = plain.replace(textCommands, " $1 ")
    if (plain === before) break
  }
  // The ampersand aligns everywhere but in a matrix.
  return plain.includes("&") && !plain.includes("\\begin") ? plain.replaceAll("&", "") : plain
}

const wrappers =
  /^(?:\$\$([\s\S]*)\$\$|\$([^$]*)\$|\\\(([\s\S]*)\\\)|\\\[([\s\S]*)\\\]|\*\*([^*]*)\*\*|__([^_]*)__|`([^`]*)`|"([^"]*)"|\\boxed\s*\{([^{}]*)\})$/

/**
 * An answer in plain notation: ASCII signs, LaTeX commands that only set type removed, delimiters, emphasis, quotes and
 * trailing punctuation stripped, white space collapsed. Letter case and braces stay.
 */
export function plainNotation(text: string): string {
  let plain = /[^\x20-\x7e]/.test(text) ? asciiOf(text) : text
  plain = plain.trim()
  for (let layer = 0; layer < 4; layer++) {
    const inside = trimEnds(plain)
    const match = wrappers.exec(inside)
    plain = match ? (match.slice(1).find((group) => group !== undefined) ?? "").trim() : inside
    if (!match) break
  }
  if (/[\\~]|\{[,:.;]\}|\.\.\./.test(plain)) plain = plainCommands(plain)
  plain = plain.replace(/\$([^$]{1,2048})\$/g, " $1 ").replaceAll("**", plain.endsWith("**") ? "" : "**")
  return trimEnds(plain.replace(/\s+/g, " ").replaceAll(" ^", "^"))
}

const trimEnds = (text: string) => {
  let end = text.length
  while (end > 0 && " .,;:?。".includes(text[end - 1]!) && text[end - 2] !== "\\" && !text.endsWith("...", end)) end--
  // `Yes!` is said loudly; `5!` and `n!` are factorials.
  while (end > 2 && text[end - 1] === "!" && /[A-Za-z]{2}$/.test(text.slice(end - 3, end - 1))) end--
  while (end > 0 && text[end - 1] === "\\" && text[end - 2] !== "\\") end--
  let start = 0
  while (start < end && " :=≈".includes(text[start]!)) start++
  return text.slice(start, end)
}

/** The form in which text answers are equal: words in lower case, single spaces, none around signs. */
export const normalText = (plain: string): string =>
  plain
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/ ?([^\p{L}\p{N} ]) ?/gu, "$1")
    .trim()

/** The form in which notation is equal: no white space, letter case kept. */
export const normalSymbols = (plain: string): string => plain.replace(/\s+/g, "")
