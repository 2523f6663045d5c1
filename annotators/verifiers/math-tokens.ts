// Plain notation as tokens. Letters in a row are symbols side by side, except for the names of functions and constants.
import { functionWords } from "./math-functions.ts"
import { readNumber } from "./number-literals.ts"
import { type Rational, whole } from "./rational.ts"

/** One sign of notation. `start` and `end` are its place in the text; `spaced` is true behind white space. */
export type Token = { readonly start: number; readonly end: number; readonly spaced: boolean } & (
  | { readonly kind: "number"; readonly text: string; readonly value: Rational }
  | { readonly kind: "letter" | "word" | "command" | "sign"; readonly text: string }
)

/** Most tokens of one answer. */
export const maxTokens = 1_024

/** Names that are read in plain text as well, without a backslash. */
export const knownWords = new Set([...functionWords, "sqrt", "cbrt", "mod", "pi", "infinity", "and", "or"])
const greekWords = new Set(
  "alpha beta gamma delta epsilon theta lambda mu sigma omega phi psi rho tau Delta Omega".split(" "),
)
const wordsByLength = [...knownWords].sort((a, b) => b.length - a.length)

/** Beyond the longest name there is nothing to be found in a run of letters. */
const longestName = wordsByLength[0]!.length + 1

const commandAt = /\\(?:[a-zA-Z]+|[{}|])/y

/**
 * Tokens of a plain text (`plainNotation`). With `grouped`, `1,234` is one number. Null beyond `maxTokens` or for a number too
 * large to hold.
 */
export function tokenize(text: string, grouped: boolean): Token[] | null {
  const tokens: Token[] = []
  let spaced = false
  for (let at = 0; at < text.length; ) {
    const character = text[at]!
    if (character === " ") {
      spaced = true
      at++
      continue
    }
    if (tokens.length >= maxTokens) return null
    const previous = tokens.at(-1)
    const token =
      isDigit(character) || (character === "." && isDigit(text[at + 1] ?? ""))
        ? isDigit(character) && takesDigit(tokens)
          ? digitToken(text, at, spaced)
          : numberToken(text, at, grouped && previous?.text !== "_", spaced)
        : character === "\\"
          ? commandToken(text, at, spaced)
          : isLetter(character)
            ? letterToken(text, at, spaced)
            : ({ kind: "sign", text: character, start: at, end: at + 1, spaced } as const)
    if (token === null) return null
    tokens.push(token)
    at = token.end
    spaced = false
  }
  return tokens
}

const isDigit = (character: string) => character >= "0" && character <= "9"
const isLetter = (character: string) => (character >= "a" && character <= "z") || (character >= "A" && character <= "Z")

/** Whether the arguments of `\frac` are open: without braces each is one digit, so that `\frac1e-1` holds no power of ten. */
function takesDigit(tokens: readonly Token[]): boolean {
  const [before, last] = [tokens.at(-2), tokens.at(-1)]
  return last?.text === "\\frac" || (before?.text === "\\frac" && last?.kind === "number")
}

const digitToken = (text: string, start: number, spaced: boolean): Token => ({
  kind: "number",
  text: text[start]!,
  value: whole(Number(text[start])),
  start,
  end: start + 1,
  spaced,
})

function numberToken(text: string, start: number, grouped: boolean, spaced: boolean): Token | null {
  const number = readNumber(text, start, grouped)
  return (
    number && {
      kind: "number",
      text: text.slice(start, number.end),
      value: number.value,
      start,
      end: number.end,
      spaced,
    }
  )
}

function commandToken(text: string, start: number, spaced: boolean): Token | null {
  commandAt.lastIndex = start
  const command = commandAt.exec(text)?.[0]
  return command === undefined ? null : { kind: "command", text: command, start, end: start + command.length, spaced }
}

function letterToken(text: string, start: number, spaced: boolean): Token {
  let end = start + 1
  while (end - start < longestName && isLetter(text[end] ?? "")) end++
  const run = text.slice(start, end)
  if (greekWords.has(run)) return { kind: "command", text: `\\${run}`, start, end, spaced }
  const whole = knownWords.has(run) ? run : undefined
  // A function's name may touch its argument (`sinx`, `2pir`); `and` and `or` may not.
  const word = whole ?? wordsByLength.find((name) => name !== "and" && name !== "or" && run.startsWith(name))
  if (word !== undefined) return { kind: "word", text: word, start, end: start + word.length, spaced }
  return { kind: "letter", text: run[0]!, start, end: start + 1, spaced }
}
