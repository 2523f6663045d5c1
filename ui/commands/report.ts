import { dirname, join, resolve } from "node:path"
import { makeFolder, writeWhole } from "../../pipelines/runtime/disk.ts"
import { usageError } from "../../pipelines/runtime/errors.ts"
import { readManifest } from "../../pipelines/runtime/publish.ts"
import { readRecord } from "../../pipelines/runtime/run.ts"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"
import { countFromCommits } from "../inspect/run.ts"
import type { CommonOptions } from "../options.ts"
import { checkFile } from "../output-file.ts"
import { shownPath } from "../print.ts"
import { readDistributions } from "../report/distributions.ts"
import { readOverTime } from "../report/over-time.ts"
import { reportPage } from "../report/page.ts"
import { spreadRows } from "../report/sample-rows.ts"

interface ReportOptions extends CommonOptions {
  to?: string
}

/** Rows of each kind that the page shows. */
const sampleRows = 12
const lostRows = 10

/** `cotyledon report RUN`: one self-contained HTML page. It only reads the run, which may still be going on. */
export async function reportRun(run: string, { to, json, quiet }: ReportOptions): Promise<void> {
  const record = await readRecord(run)
  if (!record)
    throw usageError({ what: "There is no run in this folder", where: run, expected: "a folder with run.json" })
  const path = to === "-" ? null : resolve(to ?? join(run, "report.html"))
  if (path !== null) await checkFile("--to", path)
  const manifest = await readManifest(run)
  const page = reportPage({
    run: shownPath(resolve(run)),
    recipe: record.recipe,
    complete: manifest !== null,
    counted: manifest ?? (await countFromCommits(run, record)),
    mixture: manifest?.mixture ?? [],
    totals: await runTotals(run, record.config),
    overTime: await readOverTime(run),
    distributions: manifest ? await readDistributions(run, manifest) : [],
    samples: manifest ? await spreadRows(join(run, "dataset"), sampleRows) : { rows: [], of: 0 },
    dropped: await spreadRows(join(run, "dropped"), lostRows),
    failed: await spreadRows(join(run, "failed"), lostRows),
  })
  if (path === null) {
    process.stdout.write(page)
    return
  }
  await makeFolder(dirname(path))
  await writeWhole(path, page)
  if (json) process.stdout.write(`${JSON.stringify({ report: path, bytes: Buffer.byteLength(page) })}\n`)
  else if (!quiet)
    process.stderr.write(`${shownPath(path)}: ${Math.ceil(Buffer.byteLength(page) / 1024)} KB; open it in a browser\n`)
}
