// One way of writing for the many: what is only typography goes, what carries meaning stays. No meaning is decided here.

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹"
const fractions: Record<string, string> = {
  "½": "1/2",
  "⅓": "1/3",
  "⅔": "2/3",
  "¼": "1/4",
  "¾": "3/4",
  "⅕": "1/5",
  "⅖": "2/5",
  "⅗": "3/5",
  "⅘": "4/5",
  "⅙": "1/6",
  "⅚": "5/6",
  "⅛": "1/8",
  "⅜": "3/8",
  "⅝": "5/8",
  "⅞": "7/8",
}
const characters: Record<string, string> = {
  "−": "-",
  "–": "-",
  "—": "-",
  "×": "*",
  "·": "*",
  "⋅": "*",
  "∗": "*",
  "∙": "*",
  "÷": "/",
  "∕": "/",
  "⁄": "/",
  π: "\\pi ",
  "√": "\\sqrt ",
  "、": ",",
  "′": "'",
  "’": "'",
  "‘": "'",
  "“": '"',
  "”": '"',
}

/** Characters that other writing systems and keyboards use for the same signs: full-width, dashes, superscripts, fractions. */
function plainCharacters(text: string): string {
  const raised = text.replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (run) => {
    const digits = [...run].map((digit) => superscripts.indexOf(digit)).join("")
    return digits.length === 1 ? `^${digits}` : `^{${digits}}`
  })
  return raised.replace(/[^\x20-\x7e]/g, (character) => {
    const unit = character.charCodeAt(0)
    if (unit >= 0xff01 && unit <= 0xff5e) return String.fromCharCode(unit - 0xfee0)
    if (unit === 0xffe5) return "¥"
    if (/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/.test(character)) return ""
    if (/\s/.test(character)) return " "
    const fraction = fractions[character]
    return fraction === undefined ? (characters[character] ?? character) : ` ${fraction}`
  })
}

/** LaTeX that only sets type, and the two or three spellings of one command. */
function plainCommands(text: string): string {
  let plain = text
    .replace(/\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits|nolimits)(?![a-zA-Z])/g, "")
    .replace(/\\[,;:!> ]|\\(?:quad|qquad|thinspace)(?![a-zA-Z])|~/g, " ")
    .replace(/\\(?:dfrac|tfrac|cfrac)(?![a-zA-Z])/g, "\\frac")
    .replace(/\\(?:times|cdot|ast)(?![a-zA-Z])/g, "*")
    .replace(/\\div(?![a-zA-Z])/g, "/")
    .replace(/\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|\\degree(?![a-zA-Z])/g, "°")
    .replace(/\\([$%&#_])/g, "$1")
    .replace(/\{,\}/g, ",")
  for (let depth = 0; depth < 3 && plain.includes("\\"); depth++) {
    const before = plain
    plain = plain.replace(
      /\\(?:text|textrm|textbf|textit|mathrm|mathbf|mathit|mbox|operatorname|boxed|fbox)\s*\{([^{}]*)\}/g,
      " $1 ",
    )
    if (plain === before) break
  }
  return plain
}

const wrappers =
  /^(?:\$\$([\s\S]*)\$\$|\$([^$]*)\$|\\\(([\s\S]*)\\\)|\\\[([\s\S]*)\\\]|\*\*([^*]*)\*\*|`([^`]*)`|"([^"]*)")$/

/**
 * An answer in plain notation: ASCII signs, LaTeX commands that only set type removed, delimiters, emphasis, quotes and
 * trailing punctuation stripped, white space collapsed. Letter case and braces stay.
 */
export function plainNotation(text: string): string {
  let plain = /[^\x20-\x7e]/.test(text) ? plainCharacters(text) : text
  plain = plain.trim()
  for (let layer = 0; layer < 4; layer++) {
    const inside = trimEnds(plain)
    const match = wrappers.exec(inside)
    plain = match ? (match.slice(1).find((group) => group !== undefined) ?? "").trim() : inside
    if (!match) break
  }
  if (plain.includes("\\") || plain.includes("{,}") || plain.includes("~")) plain = plainCommands(plain)
  return trimEnds(plain.replace(/ {2,}/g, " ").replaceAll(" ^", "^"))
}

const trimEnds = (text: string) => {
  let end = text.length
  while (end > 0 && " .,;:!?。".includes(text[end - 1]!) && text[end - 2] !== "\\") end--
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
