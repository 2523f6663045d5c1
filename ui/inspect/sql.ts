import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { querySql } from "../../pipelines/io/duckdb.ts"
import { resolveSources } from "../../pipelines/io/source.ts"
import { oneLine, usageError } from "../../pipelines/runtime/errors.ts"
import type { InspectOptions } from "../commands/inspect.ts"
import { columns, cut } from "../print.ts"
import { plainJson } from "./plain-json.ts"

const widest = 60

/** SQL over a run's datasets (one view for each folder and stage) or over files (`rows`). */
export async function inspectSql(path: string, isRun: boolean, options: InspectOptions): Promise<void> {
  const views = isRun ? await runViews(path) : await fileViews(path)
  const { columns: names, rows } = await querySql(options.sql!, { views })
  if (options.json) {
    for await (const row of rows) process.stdout.write(`${plainJson(row)}\n`)
    return
  }
  const cells: string[][] = [[...names]]
  const flush = () => {
    for (const line of columns(cells, { indent: 0 })) process.stdout.write(`${line}\n`)
    cells.length = 0
  }
  for await (const row of rows) {
    cells.push(names.map((name) => cut(oneLine(textOf(row[name])), widest)))
    if (cells.length >= 1_000) flush()
  }
  flush()
}

const textOf = (value: unknown): string =>
  value === null || value === undefined ? "null" : typeof value === "string" ? value : plainJson(value)

async function runViews(run: string): Promise<Record<string, string[]>> {
  const views: Record<string, string[]> = {}
  const add = async (name: string, folder: string, keep: RegExp) => {
    const files = (await readdir(folder).catch(() => [])).filter((file) => keep.test(file)).sort()
    if (files.length > 0) views[name] = files.map((file) => join(folder, file))
  }
  for (const entry of await readdir(run, { withFileTypes: true }))
    if (entry.isDirectory() && !["stages", "ledger", "events", "locks", "leases"].includes(entry.name))
      await add(entry.name, join(run, entry.name), /^part-\d+\.parquet$/)
  // A stage's view has its dashes as underscores, so that SQL needs no quotes.
  for (const stage of await readdir(join(run, "stages")).catch(() => []))
    await add(
      `stage_${stage.replaceAll("-", "_")}`,
      join(run, "stages", stage),
      /^\d{5,}-[0-9a-f]{12}(-\d+)?\.parquet$/,
    )
  return views
}

async function fileViews(path: string): Promise<Record<string, string[]>> {
  const files = await resolveSources([path], { cwd: process.cwd(), where: "PATH" })
  const other = files.find(({ format }) => format.kind !== "parquet")
  if (other)
    throw usageError({
      what: "SQL reads Parquet files",
      where: other.name,
      expected: "a folder or file of .parquet, or a run",
    })
  return { rows: files.map((file) => file.path) }
}
