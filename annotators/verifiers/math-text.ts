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
    .replace(/\s+/g, " ")
    .trim()
  return canonical.get(words) ?? canonical.get(bare) ?? bare
}

/**
 * Compares an answer with the reference where either is in words. Words that hold the reference among others (`Carl is the
 * shortest`, `red or blue`) are neither the reference nor not it.
 */
export function compareTexts(reference: MathValue, answer: MathValue): Comparison {
  const [a, b] = [plainWords(reference.words), plainWords(answer.words)]
  if (a === b && a !== "") return "equal"
  const [left, right] = [wordList(reference.words), wordList(answer.words)]
  if (left.length > 1 && left.length === right.length && left.join("\n") === right.join("\n")) return "equal"
  const letter = choiceLetter(reference)
  if (letter !== null) {
    const chosen = /^\(?([A-Z])(?:[).:]|\)\s*\S)/.exec(answer.symbols)?.[1]
    if (chosen !== undefined) return chosen === letter ? "equal" : "unequal"
  }
  return ` ${b.replace(/[^\p{L}\p{N}]+/gu, " ")} `.includes(` ${a.replace(/[^\p{L}\p{N}]+/gu, " ")} `)
    ? "undecided"
    : "unequal"
}

const choiceLetter = (value: MathValue) => /^\(?([A-J])\)?$/.exec(value.symbols)?.[1] ?? null

const wordList = (words: string): string[] =>
  words
    .split(/,|;|\band\b|&|、|和/)
    .map(plainWords)
    .filter((word) => word !== "")
    .sort()
