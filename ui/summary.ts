import { join } from "node:path"
import { oneLine } from "../pipelines/runtime/errors.ts"
import { runTotals } from "../pipelines/runtime/run-totals.ts"
import { readStatus } from "../pipelines/runtime/status.ts"
import type { Manifest } from "../schemas/manifest.ts"
import { funnelLines, tallyLines } from "./funnel.ts"
import { mixtureSummary, readMixtureReport } from "./mixture-report.ts"
import { columns, dollars, duration, grouped } from "./print.ts"
import { readSelectionReport, selectionSummary } from "./selection-report.ts"

/** What a finished run says: the funnel, the counts, what it cost, where everything is. */
export async function summaryLines(options: {
  run: string
  shown: string
  manifest: Manifest
  reused: boolean
  elapsedMs: number
  config: unknown
}): Promise<string[]> {
  const { run, shown, manifest, reused, elapsedMs, config } = options
  const totals = await runTotals(run, config)
  const status = await readStatus(run)
  const rowsOf = (files: readonly { rows: number }[]) => files.reduce((sum, { rows }) => sum + rows, 0)
  const domains = manifest.mixture.map(({ domain, rows }) => `${oneLine(domain, 40)} ${grouped(rows)}`).join(", ")
  const tallies = tallyLines(manifest.tallies)
  const selection = selectionSummary(await readSelectionReport(run))
  const mixture = mixtureSummary(await readMixtureReport(run))
  const folders = [
    ["dataset", rowsOf(manifest.shards), "the samples"] as const,
    ...Object.entries(manifest.beside).map(
      ([folder, files]) => [folder, rowsOf(files), besideNotes[folder] ?? ""] as const,
    ),
  ]
  return [
    "",
    ...(reused ? ["Nothing changed: the dataset stood already.", ""] : []),
    ...funnelLines(manifest),
    "",
    ...(tallies.length > 0 ? [...tallies, ""] : []),
    ...(selection.length > 0 ? [...selection, ""] : []),
    ...(mixture.length > 0 ? [...mixture, ""] : []),
    manifest.lineage.models.length === 0
      ? `  ${duration(elapsedMs)}`
      : `  ${grouped(totals.calls)} answers, ${grouped(totals.tokens.input)} tokens in, ${grouped(totals.tokens.output)} out` +
        `${totals.cost === null ? "" : `, ${dollars(totals.cost)}`}` +
        `${totals.reused === 0 ? "" : `; ${grouped(totals.reused)} more from the shared ledger`}; ${duration(elapsedMs)}`,
    ...(domains === "" ? [] : [`  domains: ${domains}`]),
    ...(status.failures.length > 0
      ? [`  ${status.failures.length} failed rows: cotyledon inspect ${shown} --failed`]
      : []),
    "",
    ...columns(folders.map(([folder, rows, note]) => [join(shown, folder), `${grouped(rows)} rows`, note])),
    `  ${join(shown, "manifest.json")}`,
    "",
    `  cotyledon inspect ${shown}    shows rows, drops and one row's history`,
  ]
}

const besideNotes: Record<string, string> = {
  unfiltered: "every response with its verdict",
  review: "questions for humans",
  "mixture-report": "shares asked for against shares found",
  "selection-report": "what the selection did to each distribution",
  dropped: "with the step and its reason",
  failed: "a rerun tries them again",
}
