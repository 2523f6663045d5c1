// Judges that were asked for JSON say "Yes, because ..." all the same, or say it in the question's language. This reads what can mean
// one thing only; whatever could be meant otherwise is not read, so that it is asked for again.
import type { Decision } from "../schemas/judgement.ts"

const words: Readonly<Record<Decision, readonly string[]>> = {
  yes: "yes ja oui sí si sì sim da да так tak 是的 是 はい 예 네 نعم evet हाँ हां có".split(" "),
  no: "no nein non nee nej não нет ні nie 不是 否 不 いいえ 아니요 아니오 لا hayır नहीं không".split(" "),
  unsure: [
    ...["unsure", "uncertain", "undecided", "not sure", "not certain", "maybe", "unclear"],
    ...["不确定", "不確定", "无法判断", "無法判斷", "わからない", "모르겠습니다", "не уверен", "не уверена"],
    ...["unsicher", "nicht sicher", "incertain", "pas sûr", "no estoy seguro", "no estoy segura", "incerto", "não sei"],
  ],
}

/** What judges call their decision. */
const labels =
  "decision verdict judgement judgment 判断 判断结果 决定 決定 结论 結論 entscheidung urteil décision decisión decisão решение 判定".split(
    " ",
  )

/** More is no short answer. */
const longestText = 4_000

const escaped = (texts: readonly string[]): string =>
  texts
    .toSorted((a, b) => b.length - a.length)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("|")

const decisions = Object.keys(words) as Decision[]
const letter = "[\\p{L}\\p{N}]"
const anyWord = escaped(Object.values(words).flat())
// What may come behind a decision: "no single answer" and "是一个" hold none.
const ending = `(?=\\s*(?:$|[\\n.,;:!?。、)\\]}|]|\\s[-–—]|because\\b|since\\b|weil\\b|denn\\b|car\\b|parce\\b|porque\\b|потому|因为|因為))`
const openings = new RegExp(`^(?:i am |im )?(${anyWord})(?!${letter})${ending}`, "u")
const labelled = new RegExp(
  `(?<!${letter})(?:${escaped(labels)})\\s*(?:is|ist|est|es|为|是)?[\\s:=]*(${anyWord})(?!${letter})${ending}`,
  "gu",
)
const closings = new RegExp(`(?:^|[\\n.!?。])\\s*(${anyWord})\\s*[.!。]?$`, "u")
// What contradicts a decision elsewhere: a statement that begins or ends with one.
const statements = new RegExp(
  `(?:(?:^|[\\n.!?。])\\s*(${anyWord})(?!${letter})${ending})|(?:(?<!${letter})(${anyWord})\\s*(?:[.!?。\\n]|$))`,
  "gu",
)
// "yes | no", "yes and no", "否/是": a list of what may be said.
const listed = new RegExp(
  `(?<!${letter})(${anyWord})\\s*(?:[,;|/、]|and|or|und|oder|et|ou|y|o|和|或|或者)+\\s*(${anyWord})(?!${letter})`,
  "gu",
)

const decisionByWord = new Map(
  decisions.flatMap((decision) => words[decision].map((word) => [word, decision] as const)),
)

/** The decision that one word or phrase alone stands for; null where it is none. */
export const decisionOfWord = (text: string): Decision | null =>
  decisionByWord.get(
    plain(text)
      .replace(/[\s.!。]+$/, "")
      .trim(),
  ) ?? null

/** True for the name of a JSON key under which a judge may put its decision. */
export const isDecisionKey = (key: string): boolean => labels.includes(plain(key).trim())

/**
 * The decision that free text begins with, ends with as a sentence of its own, or names as such ("Decision: no"), in the languages of the
 * word list. Null where there is none, where it also says another, or where the text is long.
 */
export function spokenDecision(text: string): Decision | null {
  if (text.length > longestText) return null
  const said = plain(text).trim()
  const found = [openings.exec(said)?.[1], closings.exec(said)?.[1], ...matches(said, labelled)]
  const meant = new Set(found.flatMap((word) => (word === undefined ? [] : [decisionByWord.get(word)!])))
  if (meant.size !== 1) return null
  const [decision] = meant
  for (const word of matches(said, statements)) if (decisionByWord.get(word) !== decision) return null
  for (const [, left, right] of said.matchAll(listed))
    if (decisionByWord.get(left!) !== decisionByWord.get(right!)) return null
  return decision!
}

const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match.slice(1).find((group) => group !== undefined)!)

/** Lower case, without the marks that emphasise and quote. */
const plain = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[*_`"'“”‘’「」『』#>~]/gu, "")
