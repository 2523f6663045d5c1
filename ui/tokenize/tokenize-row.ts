import type { SourceRow } from "../../pipelines/io/jsonl.ts"
import { oneLine, RowError } from "../../pipelines/runtime/errors.ts"
import type { Row } from "../../pipelines/runtime/step.ts"

/** A row of OUT and how many ids it has, or why there is none. */
export type TokenizedRow = { row: Row; tokens: number } | { failed: RowError }

export interface TokenizeRowOptions {
  encode(text: string): Int32Array
  /** The column with the text. */
  column: string
  /** True when OUT is a file of typed columns, which hold no lone surrogates. */
  typed: boolean
}

/** The row with `input_ids`, which replaces a column of that name; all others stay as they are. */
export function tokenizeRow(source: SourceRow, { encode, column, typed }: TokenizeRowOptions): TokenizedRow {
  if ("error" in source) return { failed: source.error }
  const { row, at } = source
  const fail = (reason: string, message: string) => ({
    failed: new RowError(reason, `${at.file}, line ${at.line}: ${message}`),
  })
  const text = Object.hasOwn(row, column) ? row[column] : undefined
  if (typeof text !== "string")
    return fail("bad-row", `column ${oneLine(column, 60)}: expected text, got ${kindOf(text)}`)
  if (typed) {
    const lone = Object.keys(row).find((name) => typeof row[name] === "string" && !row[name].isWellFormed())
    if (lone !== undefined)
      return fail(
        "bad-text",
        `column ${oneLine(lone, 60)}: expected text without lone surrogates, which only .jsonl can hold`,
      )
  }
  try {
    const ids = encode(text)
    return { row: { ...row, input_ids: Array.from(ids) }, tokens: ids.length }
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    return fail(error.reason, error.message)
  }
}

const kindOf = (value: unknown): string =>
  value === undefined ? "no such column" : value === null ? "null" : Array.isArray(value) ? "a list" : typeof value
