import { openRowSink, type RowSink } from "../../pipelines/io/row-sink.ts"
import { oneLine, RowError, stopError } from "../../pipelines/runtime/errors.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { Columns } from "../../schemas/columns.ts"
import { needsSchema, outputSchema } from "../apply/output-schema.ts"
import { stopOnSignals } from "../interrupt.ts"
import type { CommonOptions } from "../options.ts"
import { grouped, shownPath } from "../print.ts"
import {
  besideOutput,
  checkOneStdout,
  checkOutputs,
  failedRowOf,
  filesOfInput,
  OutputOnDemand,
  peek,
} from "../row-files.ts"
import { type ExactRow, exactRows } from "./exact-rows.ts"

/** What `--json` prints: rows in = out + failed. */
export interface ChatReport {
  command: string
  rows: { in: number; out: number; failed: number }
  /** Reason -> failed rows. */
  reasons: Record<string, number>
  files: { out: string; failed: string | null }
}

/** One command over the rows of IN: what it adds to a row. */
export interface RowWork {
  /** As messages and names of files have it: `chat render`. */
  command: string
  adds: Columns
  /** What is added to a row; throws a RowError where nothing can be. */
  run(row: Row): Row
}

/** Rows that say what the columns of a typed OUT are. */
const rowsForSchema = 1_000
const namedRows = 5

/** Runs a command over files: every row goes with what is added to OUT or with its error to OUT.failed.jsonl. OUT appears when it is whole. */
export async function overRows(
  { command, adds, run }: RowWork,
  input: string,
  output: string,
  options: CommonOptions,
): Promise<void> {
  checkOneStdout({ "OUT -": output === "-", "--json": options.json })
  const files = await filesOfInput(input)
  const failed = new OutputOnDemand(`${besideOutput(output, command.replaceAll(" ", "-"))}.failed.jsonl`)
  await checkOutputs({ OUT: output, "the file of failed rows": failed.path }, files)
  const interrupt = stopOnSignals()
  if (input === "-") interrupt.signal.addEventListener("abort", () => process.stdin.destroy())
  const rows = { in: 0, out: 0, failed: 0 }
  const reasons: Record<string, number> = {}
  const named: string[] = []
  let out: RowSink | null = null
  try {
    const { first, all } = await peek(exactRows(files), needsSchema(output) ? rowsForSchema : 1)
    out = await openRowSink(output, {
      schema: needsSchema(output) ? await outputSchema(files, first, adds, output) : undefined,
    })
    for await (const source of all as AsyncIterable<ExactRow>) {
      interrupt.signal.throwIfAborted()
      rows.in++
      const added = attempt(run, source)
      if (added instanceof RowError) {
        rows.failed++
        reasons[added.reason] = (reasons[added.reason] ?? 0) + 1
        if (named.length < namedRows)
          named.push(oneLine(`${source.at.file}, row ${source.at.line}: ${added.message}`, 200))
        await failed.write(failedRowOf(command, source, added))
      } else {
        rows.out++
        await out.write({ ...("row" in source ? source.row : {}), ...added })
      }
    }
    await failed.close()
    await out.close()
  } catch (error) {
    await failed.abort()
    await out?.abort()
    throw interrupt.signal.aborted ? interrupt.signal.reason : error
  } finally {
    interrupt.release()
  }
  const report: ChatReport = {
    command,
    rows,
    reasons,
    files: { out: output, failed: rows.failed === 0 ? null : failed.path },
  }
  if (!options.quiet) process.stderr.write(`${summaryLines(report, named).join("\n")}\n`)
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  if (rows.failed > 0 && rows.failed === rows.in)
    throw stopError({
      what: `${command} failed on every row`,
      got: named[0],
      remedy: `All rows are in ${shownPath(failed.path)}.`,
    })
}

function attempt(run: RowWork["run"], source: ExactRow): Row | RowError {
  if ("error" in source) return source.error
  try {
    return run(source.exact ?? source.row)
  } catch (error) {
    if (error instanceof RowError) return error
    // A row that is too deep for the stack must not end the work on the others.
    if (error instanceof RangeError)
      return new RowError("bad-row", `the row is too deep or too long: ${error.message}`, { cause: error })
    throw error
  }
}

function summaryLines({ command, rows, reasons, files }: ChatReport, named: readonly string[]): string[] {
  return [
    `${command}: ${grouped(rows.in)} rows in, ${grouped(rows.out)} out, ${grouped(rows.failed)} failed`,
    ...Object.entries(reasons)
      .sort(([, a], [, b]) => b - a)
      .map(([reason, count]) => `  ${reason}: ${grouped(count)}`),
    ...named.map((line) => `  ${line}`),
    ...(files.failed === null ? [] : [`  failed rows are in ${shownPath(files.failed)}`]),
  ]
}
