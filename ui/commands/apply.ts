import { stat } from "node:fs/promises"
import type { StepEntry, StepRole } from "../../pipelines/catalogue.ts"
import { oneLine, usageError } from "../../pipelines/runtime/errors.ts"
import type { Side } from "../../pipelines/runtime/step.ts"
import type { ModelConfig } from "../../schemas/config.ts"
import { type Application, checkSomeRow, runApplication, sideOf } from "../apply/application.ts"
import { eachStepLines, eachStepReport, filesOfStep } from "../apply/each-step.ts"
import { readSettings, type StepSettings } from "../apply/settings.ts"
import { openStepEffects, roleOf } from "../apply/step-effects.ts"
import { type ApplyReport, type NamedFailure, summaryLines } from "../apply/summary.ts"
import { loadStep } from "../find-step.ts"
import { stopOnSignals } from "../interrupt.ts"
import type { CommonOptions } from "../options.ts"
import { besideOutput, checkOneStdout, checkOutputs, filesOfInput, removeUnfinished } from "../row-files.ts"

interface ApplyOptions extends CommonOptions {
  dropped?: string
  column?: string
  labels?: string
}

const graceMs = 10_000

/** `cotyledon apply STEP IN OUT`, and `apply STEP,STEP IN FOLDER`: each of the steps over the same rows. */
export async function apply(ids: string, input: string, output: string, options: ApplyOptions): Promise<void> {
  const entries = await Promise.all(ids.split(",").map(loadStep))
  const [entry] = entries as [StepEntry]
  if (entries.length > 1) return applyEach(entries, input, output, options)
  checkLabels(entry, options.labels)
  checkOneStdout({ "OUT -": output === "-", "--dropped -": options.dropped === "-", "--json": options.json })
  const settings = await readSettings(entry, options)
  const files = await filesOfInput(input)
  const beside = besideOutput(output, entry.id)
  const failed = `${beside}.failed.jsonl`
  const { dropped, column, labels } = options
  await checkOutputs({ OUT: output, "--dropped": dropped ?? "-", "the file of failed rows": failed }, files)
  const application = { entry, settings, files, output, dropped, failed, column, labels }
  const [applied] = await runAll([application], `${beside}.ledger`, input, options)
  const { report, named } = applied!
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  checkSomeRow(report, named)
}

/** Several steps, each of which sees every row as it came in, whatever the others say; OUT is a folder. */
async function applyEach(
  entries: readonly StepEntry[],
  input: string,
  output: string,
  options: ApplyOptions,
): Promise<void> {
  const columns = options.labels?.split(",")
  checkEach(entries, input, columns, options)
  for (const [at, entry] of entries.entries()) checkLabels(entry, columns?.[at])
  const allSettings = await Promise.all(entries.map((entry) => readSettings(entry, options, entries)))
  const files = await filesOfInput(input)
  await checkFolder(output)
  const applications = entries.map((entry, at): Application => {
    const labels = columns?.[at]
    const { column } = options
    return { entry, settings: allSettings[at]!, files, ...filesOfStep(output, entry.id), column, labels }
  })
  await checkOutputs(outputsOf(applications), files)
  const all = await runAll(applications, `${output}/ledger`, input, options)
  const report = eachStepReport(all.map(({ report }) => report))
  if (!options.quiet) for (const line of ["", ...eachStepLines(report)]) process.stderr.write(`${line}\n`)
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  for (const { report, named } of all) checkSomeRow(report, named)
}

interface Applied {
  report: ApplyReport
  named: readonly NamedFailure[]
}

