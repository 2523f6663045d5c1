// Two runs side by side: the funnel stage by stage, drops by reason, what was asked, and where their configs differ.

import { loadRecipe } from "../../pipelines/recipes.ts"
import { type Commit, readCommits } from "../../pipelines/runtime/commit.ts"
import { oneLine, usageError } from "../../pipelines/runtime/errors.ts"
import { canonicalJson } from "../../pipelines/runtime/fingerprint.ts"
import { openRecipe } from "../../pipelines/runtime/open-recipe.ts"
import { countRows } from "../../pipelines/runtime/publish.ts"
import { type RunRecord, readRecord } from "../../pipelines/runtime/run.ts"
import { type RunTotals, runTotals } from "../../pipelines/runtime/run-totals.ts"
import { type RunStatus, readStatus } from "../../pipelines/runtime/status.ts"
import type { DropsByReason } from "../../schemas/event.ts"
import type { InspectOptions } from "../commands/inspect.ts"
import { lossName } from "../funnel.ts"
import { columns, cut, dollars, grouped, percent } from "../print.ts"
import { type StageState, stageState } from "../stage-state.ts"

interface Side {
  run: string
  record: RunRecord
  rows: { in: number; out: number; dropped: number; failed: number }
  stages: { stage: string; in: number; out: number; failed: number }[]
  drops: DropsByReason
  totals: RunTotals
  state: RunStatus["state"]
  /** By stage. */
  states: Record<string, StageState>
}

/** A pair of counts with their shares of the source rows, and the difference of the shares (`b - a`). */
interface Pair {
  a: number
  b: number
  shareA: number | null
  shareB: number | null
  difference: number | null
}

/** `cotyledon inspect A B`. */
export async function compareRuns(a: string, b: string, options: InspectOptions): Promise<void> {
  const sides = [await sideOf(a), await sideOf(b)] as const
  const compared = comparison(...sides)
  if (options.json) process.stdout.write(`${JSON.stringify({ a, b, ...compared })}\n`)
  else for (const line of comparisonLines(sides, compared)) process.stdout.write(`${line}\n`)
}

async function sideOf(run: string): Promise<Side> {
  const record = await readRecord(run)
  if (!record)
    throw usageError({
      what: "There is no run in this folder",
      where: run,
      expected: "two folders with run.json, to be compared",
    })
  const recipe = await loadRecipe(record.recipe, process.cwd())
  if (!recipe) throw usageError({ what: `Unknown recipe ${oneLine(record.recipe)}`, where: run })
  const pipeline = openRecipe(recipe, record.config)
  await pipeline.close()
  const status = await readStatus(run)
  const commits = new Map<string, Commit[]>()
  for (const stage of pipeline.path) commits.set(stage, await readCommits(run, stage))
  const sum = (stage: string, key: "in" | "out" | "failed") =>
    commits.get(stage)!.reduce((total, { counts }) => total + counts[key], 0)
  return {
    run,
    record,
    ...countRows(pipeline, commits),
    stages: pipeline.path.map((stage) => ({
      stage,
      in: sum(stage, "in"),
      out: sum(stage, "out"),
      failed: sum(stage, "failed"),
    })),
    totals: await runTotals(run, record.config),
    state: status.state,
    states: Object.fromEntries(status.stages.map((stage) => [stage.stage, stageState(status, stage)])),
  }
}

function comparison(a: Side, b: Side) {
  const pair = (left: number, right: number, wholeA = a.rows.in, wholeB = b.rows.in): Pair => {
    const shareA = wholeA === 0 ? null : left / wholeA
    const shareB = wholeB === 0 ? null : right / wholeB
    const difference = shareA === null || shareB === null ? null : shareB - shareA
    return { a: left, b: right, shareA, shareB, difference }
  }
  const stageIn = ({ stages }: Side, id: string) => stages.find(({ stage }) => stage === id)
  const drops = unionOf(
    [a, b].map(({ drops }) =>
      Object.entries(drops).flatMap(([step, reasons]) =>
        Object.keys(reasons).map((reason) => JSON.stringify([step, reason])),
      ),
    ),
  ).map((name) => JSON.parse(name) as [string, string])
  return {
    state: { a: a.state, b: b.state },
    rows: {
      in: { a: a.rows.in, b: b.rows.in },
      out: pair(a.rows.out, b.rows.out),
      dropped: pair(a.rows.dropped, b.rows.dropped),
      failed: pair(a.rows.failed, b.rows.failed),
    },
    /** Rows that each stage passed on, as a share of those it got. */
    stages: unionOf([a, b].map(({ stages }) => stages.map(({ stage }) => stage))).map((stage) => {
      const [left, right] = [stageIn(a, stage), stageIn(b, stage)]
      const states = { stateA: a.states[stage] ?? null, stateB: b.states[stage] ?? null }
      return { stage, ...pair(left?.out ?? 0, right?.out ?? 0, left?.in ?? 0, right?.in ?? 0), ...states }
    }),
    drops: drops.map(([step, reason]) => ({
      step,
      reason,
      ...pair(a.drops[step]?.[reason] ?? 0, b.drops[step]?.[reason] ?? 0),
    })),
    calls: { a: a.totals.calls, b: b.totals.calls },
    reused: { a: a.totals.reused, b: b.totals.reused },
    tokens: { a: a.totals.tokens, b: b.totals.tokens },
    cost: { a: a.totals.cost, b: b.totals.cost },
    config: differences(
      { recipe: a.record.recipe, ...(a.record.config as object) },
      { recipe: b.record.recipe, ...(b.record.config as object) },
    ),
  }
}

