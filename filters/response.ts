import { RowError } from "../pipelines/runtime/errors.ts"
import type { Row } from "../pipelines/runtime/step.ts"
import { type Finish, finish } from "../schemas/rollout.ts"
import { type VerdictName, verdictName } from "../schemas/verdict.ts"

/** A response as the response filters read it: columns {question, thinking, answer, finish, verdict} of `schemas/rollout.ts`. */
export interface Response {
  readonly question: string
  readonly thinking: string
  readonly answer: string
}

/**
 * Texts of a response row. `thinking` and `question` may be missing or null; a row with `text` and no `answer` counts as an
 * answer, so that any file of texts can be filtered. Where no thinking stands apart, an answer with a closed think block is split at it.
 * Throws a RowError where there is neither.
 */
export function responseOf(row: Row): Response {
  const answer = row.answer ?? row.text
  if (typeof answer !== "string") throw missing("answer", "text", answer)
  const question = textOf(row, "question")
  const thinking = textOf(row, "thinking")
  const close = thinking === "" ? answer.lastIndexOf(closing) : -1
  if (close < 0) return { question, thinking, answer }
  const open = /^\s*<think>/.exec(answer)?.[0].length ?? 0
  return {
    question,
    thinking: answer.slice(open, close).trim(),
    answer: answer.slice(close + closing.length).trimStart(),
  }
}

const closing = "</think>"

/** How the response ended. Throws a RowError when the column is missing or holds another word. */
export function finishOf(row: Row): Finish {
  const read = finish.safeParse(row.finish)
  if (!read.success) throw missing("finish", finish.options.join(", "), row.finish)
  return read.data
}

/** The response's verdict. Throws a RowError when the column is missing or holds another word. */
export function verdictOf(row: Row): VerdictName {
  const read = verdictName.safeParse(row.verdict)
  if (!read.success) throw missing("verdict", verdictName.options.join(", "), row.verdict)
  return read.data
}

function textOf(row: Row, column: string): string {
  const value = row[column] ?? ""
  if (typeof value !== "string") throw missing(column, "text or null", value)
  return value
}

const missing = (column: string, expected: string, got: unknown) =>
  new RowError(
    "bad-row",
    `column ${column}: expected ${expected}, got ${got === undefined ? "nothing" : JSON.stringify(got)?.slice(0, 80)}`,
  )
