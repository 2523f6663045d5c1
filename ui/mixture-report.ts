import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { readParquet } from "../pipelines/io/parquet.ts"
import { rowsOf } from "../pipelines/runtime/batch.ts"
import { oneLine } from "../pipelines/runtime/errors.ts"
import type { MixtureLine } from "../schemas/mixture.ts"
import { wrap } from "./key-notes.ts"
import { cut, grouped, percent } from "./print.ts"

/** The lines of a run's mixture report; none where it has no report. */
export async function readMixtureReport(run: string): Promise<MixtureLine[]> {
  const folder = join(run, "mixture-report")
  const lines: MixtureLine[] = []
  for (const name of (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".parquet")).sort())
    for await (const batch of readParquet(join(folder, name))) lines.push(...(rowsOf(batch) as MixtureLine[]))
  return lines
}

/** Rows that one measure shows at most. */
const mostRows = 10
const labelWidth = 36
const cellWidth = 10

const row = (label: string, cells: readonly string[]): string =>
  `    ${cut(oneLine(label, labelWidth), labelWidth).padEnd(labelWidth)}${cells.map((cell) => cell.padStart(cellWidth)).join("")}`.trimEnd()

/** A mixture report as a table of at most 80 columns: the size and what limits it, then each dimension, the flags, and the cells. */
export function mixtureLines(report: readonly MixtureLine[]): string[] {
  const size = report.find(({ measure }) => measure === "size")
  if (size === undefined) return []
  const lines = [...sizeLines(size)]
  for (const [measure, all] of Map.groupBy(report, ({ measure }) => measure)) {
    if (measure === "size") continue
    lines.push(row(measure, ["there are", "asked", "found", "short"]))
    lines.push(...all.slice(0, mostRows).map((line) => row(line.value, cellsOf(line))))
    if (all.length > mostRows) lines.push(row(`... ${all.length - mostRows} more`, []))
  }
  return lines
}

/** The part of it that the end of a run tells: the size, and the values that were asked for. */
export const mixtureSummary = (report: readonly MixtureLine[]): string[] =>
  mixtureLines(
    report.filter(({ measure, askedShare }) => measure === "size" || (askedShare !== null && measure !== "cell")),
  )

function sizeLines({ supply, asked, found, short, note }: MixtureLine): string[] {
  const told =
    `  mixture: ${grouped(found)} rows of ${grouped(supply ?? 0)} samples` +
    (asked === null ? "" : `, ${grouped(asked)} asked for${short ? `, ${grouped(short)} short` : ""}`)
  return [told, ...(note === null ? [] : wrap(`limited by ${oneLine(note)}`, 74).map((line) => `    ${line}`))]
}

const cellsOf = ({ supply, askedShare, foundShare, short }: MixtureLine): string[] => [
  supply === null ? "" : grouped(supply),
  askedShare === null ? "" : percent(askedShare, 1),
  percent(foundShare, 1),
  short ? grouped(short) : "",
]