/** Runs applications one after the other, with one ledger and one budget for what they ask. */
async function runAll(
  applications: readonly Application[],
  ledgerFolder: string,
  input: string,
  { quiet }: ApplyOptions,
): Promise<Applied[]> {
  const sides: Side[] = await Promise.all(applications.map(sideOf))
  const say = (line: string) => {
    if (!quiet) process.stderr.write(`${line}\n`)
  }
  const models = modelsOf(applications)
  const ledger = models === null ? null : ledgerFolder
  const interrupt = stopOnSignals()
  try {
    const paid =
      models === null
        ? null
        : await openStepEffects(models, budgetOf(applications), ledgerFolder, (happening) => {
            // What stops the command is said as its error.
            if (happening.event === "endpoint" && happening.state !== "stopped")
              say(`${happening.role}: ${oneLine(happening.message)}`)
            else if (happening.event === "warning") say(oneLine(happening.message))
          })
    interrupt.signal.addEventListener("abort", () => {
      void paid?.effects.drain(graceMs)
      // A pipe that says nothing would keep the command waiting.
      if (input === "-") process.stdin.destroy()
    })
    try {
      if (paid) await removeUnfinished(Object.values(outputsOf(applications)))
      const done: Applied[] = []
      for (const [at, application] of applications.entries()) {
        const services = { paid, ledger, signal: interrupt.signal, say }
        const applied = await runApplication(application, sides[at]!, services)
        for (const line of summaryLines(applied.report, applied.named)) say(line)
        done.push(applied)
      }
      return done
    } finally {
      await paid?.close(graceMs)
    }
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error
  } finally {
    interrupt.release()
  }
}

/** The models that are asked; null where nothing is to be settled. */
function modelsOf(applications: readonly Application[]): Partial<Record<StepRole, ModelConfig>> | null {
  const asked = applications.flatMap(({ entry, settings }) => roleOf(entry, settings) ?? [])
  if (asked.length === 0 && !applications.some(({ entry }) => entry.settles)) return null
  return Object.fromEntries(asked.map(({ role, model }) => [role, model]))
}

const budgetOf = (applications: readonly Application[]): StepSettings["budget"] =>
  applications.find(({ entry }) => entry.role !== undefined)?.settings.budget ?? {}

/** What is written, by what it is called in errors. */
const outputsOf = (applications: readonly Application[]): Record<string, string> =>
  Object.fromEntries(
    applications.flatMap(({ entry: { id }, output, dropped, failed }) => [
      [`OUT of ${id}`, output],
      [`the dropped rows of ${id}`, dropped ?? "-"],
      [`the failed rows of ${id}`, failed],
    ]),
  )

function checkLabels(entry: StepEntry, labels: string | undefined): void {
  if (labels !== undefined && entry.kind === "annotator" && entry.label === undefined)
    throw usageError({ what: `${entry.id} adds no single value that labels could be compared with`, where: "--labels" })
}

function checkEach(
  entries: readonly StepEntry[],
  input: string,
  columns: readonly string[] | undefined,
  { dropped }: ApplyOptions,
): void {
  const ids = entries.map(({ id }) => id)
  const twice = ids.find((id, at) => ids.indexOf(id) < at)
  if (twice !== undefined) throw usageError({ what: `${twice} is named twice`, where: ids.join(",") })
  if (input === "-")
    throw usageError({
      what: "Several steps read their input several times",
      where: "IN -",
      remedy: "Write it to a file.",
    })
  if (dropped !== undefined)
    throw usageError({
      what: "Each of several steps has a file of dropped rows in OUT",
      where: "--dropped",
      remedy: "Remove it.",
    })
  if (columns !== undefined && columns.length !== entries.length)
    throw usageError({
      what: "Each of several steps needs a column of labels",
      where: "--labels",
      expected: `${entries.length} columns with commas between, for ${ids.join(", ")}`,
      got: columns.join(", "),
    })
}

async function checkFolder(output: string): Promise<void> {
  if ((await stat(output).catch(() => null))?.isDirectory()) return
  throw usageError({
    what: "Several steps write to a folder",
    where: `OUT ${output}`,
    expected: "a folder that is there",
    remedy: "Make it first.",
  })
}
