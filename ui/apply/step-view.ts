import { createHash } from "node:crypto"
import type { StepEntry } from "../../pipelines/catalogue.ts"
import { RowError } from "../../pipelines/runtime/errors.ts"
import { canonicalRowJson } from "../../pipelines/runtime/row-json.ts"
import type { Row } from "../../pipelines/runtime/step.ts"

export interface ViewOptions {
  entry: StepEntry
  /** The column that the step knows for its text: `question`. */
  reads: string
  /** The row's column that stands for it (`--column`). */
  column?: string | undefined
  /** A column that the step must not see: what its answer is compared with. */
  hidden?: string | undefined
}

/** A row as a step sees it, and the way back. */
export interface StepView {
  row: Row
  /** What became of the view, as columns of the row: what the step did not change stays as it came. */
  back(result: Row): Row
}

/**
 * Shows a row to a step under the names that the step knows. Without `column`, a row that lacks the step's text shows its `text`. A row
 * without an id of text gets the hash of its content for one. Throws a RowError where the text is missing.
 */
export function viewOf(row: Row, { entry, reads, column, hidden }: ViewOptions): StepView {
  const from = column ?? (entry.needs !== null && row[reads] === undefined && row.text !== undefined ? "text" : reads)
  const text = row[from]
  const fits = typeof text === "string" || (text === null && entry.needs !== "text")
  if (entry.needs !== null ? !fits : column !== undefined && text === undefined)
    throw new RowError("bad-row", `column ${from}: expected text, got ${kindOf(text)}`)
  const view: Row = { ...row }
  if (from !== reads) view[reads] = text
  if (hidden !== undefined && hidden !== from) delete view[hidden]
  if (entry.reads.includes("id") && typeof view.id !== "string") view.id = idOf(view.id, row)
  const shown = { ...view }
  return {
    row: view,
    back(result) {
      const merged: Row = { ...row }
      for (const [name, value] of Object.entries(result))
        if (value !== shown[name]) merged[name === reads ? from : name] = value
      for (const name of Object.keys(shown))
        if (!Object.hasOwn(result, name) && Object.hasOwn(row, name)) delete merged[name]
      return merged
    },
  }
}

const kindOf = (value: unknown): string =>
  value === undefined ? "nothing" : value === null ? "null" : Array.isArray(value) ? "a list" : typeof value

/** Numbers as their digits; where there is none, as for imported questions, from the content. */
function idOf(id: unknown, row: Row): string {
  if (typeof id === "number" || typeof id === "bigint") return String(id)
  return `sha256:${createHash("sha256").update(canonicalRowJson(row)).digest("hex").slice(0, 24)}`
}
