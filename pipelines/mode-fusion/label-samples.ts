import { thinkBlockOf } from "../../annotators/chat/think-block.ts"
import { readLanguages } from "../../filters/language-runs.ts"
import { text } from "../../schemas/columns.ts"
import type { Message } from "../../schemas/sample.ts"
import { categoryOf, languageOf } from "../mixture/label-names.ts"
import type { RowStep } from "../runtime/step.ts"

/** Characters of a turn that are read for its language. */
const read = 2_000

/**
 * Gives every sample the category and the language that it is counted under. The category is the source's own label, else its domain, in
 * one spelling. The language is the source's own, else what the user's turns and the answer are written in: English, French, German,
 * Spanish, Italian and Portuguese are known by their function words, others by their script. `unknown` where nothing says it.
 */
export const labelSamples = (): RowStep => ({
  kind: "row",
  id: "label-samples",
  version: 1,
  params: {},
  about: "Gives samples the category and language that shares are counted by",
  adds: { category: text(), language: text(), domain: text() },
  run(row) {
    const label = (row.category ?? row.domain) as string | null
    const language = (row.language as string | null) ?? languageIn(row.prompt as Message[], row.completion as Message[])
    const category = (label === null ? "" : categoryOf(label)) || "unknown"
    return {
      keep: [
        {
          ...row,
          domain: row.domain ?? category,
          category,
          language: languageOf(language) || "unknown",
        },
      ],
    }
  },
})

/** The language of what the user writes and of the answer, or where these are too short of the thinking too; else `unknown`. */
function languageIn(prompt: readonly Message[], [completion]: readonly Message[]): string {
  const { answer, thinking } = thinkBlockOf(completion!.content)!
  const texts = prompt.filter(({ role }) => role === "user").map(({ content }) => content.slice(0, read))
  texts.push(answer.slice(0, read))
  return (
    mainLanguage(texts) ??
    asOneSentence(texts) ??
    asOneSentence([...texts, (thinking ?? "").slice(0, read)]) ??
    "unknown"
  )
}

function mainLanguage(texts: readonly string[]): string | null {
  const weights = new Map<string, number>()
  for (const text of texts)
    for (const { language, weight } of readLanguages(text).sentences)
      weights.set(language, (weights.get(language) ?? 0) + weight)
  const [most] = [...weights].sort(([, a], [, b]) => b - a)
  if (most === undefined) return null
  const [language] = most
  // A script of many languages says nothing.
  if (language === "latin" || language === "cyrillic") return null
  return { arabic: "ar", hebrew: "he", devanagari: "hi", thai: "th" }[language] ?? language
}

/** Sentences of three words have too few function words each. */
const asOneSentence = (texts: readonly string[]): string | null =>
  mainLanguage([texts.join(" ").replace(/[\n.!?;]+/g, " ")])