function comparisonLines([a, b]: readonly [Side, Side], compared: ReturnType<typeof comparison>): string[] {
  const { rows, stages, drops, calls, reused, tokens, cost, config } = compared
  const line = (name: string, { a, b, shareA, shareB, difference }: Pair) => [
    name,
    grouped(a),
    shareA === null ? "-" : percent(shareA, 1),
    grouped(b),
    shareB === null ? "-" : percent(shareB, 1),
    points(difference),
  ]
  const money = (value: number | null) => (value === null ? "-" : dollars(value))
  return [
    headLine("A", a),
    headLine("B", b),
    "",
    "  source rows, with their share and the difference B - A in points",
    ...columns(
      [
        ["rows in", grouped(rows.in.a), "", grouped(rows.in.b), "", ""],
        ...drops.map(({ step, reason, ...pair }) => line(lossName(step, reason), pair)),
        ...(rows.failed.a + rows.failed.b > 0 ? [line("failed", rows.failed)] : []),
        line("in the dataset", rows.out),
      ],
      { indent: 4 },
    ),
    "",
    "  passed on by each stage, of the rows that it got",
    ...columns(
      stages.map(({ stage, stateA, stateB, ...pair }) => [...line(stage, pair), unfinished(stateA, stateB)]),
      { indent: 4 },
    ),
    "",
    ...columns([
      ["answers", grouped(calls.a), grouped(calls.b)],
      ...(reused.a + reused.b > 0 ? [["from the shared ledger", grouped(reused.a), grouped(reused.b)]] : []),
      ["tokens in", grouped(tokens.a.input), grouped(tokens.b.input)],
      ["tokens out", grouped(tokens.a.output), grouped(tokens.b.output)],
      ["cost", money(cost.a), money(cost.b)],
    ]),
    "",
    ...(config.length === 0
      ? ["  the same config"]
      : [
          "  config",
          ...columns(
            config.map(({ key, a, b }) => [key, shortJson(a), "->", shortJson(b)]),
            { indent: 4 },
          ),
        ]),
  ]
}

const headLine = (name: string, { run, record, state }: Side): string =>
  `${name}: ${run} (${oneLine(record.recipe)})${state === "done" ? "" : `, ${state === "new" ? "not started" : state}: what is done so far`}`

/** Which side's stage is not finished, and how it stands. */
function unfinished(a: StageState | null, b: StageState | null): string {
  const isOpen = (state: StageState | null) => state !== null && state !== "done" && state !== "reused"
  return [...(isOpen(a) ? [`A ${a}`] : []), ...(isOpen(b) ? [`B ${b}`] : [])].join(", ")
}

const points = (difference: number | null): string =>
  difference === null ? "" : `${difference > 0 ? "+" : ""}${(100 * difference).toFixed(1)}`

const shortJson = (value: unknown): string =>
  value === undefined ? "unset" : cut(oneLine(JSON.stringify(value) ?? "unset"), 60)

/** Where two configs differ, by key path. */
export function differences(a: unknown, b: unknown, path = ""): { key: string; a: unknown; b: unknown }[] {
  if (canonicalJson(a ?? null) === canonicalJson(b ?? null)) return []
  if (isPlainObject(a) && isPlainObject(b))
    return unionOf([Object.keys(a), Object.keys(b)]).flatMap((key) =>
      differences(a[key], b[key], path === "" ? key : `${path}.${key}`),
    )
  return [{ key: path, a, b }]
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Each name once; those of the first list in its order, then what only the second has. */
const unionOf = (lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())]
