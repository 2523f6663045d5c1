import { resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { nearest } from "../schemas/strict.ts"
import { shareOwnPackage } from "./own-package.ts"
import { oneLine, usageError } from "./runtime/errors.ts"
import type { Recipe } from "./runtime/recipe.ts"

/** A recipe by name, loaded when it is asked for. */
export interface RecipeEntry {
  name: string
  about: string
  load(): Promise<Recipe>
  /** A config that runs at once, with what the package brings along. */
  quickStart?: () => Promise<unknown>
  /** What a quick start says of itself: a line at most 80 characters each. */
  notice?: readonly string[]
}

/** The recipes that come with the package. */
export const recipes: readonly RecipeEntry[] = [
  {
    name: "cold-start",
    about: "Long chains of thought, drafted, verified and filtered, for the first SFT",
    load: async () => (await import("./cold-start/recipe.ts")).coldStart as Recipe,
    quickStart: async () => (await import("./cold-start/quick-start.ts")).quickStart,
    notice: [
      "This is the quick start: one model of 135M parameters, which fits any machine,",
      "plays judge and drafter. It shows the whole path; its data is for looking at,",
      "not for training. Your own questions and models: cotyledon init cold-start",
    ],
  },
  {
    name: "mode-fusion",
    about: "Thinking and non-thinking samples with their flags, mixed to given shares",
    load: async () => (await import("./mode-fusion/recipe.ts")).modeFusion as Recipe,
    quickStart: async () => (await import("./mode-fusion/quick-start.ts")).quickStart,
    notice: [
      "No config: the non-thinking samples are the starter set, which shows the path",
      "and is far too small to train on. Your own: cotyledon init mode-fusion",
    ],
  },
]

export const recipeNames = (): string[] => recipes.map(({ name }) => name)

export const findRecipe = (name: string): RecipeEntry | undefined => recipes.find((entry) => entry.name === name)

/** A recipe by name, or from a module's default export by path (relative to `folder`); null where there is none. */
export async function loadRecipe(reference: string, folder: string): Promise<Recipe | null> {
  const known = findRecipe(reference)
  if (known) return known.load()
  if (!isModulePath(reference)) {
    const near = nearest(reference, recipeNames())
    if (near) throw usageError({ what: `Unknown recipe ${reference}`, remedy: `Did you mean ${near}?` })
    return null
  }
  const { default: value } = await importModule(resolve(folder, reference), { what: "the recipe", where: reference })
  if (!isRecipe(value))
    throw usageError({
      what: "The module is no recipe",
      where: reference,
      expected: "export default defineRecipe({ name, about, version, config, open })",
    })
  const { name, version, config } = value as Partial<Recipe>
  const fault =
    typeof name !== "string" || name === ""
      ? "no name"
      : !Number.isSafeInteger(version)
        ? "no version that is a whole number"
        : typeof config?.safeParse !== "function"
          ? "no config: a Zod type"
          : null
  if (fault !== null)
    throw usageError({
      what: "The recipe is incomplete",
      where: reference,
      expected: "export default defineRecipe({ name, about, version, config, open })",
      got: fault,
    })
  return value
}

/** Whether a reference is the path of a module rather than a name. */
export const isModulePath = (reference: string): boolean => /\.[mc]?[jt]s$/.test(reference)

/** What a user's module exports, or a usage error that says why it cannot be loaded. */
export async function importModule(
  path: string,
  { what, where }: { what: string; where: string },
): Promise<Record<string, unknown>> {
  return loadModule(path).catch((error: unknown) => {
    throw usageError({ what: `Cannot load ${what}: ${faultOfModule(error)}`, where }, error)
  })
}

/** A module may throw anything while it is loaded. Which of our modules loads it is of no interest. */
const faultOfModule = (error: unknown): string =>
  oneLine(
    (error instanceof Error ? error.message : String(error))
      .split("\n")[0]!
      .replace(` imported from ${fileURLToPath(import.meta.url)}`, ""),
    200,
  )

/** The default export of a user's module; "cotyledon" is this package there. */
export const importDefault = async (path: string): Promise<unknown> => (await loadModule(path)).default

async function loadModule(path: string): Promise<Record<string, unknown>> {
  shareOwnPackage()
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>
}

export const isRecipe = (value: unknown): value is Recipe =>
  typeof value === "object" && value !== null && "open" in value && typeof value.open === "function"
