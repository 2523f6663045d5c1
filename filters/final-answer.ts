import { lastBoxed, lastPhrase } from "../annotators/verifiers/answer-markers.ts"
import { math } from "../annotators/verifiers/math.ts"
import { type MathValue, readValue } from "../annotators/verifiers/math-value.ts"
import { multipleChoice } from "../annotators/verifiers/multiple-choice.ts"
import { type Verifiable, verifierIdOf } from "../annotators/verify-answer.ts"
import { numberInWords } from "./number-in-words.ts"

/** What a response answers in the end. */
export interface FinalAnswer {
  /** As it was written; the letter of a choice. */
  readonly text: string
  readonly kind: "choice" | MathValue["kind"]
  /** Finds the answer in other text, in digits, in words or as the text of the choice; null where it cannot be looked for. */
  readonly mention: RegExp | null
}

/** Answers of this length in UTF-16 units or more may have been cut, and are no values to look for. */
const longest = 256

/**
 * The final answer of a response's answer part, read as the question's verifier reads it; null for programs, and where there is none. The
 * reference, where there is one, only says what kind of answer is looked for.
 */
export function finalAnswerOf(answer: string, question: Verifiable): FinalAnswer | null {
  const verifier = verifierIdOf(question)
  if (verifier === multipleChoice.id) {
    const letter = choiceIn(answer, question)
    return letter === null ? null : { text: letter, kind: "choice", mention: choiceMention(letter, question) }
  }
  if (verifier !== math.id) return null
  const read = valueIn(answer, question) ?? marked(answer)
  if (read === null || read.length >= longest) return null
  const value = readValue(read)
  return value === null ? null : { text: read, kind: value.kind, mention: valueMention(read, value) }
}

/** The answer that a statement gives, as the question's verifier reads it; null where it gives none. */
export function answerIn(statement: string, answer: FinalAnswer, question: Verifiable): string | null {
  if (answer.kind === "choice") return choiceIn(statement, question)
  const read = valueIn(statement, question) ?? marked(statement)
  return read !== null && read.length < longest ? read : null
}

/** Whether two answers are one: null where the verifier cannot say. */
export function sameAnswer(said: string, { text, kind }: FinalAnswer): boolean | null {
  if (kind === "choice") return said === text
  const verdicts = [compare(said, text), compare(text, said)]
  if (verdicts.includes("correct")) return true
  return verdicts.every((verdict) => verdict === "incorrect") ? false : null
}

const compare = (completion: string, reference: string) =>
  math.verify({ completion, reference, options: { answer: "bare" } }).verdict

const hasText = (reference: string | null | undefined): reference is string =>
  typeof reference === "string" && reference.trim() !== ""

const valueIn = (text: string, { reference }: Verifiable): string | null =>
  math.verify({ completion: text, reference: hasText(reference) ? reference : "0" }).extracted

const choiceIn = (text: string, { choices }: Verifiable): string | null =>
  multipleChoice.verify({
    // `选C` has no border that a word of letters would have.
    completion: text.replace(/(?<=\p{Script=Han})(?=[A-Z](?![a-z]))|(?<=\p{Script=Han}[A-Z])(?=\p{Script=Han})/gu, " "),
    reference: "A",
    options: choices && choices.length > 1 && choices.length <= 26 ? { choices: [...choices] } : {},
  }).extracted

/** Longest answer in words. */
const longestWords = 48

/** An answer that is no number: what a box, a phrase or a short answer part holds. */
function marked(text: string): string | null {
  const said = (lastBoxed(text) ?? lastPhrase(text) ?? text).trim().replace(/[.。!！*_]+$/, "")
  return said !== "" && said.length <= longestWords && !said.includes("\n") ? said : null
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

function choiceMention(letter: string, { choices }: Verifiable): RegExp {
  const text = choices?.[letter.charCodeAt(0) - 65]?.trim().replace(/^(?:the|an?) /i, "") ?? ""
  // Any letter case of the text, but of the letter only its own.
  const named = text.length > 1 && text.length < longest ? `|(?i:${bounded(escaped(text))})` : ""
  return new RegExp(`(?<![\\p{Script=Latin}\\p{N}])${letter}(?![\\p{Script=Latin}\\p{N}'’])${named}`, "gu")
}

function valueMention(text: string, { kind }: MathValue): RegExp | null {
  const number = kind !== "number" ? undefined : /^[-−+]?[$€£¥￥]?\s?\d[\d,]*(?:\.\d+)?/.exec(text)?.[0]
  if (number !== undefined && number.length === text.replace(/\s?[%％\p{L}°\\].*$/u, "").length) {
    const digits = number.replace(/[^\d.]/g, "")
    const [whole, fraction] = digits.split(".") as [string, string | undefined]
    const grouped = whole.replace(/(?<=\d)(?=(?:\d{3})+$)/g, "(?:,|，| |\u202f|\\\\,|\\{,\\})?")
    // A sign belongs to a number only where it cannot be an operator.
    const sign = /^[-−]/.test(text) ? "[-−]\\s?" : "(?<!(?:^|[=(,:：{\\s])[-−])"
    const tail = fraction === undefined ? "(?:\\.0+)?(?![\\d]|[.,]\\d)" : `\\.${fraction}\\d*`
    const words = fraction === undefined ? numberInWords(Number(whole)).map(bounded) : []
    return new RegExp([`${sign}(?<![\\d.]|\\d,)${grouped}${tail}`, ...words].join("|"), "giu")
  }
  const signs = text.replace(/\s+|\\[,;! ]/g, "")
  if (signs.length === 0 || signs.length > longestWords) return null
  return new RegExp(bounded((signs.match(notation) ?? []).map(spellings).join("\\s*")), "giu")
}

/** Parts of a formula that are written in several ways. */
const notation =
  /\\[dt]?frac\{[^{}]*\}\{[^{}]*\}|\\sqrt\{[^{}]*\}|\\(?:cdot|times)(?![a-z])|\\pi(?![a-z])|π|[*·×]|[\s\S]/gu

function spellings(part: string): string {
  const [, above, below] = /^\\[dt]?frac\{(.*)\}\{(.*)\}$/.exec(part) ?? []
  if (above !== undefined && below !== undefined)
    return `(?:\\\\[dt]?frac\\{${escaped(above)}\\}\\{${escaped(below)}\\}|${escaped(above)}\\s*[/／]\\s*${escaped(below)})`
  const root = /^\\sqrt\{(.*)\}$/.exec(part)?.[1]
  if (root !== undefined) return `(?:\\\\sqrt\\{?|√\\(?|sqrt\\(?)${escaped(root)}[})]?`
  if (/^(?:\\(?:cdot|times)|[*·×])$/.test(part)) return "(?:\\\\cdot|\\\\times|[*·×])?"
  return /^(?:\\pi|π)$/.test(part) ? "(?:\\\\pi|π|pi)" : escaped(part)
}

/** Not within a word or a number; scripts without spaces have no such borders. */
function bounded(pattern: string): string {
  const before = /^[\p{Script=Latin}\p{N}]/u.test(pattern) ? "(?<![\\p{Script=Latin}\\p{N}])" : ""
  const after = /[\p{Script=Latin}\p{N}]$/u.test(pattern) ? "(?![\\p{Script=Latin}\\p{N}])" : ""
  return before + pattern + after
}
