import { createHash } from "node:crypto"
import type { Question } from "../../schemas/question.ts"
import { oneLine, RowError, usageError } from "../runtime/errors.ts"
import { canonicalRowJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"
import { type Place, readRows, type SourceFile } from "./source.ts"

/** Our columns that a source's may be mapped to, with the names they are looked for under when they are not mapped. */
const defaultNames = {
  id: ["id"],
  question: ["question", "problem", "prompt"],
  reference: ["reference", "answer", "ground_truth"],
  choices: ["choices", "options"],
  domain: ["domain"],
  language: ["language"],
} as const

type Ours = keyof typeof defaultNames
const ours = Object.keys(defaultNames) as Ours[]

/** More than the longest context of a model holds: such a text is a defect of the source, and every call would carry it. */
const maxCharacters = 4_000_000

/** Rows that `checkColumns` looks at. */
const rowsChecked = 100

/**
 * How a source's rows become questions, by its column mapping or else by the usual names. The returned function throws a RowError
 * (`bad-row`) that names file and line. The rules:
 * - `question` must be text that is not blank; no text of ours is longer than 4,000,000 characters.
 * - `reference`: text; a number or true/false becomes text; of an answer with a last line `#### 42` (GSM8K) it is what follows the
 *   mark, and the whole answer goes to `metadata`; null, missing or blank is null.
 * - with `choices` the reference becomes a letter: a letter, the exact text of one choice, or an index from 0 (a number, or its digits).
 * - `id`: the source's own as text, else `sha256:` and 24 hex digits of the hash of question, reference and choices.
 * - all other columns go to `metadata` as canonical JSON.
 */
export function questionsOf(file: SourceFile): (row: Row, at: Place) => Question {
  expectKnownNames(file)
  return (row, at) => {
    try {
      return questionOf(row, file)
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      throw new RowError("bad-row", `${at.file}, line ${at.line}: ${error.message}`, { cause: error })
    }
  }
}

/**
 * Looks at the first rows of a file, so that a mapping that names a column they lack, or a file without a question column, is a
 * usageError before anything starts. Standard input is not looked at, because it can be read only once.
 */
export async function checkColumns(file: SourceFile): Promise<void> {
  expectKnownNames(file)
  if (file.path === "-") return
  const found = new Set<string>()
  let looked = 0
  for await (const source of readRows(file)) {
    if ("row" in source) for (const name of Object.keys(source.row)) found.add(name)
    if (++looked === rowsChecked) break
  }
  if (found.size === 0) return
  const has = `the columns ${[...found].join(", ")}`
  for (const [name, column] of Object.entries(file.columns))
    if (!found.has(column))
      throw usageError({
        what: "The column mapping names a missing column",
        where: `${file.name}, columns.${name}`,
        expected: column,
        got: has,
        remedy: "Map it to one of the columns found, or leave it out.",
      })
  if (file.columns.question === undefined && !defaultNames.question.some((name) => found.has(name)))
    throw usageError({
      what: "No question column",
      where: file.name,
      expected: `one of ${defaultNames.question.join(", ")}`,
      got: has,
      remedy: 'Name it in the source: {"path": ..., "columns": {"question": "<column>"}}.',
    })
}

function expectKnownNames(file: SourceFile): void {
  const strange = Object.keys(file.columns).find((name) => !(ours as string[]).includes(name))
  if (strange === undefined) return
  throw usageError({
    what: "Unknown column in the mapping",
    where: `${file.name}, columns.${strange}`,
    expected: `one of ${ours.join(", ")}`,
    got: strange,
  })
}

function questionOf(row: Row, file: SourceFile): Question {
  const columns = namesIn(row, file)
  const get = (name: Ours) => (columns[name] === undefined ? null : (row[columns[name]] ?? null))
  const question = get("question")
  if (columns.question === undefined || !Object.hasOwn(row, columns.question))
    throw new RowError(
      "bad-row",
      `expected a column ${columns.question ?? defaultNames.question.join(" or ")}, found ${oneLine(Object.keys(row).join(", "))}`,
    )
  if (typeof question !== "string") throw bad(columns.question, "text", question)
  if (question.trim() === "") throw bad(columns.question, "a question", question)
  expectText(question, columns.question)

  const choices = choicesOf(get("choices"), columns.choices)
  const answer = textOf(get("reference"), columns.reference)
  const marked = choices === null && answer !== null ? finalAnswer(answer) : null
  const reference =
    choices !== null && answer !== null ? letterOf(get("reference"), choices, columns.reference!) : (marked ?? answer)
  const used = new Set(Object.values(columns))
  if (marked !== null) used.delete(columns.reference!)
  const others = Object.entries(row).filter(([name, value]) => !used.has(name) && value !== undefined)
  return {
    id: idOf(textOf(get("id"), columns.id), { choices, question, reference }),
    question,
    reference,
    choices,
    verifier: null,
    verifierOptions: null,
    solution: null,
    domain: textOf(get("domain"), columns.domain),
    language: textOf(get("language"), columns.language),
    source: file.source,
    license: file.license,
    revision: file.revision,
    metadata: others.length === 0 ? null : canonicalRowJson(Object.fromEntries(others)),
  }
}

/** The row's column for each of ours: the mapped one, else the first usual name that the row has. */
function namesIn(row: Row, file: SourceFile): Partial<Record<Ours, string>> {
  const columns: Partial<Record<Ours, string>> = {}
  for (const name of ours) {
    const column = file.columns[name] ?? defaultNames[name].find((usual) => Object.hasOwn(row, usual))
    if (column !== undefined) columns[name] = column
  }
  return columns
}

function textOf(value: unknown, column: string | undefined): string | null {
  if (value === null) return null
  if (typeof value === "bigint" || typeof value === "boolean") return `${value}`
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw bad(column!, "a finite number", value)
    return `${value}`
  }
  if (typeof value !== "string") throw bad(column!, "text", value)
  expectText(value, column!)
  return value.trim() === "" ? null : value
}

