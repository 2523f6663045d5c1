import { existsSync } from "node:fs"
import { link, readFile, rm, writeFile } from "node:fs/promises"
import { basename, dirname, extname, join, resolve } from "node:path"
import { loadRecipe, recipeNames } from "../../pipelines/recipes.ts"
import { temporaryName } from "../../pipelines/runtime/disk.ts"
import { usageError } from "../../pipelines/runtime/errors.ts"
import { configYaml } from "../init/config-yaml.ts"
import { editorSchema } from "../init/editor-schema.ts"
import { inputSchema } from "../key-notes.ts"
import type { CommonOptions } from "../options.ts"
import { checkFile } from "../output-file.ts"
import { shownPath } from "../print.ts"

/** `cotyledon init RECIPE [FILE]`: FILE defaults to `RECIPE.yaml`; `-` prints the config and writes nothing. */
export async function init(reference: string, file: string | undefined, options: CommonOptions): Promise<void> {
  const recipe = await loadRecipe(reference, process.cwd())
  if (!recipe)
    throw usageError({
      what: `Unknown recipe ${reference}`,
      expected: `one of ${recipeNames().join(", ")}, or the path of a recipe`,
    })
  const schema = inputSchema(recipe.config)
  if (file === "-") {
    process.stdout.write(configYaml(schema, { recipe: reference, about: recipe.about, schemaPath: null }))
    return
  }
  const path = file ?? `${recipe.name}.yaml`
  if (extname(path) !== ".yaml" && extname(path) !== ".yml")
    throw usageError({ what: "A config is written as YAML", where: path, expected: "a name that ends in .yaml, or -" })
  await checkNewFile("FILE", path)
  const schemaPath = join(dirname(path), `${recipe.name}.schema.json`)
  const schemaName = basename(schemaPath)
  await writeSchema(schemaPath, editorSchema(recipe.config))
  await writeNew(
    path,
    configYaml(schema, { recipe: reference, about: recipe.about, schemaPath: schemaName }),
    "Choose another FILE, or remove it first.",
  )
  if (options.json) process.stdout.write(`${JSON.stringify({ config: path, schema: schemaPath })}\n`)
  else if (!options.quiet)
    process.stderr.write(
      `${shownPath(path)} is written, and ${shownPath(schemaPath)} for editors. Set its ${requiredKeys(schema).join(" and ")}, then:\n` +
        `  cotyledon plan ${shownPath(path)}\n  cotyledon run ${shownPath(path)} --limit 20\n`,
    )
}

/** Says of FILE what would else be said of the schema beside it. */
async function checkNewFile(name: string, path: string): Promise<void> {
  await checkFile(name, resolve(path))
  if (!existsSync(dirname(resolve(path))))
    throw usageError({ what: `There is no folder for ${name}`, where: path, remedy: "Make it first." })
}

/** The keys that a user must set. */
const requiredKeys = ({ required = [] }: ReturnType<typeof inputSchema>): string[] =>
  required.filter((key) => key !== "recipe")

/** A schema that stands there already is left when it is the same. */
async function writeSchema(path: string, text: string): Promise<void> {
  const standing = await readFile(path, "utf8").catch(() => null)
  if (standing !== text)
    await writeNew(path, text, "If `init` of another version wrote it, remove it; else choose another folder.")
}

/** Writes a file whole, and only where none stands. */
async function writeNew(path: string, text: string, remedy: string): Promise<void> {
  const temporary = temporaryName(path)
  try {
    await writeFile(temporary, text, { flag: "wx" })
    await link(temporary, path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === "EEXIST")
      throw usageError({ what: "The file stands already and is not overwritten", where: path, remedy }, error)
    throw usageError(
      { what: "Cannot write", where: path, got: code, remedy: "Name a folder that can be written to." },
      error,
    )
  } finally {
    await rm(temporary, { force: true })
  }
}
