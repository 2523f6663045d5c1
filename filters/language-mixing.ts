import type { Reason, RowStep } from "../pipelines/runtime/step.ts"
import { type LanguageRun, readLanguages } from "./language-runs.ts"
import { type Response, responseOf } from "./response.ts"
import { excerptOf, maxSpans, type Span } from "./span.ts"
import { styleBreaks } from "./style-breaks.ts"

/** Thresholds, as `filters.language` of the config has them. */
export interface LanguageParams {
  /** Share of a part's words in other languages than its own above which a response is dropped. */
  readonly maxShare: number
  /** Words of one passage in another language above which a response is dropped, whatever its share. */
  readonly maxPassage: number
  /** What must be in the question's language: thinking and answer, the answer alone, or neither. */
  readonly match: "response" | "answer" | "off"
}

/**
 * Drops responses that mix languages or break their style, thinking and answer each by itself:
 * - `language-mixing`: sentences of another language, or phrases of another script inside sentences. Code, mathematics, addresses,
 *   what stands in quotes or brackets, what the question has, and one or two foreign terms do not count;
 * - `other-language`: a part in another language than the question, unless the question speaks of languages;
 * - `style-shift`: turns of a chat, template or page markup, another task, shouting, broken characters (`style-breaks.ts`).
 *
 * Knows English, French, German, Spanish, Italian and Portuguese by their function words and other languages by their script.
 * Linear in the text. Fifth response criterion of the Qwen3 report (arXiv 2505.09388, section 4.1).
 */
export function languageMixing({ maxShare, maxPassage, match }: LanguageParams): RowStep {
  const params = { maxShare, maxPassage, match }
  return {
    id: "language-mixing",
    version: 2,
    params,
    about: "Drops responses that mix languages, leave the question's, or break their style",
    kind: "row",
    run(row) {
      const response = responseOf(row)
      const code = typeof row.verifier === "string" && row.verifier.startsWith("code")
      return mixing(response, params) ?? styleShift(response, code)
    },
  }
}

const parts = ["thinking", "answer"] as const
type Part = (typeof parts)[number]

/** Words from which the language of a part is known well enough to be compared; `The answer is 5` is a formula. */
const leastToCompare = { question: 3, thinking: 4, answer: 6 } as const

/** A question that speaks of languages as such may be answered in several; one that names some, in these. */
const aboutLanguages = /\b(?:translat\w*|languages?)\b(?<!-language)|翻译|语言|单词|译/i
const languageNames: readonly (readonly [language: string, RegExp])[] = [
  ["en", /\benglish\b|英文|英语/i],
  ["zh", /\b(?:chinese|mandarin)\b|中文|汉语|拼音/i],
  ["fr", /\bfrench\b|法语|法文/i],
  ["de", /\bgerman\b|德语|德文/i],
  ["es", /\bspanish\b|西班牙语/i],
  ["it", /\bitalian\b|意大利语/i],
  ["pt", /\bportuguese\b|葡萄牙语/i],
  ["ja", /\bjapanese\b|日语|日文/i],
  ["ko", /\bkorean\b|韩语|韩文/i],
  ["cyrillic", /\brussian\b|俄语|俄文/i],
  ["arabic", /\barabic\b|阿拉伯语/i],
  ["latin", /\blatin\b|拉丁语/i],
]

const namedIn = (question: string): string[] =>
  languageNames.flatMap(([language, name]) => (name.test(question) ? [language] : []))

function mixing(response: Response, params: LanguageParams): Reason | null {
  const { question } = response
  if (aboutLanguages.test(question)) return null
  const named = namedIn(question)
  const asked = question === "" ? null : mainLanguage(readLanguages(question).sentences, leastToCompare.question)
  for (const part of parts) {
    const text = response[part]
    if (text === "") continue
    const { sentences, inside } = readLanguages(text)
    const mixed = foreignRuns({ part, text, question, named, sentences, inside }, params)
    if (mixed !== null) return mixed
    const main = mainLanguage(sentences, leastToCompare[part])
    const compared = params.match === "response" || (params.match === "answer" && part === "answer")
    if (compared && asked !== null && main !== null && ![asked, ...named].some((one) => sameLanguage(one, main))) {
      const evidence = { part, question: asked, response: main, spans: [sentences[0]!.span] }
      return { reason: "other-language", evidence }
    }
  }
  return null
}

interface ReadPart {
  part: Part
  text: string
  question: string
  /** Languages that the question names. */
  named: readonly string[]
  sentences: LanguageRun[]
  inside: LanguageRun[]
}

