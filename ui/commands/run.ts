import { join, resolve } from "node:path"
import { codeDigest } from "../../pipelines/own-package.ts"
import { findRecipe, isModulePath } from "../../pipelines/recipes.ts"
import { CotyledonError, exitCode } from "../../pipelines/runtime/errors.ts"
import type { Recipe } from "../../pipelines/runtime/recipe.ts"
import { run as runRecipe } from "../../pipelines/runtime/run.ts"
import { defaultRun, loadTarget } from "../config-file.ts"
import { stopOnSignals } from "../interrupt.ts"
import { AttachedView } from "../live/attached.ts"
import type { CommonOptions } from "../options.ts"
import { shownPath } from "../print.ts"
import { ProgressLines } from "../progress-lines.ts"
import { projectionLines, projectPilot } from "../projection.ts"
import { report } from "../report-error.ts"
import { summaryLines } from "../summary.ts"

interface RunCommandOptions extends CommonOptions {
  out?: string
  limit?: number
  finish: boolean
  offline: boolean
  ledger?: string
}

/** `cotyledon run`. */
export async function run(target: string | undefined, options: RunCommandOptions): Promise<void> {
  const { recipe, reference, config, quickStart } = await loadTarget(target, { ...options, set: settings(options) })
  const out = options.out ?? defaultRun(reference)
  const shown = shownPath(out)
  let view: AttachedView | null = null
  const interrupt = stopOnSignals((text) => (view?.open ? view.notice(text) : process.stderr.write(`${text}\n`)))
  // While a view is open it says what they would; they go on where it ends.
  const lines = new ProgressLines((line) => {
    if (!view?.open) process.stderr.write(`${line}\n`)
  })
  const openView = () => {
    view ??= AttachedView.start({
      run: resolve(out),
      color: options.color,
      interrupt: () => interrupt.interrupt("SIGINT"),
      gone: (why) => say(why === null ? "The run goes on." : `The live view is gone (${why}); the run goes on.`),
    })
  }
  const startedMs = Date.now()
  const say = (text: string) => {
    if (!options.quiet) process.stderr.write(`${text}\n`)
  }
  const closeView = async () => (view as AttachedView | null)?.close()
  if (quickStart) for (const line of [...(findRecipe(reference)?.notice ?? []), ""]) say(line)
  try {
    const { manifest, reused } = await runRecipe({
      recipe: recipe as Recipe,
      recipeReference: reference,
      code: isModulePath(reference) ? codeDigest(reference) : null,
      config,
      out,
      limit: options.limit ?? null,
      finish: options.finish,
      offline: options.offline,
      executor:
        (options.workers ?? 1) > 1
          ? (await import("../../pipelines/executors/local.ts")).localExecutor(options.workers!)
          : null,
      signal: interrupt.signal,
      onEvent: (event) => {
        if (!options.quiet && !options.json && event.event === "run.started") openView()
        if (!options.quiet) lines.hear(event)
        if (options.json) process.stdout.write(`${JSON.stringify(event)}\n`)
      },
    })
    const elapsedMs = Date.now() - startedMs
    await closeView()
    for (const line of await summaryLines({ run: out, shown, manifest, reused, elapsedMs, config })) say(line)
    const projection =
      options.limit === undefined ? null : await projectPilot({ recipe: recipe as Recipe, run: out, config })
    if (projection) for (const line of projectionLines(projection)) say(line)
    if (options.json)
      process.stdout.write(
        `${JSON.stringify({
          event: "done",
          run: out,
          manifest: join(out, "manifest.json"),
          ...(projection && { projection }),
        })}\n`,
      )
  } catch (error) {
    await closeView()
    if (options.json && error instanceof CotyledonError)
      process.stdout.write(`${JSON.stringify({ event: "stopped", run: out, reason: error.message })}\n`)
    process.exitCode = report(error, { debug: options.debug, json: false })
    if (process.exitCode === exitCode.interrupted) say(`Run the same command again to go on.`)
  } finally {
    interrupt.release()
  }
}

/** The shared ledger of the command line, as a key of the config. */
function settings({ set, ledger }: RunCommandOptions): string[] {
  return ledger === undefined ? set : [...set, `ledger=${JSON.stringify(resolve(ledger))}`]
}
