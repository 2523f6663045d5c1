import type { Commit } from "./commit.ts"
import { readCommits, whyNotReused } from "./commit.ts"
import { canonicalJson } from "./fingerprint.ts"
import { type Measured, readMeasured } from "./measure.ts"
import { openRecipe } from "./open-recipe.ts"
import { type Projection, project } from "./projection.ts"
import { readManifest } from "./publish.ts"
import type { Pipeline, Recipe } from "./recipe.ts"
import { readRecord } from "./run.ts"
import type { Stage } from "./stage.ts"
import type { Bound, Step } from "./step.ts"
import { importBasis, mapBasis, reduceBasis, reduceInputs, sideDigests } from "./task-plan.ts"

/** What a run would do, before it does it. */
export interface RunPlan {
  rows: number
  stages: {
    id: string
    kind: string
    state: string
    steps: { id: string; version: number; params: string; about: string }[]
    /** Upper bounds of what the stage asks, by role. */
    asks: StageBound[]
  }[]
  /** Upper bounds by role: as if no row were dropped and nothing settled. */
  bounds: {
    role: string
    model: string
    calls: number
    inputTokens: number
    outputTokens: number
    usd: number | null
  }[]
  /** USD, where all prices are known. */
  cost: number | null
  /** What a pilot, or an earlier run of the same folder, says about all rows; null where none has been. */
  projection: Projection | null
}

/** Upper bound of what one stage asks one role, as if no row were dropped before and nothing settled. */
export interface StageBound {
  role: string
  calls: number
  inputTokens: number
  outputTokens: number
  usd: number | null
  /**
   * Milliseconds. `most`: every call as long as it may be, `maxInFlight` at once, at the tokens a second that the config states or an earlier
   * process measured, and not faster than its rate limits. `least` is 0: every row may be dropped before. Null where no speed is known.
   */
  timeMs: { least: number; most: number } | null
}

/** Bytes of text that make a token at least: digits and rare scripts come near it, prose has twice as many. */
const bytesPerToken = 2

/** Plans a run in a folder that may hold one already. Reads the sources once, writes nothing, asks nothing. */
export async function planRun<C>(options: {
  recipe: Recipe<C>
  config: C
  run: string
  limit: number | null
}): Promise<RunPlan> {
  const { recipe, config, run, limit } = options
  await readRecord(run)
  const pipeline = openRecipe(recipe, config)
  try {
    const { rows, bytes } = await measureSources(pipeline.stages, limit)
    const rowTokens = rows === 0 ? 0 : Math.ceil(bytes / rows / bytesPerToken)
    const states = await statesOf(pipeline.stages, run, limit)
    const measured = await readMeasured(run)
    const stages = pipeline.stages.map((stage) => ({
      id: stage.id,
      kind: stage.kind,
      state: states.get(stage.id)!,
      steps: (stage.kind === "map" ? stage.steps : []).map(describeStep),
      asks: stageBounds(stage, { rows, rowTokens }, pipeline.endpoints, measured),
    }))
    const perRole = new Map<string, Bound[]>()
    for (const stage of pipeline.stages)
      if (stage.kind === "map")
        for (const step of stage.steps)
          if (step.kind === "program")
            for (const bound of step.bound ?? []) perRole.set(bound.role, [...(perRole.get(bound.role) ?? []), bound])
    const bounds = pipeline.endpoints.map(({ role, identity, price }) => {
      const all = perRole.get(role) ?? []
      const calls = rows * sum(all, ({ calls }) => calls)
      const inputTokens = rows * sum(all, ({ calls, inputTokens }) => calls * (inputTokens + rowTokens))
      const outputTokens = rows * sum(all, ({ calls, outputTokens }) => calls * outputTokens)
      const usd = price && (inputTokens * price.input + outputTokens * price.output) / 1e6
      return { role, model: identity, calls, inputTokens, outputTokens, usd }
    })
    const cost = bounds.every(({ usd }) => usd !== null) ? sum(bounds, ({ usd }) => usd!) : null
    const projection = await projectFolder(run, pipeline, rows)
    return { rows, stages, bounds, cost, projection }
  } finally {
    await pipeline.close()
  }
}

function stageBounds(
  stage: Stage,
  { rows, rowTokens }: { rows: number; rowTokens: number },
  endpoints: Pipeline["endpoints"],
  measured: Measured | null,
): StageBound[] {
  if (stage.kind !== "map") return []
  const bounds = stage.steps.flatMap((step) => (step.kind === "program" ? (step.bound ?? []) : []))
  return endpoints.flatMap(({ role, identity, price, limits }) => {
    const own = bounds.filter((bound) => bound.role === role)
    if (own.length === 0) return []
    const calls = rows * sum(own, ({ calls }) => calls)
    const inputTokens = rows * sum(own, ({ calls, inputTokens }) => calls * (inputTokens + rowTokens))
    const outputTokens = rows * sum(own, ({ calls, outputTokens }) => calls * outputTokens)
    const usd = price && (inputTokens * price.input + outputTokens * price.output) / 1e6
    const perSecond = limits?.tokensPerSecond ?? measuredSpeed(measured, identity)
    const most =
      perSecond === null || !limits
        ? null
        : 1_000 *
          Math.max(
            outputTokens / perSecond / limits.maxInFlight,
            limits.requestsPerMinute === null ? 0 : (60 * calls) / limits.requestsPerMinute,
            limits.tokensPerMinute === null ? 0 : (60 * (inputTokens + outputTokens)) / limits.tokensPerMinute,
          )
    return [{ role, calls, inputTokens, outputTokens, usd, timeMs: most === null ? null : { least: 0, most } }]
  })
}

