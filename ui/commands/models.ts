import { stat } from "node:fs/promises"
import { join } from "node:path"
import {
  defaultModelName,
  type EmbeddedModel,
  findModel,
  listModels,
} from "../../annotators/endpoint/embedded/catalogue.ts"
import { cacheFolder, getWeights, type WeightsProgress } from "../../annotators/endpoint/embedded/weights.ts"
import { CotyledonError, exitCode, usageError } from "../../pipelines/runtime/errors.ts"
import { nearest } from "../../schemas/strict.ts"
import type { CommonOptions } from "../options.ts"
import { grouped } from "../print.ts"

interface ModelsOptions extends CommonOptions {
  from?: string
  host: string
  port: number
  contexts?: number
  contextTokens?: number
  queue?: number
  grace: number
}

const actions = { list, get, serve } as const

/** `cotyledon models list|get|serve [MODEL]`; MODEL defaults to the one that `baseUrl: embedded` means. */
export async function models(action: string, model: string | undefined, options: ModelsOptions): Promise<void> {
  if (!Object.hasOwn(actions, action)) {
    const near = nearest(action, Object.keys(actions))
    throw usageError({
      what: `Unknown action ${action}`,
      expected: `models ${Object.keys(actions).join("|")}`,
      ...(near !== null && { remedy: `Did you mean models ${near}?` }),
    })
  }
  await actions[action as keyof typeof actions](model, options)
}

async function list(model: string | undefined, options: ModelsOptions): Promise<void> {
  const shown = model === undefined ? listModels() : [findModel(model)]
  const all = await Promise.all(shown.map(async (model) => ({ ...briefly(model), cached: await isHere(model) })))
  if (options.json) process.stdout.write(`${JSON.stringify(all)}\n`)
  else for (const line of modelLines(all)) process.stdout.write(`${line}\n`)
}

const briefly = ({ name, about, license, parameters, bytes, contextTokens, dualMode }: EmbeddedModel) => ({
  name,
  about,
  license,
  parameters,
  bytes,
  contextTokens,
  dualMode,
  default: name === defaultModelName,
})

/** Each model in two lines: name, size, licence and whether it is here; what it is for. */
export function modelLines(models: readonly (ReturnType<typeof briefly> & { cached: boolean })[]): string[] {
  const names = Math.max(...models.map(({ name }) => name.length))
  const sizes = Math.max(...models.map(({ bytes }) => megabytes(bytes).length))
  return models.flatMap(({ name, about, license, bytes, cached, default: isDefault }) => [
    `${name.padEnd(names)}  ${megabytes(bytes).padStart(sizes)} MB  ${license}  ${cached ? "here" : "not here"}` +
      (isDefault ? ", the default" : ""),
    `  ${about}`,
  ])
}

const megabytes = (bytes: number): string => grouped(bytes / 1e6)

/** Whether a file of the right size stands where `models get` looks first; its digest is checked when it is used. */
async function isHere(model: EmbeddedModel): Promise<boolean> {
  const folders = [
    ...(process.env.COTYLEDON_MODEL_DIR ? [process.env.COTYLEDON_MODEL_DIR] : []),
    join(cacheFolder(), "models", model.sha256),
  ]
  for (const folder of folders) {
    const found = await stat(join(folder, model.file)).catch(() => null)
    if (found?.size === model.bytes) return true
  }
  return false
}

async function get(model: string | undefined, options: ModelsOptions): Promise<void> {
  const name = findModel(model ?? defaultModelName).name
  const { signal, release } = endOnSignals()
  try {
    const { path, sha256 } = await getWeights(name, {
      ...(options.from !== undefined && { from: options.from }),
      signal,
      onProgress: progressLines(name, options.quiet),
    })
    process.stdout.write(options.json ? `${JSON.stringify({ name, path, sha256 })}\n` : `${path}\n`)
  } finally {
    release()
  }
}

/** Serves in the foreground until SIGINT or SIGTERM, and answers what is open: ending is what it was asked for then, so the exit code is 0. */
async function serve(model: string | undefined, options: ModelsOptions): Promise<void> {
  const name = findModel(model ?? defaultModelName).name
  const { serveModel } = await import("../../annotators/endpoint/embedded/child.ts")
  const { signal, release } = endOnSignals()
  try {
    await serveModel({
      model: name,
      host: options.host,
      port: options.port,
      ...(options.contexts !== undefined && { contexts: options.contexts }),
      ...(options.contextTokens !== undefined && { contextTokens: options.contextTokens }),
      ...(options.queue !== undefined && { maxWaiting: options.queue }),
      graceMs: options.grace * 1_000,
      signal,
      onProgress: progressLines(name, options.quiet),
      onListening: ({ baseUrl, identity }) => {
        if (options.json) process.stdout.write(`${JSON.stringify({ url: baseUrl, model: name, identity })}\n`)
        process.stderr.write(`${name} answers at ${baseUrl}; Ctrl-C ends it\n`)
      },
    })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    release()
  }
}

/** Aborted by the first SIGINT or SIGTERM. */
function endOnSignals(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const end = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted)
    controller.abort(interrupted(name))
  }
  process.on("SIGINT", end).on("SIGTERM", end)
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", end).off("SIGTERM", end)
    },
  }
}

const interrupted = (name: string) =>
  new CotyledonError(exitCode.interrupted, {
    what: `Interrupted by ${name}`,
    remedy: "What came is kept; the same command goes on from it.",
  })

/** Progress on stderr: a line when the source changes, then at most one a second. */
function progressLines(model: string, quiet: boolean): (progress: WeightsProgress) => void {
  let lastMs = 0
  let lastSource = ""
  return ({ source, doneBytes, totalBytes }) => {
    const now = Date.now()
    if (quiet || (source === lastSource && now - lastMs < 1_000)) return
    lastMs = now
    lastSource = source
    process.stderr.write(`${model} (${source}): ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB\n`)
  }
}
