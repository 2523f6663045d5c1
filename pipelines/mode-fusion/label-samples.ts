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
    return {
      keep: [
        {
          ...row,
          domain: row.domain ?? "unknown",
          category: (label === null ? "" : categoryOf(label)) || "unknown",
          language: languageOf(language) || "unknown",
        },
      ],
    }
  },
})

/** The language of most of what the user writes and of the answer; scripts of many languages say nothing. */
function languageIn(prompt: readonly Message[], [completion]: readonly Message[]): string {
  const answer = completion!.content.slice(completion!.content.lastIndexOf("</think>") + "</think>".length)
  const weights = new Map<string, number>()
  for (const text of [...prompt.filter(({ role }) => role === "user").map(({ content }) => content), answer])
    for (const { language, weight } of readLanguages(text.slice(0, read)).sentences)
      weights.set(language, (weights.get(language) ?? 0) + weight)
  const [most] = [...weights].sort(([, a], [, b]) => b - a)
  return most === undefined || most[0] === "latin" || most[0] === "cyrillic" ? "unknown" : scriptLanguage(most[0])
}

/** Scripts that one language is mostly written in here. */
const scriptLanguage = (name: string): string =>
  ({ arabic: "ar", hebrew: "he", devanagari: "hi", thai: "th" })[name] ?? name
