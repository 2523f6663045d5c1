// Which language each sentence of a text is in, and what of another language stands inside sentences. Sentences of a Latin script are
// told by function words, others by their script.
import { functionWords, latinLanguageOf, latinLanguages, longestFunctionWord } from "./function-words.ts"
import { maskNotation } from "./mask-notation.ts"
import type { Span } from "./span.ts"

/** A piece of text in one language. */
export interface LanguageRun {
  /** From its first to its last word. */
  readonly span: Span
  /** `en`, `zh`, ...; `latin` where the script is all that is known. */
  readonly language: string
  /** How much it says, in words: a word is 1, a character of a script without spaces 0.6. */
  readonly weight: number
}

/** A text's sentences with a language, and the runs of other scripts inside them. */
export interface LanguageReading {
  readonly sentences: LanguageRun[]
  readonly inside: LanguageRun[]
}

const scripts = [
  ["latin", /\p{Script=Latin}/u],
  ["zh", /\p{Script=Han}/u],
  ["ja", /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ["ko", /\p{Script=Hangul}/u],
  ["cyrillic", /\p{Script=Cyrillic}/u],
  ["arabic", /\p{Script=Arabic}/u],
  ["hebrew", /\p{Script=Hebrew}/u],
  ["devanagari", /\p{Script=Devanagari}/u],
  ["thai", /\p{Script=Thai}/u],
] as const

const latin = 1
const han = 2
const kana = 3
const thai = 9
/** Words in a character of a script that is written without spaces. */
const wordsPerCharacter = 0.6
const unspaced = (script: number) => script === han || script === kana || script === thai

const newSentence = 20
const joins = 21

let classes: Uint8Array | null = null

/** Script of each UTF-16 unit, and what ends or continues a run; built at the first use. */
function classTable(): Uint8Array {
  if (classes) return classes
  classes = new Uint8Array(0x10000)
  for (let unit = 0; unit < 0xd800; unit++) {
    const character = String.fromCharCode(unit)
    const script = unit < 0x41 ? -1 : scripts.findIndex(([, pattern]) => pattern.test(character))
    classes[unit] = script + 1
  }
  for (const character of "\n!?;。！？；") classes[character.charCodeAt(0)] = newSentence
  for (const character of "0123456789 \t,'’-，、：:“”\"") classes[character.charCodeAt(0)] = joins
  return classes
}

/** A run of one script: words or characters with nothing but blanks and light punctuation between them. */
interface ScriptRun {
  script: number
  start: number
  end: number
  weight: number
  /** Words that are function words of English. */
  english: number
}

/** Function words of English that no term or name in another language brings along. */
const telling = new Set("the is are so we that therefore because but which then it this there how let now".split(" "))

/** Reads a text: code, mathematics and addresses aside. Linear. */
export function readLanguages(text: string): LanguageReading {
  const masked = maskNotation(text)
  const table = classTable()
  const reading: LanguageReading = { sentences: [], inside: [] }
  let runs: ScriptRun[] = []
  const hits = new Array<number>(latinLanguages.length).fill(0)
  // The sentence in which each function word was counted last: `per day per person` is one of them.
  const counted = new Int32Array(functionWords.size)
  let sentence = 1
  let words = 0
  let run: ScriptRun | null = null
  const close = () => {
    if (runs.length > 0) closeSentence(reading, runs, words, hits)
    runs = []
    run = null
    hits.fill(0)
    words = 0
    sentence++
  }
  for (let at = 0; at < masked.length; ) {
    const unit = masked.charCodeAt(at)
    const kind = table[unit]!
    if (kind === 0 || kind === joins) {
      // A full stop inside a number or an abbreviation ends nothing.
      if (unit === 0x2e && !(table[masked.charCodeAt(at + 1)]! < joins && masked.charCodeAt(at + 1) > 0x20)) close()
      else if (kind === 0 && unit !== 0x2e) run = null
      at++
      continue
    }
    if (kind === newSentence) {
      close()
      at++
      continue
    }
    const start = at++
    if (!unspaced(kind)) while (at < masked.length && table[masked.charCodeAt(at)] === kind) at++
    if (run === null || run.script !== kind) {
      run = { script: kind, start, end: at, weight: 0, english: 0 }
      runs.push(run)
    }
    run.end = at
    // A lone letter is a variable.
    if (kind === latin && at - start === 1) continue
    run.weight += unspaced(kind) ? wordsPerCharacter : 1
    if (kind !== latin) continue
    words++
    if (at - start > longestFunctionWord) continue
    const word = masked.slice(start, at).toLowerCase()
    const known = functionWords.get(word)
    if (known === undefined) continue
    if (telling.has(word)) run.english++
    if (counted[known.index] === sentence) continue
    counted[known.index] = sentence
    for (let bit = 0; known.languages >> bit > 0; bit++) hits[bit]! += (known.languages >> bit) & 1
  }
  close()
  return reading
}

/** Adds a sentence by its main script, and what other scripts stand in it. */
function closeSentence(reading: LanguageReading, runs: readonly ScriptRun[], words: number, hits: number[]): void {
  const weights = new Float64Array(scripts.length + 1)
  for (const { script, weight } of runs) weights[script]! += weight
  if (weights[kana]! > 0) {
    weights[kana]! += weights[han]!
    weights[han] = 0
  }
  let main = 1
  for (let script = 2; script < weights.length; script++) if (weights[script]! > weights[main]!) main = script
  const weight = weights[main]!
  if (weight === 0) return
  const japanese = main === kana
  const language = main === latin ? (latinLanguageOf(words, hits) ?? "latin") : scripts[main - 1]![0]
  const own = runs.filter(({ script }) => script === main || (japanese && script === han))
  reading.sentences.push({ span: [own[0]!.start, own.at(-1)!.end], language, weight })
  for (const { script, start, end, weight, english } of runs) {
    if (script === main || weight === 0 || (japanese && script === han)) continue
    if (script === latin && !isForeignPhrase(weight, english)) continue
    const name = script === latin ? (english > 0 ? "en" : "latin") : scripts[script - 1]![0]
    reading.inside.push({ span: [start, end], language: name, weight })
  }
}

/** Latin words inside a sentence of another script: a telling word, or more words than a term or a name has. */
const isForeignPhrase = (words: number, english: number) => english > 0 || words >= 6
