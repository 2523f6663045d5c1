import { join } from "node:path"
import { querySql } from "../../pipelines/io/duckdb.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { Manifest } from "../../schemas/manifest.ts"
import type { Bin } from "./chart.ts"

/** How a number is spread over the dataset's rows. */
export interface Distribution {
  title: string
  axis: string
  rows: number
  median: number
  mean: number
  bins: Bin[]
}

/** What may be shown, each where the dataset has the column. Shares are from 0 to 1. */
const measures = [
  {
    title: "Length of responses",
    axis: "output tokens",
    column: "output_tokens",
    value: "output_tokens",
    share: false,
  },
  {
    title: "Length of completions",
    axis: "characters",
    column: "completion",
    value: "list_sum(list_transform(completion, turn -> length(turn.content)))",
    share: false,
  },
  {
    title: "Pass rate of questions",
    axis: "share of right rollouts",
    column: "pass_rate",
    value: "pass_rate",
    share: true,
  },
] as const

const mostBins = 24
/** Two bars would fill a page. */
const fewestBins = 8

/** The distributions of a published dataset. DuckDB reads it, so memory does not depend on its size. */
export async function readDistributions(run: string, manifest: Manifest): Promise<Distribution[]> {
  const views = { dataset: manifest.shards.map(({ path }) => join(run, path)) }
  if (views.dataset.length === 0 || manifest.rows.out === 0) return []
  const rowsOf = async (sql: string): Promise<Row[]> => Array.fromAsync((await querySql(sql, { views })).rows)
  const columns = new Set(
    (await rowsOf("DESCRIBE SELECT * FROM dataset")).map(({ column_name }) => String(column_name)),
  )
  const found: Distribution[] = []
  for (const { title, axis, column, value, share } of measures) {
    if (!columns.has(column) || (column === "completion" && columns.has("output_tokens"))) continue
    const from = `FROM (SELECT CAST(${value} AS DOUBLE) AS x FROM dataset) WHERE x IS NOT NULL AND isfinite(x)`
    const [facts] = await rowsOf(
      `SELECT count(*) AS rows, min(x) AS low, max(x) AS high, avg(x) AS mean, approx_quantile(x, 0.5) AS median ${from}`,
    )
    const rows = Number(facts?.rows ?? 0)
    if (rows === 0) continue
    const low = share ? 0 : Number(facts!.low)
    const high = share ? 1 : Number(facts!.high)
    const width = share ? 0.1 : niceWidth((high - low) / mostBins)
    const first = share ? 0 : Math.floor(low / width)
    const last = share ? 9 : Math.max(first + fewestBins - 1, Math.floor(high / width))
    const counts = new Map<number, number>()
    for (const { bin, rows } of await rowsOf(
      `SELECT floor(x / ${width} + 1e-9) AS bin, count(*) AS rows ${from} GROUP BY bin`,
    )) {
      const at = Math.max(first, Math.min(last, Number(bin)))
      counts.set(at, (counts.get(at) ?? 0) + Number(rows))
    }
    found.push({
      title,
      axis,
      rows,
      median: Number(facts!.median),
      mean: Number(facts!.mean),
      bins: Array.from({ length: last - first + 1 }, (_, at) => ({
        from: (first + at) * width,
        to: (first + at + 1) * width,
        count: counts.get(first + at) ?? 0,
      })),
    })
  }
  return found
}

/** The next of 1, 2, 5, 10 ... that is not smaller, at least 1. */
function niceWidth(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
  return Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((width) => width >= rough)!)
}
