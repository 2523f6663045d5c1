import { stat } from "node:fs/promises"
import { usageError } from "../../pipelines/runtime/errors.ts"
import { readRecord } from "../../pipelines/runtime/run.ts"
import type { CommonOptions } from "../options.ts"

export interface InspectOptions extends CommonOptions {
  dropped: boolean
  failed: boolean
  step?: string
  row?: string
  exchange?: string
  sql?: string
  rows: number
}

/** `cotyledon inspect PATH`: a run, or a file or folder of rows; `inspect A B`: two runs side by side. */
export async function inspect(path: string, other: string | undefined, options: InspectOptions): Promise<void> {
  if (other !== undefined) return (await import("../inspect/compare.ts")).compareRuns(path, other, options)
  const found = await stat(path).catch(() => null)
  if (!found)
    throw usageError({ what: "There is nothing here", where: path, expected: "a run, a folder or a file of rows" })
  const record = found.isDirectory() ? await readRecord(path) : null
  if (options.sql !== undefined) return (await import("../inspect/sql.ts")).inspectSql(path, record !== null, options)
  if (!record) return (await import("../inspect/rows.ts")).inspectRows(path, options)
  const run = await import("../inspect/run.ts")
  if (options.exchange !== undefined) return run.inspectExchange(path, options.exchange, options)
  if (options.row !== undefined) return run.inspectRow(path, record, options.row, options)
  if (options.dropped || options.failed || options.step !== undefined) return run.inspectLosses(path, options)
  return run.inspectRun(path, record, options)
}
