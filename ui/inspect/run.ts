import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { readParquet } from "../../pipelines/io/parquet.ts"
import { loadRecipe } from "../../pipelines/recipes.ts"
import { rowsOf } from "../../pipelines/runtime/batch.ts"
import { readCommits } from "../../pipelines/runtime/commit.ts"
import { oneLine, usageError } from "../../pipelines/runtime/errors.ts"
import { Ledger } from "../../pipelines/runtime/ledger.ts"
import { openRecipe } from "../../pipelines/runtime/open-recipe.ts"
import { countRows, readManifest } from "../../pipelines/runtime/publish.ts"
import type { Pipeline } from "../../pipelines/runtime/recipe.ts"
import type { RunRecord } from "../../pipelines/runtime/run.ts"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { InspectOptions } from "../commands/inspect.ts"
import { funnelLines, tallyLines } from "../funnel.ts"
import { mixtureLines, readMixtureReport } from "../mixture-report.ts"
import { columns, cut, dollars, grouped } from "../print.ts"
import { readSelectionReport, selectionLines } from "../selection-report.ts"
import { plainJson, terminalJson } from "./plain-json.ts"

const print = (line: string) => process.stdout.write(`${line}\n`)

/** A run as a whole: the funnel, what was asked, the datasets, a few samples. */
export async function inspectRun(run: string, record: RunRecord, options: InspectOptions): Promise<void> {
  const manifest = await readManifest(run)
  const counted = manifest ?? (await countFromCommits(run, record))
  const totals = await runTotals(run, record.config)
  const { rows, drops, tallies } = counted
  const selection = manifest ? await readSelectionReport(run) : []
  const mixture = manifest ? await readMixtureReport(run) : []
  const dataset = manifest?.shards.map(({ path }) => join(run, path)) ?? []
  if (options.json) {
    const { calls, reused, tokens, cost } = totals
    const left = rows.in + (rows.born ?? 0) - rows.out - rows.dropped - rows.failed
    print(
      JSON.stringify({
        run,
        complete: manifest !== null,
        rows,
        ...(left !== 0 && { left }),
        drops,
        tallies,
        calls,
        ...(reused > 0 && { reused }),
        tokens,
        cost,
        dataset,
        ...(selection.length > 0 && { selection }),
        ...(mixture.length > 0 && { mixture }),
      }),
    )
    return
  }
  print(`${run}: ${record.recipe}${manifest ? "" : " (not finished: what is done so far)"}`)
  print("")
  for (const line of funnelLines(counted)) print(line)
  print("")
  for (const line of tallyLines(tallies)) print(line)
  print("")
  for (const line of selectionLines(selection)) print(line)
  if (selection.length > 0) print("")
  for (const line of mixtureLines(mixture)) print(line)
  if (mixture.length > 0) print("")
  for (const line of columns(
    Object.entries(totals.byIdentity).map(([identity, { calls, input, output }]) => [
      cut(oneLine(identity), 50),
      `${grouped(calls)} answers`,
      `${grouped(input)} tokens in`,
      `${grouped(output)} out`,
    ]),
  ))
    print(line)
  if (totals.cost !== null) print(`  ${dollars(totals.cost)}`)
  if (totals.reused > 0)
    print(`  ${grouped(totals.reused)} answers more from the shared ledger, which another run paid for`)
  for (const row of await firstRows(dataset, options.rows)) {
    print("")
    print(terminalJson(row))
  }
}

