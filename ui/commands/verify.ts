import { availableParallelism } from "node:os"
import { Field, Schema } from "apache-arrow"
import type { Verifier } from "../../annotators/verifiers/verifier.ts"
import { inferSchema } from "../../pipelines/io/infer-schema.ts"
import type { SourceRow } from "../../pipelines/io/jsonl.ts"
import { openRowSink } from "../../pipelines/io/row-sink.ts"
import { oneLine, stopError, usageError } from "../../pipelines/runtime/errors.ts"
import { fieldsOf, float64, nullable, text } from "../../schemas/columns.ts"
import { parseStrict } from "../../schemas/strict.ts"
import { needsSchema } from "../apply/output-schema.ts"
import { configError } from "../config-faults.ts"
import { readConfig, setKey } from "../config-file.ts"
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
  removeUnfinished,
  rowsOfInput,
} from "../row-files.ts"
import { loadVerifier } from "../verify/load-verifier.ts"
import { ProgramEffects } from "../verify/program-effects.ts"
import { scorePrograms } from "../verify/score-programs.ts"
import { scoreRule } from "../verify/score-rules.ts"
import type { ScoredRow } from "../verify/scored-row.ts"
import { summaryLines, type VerifyReport } from "../verify/summary.ts"
import { Tally } from "../verify/tally.ts"

const graceMs = 10_000
const progressMs = 1_000

/** `cotyledon verify VERIFIER IN OUT`. */
export async function verify(reference: string, input: string, output: string, options: CommonOptions): Promise<void> {
  checkOneStdout({ "OUT -": output === "-", "--json": options.json })
  const workers = workersOf(options)
  const verifier = await loadVerifier(reference)
  const { id } = verifier
  const optionsForAll = await readOptionsForAll(verifier, options)
  const files = await filesOfInput(input)
  const beside = besideOutput(output, id)
  const failed = new OutputOnDemand(`${beside}.failed.jsonl`)
  await checkOutputs({ OUT: output, "the file of failed rows": failed.path }, files)
  const ledger = verifier.kind === "program" ? `${beside}.ledger` : null
  const effects = ledger === null ? null : await ProgramEffects.open(ledger)

  const say = (line: string) => {
    if (!options.quiet) process.stderr.write(`${line}\n`)
  }
  const tally = new Tally()
  const interrupt = stopOnSignals()
  interrupt.signal.addEventListener("abort", () => {
    void effects?.drain(graceMs)
    // A pipe that says nothing would keep the command waiting.
    if (input === "-") process.stdin.destroy()
  })
  const progress = setInterval(() => say(`${id}: ${grouped(tally.rows.in)} rows done`), progressMs)
  progress.unref()
  const score = (sources: AsyncIterable<SourceRow>): AsyncIterable<ScoredRow> =>
    verifier.kind === "program"
      ? scorePrograms(verifier, sources, { optionsForAll, effects: effects!, rowsInFlight: workers })
      : scoreRules(sources)
  let out: Awaited<ReturnType<typeof openRowSink>> | null = null
  try {
    if (effects) await removeUnfinished([output, failed.path])
    const typed = needsSchema(output)
    const { first, all } = await peek(rowsOfInput(files), typed ? 1_000 : 0)
    out = await openRowSink(output, { schema: typed ? verdictSchema(first, output) : undefined })
    for await (const scored of score(all)) {
      interrupt.signal.throwIfAborted()
      const news = tally.add(scored)
      // Without a sandbox no row can be scored: whoever waits for days of programs should hear it at once.
      if (news?.verdict === "unverifiable" && effects)
        say(`${id}: ${news.first[0]} is unverifiable: ${oneLine(news.reason, 300)}`)
      if ("failed" in scored) await failed.write(failedRowOf(id, scored.source, scored.failed))
      else await out.write(scored.row)
    }
    await failed.close()
    await out.close()
  } catch (error) {
    await failed.abort()
    await out?.abort()
    throw interrupt.signal.aborted ? interrupt.signal.reason : error
  } finally {
    clearInterval(progress)
    await effects?.close(graceMs)
    interrupt.release()
  }
  const { rows, verdicts } = tally
  const report: VerifyReport = {
    verifier: id,
    rows,
    verdicts,
    reasons: tally.reasons(),
    meanReward: tally.meanReward(),
    programs: effects && { outcomes: effects.outcomes, settledBefore: effects.settledBefore },
    files: { out: output, failed: rows.failed === 0 ? null : failed.path, ledger },
  }
  for (const line of summaryLines(report, tally.named)) say(line)
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  if (rows.failed > 0 && rows.failed === rows.in)
    throw stopError({
      what: `${id} failed on every row`,
      got: tally.named[0],
      remedy: `All rows are in ${shownPath(failed.path)}.`,
    })

  async function* scoreRules(sources: AsyncIterable<SourceRow>): AsyncGenerator<ScoredRow> {
    if (verifier.kind !== "rule") return
    for await (const source of sources) yield scoreRule(verifier, source, optionsForAll)
  }
}

/** Threads of a rule verifier, rows at once of one that runs programs; by default one for each core. */
function workersOf({ workers }: CommonOptions): number {
  if (workers === 0) throw usageError({ what: "--workers 0", expected: "at least 1 worker" })
  return workers ?? availableParallelism()
}

/** The verifier's options from `--config` and `--set`. */
async function readOptionsForAll(
  { id, options: type }: Verifier,
  { config, set }: CommonOptions,
): Promise<Record<string, unknown>> {
  const given = set.reduce(setKey, config === undefined ? {} : ((await readConfig(config)) as object))
  const parsed = parseStrict(type, given)
  if ("faults" in parsed)
    throw configError(id, parsed.faults, {
      where: config ?? "command line",
      remedy: `cotyledon steps ${id} describes the keys.`,
    })
  return given as Record<string, unknown>
}

/** The columns of a typed OUT; ids are of the kind that the first rows have. */
function verdictSchema(first: readonly { id?: unknown }[], output: string): Schema {
  const [id] = inferSchema([{ id: null }, ...first.map(({ id = null }) => ({ id }))], output).fields
  const told = { verdict: text(), reward: nullable(float64()), extracted: nullable(text()), reason: nullable(text()) }
  return new Schema([new Field("id", id!.type, true), ...fieldsOf(told)])
}
