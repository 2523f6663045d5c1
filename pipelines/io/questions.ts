import { createHash } from "node:crypto"
import type { Question } from "../../schemas/question.ts"
import { oneLine, RowError } from "../runtime/errors.ts"
import { canonicalRowJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"
import { type ColumnPlace, columnsOf, expectKnownNames, type Ours, placesIn, usualNames } from "./question-columns.ts"
import type { Place, SourceFile } from "./source.ts"

/** More than the longest context of a model holds: such a text is a defect of the source, and every call would carry it. */
const maxCharacters = 4_000_000

/**
 * How a source's rows become questions, by its column mapping or else by the usual names. The returned function throws a RowError
 * (`bad-row`) that names file and line. The rules:
 * - `question` must be text that is not blank; no text of ours is longer than 4,000,000 characters.
 * - `reference`: text; a number or true/false becomes text; of an answer with a last line `#### 42` (GSM8K) it is what follows the
 *   mark, and the whole answer is the `solution`; null, missing or blank is null. A record (a column that holds one, or the members
 *   that the mapping puts together) becomes its canonical JSON.
 * - with `choices` the reference becomes a letter: a letter, the exact text of one choice, or an index from 0 (a number, or its digits).
 * - `verifier`, its options and `domain`: the row's own, else the source's.
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

function questionOf(row: Row, file: SourceFile): Question {
  const places = placesIn(row, file)
  const named = (name: Exclude<Ours, "reference">) => places[name]?.column as string | undefined
  const get = (name: Exclude<Ours, "reference">) => {
    const column = named(name)
    return column === undefined ? null : (row[column] ?? null)
  }
  const question = questionText(row, named("question"))
  const choices = choicesOf(get("choices"), named("choices"))
  const found = referenceOf(row, places.reference, choices)
  const used = new Set(Object.values(places).flatMap(({ column }) => columnsOf(column)))
  // A usual name that holds something else is a column like any other.
  const optional = (name: "verifier" | "solution") => {
    const place = places[name]
    if (place === undefined || place.mapped || typeof get(name) === "string") return textOf(get(name), named(name))
    used.delete(place.column as string)
    return null
  }
  const verifier = optional("verifier") ?? file.defaults.verifier
  const solution = optional("solution") ?? found.solution
  if (found.solution !== null && solution !== found.solution) used.delete(places.reference!.column as string)
  const others = Object.entries(row).filter(([name, value]) => !used.has(name) && value !== undefined)
  return {
    id: idOf(textOf(get("id"), named("id")), { choices, question, reference: found.reference }),
    question,
    reference: found.reference,
    choices,
    verifier,
    verifierOptions: file.defaults.verifierOptions,
    solution,
    domain: textOf(get("domain"), named("domain")) ?? file.defaults.domain,
    language: textOf(get("language"), named("language")),
    source: file.source,
    license: file.license,
    revision: file.revision,
    metadata: others.length === 0 ? null : canonicalRowJson(Object.fromEntries(others)),
  }
}

function questionText(row: Row, column: string | undefined): string {
  if (column === undefined || !Object.hasOwn(row, column))
    throw new RowError(
      "bad-row",
      `expected a column ${column ?? usualNames.question.join(" or ")}, found ${oneLine(Object.keys(row).join(", "))}`,
    )
  const question = row[column] ?? null
  if (typeof question !== "string") throw bad(column, "text", question)
  if (question.trim() === "") throw bad(column, "a question", question)
  expectText(question, column)
  return question
}

/** The reference, and the worked solution where one column holds both. */
function referenceOf(
  row: Row,
  place: ColumnPlace | undefined,
  choices: readonly string[] | null,
): { reference: string | null; solution: string | null } {
  if (place === undefined) return { reference: null, solution: null }
  const { column } = place
  if (typeof column !== "string") return { reference: recordOf(row, column), solution: null }
  const value = row[column] ?? null
  if (isRecord(value)) return { reference: jsonOf(value, column), solution: null }
  const answer = textOf(value, column)
  if (answer === null) return { reference: null, solution: null }
  if (choices !== null) return { reference: letterOf(value, choices, column), solution: null }
  const marked = finalAnswer(answer)
  return marked === null ? { reference: answer, solution: null } : { reference: marked, solution: answer }
}

/** A reference that is put together from several columns, as JSON; members that the row lacks are left out. */
function recordOf(row: Row, members: Readonly<Record<string, string>>): string | null {
  const entries = Object.entries(members).filter(([, column]) => row[column] != null)
  return entries.length === 0
    ? null
    : jsonOf(
        Object.fromEntries(entries.map(([name, column]) => [name, row[column]])),
        Object.values(members).join(", "),
      )
}

function jsonOf(value: Record<string, unknown>, column: string): string {
  const json = canonicalRowJson(value)
  expectText(json, column)
  return json
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype

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