/** Dropped or failed rows, by step where one is named. */
export async function inspectLosses(run: string, options: InspectOptions): Promise<void> {
  const folder = options.failed ? "failed" : "dropped"
  const files = await filesIn(join(run, folder))
  const counts = new Map<string, number>()
  let shown = 0
  for (const file of files)
    for await (const batch of readParquet(file))
      for (const row of rowsOf(batch)) {
        if (options.step !== undefined && row.step !== options.step) continue
        const name = `${String(row.step)}: ${String(row.reason)}`
        counts.set(name, (counts.get(name) ?? 0) + 1)
        if (options.json) print(plainJson({ ...row, row: parsed(row.row) }))
        else if (shown++ < options.rows) print(`${terminalJson({ ...row, row: parsed(row.row) })}\n`)
      }
  if (options.json) return
  if (counts.size === 0) print(`No ${folder} rows${options.step === undefined ? "" : ` of step ${options.step}`}.`)
  for (const line of columns([...counts].map(([name, count]) => [name, grouped(count)]))) print(line)
}

/** One row's whole history: how it stood after each stage, or where and why it was lost. */
export async function inspectRow(run: string, record: RunRecord, id: string, options: InspectOptions): Promise<void> {
  // The id of a dataset's row, of the source row that it is a copy or a sample of, or a source row's own that only looks so.
  const ids = [id, id.replace(/\/copy-\d+$/, ""), id.replace(/\/sample-\d+$/, "")]
  const found: { stage: string; fate: string; row: Row }[] = []
  for (const stage of (await pipelineOf(record)).path) {
    for (const { outputs, dropped, failed } of await readCommits(run, stage)) {
      for (const [fate, shard] of [
        ...outputs.map((output) => ["passed on", output] as const),
        ["dropped", dropped] as const,
        ["failed", failed] as const,
      ])
        if (shard)
          for await (const batch of readParquet(join(run, shard.path)))
            for (const row of rowsOf(batch)) if (ids.includes(String(row.id))) found.push({ stage, fate, row })
    }
  }
  const source = ids.find((one) => found.some(({ row }) => row.id === one)) ?? id
  const history = found.filter(({ row }) => row.id === source)
  if (history.length === 0) throw usageError({ what: `No row ${oneLine(id)} in this run`, where: run })
  if (options.json) {
    print(plainJson({ id: source, history }))
    return
  }
  for (const { stage, fate, row } of history) {
    print(`${stage}: ${fate}`)
    print(`${terminalJson(fate === "passed on" ? row : { ...row, row: parsed(row.row) })}\n`)
  }
}

/** One exchange of the ledger: the request and its answer. */
export async function inspectExchange(run: string, id: string, options: InspectOptions): Promise<void> {
  const ledger = await Ledger.open(join(run, "ledger"), "read")
  try {
    const record = ledger.findExchange(id)
    if (!record)
      throw usageError({
        what: `No exchange ${oneLine(id, 80)} in this run`,
        where: run,
        expected: "at least 8 hex digits of an id, as the rows' `exchange` has them",
      })
    print(options.json ? plainJson(record) : terminalJson(record))
  } finally {
    await ledger.close()
  }
}

async function pipelineOf({ recipe, config }: RunRecord): Promise<Pipeline> {
  const loaded = await loadRecipe(recipe, process.cwd())
  if (!loaded) throw usageError({ what: `Unknown recipe ${recipe}` })
  const pipeline = openRecipe(loaded, config)
  await pipeline.close()
  return pipeline
}

/** The funnel of a run that is not finished: what is done so far. */
export async function countFromCommits(run: string, record: RunRecord) {
  const pipeline = await pipelineOf(record)
  const commits = new Map<string, Awaited<ReturnType<typeof readCommits>>>()
  for (const stage of pipeline.path) commits.set(stage, await readCommits(run, stage))
  return countRows(pipeline, commits)
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => []))
    .filter((name) => name.endsWith(".parquet"))
    .sort()
    .map((name) => join(folder, name))

async function firstRows(files: readonly string[], count: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const file of files)
    for await (const batch of readParquet(file))
      for (const row of rowsOf(batch)) {
        if (rows.length >= count) return rows
        rows.push(row)
      }
  return rows
}

const parsed = (json: unknown): unknown => {
  try {
    return JSON.parse(String(json))
  } catch {
    return json
  }
}
