import type { StepEntry } from "../../pipelines/catalogue.ts"
import { grouped } from "../print.ts"
import type { Applied } from "./apply-step.ts"
import { Comparison, decisionOf, textOfLabel } from "./labels.ts"
import type { ApplyReport, NamedFailure } from "./summary.ts"

/** Failed rows that the summary names. */
const namedFailures = 5

/** Counts of one application. */
export class Tally {
  readonly #entry: StepEntry
  readonly #labels: string | undefined
  readonly #comparison: Comparison | null
  readonly #rows = { in: 0, out: 0, dropped: 0, failed: 0 }
  readonly #drops: Record<string, number> = {}
  readonly #failures: Record<string, number> = {}
  readonly named: NamedFailure[] = []
  #incomplete = 0
  #said = ""

  constructor(entry: StepEntry, labels: string | undefined) {
    this.#entry = entry
    this.#labels = labels
    const isFilter = entry.kind === "filter"
    this.#comparison =
      labels === undefined
        ? null
        : new Comparison(labels, isFilter ? decisionOf : textOfLabel, isFilter ? ["drop", "keep"] : [])
  }

  get failed(): number {
    return this.#rows.failed
  }

  add(applied: Applied): void {
    this.#rows.in++
    if ("failed" in applied) this.#fail(applied)
    else if ("kept" in applied) {
      this.#rows.out += applied.kept.length
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
    if (this.#comparison === null || "failed" in applied || !("row" in applied.source)) return
    const label = applied.source.row[this.#labels!]
    if (this.#entry.kind === "filter") this.#comparison.add(label, "kept" in applied ? "keep" : "drop")
    else if ("kept" in applied) this.#comparison.add(label, String(applied.kept[0]?.[this.#entry.label!]))
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