/** What follows the last line's `####`, where GSM8K puts the final answer. */
function finalAnswer(answer: string): string | null {
  const match = /(?:^|\n)####[ \t]*(\S[^\n]*?)\s*$/.exec(answer)
  return match ? match[1]! : null
}

function choicesOf(value: unknown, column: string | undefined): string[] | null {
  if (value === null) return null
  if (!Array.isArray(value)) throw bad(column!, "a list of texts", value)
  if (value.length === 0) return null
  if (value.length > 26)
    throw new RowError("bad-row", `column ${column}: expected at most 26 choices, got ${value.length}`)
  return value.map((choice, index) => {
    const text = typeof choice === "string" ? choice : textOf(choice, `${column}[${index}]`)
    if (text === null) throw bad(`${column}[${index}]`, "text", choice)
    expectText(text, `${column}[${index}]`)
    return text
  })
}

const letterAt = (index: number) => String.fromCharCode(65 + index)

function letterOf(value: unknown, choices: readonly string[], column: string): string {
  const byIndex = (index: number) => {
    if (Number.isInteger(index) && index >= 0 && index < choices.length) return letterAt(index)
    throw bad(column, `an index from 0 to ${choices.length - 1}`, value)
  }
  if (typeof value === "number" || typeof value === "bigint") return byIndex(Number(value))
  const text = String(value).trim()
  const letter = /^\(?([A-Za-z])[).]?$/.exec(text)?.[1]?.toUpperCase()
  if (letter && letter.charCodeAt(0) - 65 < choices.length) return letter
  const same = choices.flatMap((choice, index) => (choice.trim() === text ? [index] : []))
  if (same.length === 1) return letterAt(same[0]!)
  if (/^\d+$/.test(text)) return byIndex(Number(text))
  throw bad(column, `a letter up to ${letterAt(choices.length - 1)}, an index or the text of one choice`, value)
}

const idOf = (own: string | null, content: { choices: string[] | null; question: string; reference: string | null }) =>
  own ?? `sha256:${createHash("sha256").update(canonicalRowJson(content)).digest("hex").slice(0, 24)}`

function expectText(text: string, column: string): void {
  if (text.length > maxCharacters)
    throw new RowError("bad-row", `column ${column}: expected at most ${maxCharacters} characters, got ${text.length}`)
  if (!text.isWellFormed())
    throw new RowError("bad-row", `column ${column}: expected Unicode text, got a lone surrogate (half a character)`)
}

function bad(column: string, expected: string, value: unknown): RowError {
  const got = value === null ? "null" : value instanceof Uint8Array ? "bytes" : oneLine(canonicalRowJson(value), 80)
  return new RowError("bad-row", `column ${column}: expected ${expected}, got ${got}`)
}
