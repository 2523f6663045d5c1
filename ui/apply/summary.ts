import { oneLine } from "../../pipelines/runtime/errors.ts"
import { columns, dollars, grouped, shownPath } from "../print.ts"
import { type LabelReport, labelLines } from "./labels.ts"

/** What `apply` says at its end, and with `--json` the one document that it prints. */
export interface ApplyReport {
  step: string
  /** in = out + dropped + failed; where the step made several rows of one, in + born. */
  rows: { in: number; born?: number; out: number; dropped: number; failed: number }
  /** Reason -> rows. */
  drops: Record<string, number>
  failures: Record<string, number>
  /** Rows that an endpoint's fault left with less than was asked for; the same command asks for it again. */
  incomplete: number
  files: { out: string; dropped: string | null; failed: string | null; ledger: string | null }
  /** What the step asked its model, answers of an earlier time included. */
  endpoint: {
    role: string
    model: string
    calls: number
    settledBefore: number
    tokens: { input: number; output: number }
    /** USD of all these calls; null without a price. */
    cost: number | null
  } | null
  labels: LabelReport | null
}

/** A row that failed, for the summary. */
export interface NamedFailure {
  place: string
  reason: string
  message: string
}

/** The report for a terminal; the first failed rows are named. */
export function summaryLines(report: ApplyReport, named: readonly NamedFailure[]): string[] {
  const { step, rows, drops, failures, incomplete, files, endpoint, labels } = report
  const counts = [
    `${grouped(rows.in)} rows in`,
    ...(rows.born ? [`${grouped(rows.born)} born of them`] : []),
    `${grouped(rows.out)} kept`,
    `${grouped(rows.dropped)} dropped`,
    `${grouped(rows.failed)} failed`,
  ]
  return [
    `${step}: ${counts.join(", ")}`,
    ...columns([...reasonCells("dropped", drops), ...reasonCells("failed", failures)]),
    ...named.map(({ place, reason, message }) =>
      oneLine(
        `  ${place}: ${message.startsWith(`${place}: `) ? message.slice(place.length + 2) : `${reason}: ${message}`}`,
        200,
      ),
    ),
    ...(files.failed === null ? [] : [`  failed rows are in ${shownPath(files.failed)}`]),
    ...(incomplete === 0
      ? []
      : [`  ${grouped(incomplete)} rows lack answers that failed; run it again to ask for them`]),
    ...(endpoint === null ? [] : [endpointLine(endpoint)]),
    ...(labels === null ? [] : labelLines(labels)),
  ]
}

const reasonCells = (fate: string, reasons: Readonly<Record<string, number>>): string[][] =>
  Object.entries(reasons)
    .toSorted(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .map(([reason, rows]) => [fate, oneLine(reason, 60), grouped(rows)])

function endpointLine({
  role,
  model,
  calls,
  settledBefore,
  tokens,
  cost,
}: NonNullable<ApplyReport["endpoint"]>): string {
  const before = settledBefore === 0 ? "" : ` (${grouped(settledBefore)} settled before)`
  const paid = cost === null ? "" : `, ${dollars(cost)}`
  return (
    `  ${role} ${oneLine(model, 60)}: ${grouped(calls)} calls${before}, ` +
    `${grouped(tokens.input)} tokens in, ${grouped(tokens.output)} out${paid}`
  )
}
