import { availableParallelism } from "node:os"
import type { Verifier } from "../../annotators/verifiers/verifier.ts"
import type { SourceFile } from "../../pipelines/io/source.ts"
import { oneLine, stopError, usageError } from "../../pipelines/runtime/errors.ts"
import { parseStrict } from "../../schemas/strict.ts"
import { configError } from "../config-faults.ts"
import { readConfig, setKey } from "../config-file.ts"
import { stopOnSignals } from "../interrupt.ts"
import type { CommonOptions } from "../options.ts"
import { shownPath } from "../print.ts"
import {
  besideOutput,
  checkOneStdout,
  checkOutputs,
  failedRowOf,
  filesOfInput,
  OutputOnDemand,
  removeUnfinished,
  rowsOfInput,
} from "../row-files.ts"
import { loadVerifier } from "../verify/load-verifier.ts"
import { ProgramEffects } from "../verify/program-effects.ts"
import { scorePrograms } from "../verify/score-programs.ts"
import { scoreRules } from "../verify/score-rules.ts"
import type { ScoredRow } from "../verify/scored-row.ts"
import { batchesOf } from "../verify/source-batch.ts"
import { summaryLines, type VerifyReport } from "../verify/summary.ts"
import { Tally } from "../verify/tally.ts"
import { VerdictSink } from "../verify/verdict-sink.ts"

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
  const interrupt = stopOnSignals()
  interrupt.signal.addEventListener("abort", () => {
    void effects?.drain(graceMs)
    // A pipe that says nothing would keep the command waiting.
    if (input === "-") process.stdin.destroy()
  })
  const tally = new Tally()
  const progress = setInterval(() => say(tally.progress(id)), progressMs)
  progress.unref()
  let out: VerdictSink | null = null
  try {
    if (effects) await removeUnfinished([output, failed.path])
    out = await VerdictSink.open(output)
    const scoring = { reference, optionsForAll, workers, signal: interrupt.signal }
    for await (const scored of scoredRows(verifier, files, effects, scoring)) {
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
  const { rows } = tally
  const report: VerifyReport = {
    verifier: id,
    ...tally.counts(),
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
}

/** The rows of IN with their verdicts, in order. */
function scoredRows(
  verifier: Verifier,
  files: readonly SourceFile[],
  effects: ProgramEffects | null,
  options: { reference: string; optionsForAll: Record<string, unknown>; workers: number; signal: AbortSignal },
): AsyncIterable<ScoredRow> {
  const { reference, optionsForAll, workers, signal } = options
  return verifier.kind === "program"
    ? scorePrograms(verifier, rowsOfInput(files), { optionsForAll, effects: effects!, rowsInFlight: workers })
    : scoreRules(verifier, batchesOf(files), { reference, optionsForAll, threads: workers, signal })
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