/** Output tokens a second of one request, as this folder's processes saw it. */
function measuredSpeed(measured: Measured | null, identity: string): number | null {
  const paces = Object.values(measured?.paces ?? {}).filter((pace) => pace.identity === identity)
  const requestMs = sum(paces, (pace) => pace.requestMs)
  const output = sum(paces, (pace) => pace.output)
  return requestMs > 0 && output > 0 ? (1_000 * output) / requestMs : null
}

/** What a folder's finished pilot or run says about `allRows` source rows; null where there is none, or nothing was asked. */
export async function projectFolder(
  run: string,
  pipeline: Pick<Pipeline, "path" | "endpoints">,
  allRows: number,
): Promise<Projection | null> {
  const manifest = await readManifest(run)
  if (!manifest || manifest.rows.in === 0) return null
  const measured = (await readMeasured(run)) ?? { format: 1, rows: {}, paces: {} }
  const commits = new Map<string, Commit[]>()
  for (const stage of pipeline.path) commits.set(stage, await readCommits(run, stage))
  const { endpoints } = pipeline
  return project({ allRows, pilot: manifest.rows, commits, measured, endpoints })
}

/** Rows of the import stages and the bytes of their questions. */
async function measureSources(
  stages: readonly Stage[],
  limit: number | null,
): Promise<{ rows: number; bytes: number }> {
  let rows = 0
  let bytes = 0
  for (const stage of stages) {
    if (stage.kind !== "import") continue
    await stage.check?.()
    for await (const imported of stage.rows(limit)) {
      rows++
      if ("row" in imported)
        bytes += Buffer.byteLength(`${imported.row.question ?? imported.row.text ?? ""}${imported.row.choices ?? ""}`)
      if (rows === limit) break
    }
  }
  return { rows, bytes }
}

const sum = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((total, value) => total + of(value), 0)

const describeStep = ({ id, version, params, about }: Step) => ({
  id,
  version,
  params: canonicalJson(params ?? {}),
  about: about ?? "",
})

/** How each stage stands: reused, to do, or to do again and why. Behind a stage that is done again, only the run can tell. */
async function statesOf(stages: readonly Stage[], run: string, limit: number | null): Promise<Map<string, string>> {
  const states = new Map<string, string>()
  const known = new Map<string, Commit[]>()
  for (const stage of stages) {
    const commits = await readCommits(run, stage.id)
    const waits = stage.kind === "import" ? [] : [stage.input, ...(stage.side ?? [])]
    const unknown = waits.find((id) => !known.has(id))
    if (unknown !== undefined) {
      states.set(stage.id, commits.length === 0 ? "to do" : `depends on ${unknown}`)
      continue
    }
    const whys = await whysOf(stage, commits, known, limit)
    const open = whys.filter((why) => why !== null)
    if (open.length === 0) {
      states.set(stage.id, `done, reused (${commits.length} ${commits.length === 1 ? "task" : "tasks"})`)
      known.set(stage.id, commits)
    } else {
      const first = open.find((why) => why !== "not done yet") ?? "not done yet"
      states.set(
        stage.id,
        first === "not done yet" ? `to do (${open.length} of ${whys.length} tasks)` : `again: ${first}`,
      )
    }
  }
  return states
}

async function whysOf(
  stage: Stage,
  commits: readonly Commit[],
  known: ReadonlyMap<string, Commit[]>,
  limit: number | null,
): Promise<(string | null)[]> {
  const commitAt = (index: number) => commits.find((commit) => commit.index === index) ?? null
  if (stage.kind === "import") {
    const digests = (await stage.digests()).map(({ sha256 }) => sha256)
    return [whyNotReused(commitAt(0), importBasis(stage, digests, limit))]
  }
  const side = Object.fromEntries((stage.side ?? []).map((id) => [id, sideDigests(known.get(id)!)]))
  const inputs = known.get(stage.input)!
  if (stage.kind === "reduce") return [whyNotReused(commitAt(0), reduceBasis(stage, reduceInputs(stage, inputs), side))]
  return inputs
    .flatMap(({ index, outputs }) => outputs.map((shard, at) => ({ index: index + at, shard })))
    .map(({ index, shard }) => whyNotReused(commitAt(index), mapBasis(stage, shard, side)))
}
