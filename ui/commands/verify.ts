import { Field, Schema } from "apache-arrow"
import { inferSchema } from "../../pipelines/io/infer-schema.ts"
import { openRowSink } from "../../pipelines/io/row-sink.ts"
import { oneLine, stopError } from "../../pipelines/runtime/errors.ts"
import { fieldsOf, float64, nullable, text } from "../../schemas/columns.ts"
import { parseStrict } from "../../schemas/strict.ts"
import { verdictName } from "../../schemas/verdict.ts"
import { needsSchema } from "../apply/output-schema.ts"
import { configError } from "../config-faults.ts"
import { readConfig, setKey } from "../config-file.ts"
import { findVerifier } from "../find-step.ts"
import { stopOnSignals } from "../interrupt.ts"
import type { CommonOptions } from "../options.ts"
import { columns, grouped, shownPath } from "../print.ts"
import {
  besideOutput,
  checkOneStdout,
  checkOutputs,
  failedRowOf,
  filesOfInput,
  OutputOnDemand,
  peek,
  rowsOfInput,
} from "../row-files.ts"
import { verifiedRow } from "../verify/verified-row.ts"

/** What `verify --json` prints: rows in = the sum of the verdicts + failed. */
interface VerifyReport {
  verifier: string
  rows: { in: number; out: number; failed: number }
  /** Verdict -> rows; all four. */
  verdicts: Record<string, number>
  /** Mean reward of the rows that have one; null where none has. */
  meanReward: number | null
  files: { out: string; failed: string | null }
}

/** `cotyledon verify VERIFIER IN OUT`. */
export async function verify(id: string, input: string, output: string, options: CommonOptions): Promise<void> {
  const entry = findVerifier(id)
  checkOneStdout({ "OUT -": output === "-", "--json": options.json })
  const verifier = await entry.build()
  if (verifier.kind !== "rule") throw new Error(`${id} needs a sandbox`)
  const given = options.set.reduce(
    setKey,
    options.config === undefined ? {} : ((await readConfig(options.config)) as object),
  )
  const parsed = parseStrict(verifier.options, given)
  if ("faults" in parsed)
    throw configError(id, parsed.faults, {
      where: options.config ?? "command line",
      remedy: `cotyledon steps ${id} describes the keys.`,
    })
  const files = await filesOfInput(input)
  const failed = new OutputOnDemand(`${besideOutput(output, id)}.failed.jsonl`)
  await checkOutputs({ OUT: output, "the file of failed rows": failed.path }, files)

  const verdicts: Record<string, number> = Object.fromEntries(verdictName.options.map((name) => [name, 0]))
  const reward = { sum: 0, rows: 0 }
  const rows = { in: 0, out: 0, failed: 0 }
  const named: string[] = []
  const interrupt = stopOnSignals()
  interrupt.signal.addEventListener("abort", () => {
    // A pipe that says nothing would keep the command waiting.
    if (input === "-") process.stdin.destroy()
  })
  let out: Awaited<ReturnType<typeof openRowSink>> | null = null
  try {
    const typed = needsSchema(output)
    const { first, all } = await peek(rowsOfInput(files), typed ? 1_000 : 0)
    out = await openRowSink(output, { schema: typed ? verdictSchema(first, output) : undefined })
    for await (const source of all) {
      interrupt.signal.throwIfAborted()
      rows.in++
      if ("error" in source) {
        rows.failed++
        if (named.length < namedFailures) named.push(oneLine(source.error.message, 200))
        await failed.write(failedRowOf(id, source, source.error))
        continue
      }
      const verified = verifiedRow(verifier, source.row, given as Record<string, unknown>)
      rows.out++
      verdicts[String(verified.verdict)]!++
      if (typeof verified.reward === "number") {
        reward.sum += verified.reward
        reward.rows++
      }
      await out.write(verified)
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
  const report: VerifyReport = {
    verifier: id,
    rows,
    verdicts,
    meanReward: reward.rows === 0 ? null : reward.sum / reward.rows,
    files: { out: output, failed: rows.failed === 0 ? null : failed.path },
  }
  if (!options.quiet) for (const line of summaryLines(report, named)) process.stderr.write(`${line}\n`)
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  if (rows.failed > 0 && rows.failed === rows.in)
    throw stopError({
      what: `${id} failed on every row`,
      got: named[0],
      remedy: `All rows are in ${shownPath(failed.path)}.`,
    })
}

/** Failed rows that the summary names. */
const namedFailures = 5

/** The columns of a typed OUT; ids are of the kind that the first rows have. */
function verdictSchema(first: readonly { id?: unknown }[], output: string): Schema {
  const [id] = inferSchema([{ id: null }, ...first.map(({ id = null }) => ({ id }))], output).fields
  const told = { verdict: text(), reward: nullable(float64()), extracted: nullable(text()), reason: nullable(text()) }
  return new Schema([new Field("id", id!.type, true), ...fieldsOf(told)])
}

function summaryLines(
  { verifier, rows, verdicts, meanReward, files }: VerifyReport,
  named: readonly string[],
): string[] {
  return [
    `${verifier}: ${grouped(rows.in)} rows in, ${grouped(rows.out)} scored, ${grouped(rows.failed)} failed` +
      (meanReward === null ? "" : `; mean reward ${meanReward.toFixed(3)}`),
    ...columns(Object.entries(verdicts).map(([verdict, count]) => [verdict, grouped(count)])),
    ...named.map((message) => `  ${message}`),
    ...(files.failed === null ? [] : [`  failed rows are in ${shownPath(files.failed)}`]),
  ]
}
