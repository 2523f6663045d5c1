// How a step's decisions compare with labels: accuracy, precision and recall of each value, and the confusion table.
import { oneLine, stopError } from "../../pipelines/runtime/errors.ts"
import { wilson } from "../../pipelines/runtime/projection.ts"
import { columns, cut, grouped, percent } from "../print.ts"

/** What `--json` says of a comparison. Shares are null where nothing was to be divided. */
export interface LabelReport {
  column: string
  compared: number
  /** Rows without a label that can be read. */
  unlabelled: number
  /** Labelled rows that failed: nothing was decided about them, and nothing here counts them. */
  failed: number
  /** Decisions that are unsure; null for a step that never is. Unsure is never right. */
  unsure: number | null
  accuracy: number | null
  /** Cohen's kappa: the agreement beyond what the two would have by chance. 1 is full agreement, 0 none; null where chance says it all. */
  kappa: number | null
  /** Wilson's interval of the accuracy at 95%: what so few rows can tell. */
  accuracyInterval: [low: number, high: number] | null
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

/** The decision that no label has. */
export const unsure = "unsure"

export interface ComparisonOptions {
  column: string
  read: (label: unknown) => string | null
  /** Values that are shown first, whether they come or not. */
  values?: readonly string[]
  /** Whether `unsure` is a decision of its own. */
  mayBeUnsure?: boolean
}

/** Counts pairs of label and decision. */
export class Comparison {
  readonly #options: ComparisonOptions
  readonly #counts = new Map<string, Map<string, number>>()
  readonly #values: Set<string>
  #unlabelled = 0
  #failed = 0

  constructor(options: ComparisonOptions) {
    this.#options = options
    this.#values = new Set(options.values)
  }

  add(label: unknown, decision: string): void {
    const truth = this.#options.read(label)
    if (truth === null) {
      this.#unlabelled++
      return
    }
    this.#values.add(truth)
    if (!this.#options.mayBeUnsure || decision !== unsure) this.#values.add(decision)
    if (this.#values.size > maxValues)
      throw stopError({
        what: `Column ${this.#options.column} holds no labels`,
        expected: `at most ${maxValues} different values`,
        got: "more",
        remedy: "Name the column that holds the label with --labels.",
      })
    const row = this.#counts.get(truth) ?? new Map<string, number>()
    this.#counts.set(truth, row)
    row.set(decision, (row.get(decision) ?? 0) + 1)
  }

  /** A row about which nothing was decided. */
  addFailed(label: unknown): void {
    if (this.#options.read(label) === null) this.#unlabelled++
    else this.#failed++
  }

  report(): LabelReport {
    const { column, mayBeUnsure = false } = this.#options
    const values = [...this.#values]
    const decisions = mayBeUnsure ? [...values, unsure] : values
    const at = (label: string, decision: string) => this.#counts.get(label)?.get(decision) ?? 0
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
    const compared = sum(values.flatMap((label) => decisions.map((decision) => at(label, decision))))
    const right = sum(values.map((value) => at(value, value)))
    const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)
    return {
      column,
      compared,
      unlabelled: this.#unlabelled,
      failed: this.#failed,
      unsure: mayBeUnsure ? sum(values.map((label) => at(label, unsure))) : null,
      accuracy: share(right, compared),
      kappa: kappaOf(
        right,
        compared,
        values.map((value) => [
          sum(decisions.map((decision) => at(value, decision))),
          sum(values.map((label) => at(label, value))),
        ]),
      ),
      accuracyInterval: compared === 0 ? null : wilson(right, compared),
      values: values.map((value) => {
        const labelled = sum(decisions.map((decision) => at(value, decision)))
        const decided = sum(values.map((label) => at(label, value)))
        const right = at(value, value)
        return { value, rows: labelled, precision: share(right, decided), recall: share(right, labelled) }
      }),
      confusion: Object.fromEntries(
        values.map((label) => [
          label,
          Object.fromEntries(decisions.map((decision) => [decision, at(label, decision)])),
        ]),
      ),
    }
  }
}

/** From the rows on which both agree, of all, and for each value how many rows have it as label and as decision. */
function kappaOf(right: number, compared: number, marginals: readonly (readonly [number, number])[]): number | null {
  const byChance = marginals.reduce((total, [labelled, decided]) => total + labelled * decided, 0) / compared ** 2
  return compared === 0 || byChance === 1 ? null : (right / compared - byChance) / (1 - byChance)
}

/** The comparison for a terminal. */
export function labelLines(report: LabelReport): string[] {
  const { column, compared, unlabelled, failed, unsure, accuracy, accuracyInterval, kappa, values, confusion } = report
  const shown = (value: string) => cut(oneLine(value), 24)
  const decisions = Object.keys(Object.values(confusion)[0] ?? {})
  const left = [
    ...(unlabelled > 0 ? [`${grouped(unlabelled)} without a label that can be read`] : []),
    ...(failed > 0 ? [`${grouped(failed)} failed`] : []),
  ]
  return [
    [`labels in ${oneLine(column, 60)}: ${grouped(compared)} rows compared`, ...left].join(", "),
    `  accuracy ${shareText(accuracy)}` +
      (accuracyInterval === null ? "" : ` (95% interval ${accuracyInterval.map(shareText).join(" to ")})`) +
      (kappa === null ? "" : `, kappa ${kappa.toFixed(2)}`) +
      (unsure ? `; ${grouped(unsure)} unsure, none of them right` : ""),
    ...columns([
      ["value", "rows", "precision", "recall"],
      ...values.map(({ value, rows, precision, recall }) => [
        shown(value),
        grouped(rows),
        shareText(precision),
        shareText(recall),
      ]),
    ]),
    "  labels down, decisions across:",
    ...columns([
      ["", ...decisions.map(shown)],
      ...values.map(({ value: label }) => [
        shown(label),
        ...decisions.map((decision) => grouped(confusion[label]![decision]!)),
      ]),
    ]),
  ]
}

/** A share for a terminal. */
export const shareText = (share: number | null): string => (share === null ? "-" : percent(share, 1))
