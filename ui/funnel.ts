import type { Manifest } from "../schemas/manifest.ts"
import { columns, grouped, percent } from "./print.ts"

/** A step and its reason, said once where they are the same. */
export const lossName = (step: string, reason: string): string => (step === reason ? step : `${step}: ${reason}`)

/** The drop funnel of a run as lines: source rows, what each step took away, what is left. */
export function funnelLines({ rows, drops }: Pick<Manifest, "rows" | "drops">): string[] {
  const cells: string[][] = [["rows in", grouped(rows.in), "", ""]]
  let left = rows.in
  for (const [step, reasons] of Object.entries(drops))
    for (const [reason, count] of Object.entries(reasons)) {
      left -= count
      cells.push([lossName(step, reason), `-${grouped(count)}`, percent(count, rows.in), grouped(left)])
    }
  if (rows.failed > 0)
    cells.push(["failed", `-${grouped(rows.failed)}`, percent(rows.failed, rows.in), grouped(left - rows.failed)])
  cells.push(["in the dataset", grouped(rows.out), percent(rows.out, rows.in), ""])
  return columns(cells)
}

/** What steps counted besides rows, as lines: drafts by verdict, responses by filter. */
export function tallyLines(tallies: Manifest["tallies"]): string[] {
  return Object.entries(tallies).flatMap(([stage, counts]) => {
    const whole = Math.max(...Object.values(counts))
    return [
      `  ${stage}`,
      ...columns(
        Object.entries(counts).map(([name, count]) => [
          name,
          grouped(count),
          count === whole ? "" : percent(count, whole),
        ]),
        { indent: 4 },
      ),
    ]
  })
}
