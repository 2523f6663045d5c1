// How a step's decisions compare with labels: accuracy, precision and recall of each value, and the confusion table.
import { oneLine, stopError } from "../../pipelines/runtime/errors.ts"
import { columns, cut, grouped, percent } from "../print.ts"

/** What `--json` says of a comparison. Shares are null where nothing was to be divided. */
export interface LabelReport {
  column: string
  compared: number
  /** Rows without a label that can be read. */
  unlabelled: number
  accuracy: number | null
  values: { value: string; rows: number; precision: number | null; recall: number | null }[]
  /** Label -> decision -> rows. */
  confusion: Record<string, Record<string, number>>
}

/** More are no classes but free text. */
const maxValues = 200

const drops = new Set(["true", "yes", "drop", "1"])
const keeps = new Set(["false", "no", "keep", "0"])

/** A filter's label as its decision: `drop` for true, yes, drop and 1 (the criterion holds), `keep` for their opposites. */
export function decisionOf(label: unknown): "drop" | "keep" | null {
  const text = String(label ?? "")
    .trim()
    .toLowerCase()
  return drops.has(text) ? "drop" : keeps.has(text) ? "keep" : null
}

/** An annotator's label as text; null where there is none. */
export const textOfLabel = (label: unknown): string | null => {
  if (label === null || label === undefined || typeof label === "object") return null
  return String(label).trim() || null
}

/** Counts pairs of label and decision. */
export class Comparison {
  readonly #column: string
  readonly #read: (label: unknown) => string | null
  readonly #counts = new Map<string, Map<string, number>>()
  readonly #values = new Set<string>()
  #unlabelled = 0

  /** `values`: those that are shown first, whether they come or not. */
  constructor(column: string, read: (label: unknown) => string | null, values: readonly string[] = []) {
    this.#column = column
    this.#read = read
    for (const value of values) this.#values.add(value)
  }

  add(label: unknown, decision: string): void {
    const truth = this.#read(label)
    if (truth === null) {
      this.#unlabelled++
      return
    }
    this.#values.add(truth).add(decision)
    if (this.#values.size > maxValues)
      throw stopError({
        what: `Column ${this.#column} holds no labels`,
        expected: `at most ${maxValues} different values`,
        got: "more",
        remedy: "Name the column that holds the label with --labels.",
      })
    const row = this.#counts.get(truth) ?? new Map<string, number>()
    this.#counts.set(truth, row)
    row.set(decision, (row.get(decision) ?? 0) + 1)
  }

  report(): LabelReport {
    const values = [...this.#values]
    const at = (label: string, decision: string) => this.#counts.get(label)?.get(decision) ?? 0
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
    const compared = sum(values.flatMap((label) => values.map((decision) => at(label, decision))))
    const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)
    return {
      column: this.#column,
      compared,
      unlabelled: this.#unlabelled,
      accuracy: share(sum(values.map((value) => at(value, value))), compared),
      values: values.map((value) => {
        const labelled = sum(values.map((decision) => at(value, decision)))
        const decided = sum(values.map((label) => at(label, value)))
        const right = at(value, value)
        return { value, rows: labelled, precision: share(right, decided), recall: share(right, labelled) }
      }),
      confusion: Object.fromEntries(
        values.map((label) => [label, Object.fromEntries(values.map((decision) => [decision, at(label, decision)]))]),
      ),
    }
  }
}

/** The comparison for a terminal. */
export function labelLines({ column, compared, unlabelled, accuracy, values, confusion }: LabelReport): string[] {
  const shown = (value: string) => cut(oneLine(value), 24)
  const ofShare = (share: number | null) => (share === null ? "-" : percent(share, 1))
  return [
    `labels in ${oneLine(column, 60)}: ${grouped(compared)} rows compared` +
      (unlabelled > 0 ? `, ${grouped(unlabelled)} without a label that can be read` : ""),
    `  accuracy ${ofShare(accuracy)}`,
    ...columns([
      ["value", "rows", "precision", "recall"],
      ...values.map(({ value, rows, precision, recall }) => [
        shown(value),
        grouped(rows),
        ofShare(precision),
        ofShare(recall),
      ]),
    ]),
    "  labels down, decisions across:",
    ...columns([
      ["", ...values.map(({ value }) => shown(value))],
      ...values.map(({ value: label }) => [
        shown(label),
        ...values.map(({ value: decision }) => grouped(confusion[label]![decision]!)),
      ]),
    ]),
  ]
}
