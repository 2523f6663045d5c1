import type { StepEntry } from "../../pipelines/catalogue.ts"
import { readRows, resolveSources } from "../../pipelines/io/source.ts"
import { oneLine, stopError, usageError } from "../../pipelines/runtime/errors.ts"
import type { Row, Side } from "../../pipelines/runtime/step.ts"
import { applyStep } from "../apply/apply-step.ts"
import { CountedEffects } from "../apply/counted-effects.ts"
import { outputSchema } from "../apply/output-schema.ts"
import { Outputs } from "../apply/outputs.ts"
import { readSettings } from "../apply/settings.ts"
import { noEffects, openStepEffects, roleOf } from "../apply/step-effects.ts"
import { type ApplyReport, type NamedFailure, summaryLines } from "../apply/summary.ts"
import { Tally } from "../apply/tally.ts"
import { findStep } from "../find-step.ts"
import { stopOnSignals } from "../interrupt.ts"
import type { CommonOptions } from "../options.ts"
import {
  besideOutput,
  checkOneStdout,
  checkOutputs,
  filesOfInput,
  peek,
  removeUnfinished,
  rowsOfInput,
} from "../row-files.ts"

interface ApplyOptions extends CommonOptions {
  dropped?: string
  column?: string
  labels?: string
}

const graceMs = 10_000
const progressMs = 1_000

/** `cotyledon apply STEP IN OUT`. */
export async function apply(id: string, input: string, output: string, options: ApplyOptions): Promise<void> {
  const entry = findStep(id)
  checkOptions(entry, output, options)
  const settings = await readSettings(entry, options)
  const files = await filesOfInput(input)
  const beside = besideOutput(output, id)
  const failedPath = `${beside}.failed.jsonl`
  await checkOutputs({ OUT: output, "--dropped": options.dropped ?? "-", "the file of failed rows": failedPath }, files)
  const side = await readSide(entry.side?.(settings.params) ?? {})
  const asked = roleOf(entry, settings)
  const say = (line: string) => {
    if (!options.quiet) process.stderr.write(`${line}\n`)
  }
  const interrupt = stopOnSignals()
  const ledger = asked === null ? null : `${beside}.ledger`
  const paid =
    asked && ledger
      ? await openStepEffects(asked.role, asked.model, settings.budget, ledger, (happening) => {
          // What stops the command is said as its error.
          if (happening.event === "endpoint" && happening.state !== "stopped")
            say(`${happening.role}: ${oneLine(happening.message)}`)
        })
      : null
  const counted = paid && new CountedEffects(paid.effects)
  const effects = counted ?? noEffects(interrupt.signal)
  interrupt.signal.addEventListener("abort", () => {
    void paid?.effects.drain(graceMs)
    // A pipe that says nothing would keep the command waiting.
    if (input === "-") process.stdin.destroy()
  })
  const outputs = new Outputs(output, options.dropped, failedPath, id)
  const tally = new Tally(entry, options.labels)
  const progress = setInterval(() => tally.progress(say), progressMs)
  progress.unref()
  try {
    if (paid) await removeUnfinished([output, options.dropped ?? "-", failedPath])
    const step = await entry.build(settings.params, { endpoint: () => paid!.endpoint })
    const { first, all } = await peek(rowsOfInput(files), outputs.needSchema ? 1_000 : 0)
    await outputs.open(async (where, added) => outputSchema(files, first, { ...step.adds, ...added }, where))
    const reads = entry.column(settings.params)
    for await (const applied of applyStep(step, all, {
      view: { entry, reads, column: options.column, hidden: options.labels },
      side,
      effects,
      rowsInFlight: asked?.model.maxInFlight ?? 1,
      ...(paid && { ready: () => paid.endpoint.ready() }),
    })) {
      tally.add(applied)
      await outputs.write(applied)
    }
    await outputs.close()
    const report: ApplyReport = {
      step: id,
      ...tally.counts(),
      files: { out: output, dropped: options.dropped ?? null, failed: tally.failed > 0 ? failedPath : null, ledger },
      endpoint: asked && counted && paid && endpointReport(asked.model, paid.endpoint, counted),
      labels: tally.labels(),
    }
    for (const line of summaryLines(report, tally.named)) say(line)
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
    if (tally.failed > 0 && tally.failed === report.rows.in) throw everyRowFailed(id, tally.named[0]!, failedPath)
  } catch (error) {
    await outputs.abort()
    throw interrupt.signal.aborted ? interrupt.signal.reason : error
  } finally {
    clearInterval(progress)
    await paid?.close(graceMs)
    interrupt.release()
  }
}

function checkOptions(entry: StepEntry, output: string, { labels, dropped, json }: ApplyOptions): void {
  if (labels !== undefined && entry.kind === "annotator" && entry.label === undefined)
    throw usageError({ what: `${entry.id} adds no single value that labels could be compared with`, where: "--labels" })
  checkOneStdout({ "OUT -": output === "-", "--dropped -": dropped === "-", "--json": json })
}

/** Reads small datasets that a step compares with. */
async function readSide(sources: Readonly<Record<string, string>>): Promise<Side> {
  const side = new Map<string, Row[]>()
  for (const [name, source] of Object.entries(sources)) {
    const rows: Row[] = []
    for (const file of await resolveSources([source], { cwd: process.cwd(), where: name }))
      for await (const read of readRows(file)) {
        if ("error" in read)
          throw usageError({ what: `Cannot read a row of ${name}`, where: source, got: read.error.message }, read.error)
        rows.push(read.row)
      }
    side.set(name, rows)
  }
  return side
}

const everyRowFailed = (step: string, { place, message }: NamedFailure, failedPath: string) =>
  stopError({
    what: `${step} failed on every row`,
    where: place,
    got: message.startsWith(`${place}: `) ? message.slice(place.length + 2) : message,
    remedy: `All rows are in ${failedPath}; --column names the column that the step reads.`,
  })

function endpointReport(
  { price }: { price?: { input: number; output: number } | undefined },
  { role, identity }: { role: string; identity: string },
  { calls, settledBefore, tokens }: CountedEffects,
): ApplyReport["endpoint"] {
  const cost = price ? (tokens.input * price.input + tokens.output * price.output) / 1e6 : null
  return { role, model: identity, calls, settledBefore, tokens, cost }
}
