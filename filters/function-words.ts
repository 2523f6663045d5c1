// The little words that every sentence of a language is made of; own lists. A word of two languages stands in both and decides
// for neither. One-letter words are left out: in mathematics they are variables.
const lists = {
  en: "the of and to is that it for was with as are this be have from which so we by not or has had then if there they he she can will how many each because but what when all would were his her their its our you in an on at into than since therefore thus let do does did find get gives no me also now after before more much per plus times twice hours minutes days only about",
  fr: "le la les des une un et est dans que qui pour pas sur avec par sont nous donc il elle ce cette ces du au aux mais plus ou en de se ne comme alors chaque combien puis ont on calculons calculer leur ses son ainsi reste il faut",
  de: "der die das und ist nicht ein eine einen dem den des mit für auf wir also von zu es im sind war wie viele sich auch als aus bei nach oder wenn dann kann hat jede wird daher sie er zuerst noch insgesamt nun haben müssen",
  es: "el la los las de es que en un una por para con del se no lo su como más pero son entonces cada cuántos hay al tiene está sus este esta porque primero luego cuando le nos así",
  it: "il lo la gli le di che un una per con del della sono non si quindi ogni quanti ha nel dei delle più come ma questo poi prima da al in allora",
  pt: "os as de que em um uma para com do da dos das não se por são então cada quantos tem no na mais como mas ao primeiro depois ele ela",
} as const

/** Languages in Latin script that are told apart. */
export type LatinLanguage = keyof typeof lists

export const latinLanguages = Object.keys(lists) as LatinLanguage[]

/** One function word: its languages, a bit for each of `latinLanguages`, and its own number. */
export interface FunctionWord {
  readonly languages: number
  readonly index: number
}

/** All function words. */
export const functionWords: ReadonlyMap<string, FunctionWord> = new Map(
  [...new Set(Object.values(lists).flatMap((list) => list.split(" ")))].map((word, index) => [
    word,
    { languages: latinLanguages.reduce((bits, _, bit) => bits | (Number(has(bit, word)) << bit), 0), index },
  ]),
)

function has(bit: number, word: string): boolean {
  return lists[latinLanguages[bit]!].split(" ").includes(word)
}

/** Longest function word in characters. */
export const longestFunctionWord = Math.max(...[...functionWords.keys()].map((word) => word.length))

/**
 * Words of a sentence that must be there, how many different function words of one language, and which share of the words they must be.
 * Formulas and names (`Al`, `no`, `de la`) bring along those of others, so that these need more than English.
 */
const leastWords = 4
const leastHits = { en: 2, other: 3 }
const leastShare = 0.2

/** The language of a sentence of so many words, by how many different function words of each language it has; null where none is clear. */
export function latinLanguageOf(words: number, hits: readonly number[]): LatinLanguage | null {
  if (words < leastWords) return null
  let best = 0
  for (let at = 1; at < hits.length; at++) if (hits[at]! > hits[best]!) best = at
  const most = hits[best]!
  const second = hits.reduce((high, count, at) => (at !== best && count > high ? count : high), 0)
  return most >= (best === 0 ? leastHits.en : leastHits.other) && most >= words * leastShare && most >= second * 1.5
    ? latinLanguages[best]!
    : null
}
