import { oneLine } from "../../pipelines/runtime/errors.ts"
import type { VerdictName } from "../../schemas/verdict.ts"
import { columns, grouped, shownPath } from "../print.ts"

/** Why rows are without a reward. */
export interface ReasonCount {
  verdict: VerdictName
  reason: string
  rows: number
  /** Ids of the first of them (`line N` for a row without one); OUT has all. */
  first: string[]
}

/** What `verify` says at its end, and with `--json` the one document that it prints: rows in = the sum of the verdicts + failed. */
export interface VerifyReport {
  verifier: string
  rows: { in: number; out: number; failed: number }
  /** Verdict -> rows; all four. */
  verdicts: Record<VerdictName, number>
  /** Why rows are `unparsed` or `unverifiable`, the most frequent first. */
  reasons: ReasonCount[]
  /** Mean reward of the rows that have one; null where none has. */
  meanReward: number | null
  /** For a verifier that runs programs: outcomes that the verdicts rest on, and how many an earlier time had settled. */
  programs: { outcomes: number; settledBefore: number } | null
  files: { out: string; failed: string | null; ledger: string | null }
}

/** Reasons that the summary names for each verdict. */
const shownReasons = 5

/** The report for a terminal; `named` are the first failed rows. */
export function summaryLines(report: VerifyReport, named: readonly string[]): string[] {
  const { verifier, rows, verdicts, reasons, meanReward, programs, files } = report
  return [
    `${verifier}: ${grouped(rows.in)} rows in, ${grouped(rows.out)} scored, ${grouped(rows.failed)} failed` +
      (meanReward === null ? "" : `; mean reward ${meanReward.toFixed(3)}`),
    ...columns(Object.entries(verdicts).map(([verdict, count]) => [verdict, grouped(count)])),
    ...reasonLines("unverifiable", reasons),
    ...reasonLines("unparsed", reasons),
    ...named.map((message) => `  ${message}`),
    ...(programs === null
      ? []
      : [
          `  ${grouped(programs.outcomes)} outcomes of programs, ${grouped(programs.settledBefore)} of them settled before`,
        ]),
    ...(files.failed === null ? [] : [`  failed rows are in ${shownPath(files.failed)}`]),
  ]
}

function reasonLines(verdict: VerdictName, reasons: readonly ReasonCount[]): string[] {
  const of = reasons.filter((count) => count.verdict === verdict)
  const further = of.length - shownReasons
  return [
    ...of.slice(0, shownReasons).map(reasonLine),
    ...(further > 0 ? [`  ${verdict} for ${grouped(further)} further reasons`] : []),
  ]
}

function reasonLine({ verdict, reason, rows, first }: ReasonCount): string {
  const more = rows > first.length ? ", ..." : ""
  return `  ${verdict}, ${oneLine(reason, 120)}: ${grouped(rows)} (${first.join(", ")}${more})`
}
