import type { StepEntry } from "../../pipelines/catalogue.ts"
import { grouped } from "../print.ts"
import type { Applied } from "./apply-step.ts"
import { Comparison, type ComparisonOptions, decisionOf, textOfLabel, unsure } from "./labels.ts"
import type { ApplyReport, NamedFailure } from "./summary.ts"

/** Failed rows that the summary names. */
const namedFailures = 5

/** Counts of one application. */
export class Tally {
  readonly #entry: StepEntry
  readonly #labels: string | undefined
  readonly #comparison: Comparison | null
  readonly #rows: ApplyReport["rows"] = { in: 0, out: 0, dropped: 0, failed: 0 }
  readonly #drops: Record<string, number> = {}
  readonly #failures: Record<string, number> = {}
  readonly named: NamedFailure[] = []
  #incomplete = 0
  #said = ""

  constructor(entry: StepEntry, labels: string | undefined) {
    this.#entry = entry
    this.#labels = labels
    this.#comparison = labels === undefined ? null : new Comparison(comparisonOf(entry, labels))
  }

  get failed(): number {
    return this.#rows.failed
  }

  add(applied: Applied): void {
    this.#rows.in++
    if ("failed" in applied) this.#fail(applied)
    else if ("kept" in applied) {
      this.#rows.out += applied.kept.length
      if (applied.kept.length > 1) this.#rows.born = (this.#rows.born ?? 0) + applied.kept.length - 1
      if (applied.incomplete) this.#incomplete++
    } else {
      this.#rows.dropped++
      const { reason } = applied.rejection
      this.#drops[reason] = (this.#drops[reason] ?? 0) + 1
    }
    this.#compare(applied)
  }

  #fail({ source, failed }: Extract<Applied, { failed: unknown }>): void {
    this.#rows.failed++
    this.#failures[failed.reason] = (this.#failures[failed.reason] ?? 0) + 1
    const { file, line } = source.at
    if (this.named.length < namedFailures)
      this.named.push({ place: `${file}, line ${line}`, reason: failed.reason, message: failed.message })
  }

  #compare(applied: Applied): void {
    if (this.#comparison === null || !("row" in applied.source)) return
    const label = applied.source.row[this.#labels!]
    if ("failed" in applied) this.#comparison.addFailed(label)
    else this.#comparison.add(label, decisionIn(applied, this.#entry))
  }

  progress(say: (line: string) => void): void {
    const { in: read, dropped, failed } = this.#rows
    const line = `${this.#entry.id}: ${grouped(read)} rows done, ${grouped(dropped)} dropped, ${grouped(failed)} failed`
    if (line !== this.#said && read > 0) say(line)
    this.#said = line
  }

  counts(): Pick<ApplyReport, "rows" | "drops" | "failures" | "incomplete"> {
    return { rows: this.#rows, drops: this.#drops, failures: this.#failures, incomplete: this.#incomplete }
  }

  labels(): ApplyReport["labels"] {
    return this.#comparison?.report() ?? null
  }
}

const comparisonOf = (entry: StepEntry, column: string): ComparisonOptions =>
  entry.kind === "filter"
    ? { column, read: decisionOf, values: ["drop", "keep"], mayBeUnsure: entry.unsure !== undefined }
    : { column, read: textOfLabel }

/** What a step decided on a row, in the words of its labels. */
function decisionIn(
  applied: Exclude<Applied, { failed: unknown }>,
  { kind, label, unsure: isUnsure }: StepEntry,
): string {
  const row = "kept" in applied ? applied.kept[0] : applied.dropped
  if (kind === "annotator") return String(row?.[label!])
  if (row && isUnsure?.(row)) return unsure
  return "kept" in applied ? "keep" : "drop"
}
