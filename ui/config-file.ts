import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path"
import { findRecipe, importDefault, isRecipe, loadRecipe, recipeNames } from "../pipelines/recipes.ts"
import { usageError } from "../pipelines/runtime/errors.ts"
import type { Recipe } from "../pipelines/runtime/recipe.ts"
import { parseStrict } from "../schemas/strict.ts"
import { configError } from "./config-faults.ts"

/** A recipe and its checked config, as the command line names them. */
export interface Target {
  recipe: Recipe
  /** How `work` finds the recipe again: its name, or the absolute path of its module. */
  reference: string
  config: unknown
  /** True when no config was given and the recipe's quick start is used. */
  quickStart: boolean
}

/**
 * Finds recipe and config from `RECIPE|CONFIG`, `--config` and `--set`. Relative paths of sources in a config file are taken from
 * the file's folder. Throws usage errors that name the key.
 */
export async function loadTarget(
  target: string | undefined,
  options: { config?: string; set: readonly string[] },
): Promise<Target> {
  const ending = extname(target ?? "")
  // A module beside a config can only be the recipe; alone it is what it holds.
  const isConfig =
    [".yaml", ".yml", ".json"].includes(ending) ||
    (moduleEndings.includes(ending) && options.config === undefined && !(await holdsRecipe(target!)))
  if (isConfig && options.config !== undefined)
    throw usageError({
      what: "There are two configs",
      expected: "a recipe beside --config, or one config",
      got: `${target} and ${options.config}`,
    })
  const file = options.config ?? (isConfig ? target : undefined)
  const named = isConfig ? undefined : target
  const written = file === undefined ? {} : await readConfig(file)
  const reference = String(named ?? (written as { recipe?: unknown }).recipe ?? "cold-start")
  const folder = named === undefined && file !== undefined ? dirname(resolve(file)) : process.cwd()
  const recipe = await loadRecipe(reference, folder)
  if (!recipe)
    throw usageError({
      what: `Unknown recipe ${reference}`,
      where: file ?? "command line",
      expected: `one of ${recipeNames().join(", ")}, or the path of a recipe`,
    })
  const quick = file === undefined ? (findRecipe(reference)?.quickStart ?? null) : null
  const base = file === undefined ? ((await quick?.()) ?? {}) : written
  const merged = options.set.reduce(setKey, { ...(base as object), recipe: reference })
  const parsed = parseStrict(recipe.config, merged)
  if ("faults" in parsed) {
    throw configError("Config", parsed.faults, {
      where: file ?? "command line",
      remedy: `cotyledon init ${reference} writes a config with every key.`,
    })
  }
  const isPath = moduleEndings.includes(extname(reference))
  // Workers and `inspect` look for it from other folders.
  const found = isPath ? resolve(folder, reference) : reference
  return { recipe, reference: found, config: parsed.value, quickStart: quick !== null }
}

const moduleEndings = [".ts", ".js", ".mjs"]

/** Whether a module is a recipe rather than a config. One that cannot be loaded is taken for a config, which is then reported. */
const holdsRecipe = async (path: string): Promise<boolean> =>
  isRecipe(await importDefault(resolve(path)).catch(() => null))

/** Reads a config file by its ending. */
export async function readConfig(file: string): Promise<unknown> {
  const ending = extname(file)
  const path = resolve(file)
  try {
    if (moduleEndings.includes(ending)) return withSources((await importDefault(path)) ?? {}, dirname(path))
    const text = await readFile(path, "utf8")
    const value: unknown = (ending === ".json" ? JSON.parse(text) : (await import("yaml")).parse(text)) ?? {}
    if (typeof value !== "object" || Array.isArray(value))
      throw new Error(`expected keys and values, got ${Array.isArray(value) ? "a list" : `one ${typeof value}`}`)
    const { $schema: _, ...config } = value as Record<string, unknown>
    return withSources(config, dirname(path))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw usageError(
      code === "ENOENT" || (code === "ERR_MODULE_NOT_FOUND" && !existsSync(path))
        ? { what: "There is no such config", where: file, remedy: "cotyledon init RECIPE FILE writes one." }
        : { what: `Cannot read the config: ${(error as Error).message.split("\n")[0]}`, where: file },
      error,
    )
  }
}

/** Source paths of a config file are relative to it. */
function withSources(config: unknown, folder: string): unknown {
  const anchored = (path: unknown) =>
    typeof path === "string" && path !== "-" && !isAbsolute(path) ? join(folder, path) : path
  const anchoredSource = (source: unknown): unknown =>
    typeof source === "object" && source !== null && "path" in source
      ? { ...source, path: anchored(source.path) }
      : anchored(source)
  const result = { ...(config as Record<string, unknown>) }
  for (const key of ["questions", "documents", "thinking", "nonThinking"])
    if (result[key] !== undefined)
      result[key] = Array.isArray(result[key]) ? result[key].map(anchoredSource) : anchoredSource(result[key])
  const drafts = result.drafts as { import?: unknown } | null | undefined
  if (typeof drafts === "object" && Array.isArray(drafts?.import))
    result.drafts = { ...drafts, import: drafts.import.map(anchoredSource) }
  if (result.ledger !== undefined) result.ledger = anchored(result.ledger)
  return result
}

/** Sets `a.b.c=value` in a copy. The value is JSON where it can be read as such, else text. */
export function setKey(config: object, assignment: string): object {
  const split = assignment.indexOf("=")
  if (split < 1) throw usageError({ what: "Cannot read --set", expected: "key.path=value", got: assignment })
  const path = assignment.slice(0, split).split(".")
  const text = assignment.slice(split + 1)
  let value: unknown = text
  try {
    value = JSON.parse(text)
  } catch {}
  const set = (at: unknown, [key, ...rest]: string[]): object => {
    const here = (typeof at === "object" && at !== null ? at : {}) as Record<string, unknown>
    const member = { [key!]: rest.length > 0 ? set(here[key!], rest) : value }
    return Array.isArray(at) && Number(key) <= at.length ? Object.assign([...at], member) : { ...here, ...member }
  }
  return set(config, path)
}

/** The default run folder of a target. */
export const defaultRun = (reference: string): string => join("runs", basename(reference).replace(/\.[a-z]+$/, ""))
