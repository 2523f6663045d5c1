import { z } from "zod"
import type { Verdict } from "../../schemas/verdict.ts"
import { lastBoxed, lastPhrase, lastShortAnswer } from "./answer-markers.ts"
import { answerText } from "./answer-text.ts"
import { normalText, plainNotation } from "./math-notation.ts"
import {
  correct,
  incorrect,
  type RuleVerifier,
  readOptions,
  unparsed,
  unverifiable,
  type VerifierInput,
} from "./verifier.ts"

const options = z.strictObject({
  choices: z
    .array(z.string())
    .min(2)
    .max(26)
    .optional()
    .meta({ description: "Texts of the choices, without their letters; by default only letters are read" }),
})

/**
 * Multiple choice: reads the chosen letter, or the choice's text where the choices are known, from the last box, else the last
 * final-answer phrase, else `A:`, else a first or last line that is an answer. A negated or hedged choice ("not B", "A or B")
 * is no answer: the completion stays unparsed and earlier statements are not consulted.
 */
export const multipleChoice: RuleVerifier = {
  kind: "rule",
  id: "multiple-choice",
  version: 3,
  about: "The chosen letter of a multiple-choice question",
  reference: "the letter, or the text of a choice where options.choices is given",
  options,
  fault(reference, given) {
    const read = readOptions(options, given)
    if ("fault" in read) return read.fault
    return truthOf(reference, (read.value.choices ?? []).map(knownChoice)) === null ? noLetter : null
  },
  verify,
}

const noLetter = "the reference is no letter of the choices"

const truthOf = (reference: unknown, choices: readonly KnownChoice[]) =>
  typeof reference === "string" ? referenceLetter(reference, choices) : null

/** Letters that are read where the number of choices is not known. */
const lettersWithoutChoices = 10

/** Longest statement that is searched for a choice, in UTF-16 units. */
const maxStatement = 2_048

function verify({ completion, reference, options: given }: VerifierInput): Verdict {
  const read = readOptions(options, given)
  if ("fault" in read) return unverifiable(read.fault)
  const choices = (read.value.choices ?? []).map(knownChoice)
  const letters = choices.length || lettersWithoutChoices
  const truth = truthOf(reference, choices)
  if (truth === null) return unverifiable(noLetter)
  // `M` in a question of unknown choices is a letter as well.
  const chosen = findChoice(completion, Math.max(letters, choices.length ? 0 : truth + 1), choices)
  if (typeof chosen === "string") return unparsed(chosen)
  const letter = letterOf(chosen)
  return chosen === truth ? correct(letter) : incorrect(letter)
}

/** A choice's text as it is compared, with and without letter case, and how many letters inside it would read as choices (`chromosome A`). */
interface KnownChoice {
  readonly plain: string
  readonly normal: string
  readonly letters: number
}

function knownChoice(choice: string): KnownChoice {
  const text = choice.slice(0, maxStatement)
  const plain = plainNotation(text)
  return { plain, normal: normalText(plain), letters: [...text.matchAll(mentioned)].length }
}

/** The choice of exactly that text, else the only one of that text in any letter case (`Bb` and `BB` may both be choices). */
function indexOfText(choices: readonly KnownChoice[], text: string): number {
  const plain = plainNotation(text)
  const exact = choices.findIndex((choice) => choice.plain === plain)
  if (exact >= 0) return exact
  const normal = normalText(plain)
  const same = choices.filter((choice) => choice.normal === normal)
  return same.length === 1 ? choices.indexOf(same[0]!) : -1
}

const letterOf = (index: number) => String.fromCharCode(65 + index)

function referenceLetter(reference: string, choices: readonly KnownChoice[]): number | null {
  const letter = /^\s*\(?([A-Za-z])\)?[.:]?\s*$/.exec(reference.slice(0, 64))?.[1]
  if (letter !== undefined) {
    const index = letter.toUpperCase().charCodeAt(0) - 65
    if (choices.length === 0 || index < choices.length) return index
  }
  const index = indexOfText(choices, reference.slice(0, maxStatement))
  return index < 0 ? null : index
}

const fullWidth = /[Ａ-Ｚａ-ｚ（）［］]/g

/** Index of the chosen choice, or why there is none. */
type Choice = number | string

function findChoice(completion: string, letters: number, choices: readonly KnownChoice[]): Choice {
  const visible = answerText(completion).replace(fullWidth, (letter) => letter.normalize("NFKC"))
  const marked = lastBoxed(visible) ?? lastPhrase(visible) ?? lastShortAnswer(visible)
  if (marked !== null) return stated(marked, letters, choices)
  if (visible.trim() === "") return "no answer after the thinking"
  const lines = visible.split("\n", 1)
  const first = (lines[0] ?? "").trim()
  const end = visible.slice(-maxStatement).trimEnd()
  if (visible.length <= maxStatement && indexOfText(choices, visible) >= 0) return stated(end.trim(), letters, choices)
  const last = end.slice(end.lastIndexOf("\n") + 1).trim()
  const alone = soleLetter(last, letters) ?? soleLetter(first, letters) ?? leadingLetter(visible.trimStart(), letters)
  if (alone !== null) return consistent(alone, visible.trim().slice(0, maxStatement), choices)
  return stated(last, letters, choices)
}

