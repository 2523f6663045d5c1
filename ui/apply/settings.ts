import { z } from "zod"
import type { StepEntry } from "../../pipelines/catalogue.ts"
import { type ColdStartConfig, coldStartConfig, type ModelConfig, modelConfig } from "../../schemas/config.ts"
import { parseStrict } from "../../schemas/strict.ts"
import { configError } from "../config-faults.ts"
import { loadTarget, readConfig, setKey } from "../config-file.ts"

/** What a step is applied with. */
export interface StepSettings {
  params: Record<string, unknown>
  /** The model of the step's role; null for a step that asks nobody. */
  model: ModelConfig | null
  budget: { tokens?: number | undefined; usd?: number | undefined }
}

/**
 * A step's settings from `--config` and `--set`. The config is a recipe's (its model, its budget and, in a cold start's, the parameters
 * that the run gives to this step) or holds the step's own keys. Of keys that only the others of `among` have nothing is taken. Throws
 * usage errors that name the key.
 */
export async function readSettings(
  entry: StepEntry,
  options: { config?: string; set: readonly string[] },
  among: readonly StepEntry[] = [entry],
): Promise<StepSettings> {
  const base = options.config === undefined ? {} : await baseOf(entry, options.config)
  const merged = withoutKeysOfOthers(options.set.reduce(setKey, base), entry, among)
  const { role } = entry
  const schema = z.strictObject({
    ...entry.params.shape,
    ...(role && {
      models: z.strictObject({ [role]: modelConfig.prefault({}) }).prefault({}),
      budget: coldStartConfig.shape.budget,
    }),
  })
  const parsed = parseStrict(schema, role && isSet(merged, role) ? { ...entry.withModel, ...merged } : merged)
  if ("faults" in parsed)
    throw configError(entry.id, parsed.faults, {
      where: options.config ?? "command line",
      remedy: `cotyledon steps ${entry.id} describes the keys.`,
    })
  const {
    models,
    budget = {},
    ...params
  } = parsed.value as {
    models?: Record<string, ModelConfig>
    budget?: StepSettings["budget"]
  }
  return { params, model: role && models ? models[role]! : null, budget }
}

/** Whether the settings name a model for the role. */
const isSet = (settings: object, role: string): boolean =>
  Object.hasOwn(Object((settings as { models?: unknown }).models), role)

async function baseOf(entry: StepEntry, file: string): Promise<object> {
  const written = (await readConfig(file)) as object
  if (!("recipe" in written)) return written
  const { recipe, config } = await loadTarget(undefined, { config: file, set: [] })
  const { models, budget } = config as { models?: Record<string, unknown>; budget?: unknown }
  return {
    ...(recipe.name === "cold-start" && entry.settings?.(config as ColdStartConfig)),
    ...(entry.role && {
      models: { [entry.role]: models?.[entry.role] ?? {} },
      ...(budget !== undefined && { budget }),
    }),
  }
}

/** The keys that are this step's or nobody's: the latter are told as unknown. */
function withoutKeysOfOthers(settings: object, entry: StepEntry, among: readonly StepEntry[]): object {
  const others = among.filter((other) => other !== entry)
  const keep = (isKey: (one: StepEntry, key: string) => boolean) => (key: string) =>
    isKey(entry, key) || !others.some((other) => isKey(other, key))
  const own = only(
    settings,
    keep(({ params, role }, key) => key in params.shape || (role !== undefined && ["models", "budget"].includes(key))),
  )
  const { models } = own as { models?: unknown }
  if (typeof models !== "object" || models === null) return own
  return {
    ...own,
    models: only(
      models,
      keep(({ role }, key) => key === role),
    ),
  }
}

const only = (of: object, keep: (key: string) => boolean): object =>
  Object.fromEntries(Object.entries(of).filter(([key]) => keep(key)))
