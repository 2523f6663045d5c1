// Which texts are words, and which are letters that stand for symbols.
import { knownWords } from "./math-tokens.ts"

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
export function isProse(plain: string): boolean {
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
