import type { Manifest } from "../schemas/manifest.ts"
import { columns, grouped, percent } from "./print.ts"

/** A step and its reason, said once where they are the same. */
export const lossName = (step: string, reason: string): string => (step === reason ? step : `${step}: ${reason}`)

/** The drop funnel of a run as lines: source rows, what each step took away, what is left. */
export function funnelLines({ rows, drops }: Pick<Manifest, "rows" | "drops">): string[] {
  const cells: string[][] = [["rows in", grouped(rows.in), "", ""]]
  const all = rows.in + (rows.born ?? 0)
  if (all > rows.in) cells.push(["born of them", `+${grouped(all - rows.in)}`, "", grouped(all)])
  let left = all
  for (const [step, reasons] of Object.entries(drops))
    for (const [reason, count] of Object.entries(reasons)) {
      left -= count
      cells.push([lossName(step, reason), `-${grouped(count)}`, percent(count, all), grouped(left)])
    }
  if (rows.failed > 0)
    cells.push(["failed", `-${grouped(rows.failed)}`, percent(rows.failed, all), grouped(left - rows.failed)])
  cells.push(["in the dataset", grouped(rows.out), percent(rows.out, all), ""])
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
