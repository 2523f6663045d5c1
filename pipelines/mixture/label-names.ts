// Labels of sources in one spelling, so that `Maths` and `mathematics` are counted as one category.

/** More than any label has. */
const mostCharacters = 100

/** A label as it is compared: letter case, spaces, hyphens and underscores do not count. */
export const plainName = (label: string): string =>
  label
    .slice(0, mostCharacters * 4)
    .normalize("NFKC")
    .trim()
    .toLowerCase()
    .replace(/[\s_\u0000-\u001f-]+/g, "-")
    .slice(0, mostCharacters)
    .toWellFormed()

/** Names under which sources label the categories of the recipe. */
const names: Record<string, readonly string[]> = {
  mathematics: ["math", "maths", "arithmetic", "algebra", "geometry", "number-theory", "数学"],
  coding: ["code", "programming", "software", "software-engineering", "代码", "编程"],
  logic: ["logical-reasoning", "puzzle", "puzzles", "逻辑"],
  science: ["sciences", "stem", "natural-science", "physics", "chemistry", "biology", "科学", "物理", "化学", "生物"],
  "instruction-following": ["instruction", "instructions", "ifeval"],
  "creative-writing": ["creative", "writing", "story", "stories", "poetry"],
  "question-answering": ["qa", "question-answer", "closed-qa", "open-qa"],
  "role-play": ["roleplay", "roleplaying", "role-playing"],
  translation: ["translate"],
}
const known = new Map(Object.entries(names).flatMap(([name, labels]) => labels.map((label) => [label, name])))

/** The category that a label counts for: `Maths` is mathematics, `code` coding; a label that is no known name is one of its own. */
export function categoryOf(label: string): string {
  const plain = plainName(label)
  return known.get(plain) ?? plain
}

/** The language that a label counts for: the primary subtag in lower case, `zh` of `zh-Hans`. */
export const languageOf = (label: string): string => plainName(label).split("-")[0]!
