import { loadRecipe } from "../../pipelines/recipes.ts"
import { cleanRun } from "../../pipelines/runtime/clean.ts"
import { openRecipe } from "../../pipelines/runtime/open-recipe.ts"
import { readRecord } from "../../pipelines/runtime/run.ts"
import type { CommonOptions } from "../options.ts"
import { bytes, columns, grouped, shownPath } from "../print.ts"

interface CleanCommandOptions extends CommonOptions {
  dryRun: boolean
}

/** `cotyledon clean RUN`. */
export async function clean(run: string, options: CleanCommandOptions): Promise<void> {
  const result = await cleanRun({ run, stages: await stagesOf(run), dryRun: options.dryRun })
  if (options.json) {
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  const verb = options.dryRun ? "would remove" : "removed"
  const lines = [
    result.files === 0
      ? `${shownPath(run)}: nothing to remove`
      : `${shownPath(run)}: ${verb} ${grouped(result.files)} files, ${bytes(result.bytes)}`,
    ...columns(result.cleaned.map(({ what, files, bytes: size }) => [what, `${grouped(files)} files`, bytes(size)])),
  ]
  for (const line of lines) process.stdout.write(`${line}\n`)
}

/** The stages of the run's config; null where its recipe cannot be loaded any more. */
async function stagesOf(run: string): Promise<string[] | null> {
  const record = await readRecord(run)
  if (!record) return null
  try {
    const recipe = await loadRecipe(record.recipe, process.cwd())
    const pipeline = recipe && openRecipe(recipe, record.config)
    await pipeline?.close()
    return pipeline?.stages.map(({ id }) => id) ?? null
  } catch {
    return null
  }
}
