import { CotyledonError, oneLine, usageError } from "./errors.ts"
import type { Host, Pipeline, Recipe } from "./recipe.ts"

/** Folders of a run that a dataset would mix itself up with. */
const ownFolders = new Set(["stages", "ledger", "events", "locks", "leases", "dropped", "failed"])
/** What is one folder's name wherever a run may stand. */
const plainName = /^\w[\w.-]*$/

/**
 * Puts a recipe together for a config. Anybody may have written it: what it throws, and a result that is no pipeline or would write outside
 * of its places, is a usage error, since nothing has been started.
 */
export function openRecipe<C>(recipe: Recipe<C>, config: C, host: Host = { report: () => {}, settled: {} }): Pipeline {
  const complain = (what: string, got?: string, cause?: unknown) =>
    usageError({ what, where: `recipe ${oneLine(String(recipe.name), 60)}`, got }, cause)
  let pipeline: Pipeline
  try {
    pipeline = recipe.open(config, host)
  } catch (error) {
    if (error instanceof CotyledonError) throw error
    throw complain("The recipe cannot be put together: open() threw", oneLine(String(error), 200), error)
  }
  const fault = faultOf(pipeline)
  if (fault !== null) throw complain("The recipe is broken: open() returned no pipeline", fault)
  const { stages, path, exports } = pipeline
  const ids = new Set(stages.map(({ id }) => id))
  const strange = [...ids, ...exports.map(({ folder }) => folder)].find((name) => !plainName.test(String(name)))
  if (strange !== undefined)
    throw complain("The recipe is broken: a stage or an export has no plain name", oneLine(String(strange), 60))
  const unknown = [...path, ...exports.map(({ from }) => from)].find((id) => !ids.has(id))
  if (unknown !== undefined) throw complain(`The recipe is broken: there is no stage ${oneLine(String(unknown), 60)}`)
  const taken = exports.find(
    ({ folder }, at) => ownFolders.has(folder) || at > exports.findIndex((other) => other.folder === folder),
  )
  if (taken) throw complain(`The recipe is broken: the folder ${taken.folder} is taken`)
  return pipeline
}

/** What keeps a value from being a pipeline; null where it is one. */
function faultOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return value === undefined ? "nothing" : String(value)
  if ("then" in value) return "a promise: open() makes the stages, and they do the work"
  const pipeline = value as Record<string, unknown>
  const missing = (["stages", "path", "exports", "endpoints"] as const).find((key) => !Array.isArray(pipeline[key]))
  if (missing) return `no list of ${missing}`
  const empty = (["stages", "path", "exports"] as const).find((key) => (pipeline[key] as unknown[]).length === 0)
  if (empty) return `an empty list of ${empty}`
  return typeof pipeline.close === "function" ? null : "no close()"
}