/** Foreign terms inside sentences that are none too many, and how long one may be, in words. */
const freeTerms = { count: 2, weight: 3 }
/** Words in other languages below which nothing is mixed. */
const leastForeign = 2

function foreignRuns(read: ReadPart, { maxShare, maxPassage }: LanguageParams): Reason | null {
  const { part, text, question, named, sentences, inside } = read
  const own = ownLanguage(sentences)
  if (own === null) return null
  const counts = (run: LanguageRun) =>
    ![own, ...named].some((one) => sameLanguage(run.language, one)) && !isQuoted(text, run.span, question)
  const whole = sentences.filter(counts)
  const terms = inside.filter(counts)
  const few = terms.length <= freeTerms.count && terms.every(({ weight }) => weight <= freeTerms.weight)
  const foreign = [...whole, ...(few ? [] : terms)].sort((a, b) => a.span[0] - b.span[0])
  const weight = sum(foreign)
  if (weight < leastForeign) return null
  const share = weight / (sum(sentences) + sum(terms))
  const passage = longestPassage(whole, sentences)
  const [measured, threshold] = share > maxShare ? [share, maxShare] : [passage, maxPassage]
  if (measured <= threshold) return null
  const evidence = {
    part,
    language: own,
    other: [...new Set(foreign.map(({ language }) => language))],
    spans: foreign.slice(0, maxSpans).map(({ span }) => span),
    text: excerptOf(text, foreign[0]!.span),
  }
  return { reason: "language-mixing", measured, threshold, evidence }
}

const sum = (runs: readonly LanguageRun[]) => runs.reduce((total, { weight }) => total + weight, 0)

/** Words of the longest row of foreign sentences that no sentence of the part's own language breaks. */
function longestPassage(foreign: readonly LanguageRun[], sentences: readonly LanguageRun[]): number {
  const all = new Set(foreign)
  let longest = 0
  let current = 0
  for (const sentence of sentences) {
    if (!all.has(sentence)) {
      // A sentence of symbols and names breaks nothing.
      if (sentence.language !== "latin") current = 0
      continue
    }
    current += sentence.weight
    if (current > longest) longest = current
  }
  return longest
}

/** The language with the most words. Sentences of a Latin script without a clear language belong to the commonest that has one. */
function ownLanguage(sentences: readonly LanguageRun[]): string | null {
  const weights = new Map<string, number>()
  for (const { language, weight } of sentences) weights.set(language, (weights.get(language) ?? 0) + weight)
  const clear = [...weights].filter(([language]) => language !== "latin").sort((a, b) => b[1] - a[1])
  const unclear = weights.get("latin") ?? 0
  const common = clear.find(([language]) => latinScript(language)) ?? ["latin", 0]
  const inLatin: [string, number] = [common[0], common[1] + unclear]
  const best = [inLatin, ...clear].reduce((most, one) => (one[1] > most[1] ? one : most))
  return best[1] === 0 ? null : best[0]
}

function mainLanguage(sentences: readonly LanguageRun[], least: number): string | null {
  return sum(sentences) < least ? null : ownLanguage(sentences)
}

const latinNames = new Set(["latin", "en", "fr", "de", "es", "it", "pt"])
const latinScript = (language: string) => latinNames.has(language)

/** Equal, or both in a Latin script of which one is not known. Chinese characters may be Japanese ones. */
const sameLanguage = (a: string, b: string): boolean =>
  a === b ||
  (latinScript(a) && latinScript(b) && (a === "latin" || b === "latin")) ||
  (a === "zh" && b === "ja") ||
  (a === "ja" && b === "zh")

const opening = `"'“‘「『《（([`
/** Longest distance of a quotation mark, in UTF-16 units, in front of what it quotes. */
const quoteReach = 2

/** True for what stands right behind an opening quotation mark or bracket, and for what the question has. */
function isQuoted(text: string, [start, end]: Span, question: string): boolean {
  for (let at = start - 1; at >= 0 && at >= start - quoteReach; at--) if (opening.includes(text[at]!)) return true
  return question.includes(text.slice(start, Math.min(end, start + maxQuoted)))
}

const maxQuoted = 200

function styleShift(response: Response, code: boolean): Reason | null {
  for (const part of parts) {
    const text = response[part]
    const breaks = text === "" ? [] : styleBreaks(text, response.question, code)
    if (breaks.length === 0) continue
    const evidence = {
      part,
      kinds: [...new Set(breaks.map(({ kind }) => kind))],
      spans: breaks.slice(0, maxSpans).map(({ span }) => span),
      text: excerptOf(text, breaks[0]!.span),
    }
    return { reason: "style-shift", measured: breaks.length, threshold: 0, evidence }
  }
  return null
}
