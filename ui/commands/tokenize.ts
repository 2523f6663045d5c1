import { openTokenizer } from "../../annotators/chat/open-tokenizer.ts"
import { openRowSink, type RowSink } from "../../pipelines/io/row-sink.ts"
import { stopError } from "../../pipelines/runtime/errors.ts"
import { int32, list } from "../../schemas/columns.ts"
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
  rowsOfInput,
} from "../row-files.ts"
import { TokenizeTally } from "../tokenize/tally.ts"
import { tokenizeRow } from "../tokenize/tokenize-row.ts"

export interface TokenizeOptions extends CommonOptions {
  /** A name, or the path of a tokenizer.json. */
  tokenizer: string
  column: string
  markup: boolean
}

/** What `tokenize` says at its end with `--json`: rows in = out + failed. */
interface TokenizeReport {
  /** SHA-256 of the tokenizer.json. */
  tokenizer: string
  rows: { in: number; out: number; failed: number }
  tokens: number
  files: { out: string; failed: string | null }
}

const step = "tokenize"
const rowsForSchema = 1_000
const progressMs = 1_000

/** `cotyledon tokenize IN OUT`: the rows of IN with `input_ids`. */
export async function tokenize(input: string, output: string, options: TokenizeOptions): Promise<void> {
  checkOneStdout({ "OUT -": output === "-", "--json": options.json })
  const tokenizer = await openTokenizer(options.tokenizer)
  const files = await filesOfInput(input)
  const failed = new OutputOnDemand(`${besideOutput(output, step)}.failed.jsonl`)
  await checkOutputs({ OUT: output, "the file of failed rows": failed.path }, files)
  const say = (line: string) => {
    if (!options.quiet) process.stderr.write(`${line}\n`)
  }
  const typed = needsSchema(output)
  const encode = options.markup ? tokenizer.encodeMarkup : tokenizer.encode
  const tally = new TokenizeTally()
  const progress = setInterval(() => say(tally.progress()), progressMs)
  progress.unref()
  const interrupt = stopOnSignals()
  interrupt.signal.addEventListener("abort", () => {
    // A pipe that says nothing would keep the command waiting.
    if (input === "-") process.stdin.destroy()
  })
  let out: RowSink | null = null
  try {
    const { first, all } = await peek(rowsOfInput(files), typed ? rowsForSchema : 0)
    const schema = typed ? await outputSchema(files, first, { input_ids: list(int32()) }, output) : undefined
    out = await openRowSink(output, { schema })
    for await (const source of all) {
      interrupt.signal.throwIfAborted()
      const outcome = tokenizeRow(source, { encode, column: options.column, typed })
      tally.add(outcome)
      if ("failed" in outcome) await failed.write(failedRowOf(step, source, outcome.failed))
      else await out.write(outcome.row)
    }
    await failed.close()
    await out.close()
  } catch (error) {
    await failed.abort()
    await out?.abort()
    throw interrupt.signal.aborted ? interrupt.signal.reason : error
  } finally {
    clearInterval(progress)
    interrupt.release()
  }
  const { rows, tokens } = tally
  const report: TokenizeReport = {
    tokenizer: tokenizer.digest,
    rows,
    tokens,
    files: { out: output, failed: rows.failed === 0 ? null : failed.path },
  }
  say(
    `${step}: ${grouped(rows.in)} rows in, ${grouped(rows.out)} out, ${grouped(rows.failed)} failed; ${grouped(tokens)} tokens`,
  )
  for (const message of tally.named) say(`  ${message}`)
  if (rows.failed > 0) say(`  failed rows are in ${shownPath(failed.path)}`)
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  if (rows.failed > 0 && rows.failed === rows.in)
    throw stopError({
      what: `${step} failed on every row`,
      got: tally.named[0],
      remedy: `All rows are in ${shownPath(failed.path)}; --column names the column with the text.`,
    })
}
