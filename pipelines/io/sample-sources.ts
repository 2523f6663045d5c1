import { stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { SampleSourceConfig } from "../../schemas/mode-fusion-config.ts"
import type { ThinkingMode } from "../../schemas/source-sample.ts"
import { usageError } from "../runtime/errors.ts"
import { readManifest } from "../runtime/publish.ts"
import { readRecord } from "../runtime/run.ts"
import type { SampleFile } from "./samples.ts"
import { resolveSources } from "./source.ts"

/** Sources of one mode, under their key of the config. */
export interface SampleSources {
  readonly key: string
  readonly mode: ThinkingMode
  readonly sources: SampleSourceConfig | readonly SampleSourceConfig[]
}

/**
 * The files of samples of all sources, in their order. The folder of a run means the files of its dataset; everything else is as
 * `resolveSources` says. A file that is named twice is a usageError, in whichever modes.
 */
export async function resolveSamples(all: readonly SampleSources[], cwd: string): Promise<SampleFile[]> {
  const files: SampleFile[] = []
  const foundBy = new Map<string, string>()
  for (const { key, mode, sources } of all) {
    const list = Array.isArray(sources) ? sources : [sources as SampleSourceConfig]
    for (const [index, source] of list.entries()) {
      const where = list.length === 1 ? key : `${key}[${index}]`
      const declared = typeof source === "string" ? { path: source } : source
      const { category = null, language = null, path, ...rest } = declared
      const given = (await datasetOf(resolve(cwd, path), path, where)) ?? [path]
      const found = await resolveSources(
        given.map((path) => ({ ...rest, path })),
        { cwd, where },
      )
      for (const file of found) {
        const earlier = foundBy.get(file.path)
        if (earlier !== undefined)
          throw usageError({
            what: "The same file is listed twice",
            where: `${where}, ${file.path}`,
            got: `also by ${earlier}`,
            remedy: "Its rows would count twice: name it once.",
          })
        foundBy.set(file.path, where)
        files.push({ ...file, mode, category, language })
      }
    }
  }
  return files
}

/** The files of a run's dataset; null where the path is no run's folder. */
async function datasetOf(path: string, given: string, where: string): Promise<string[] | null> {
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false
  if (!isFolder || (await readRecord(path)) === null) return null
  const manifest = await readManifest(path)
  if (manifest === null)
    throw usageError({
      what: "The run has no dataset yet",
      where: `${where}, ${given}`,
      expected: "a finished run, with manifest.json",
      remedy: "Run it to its end; then its dataset can be taken.",
    })
  const files = manifest.shards.filter(({ rows }) => rows > 0).map((shard) => join(path, shard.path))
  if (files.length > 0) return files
  throw usageError({ what: "The run's dataset has no rows", where: `${where}, ${given}`, remedy: "Name another run." })
}
