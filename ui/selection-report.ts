import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { readParquet } from "../pipelines/io/parquet.ts"
import { rowsOf } from "../pipelines/runtime/batch.ts"
import { oneLine } from "../pipelines/runtime/errors.ts"
import type { DistributionLine } from "../schemas/selection.ts"
import { wrap } from "./key-notes.ts"
import { cut, grouped, percent } from "./print.ts"

/** The lines of a run's selection report; none where it has no report. */
export async function readSelectionReport(run: string): Promise<DistributionLine[]> {
  const folder = join(run, "selection-report")
  const lines: DistributionLine[] = []
  for (const name of (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".parquet")).sort())
    for await (const batch of readParquet(join(folder, name))) lines.push(...(rowsOf(batch) as DistributionLine[]))
  return lines
}

/** Rows that one measure shows at most. */
const mostRows = 8
const labelWidth = 22
const cellWidth = 9

const row = (label: string, cells: readonly string[]): string =>
  `    ${cut(oneLine(label, labelWidth), labelWidth).padEnd(labelWidth)}${cells.map((cell) => cell.padStart(cellWidth)).join("")}`.trimEnd()

/**
 * A selection report as a table of at most 80 columns: what became of the candidates, then each distribution before and after it. A
 * measure with one value says nothing and is left out, unless it is the domain.
 */
export function selectionLines(report: readonly DistributionLine[]): string[] {
  const measures = Map.groupBy(report, ({ measure }) => measure)
  const outcome = measures.get("outcome") ?? []
  const lines = [...outcomeLines(outcome), ...domainLines(measures.get("domain") ?? [])]
  for (const [measure, all] of measures) {
    if (measure === "outcome" || measure === "domain" || all.length < 2) continue
    const header =
      measure === "pass@k" ? ["drafted", "mean", "selected", "mean"] : ["before", "share", "after", "share"]
    lines.push(row(measure, header), ...all.slice(0, mostRows).map((line) => row(line.value, cellsOf(line))))
    if (all.length > mostRows) lines.push(row(`... ${all.length - mostRows} more`, []))
  }
  return lines
}

/** The part of it that the end of a run tells: what became of the candidates, and the domains. */
export const selectionSummary = (report: readonly DistributionLine[]): string[] => [
  ...outcomeLines(report.filter(({ measure }) => measure === "outcome")),
  ...domainLines(report.filter(({ measure }) => measure === "domain")),
]

function outcomeLines(outcome: readonly DistributionLine[]): string[] {
  if (outcome.length === 0) return []
  const candidates = outcome.reduce((sum, { before }) => sum + before, 0)
  const told = outcome.map(({ value, before }) => [value, grouped(before), percent(before, candidates)] as const)
  return [
    `  selection from ${grouped(candidates)} questions with an accepted response`,
    ...told.map(([value, ...cells]) => row(value, cells)),
  ]
}

function domainLines(domains: readonly DistributionLine[]): string[] {
  if (domains.length === 0) return []
  const short = domains.filter((line) => (line.short ?? 0) > 0)
  const given = domains.filter((line) => line.places !== null && line.after > line.places)
  const plus = (line: DistributionLine) => `${oneLine(line.value, labelWidth)} +${grouped(line.after - line.places!)}`
  return [
    row("domain", ["before", "share", "after", "share", "places", "short"]),
    ...domains
      .slice(0, mostRows)
      .map((line) =>
        row(line.value, [
          ...cellsOf(line),
          line.places === null ? "" : grouped(line.places),
          line.short ? grouped(line.short) : "",
        ]),
      ),
    ...(domains.length > mostRows ? [row(`... ${domains.length - mostRows} more`, [])] : []),
    ...(short.length > 0 && given.length > 0
      ? wrap(`places that others left: ${given.map(plus).join(", ")}`, 76).map((line) => `    ${line}`)
      : []),
  ]
}

const cellsOf = ({ before, beforeShare, after, afterShare }: DistributionLine): string[] => [
  grouped(before),
  percent(beforeShare, 1),
  grouped(after),
  percent(afterShare, 1),
]
