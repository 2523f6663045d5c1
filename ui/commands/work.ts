import { loadRecipe } from "../../pipelines/recipes.ts"
import { usageError } from "../../pipelines/runtime/errors.ts"
import { readRecord } from "../../pipelines/runtime/run.ts"
import { work as workOn } from "../../pipelines/runtime/work.ts"
import { stopOnSignals } from "../interrupt.ts"
import type { CommonOptions } from "../options.ts"

/** `cotyledon work RUN STAGE TASK`. */
export async function work(run: string, stage: string, index: number, options: CommonOptions): Promise<void> {
  const record = await readRecord(run)
  if (!record)
    throw usageError({ what: "There is no run in this folder", where: run, expected: "a folder with run.json" })
  const recipe = await loadRecipe(record.recipe, process.cwd())
  if (!recipe) throw usageError({ what: `Unknown recipe ${record.recipe}`, where: `${run}/run.json` })
  const interrupt = stopOnSignals()
  try {
    const did = await workOn({ recipe, config: record.config, run, stage, index, signal: interrupt.signal })
    if (options.json)
      process.stdout.write(`${JSON.stringify({ event: "done", run, stage, task: index, reused: !did })}\n`)
    else if (!options.quiet)
      process.stderr.write(did ? `${stage} ${index}: done\n` : `${stage} ${index}: stood already\n`)
  } finally {
    interrupt.release()
  }
}