/** `B`, `(b)`, `**C**.`, `Option D`: nothing but a letter. */
function soleLetter(text: string, letters: number): number | null {
  const match =
    text.length > 40
      ? null
      : /^[\s*_`"'([{$]*(?:(?:option|choice|选项?)\s*)?[([]?([A-Za-z])[\s*_`"')\]}.:。$]*$/i.exec(text)
  return match ? indexOf(match[1]!.toUpperCase(), letters) : null
}

/** `B. Because ...`, `(B) Paris`, `**B)** ...`: a letter set apart at the start of a completion. */
function leadingLetter(text: string, letters: number): number | null {
  const match = /^[*_`]{0,2}(?:\(([A-Z])\)|([A-Z])[*_`]{0,2}[).:：、](?=\s|[*_`]|$))/.exec(text)
  const goesOn =
    match !== null && /^[*_`\s]*(?:or|and|\/|&|,|或者?|和|、)\s*[*_`(]*[A-Z]\b/.test(text.slice(match[0].length))
  return match && !goesOn ? indexOf((match[1] ?? match[2])!, letters) : null
}

function indexOf(letter: string, letters: number): number | null {
  const index = letter.charCodeAt(0) - 65
  return index >= 0 && index < letters ? index : null
}

// An upper-case letter that stands alone, or any letter in brackets. `A` and `I` before a word are English words.
const mentioned =
  /\(([A-Za-z])\)|(?<![\p{Script=Latin}\p{N}'’\\])([A-Z])(?![\p{Script=Latin}\p{N}'’])(?!(?<=[AI])\s+(?!(?:or|and|is|because|since|as|not|but)\b)[a-z]{2,})/gu
const negation =
  /(?:\b(?:not|isn['’]t|cannot be|can['’]t be|neither|nor|except|rather than|instead of|eliminate|rules? out)|不是|不选|排除)\s*(?:the\s+)?(?:(?:option|choice|answer|选项)\s*)?[*_"'(]*$/i
const hedge =
  /^[*_)"'.\s]*(?:or|and|\/|&|,|，|、|或者?|和)\s*(?:maybe|perhaps|possibly|both)?\s*(?:(?:option|choice)\s*)?[*_"'(]*$/i

/** The choice of one statement: its letter, or the choice whose text it holds. */
function stated(statement: string, letters: number, choices: readonly KnownChoice[]): Choice {
  const text = statement.slice(0, maxStatement)
  const alone = soleLetter(text, letters)
  const whole = indexOfText(choices, text)
  if (alone !== null)
    // A lower-case `c` that is another choice's text is not clearly the letter.
    return whole >= 0 && whole !== alone && !/[A-Z]/.test(text)
      ? "the letter and the text of the answer disagree"
      : alone
  if (whole >= 0) return whole
  const named: { index: number; start: number; end: number }[] = []
  let negated = false
  for (const match of text.matchAll(mentioned)) {
    const index = indexOf((match[1] ?? match[2])!.toUpperCase(), letters)
    if (index === null) continue
    if (negation.test(text.slice(Math.max(0, match.index - 48), match.index))) negated = true
    else named.push({ index, start: match.index, end: match.index + match[0].length })
  }
  const textual = textChoice(text, choices)
  if (typeof textual === "number" && !negated && named.length === choices[textual]!.letters) return textual
  const [first, second] = named
  if (first === undefined) return negated ? "the answer only excludes a choice" : textual
  const distinct = new Set(named.map((mention) => mention.index))
  if (distinct.size === 1) return consistent(first.index, text.slice(first.start), choices)
  if (/\b(?:either|both|maybe|perhaps)\b/i.test(text.slice(0, first.start))) return "the answer names several choices"
  const leads = /^[\s*_"'(]*(?:(?:option|choice)\s*)?[*_"'(]*$/i.test(text.slice(0, first.start))
  // "B, because A is wrong" is B; "B or A" is neither.
  if (leads && !hedge.test(text.slice(first.end, second!.start))) return first.index
  return "the answer names several choices"
}

/** The one choice whose text stands in a statement, at word boundaries and not negated. */
function textChoice(statement: string, choices: readonly KnownChoice[]): Choice {
  const text = normalText(plainNotation(statement))
  const found = choices.flatMap(({ normal }, index) => {
    const at = normal === "" ? -1 : wordIndex(text, normal)
    return at < 0 ? [] : [{ index, at, end: at + normal.length }]
  })
  // `mitral valve` within `the mitral valve ring` is no mention of its own.
  const outer = found.filter(
    (one) =>
      !found.some((other) => other.at <= one.at && other.end >= one.end && other.end - other.at > one.end - one.at),
  )
  if (outer.length > 1) return "the answer names several choices"
  const [only] = outer
  if (only === undefined) return "no choice found"
  return negation.test(text.slice(Math.max(0, only.at - 48), only.at))
    ? "the answer only excludes a choice"
    : only.index
}

function wordIndex(text: string, words: string): number {
  const bound = (character: string | undefined) => character === undefined || !/[\p{L}\p{N}]/u.test(character)
  let at = text.indexOf(words)
  for (let tries = 0; at >= 0 && tries < 64; tries++) {
    if (bound(text[at - 1]) && bound(text[at + words.length])) return at
    at = text.indexOf(words, at + 1)
  }
  return -1
}

/** A letter whose own words are those of another choice is no answer. */
function consistent(index: number, text: string, choices: readonly KnownChoice[]): Choice {
  const line = text.split("\n", 1)[0] ?? ""
  const spoken = normalText(
    plainNotation(line.replace(/^[\s*_"'([]*(?:(?:option|choice)\s*)?[([]?[A-Za-z][\s*_)\].:：、]*/i, "")),
  )
  const other = spoken === "" ? -1 : choices.findIndex(({ normal }) => normal === spoken)
  return other >= 0 && other !== index && choices[index]?.normal !== spoken
    ? "the letter and the text of the answer disagree"
    : index
}
