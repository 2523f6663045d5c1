import { usageError } from "../../pipelines/runtime/errors.ts"
import { readRecord } from "../../pipelines/runtime/run.ts"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"
import { type RunStatus, readStatus } from "../../pipelines/runtime/status.ts"
import type { CommonOptions } from "../options.ts"
import { statusLines } from "../status-lines.ts"

/** `cotyledon status RUN`. */
export async function status(run: string, options: CommonOptions): Promise<void> {
  const record = await readRecord(run)
  if (!record)
    throw usageError({ what: "There is no run in this folder", where: run, expected: "a folder with run.json" })
  const found: RunStatus = await readStatus(run)
  const totals = await runTotals(run, record.config)
  if (options.json) process.stdout.write(`${JSON.stringify({ run, ...found, totals })}\n`)
  else for (const line of statusLines(run, found, totals)) process.stdout.write(`${line}\n`)
}
