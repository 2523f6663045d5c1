import type { StepEntry } from "../../pipelines/catalogue.ts"
import { readRows, resolveSources, type SourceFile } from "../../pipelines/io/source.ts"
import { oneLine, stopError, usageError } from "../../pipelines/runtime/errors.ts"
import type { Row, Side } from "../../pipelines/runtime/step.ts"
import { nearest } from "../../schemas/strict.ts"
import { peek, rowsOfInput } from "../row-files.ts"
import { applyStep } from "./apply-step.ts"
import { CountedEffects } from "./counted-effects.ts"
import { outputSchema } from "./output-schema.ts"
import { Outputs } from "./outputs.ts"
import type { StepSettings } from "./settings.ts"
import { noEffects, roleOf, type StepEffects } from "./step-effects.ts"
import type { ApplyReport, NamedFailure } from "./summary.ts"
import { Tally } from "./tally.ts"

/** One step that is applied to one input. */
export interface Application {
  entry: StepEntry
  settings: StepSettings
  files: readonly SourceFile[]
  output: string
  dropped: string | undefined
  failed: string
  /** The row's column that the step reads as its text. */
  column: string | undefined
  labels: string | undefined
}

export interface ApplicationServices {
  /** Null where no step asks a model. */
  paid: StepEffects | null
  ledger: string | null
  signal: AbortSignal
  say: (line: string) => void
}

const progressMs = 1_000
/** Rows that tell what columns there are. */
const rowsLookedAt = 1_000
/** Rows at once of a step that asks no model, such as one that runs programs. */
const defaultRowsInFlight = 8

/** What a step compares with, read before anything is asked. Throws usage errors. */
export const sideOf = ({ entry, settings }: Pick<Application, "entry" | "settings">): Promise<Side> =>
  readSide(entry.side?.(settings.params) ?? {})

/** Takes all rows through the step and writes OUT, the dropped and the failed rows; each is whole or not there. */
export async function runApplication(
  { entry, settings, files, output, dropped, failed, column, labels }: Application,
  side: Side,
  { paid, ledger, signal, say }: ApplicationServices,
): Promise<{ report: ApplyReport; named: readonly NamedFailure[] }> {
  const asked = roleOf(entry, settings)
  const endpoint = asked && paid ? paid.endpoint(asked.role) : null
  const counted = paid && new CountedEffects(paid.effects)
  const outputs = new Outputs(output, dropped, failed, entry.id)
  const tally = new Tally(entry, labels)
  const progress = setInterval(() => tally.progress(say), progressMs)
  progress.unref()
  try {
    const step = await entry.build(settings.params, { endpoint: () => endpoint! })
    const isLooking = outputs.needSchema || labels !== undefined
    const { first, all } = await peek(rowsOfInput(files), isLooking ? rowsLookedAt : 0)
    if (labels !== undefined) checkLabelled(first, labels)
    await outputs.open(async (where, added) => outputSchema(files, first, { ...step.adds, ...added }, where))
    for await (const applied of applyStep(step, all, {
      view: { entry, reads: entry.column(settings.params), column, hidden: labels },
      side,
      effects: counted ?? noEffects(signal),
      rowsInFlight: asked?.model.maxInFlight ?? defaultRowsInFlight,
      ...(endpoint && { ready: () => endpoint.ready() }),
    })) {
      tally.add(applied)
      await outputs.write(applied)
    }
    signal.throwIfAborted()
    await outputs.close()
    const report: ApplyReport = {
      step: entry.id,
      ...tally.counts(),
      files: { out: output, dropped: dropped ?? null, failed: tally.failed > 0 ? failed : null, ledger },
      endpoint: asked && counted && endpoint && endpointReport(asked.model, endpoint, counted),
      labels: tally.labels(),
    }
    return { report, named: tally.named }
  } catch (error) {
    await outputs.abort()
    throw error
  } finally {
    clearInterval(progress)
  }
}

/** Throws where no row has the column of labels: the answers would be paid for, and compared with nothing. */
function checkLabelled(rows: readonly Row[], column: string): void {
  const [first] = rows
  if (!first || rows.some((row) => Object.hasOwn(row, column))) return
  const names = Object.keys(first)
  const near = nearest(column, names)
  throw usageError({
    what: `No row has the column of labels ${oneLine(column, 60)}`,
    where: "--labels",
    expected: "one of the columns of IN",
    got: oneLine(names.join(", "), 200),
    ...(near !== null && { remedy: `Did you mean ${oneLine(near, 60)}?` }),
  })
}

/** Throws where a step failed on every row: something is wrong with the command rather than with the rows. */
export function checkSomeRow({ step, rows, files }: ApplyReport, [failure]: readonly NamedFailure[]): void {
  if (rows.failed === 0 || rows.failed < rows.in) return
  const { place, message } = failure!
  throw stopError({
    what: `${step} failed on every row`,
    where: place,
    got: message.startsWith(`${place}: `) ? message.slice(place.length + 2) : message,
    remedy: `All rows are in ${files.failed}; --column names the column that the step reads.`,
  })
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

function endpointReport(
  { price }: { price?: { input: number; output: number } | undefined },
  { role, identity }: { role: string; identity: string },
  { calls, settledBefore, tokens }: CountedEffects,
): ApplyReport["endpoint"] {
  const cost = price ? (tokens.input * price.input + tokens.output * price.output) / 1e6 : null
  return { role, model: identity, calls, settledBefore, tokens, cost }
}
