import { findingLine } from "../../pipelines/export/verify/findings.ts"
import { type HandoffReport, verifyHandoffs } from "../../pipelines/export/verify-handoff.ts"
import { exitCode, usageError } from "../../pipelines/runtime/errors.ts"
import type { HandoffCommandOptions } from "../commands/handoff.ts"
import { grouped, shownPath } from "../print.ts"

/** `cotyledon handoff verify DIR`. */
export async function verifyFolder(folder: string, options: HandoffCommandOptions): Promise<void> {
  const say = (line: string) => {
    if (!options.quiet) process.stderr.write(`${line}\n`)
  }
  if (options.quick && options.full)
    throw usageError({ what: "--quick and --full contradict each other", expected: "one of them, or neither" })
  let spoken = Date.now()
  const reports = await verifyHandoffs(folder, {
    rows: options.full ? "all" : options.quick ? "probes" : undefined,
    onProgress(rows) {
      if (Date.now() - spoken < 1_000) return
      spoken = Date.now()
      say(`${grouped(rows)} samples checked`)
    },
  })
  for (const report of reports) {
    for (const finding of report.findings) process.stderr.write(`${findingLine(finding)}\n`)
    if (report.untold > 0) process.stderr.write(`and ${grouped(report.untold)} more of the same kinds\n`)
    say(verdictLine(report))
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  }
  if (reports.some(({ whole }) => !whole)) process.exitCode = exitCode.stopped
}

/** What was found out about a handoff, on one line. */
export function verdictLine({
  path,
  whole,
  findings,
  untold,
  hashed,
  samples,
  tokens,
  probes,
  receipts,
}: HandoffReport) {
  const { files, bytes, milliseconds } = hashed
  const rate = milliseconds > 0 ? ` at ${grouped(bytes / 1_000 / milliseconds)} MB/s` : ""
  const read =
    samples > 0
      ? `every one of ${grouped(samples)} samples (${grouped(tokens)} tokens), `
      : "rows not read one by one (--full does), "
  const checked = `${grouped(files)} files (${grouped(bytes / 1e6)} MB${rate}), ${read}${grouped(probes)} probes, ${grouped(receipts)} receipts`
  const verdict = whole ? "is whole" : `is not what was written: ${grouped(findings.length + untold)} findings`
  return `${shownPath(path)} ${verdict}; ${checked}`
}
