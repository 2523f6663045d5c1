// When two answers in words are equal.
import type { Comparison } from "./math-sampling.ts"
import type { MathValue } from "./math-values.ts"

/** Words that say the same; the first stands for all. */
const synonyms: readonly (readonly string[])[] = [
  ["yes", "true", "是", "对", "正确"],
  ["no", "false", "否", "不是", "错", "错误"],
  ["does not exist", "dne", "doesn't exist", "不存在"],
  ["undefined", "not defined", "is undefined"],
  ["am", "a.m", "a.m."],
  ["pm", "p.m", "p.m."],
]
const canonical = new Map(synonyms.flatMap((words) => words.map((word) => [word, words[0]!] as const)))

/** Words without articles and punctuation, in one spelling. */
function plainWords(words: string): string {
  const bare = words
    .replace(/[.,;:!?"'`*()[\]{}$\\]+/g, " ")
    .replace(/[-_/]/g, " ")
    .replace(/\b(?:the|a|an)\s+(?=\S)/g, "")
    .replace(/\b(\d+)(?:st|nd|rd|th)\b/g, "$1")
    .replace(/\s+/g, " ")
    .trim()
  return canonical.get(words) ?? canonical.get(bare) ?? bare
}

/**
 * Compares an answer with the reference where either is in words. Words that hold the reference among others (`Carl is the
 * shortest`, `red or blue`) are neither the reference nor not it.
 */
export function compareTexts(reference: MathValue, answer: MathValue): Comparison {
  if (reference.words === answer.words && isOneRun(reference.words))
    return isCaseBound(reference) || isCaseBound(answer) || reference.kind !== answer.kind ? "unequal" : "equal"
  const [a, b] = [plainWords(reference.words), plainWords(answer.words)]
  if (a === b && a !== "") return "equal"
  const [left, right] = [wordList(reference.words), wordList(answer.words)]
  if (left.length > 1 && left.length === right.length && left.join("\n") === right.join("\n")) return "equal"
  if (left.length > 1 && right.length > 1 && left.length !== right.length) return "unequal"
  return ` ${b.replace(/[^\p{L}\p{N}]+/gu, " ")} `.includes(` ${a.replace(/[^\p{L}\p{N}]+/gu, " ")} `)
    ? "undecided"
    : "unequal"
}

const isOneRun = (words: string) => /^[a-z]+$/.test(words)

/** Letters in a case that no word has, as in `mRNA`, are symbols. */
const isCaseBound = ({ symbols }: MathValue) => !/^(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)$/.test(symbols)

const choice = /^\(?([A-J])[).:]?$/
const choiceWithText = /^(?:\(([A-J])\)|([A-J])[).:])\s*\S/
const spokenChoice = /^(?:选项?|option|choice)\s*([A-J])$|^([A-J])(?:选项)?$/i

/** Compares the letters of a multiple choice where one side is a letter alone: `B`, `(B) 12`, `选B`. Null for all else. */
export function compareChoices(one: MathValue, other: MathValue): Comparison | null {
  if (one.symbols.length > 3 && other.symbols.length > 3) return null
  const [a, b] = [choiceOf(one), choiceOf(other)]
  if (a === null || b === null || (!choice.test(one.symbols) && !choice.test(other.symbols))) return null
  return a === b ? "equal" : "unequal"
}

function choiceOf({ symbols }: MathValue): string | null {
  const match = choice.exec(symbols) ?? choiceWithText.exec(symbols) ?? spokenChoice.exec(symbols)
  return match?.[1] ?? match?.[2] ?? null
}

const wordList = (words: string): string[] =>
  words
    .split(/,|;|\band\b|&|、|和/)
    .map(plainWords)
    .filter((word) => word !== "")
    .sort()
