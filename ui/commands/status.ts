import { exitCode, usageError } from "../../pipelines/runtime/errors.ts"
import { readRecord } from "../../pipelines/runtime/run.ts"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"
import { type RunStatus, readStatus, timeLeftMs } from "../../pipelines/runtime/status.ts"
import type { CommonOptions } from "../options.ts"
import { shownPath } from "../print.ts"
import { statusLines } from "../status-lines.ts"

export interface StatusOptions extends CommonOptions {
  watch?: boolean
  attached?: boolean
}

/** `cotyledon status RUN`. */
export async function status(run: string, options: StatusOptions): Promise<void> {
  const record = await readRecord(run)
  if (!record)
    throw usageError({ what: "There is no run in this folder", where: run, expected: "a folder with run.json" })
  if (options.watch) return watch(run, options)
  const found: RunStatus = await readStatus(run)
  const totals = await runTotals(run, record.config)
  if (options.json)
    process.stdout.write(`${JSON.stringify({ run, ...found, timeLeftMs: timeLeftMs(found, Date.now()), totals })}\n`)
  else for (const line of statusLines(run, found, totals)) process.stdout.write(`${line}\n`)
}

/** The live view on a terminal; elsewhere plain lines, or events as JSON Lines, until the run ends. */
async function watch(run: string, { color, json, quiet, attached = false }: StatusOptions): Promise<void> {
  const { canDraw, show } = await import("../live/show.ts")
  const { stdout, stdin } = process
  if (!json && canDraw(stdout)) {
    const { interrupted } = await show({ run, shown: shownPath(run), stdout, stdin, color, attached })
    process.exit(interrupted ? exitCode.interrupted : exitCode.done)
  }
  const { follow } = await import("../live/follow.ts")
  await follow(run, (line) => process.stdout.write(`${line}\n`), { json, quiet })
}
