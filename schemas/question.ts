import { list, nullable, type RowOf, table, text } from "./columns.ts"

/** A question before drafting, as `import` stores it. One row of a source becomes one question. */
export const question = table("question", {
  /** The source's own id, else `sha256:` and the first 24 hex digits of the hash of the question's content. */
  id: text(),
  question: text(),
  /**
   * The reference answer; null where the source has none. For multiple choice the letter; for a verifier whose reference is a
   * record (`code-tests`: entry point and tests), its JSON.
   */
  reference: nullable(text()),
  /** The options of a multiple-choice question, without their letters. */
  choices: nullable(list(text())),
  /** Id of the verifier that scores answers; null: `multiple-choice` where there are choices, else `math`. */
  verifier: nullable(text()),
  /** JSON of the verifier's options, or null. */
  verifierOptions: nullable(text()),
  /** The source's own worked solution, where it has one: for code a program that passes the tests. */
  solution: nullable(text()),
  /** The source's own domain label; the domain step fills it where it is null. */
  domain: nullable(text()),
  language: nullable(text()),
  /** The source's declared name (by default its file name), never its path on one machine. */
  source: text(),
  license: nullable(text()),
  revision: nullable(text()),
  /** JSON of the source's other columns, so that nothing of the row is lost; null when there are none. */
  metadata: nullable(text()),
})
/** A question as a row. */
export type Question = RowOf<typeof question>
