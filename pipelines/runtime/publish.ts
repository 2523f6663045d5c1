// Makes the run's datasets from its commits: the final one, those beside it, the dropped and failed rows, the manifest. The manifest
// is written last; where it stands, everything that it names is whole.
import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Table } from "../../schemas/columns.ts"
import type { DropsByReason } from "../../schemas/event.ts"
import type { Manifest, ManifestShard } from "../../schemas/manifest.ts"
import { droppedRow, failedRow } from "../../schemas/rejection.ts"
import type { Commit, Shard } from "./commit.ts"
import { addDrops, addTally } from "./counts.ts"
import { writeFailure, writeWhole } from "./disk.ts"
import { digestOf } from "./fingerprint.ts"
import { expectFormat } from "./format.ts"
import type { Pipeline } from "./recipe.ts"
import { rowsIn } from "./reduce-task.ts"
import { canonicalRowJson } from "./row-json.ts"
import { ShardWriter } from "./shard-writer.ts"
import type { SourceDigest } from "./stage.ts"
import type { Row } from "./step.ts"
import { version } from "./version.ts"

/** Rows of a file of a published dataset. */
const rowsPerFile = 10_000

/** What was published. */
export interface Publication {
  manifest: Manifest
  /** True when it stood already. */
  reused: boolean
}

interface PublishOptions {
  run: string
  recipe: string
  /** Rises when the recipe makes other datasets of the same stages. */
  recipeVersion: number
  seed: number | null
  pipeline: Pipeline
  commits: ReadonlyMap<string, Commit[]>
  inputs: SourceDigest[]
  limit: number | null
  finished: boolean
}

/** Publishes a run whose stages are all done. Same commits, same bytes. */
export async function publish(options: PublishOptions): Promise<Publication> {
  const { run, recipe, recipeVersion, seed, pipeline, commits, inputs, limit, finished } = options
  const lineage: Manifest["lineage"] = {
    fingerprint: digestOf({
      version: 1,
      recipe,
      recipeVersion,
      seed,
      finished,
      exports: pipeline.exports.map(({ folder, from, table }) => ({ folder, from, schema: `${table.schema}` })),
      commits: [...commits].map(([stage, done]) => [
        stage,
        done.map(({ fingerprint, outputs, dropped, failed }) => ({ fingerprint, outputs, dropped, failed })),
      ]),
    }),
    inputs,
    stages: [...commits].map(([stage, [first]]) => ({
      stage,
      steps: (first?.basis.steps ?? []).map(({ id, version, params }) => ({
        id,
        version,
        params_sha256: digestOf(params),
      })),
    })),
    models: pipeline.endpoints.map(({ role, identity }) => ({ role, identity })),
    limit,
    finished_early: finished,
  }
  const standing = await readManifest(run)
  if (standing?.lineage.fingerprint === lineage.fingerprint && (await standsWhole(run, standing)))
    return { manifest: standing, reused: true }

  await rm(join(run, "manifest.json"), { force: true })
  const counted = countRows(pipeline, commits)
  const licenses = new Map<string, Manifest["license"][number]>()
  const mixture = new Map<string, number>()
  const shards: Record<string, ManifestShard[]> = {}
  for (const { folder, from, table, rows } of pipeline.exports) {
    const source = commits.get(from)!.flatMap(({ outputs }) => outputs)
    const isFinal = folder === pipeline.exports[0]!.folder
    shards[folder] = await writeFolder(run, folder, table, mapRows(rowsIn(run, source), rows), (row) => {
      if (!isFinal) return
      const license = (row.license as string | null | undefined) ?? null
      const source = String(row.source ?? "")
      const key = canonicalRowJson([license, source])
      const known = licenses.get(key) ?? { license, source, rows: 0 }
      licenses.set(key, { ...known, rows: known.rows + 1 })
      if (typeof row.domain === "string") mixture.set(row.domain, (mixture.get(row.domain) ?? 0) + 1)
    })
  }
  const along = pipeline.path.flatMap((stage) => commits.get(stage)!)
  shards.dropped = await writeFolder(
    run,
    "dropped",
    droppedRow,
    rowsIn(run, present(along.map(({ dropped }) => dropped))),
  )
  shards.failed = await writeFolder(run, "failed", failedRow, rowsIn(run, present(along.map(({ failed }) => failed))))

  const { [pipeline.exports[0]!.folder]: dataset = [], ...beside } = shards
  const manifest: Manifest = {
    schema_version: 1,
    stage: recipe,
    created_by: `cotyledon ${version}`,
    git_commit: null,
    seed,
    license: [...licenses.values()].sort((a, b) => (canonicalRowJson(a) < canonicalRowJson(b) ? -1 : 1)),
    lineage,
    shards: dataset,
    beside,
    ...counted,
    mixture: [...mixture].sort(([a], [b]) => (a < b ? -1 : 1)).map(([domain, rows]) => ({ domain, rows })),
  }
  await writeWhole(join(run, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`)
  return { manifest, reused: false }
}

/** The rows that failed in a run that stopped, as far as they are known: those of its commits and of its unfinished tasks. */
export async function publishFailures(
  run: string,
  commits: readonly Commit[],
  unfinished: readonly Row[],
): Promise<void> {
  async function* all(): AsyncGenerator<Row> {
    yield* rowsIn(run, present(commits.map(({ failed }) => failed)))
    yield* unfinished
  }
  const failed = await writeFolder(run, "failed", failedRow, all())
  // The manifest of an earlier end must not name other failures than there are.
  const standing = await readManifest(run)
  if (standing && canonicalRowJson(standing.beside.failed) !== canonicalRowJson(failed))
    await rm(join(run, "manifest.json"), { force: true })
}

/**
 * Source rows along the path: what the first stage read, what the last one passed on, what was lost on the way and why; losses in the
 * order of the steps.
 */
export function countRows(
  { path, stages }: Pick<Pipeline, "path" | "stages">,
  commits: ReadonlyMap<string, readonly Commit[]>,
): Pick<Manifest, "rows" | "drops" | "tallies"> {
  const rows: Manifest["rows"] = { in: 0, out: 0, dropped: 0, failed: 0 }
  const drops: DropsByReason = {}
  const tallies: Manifest["tallies"] = {}
  for (const stage of path) {
    const inOrder = stages.find(({ id }) => id === stage)
    const lost: DropsByReason = {}
    for (const { counts, drops: dropped, tallies: counted } of commits.get(stage) ?? []) {
      if (stage === path[0]) rows.in += counts.in
      if (stage === path.at(-1)) rows.out += counts.out
      rows.dropped += counts.dropped
      rows.failed += counts.failed
      if (counts.born > 0) rows.born = (rows.born ?? 0) + counts.born
      addDrops(lost, dropped)
      if (Object.keys(counted).length > 0) tallies[stage] = addTally(tallies[stage] ?? {}, counted)
    }
    for (const { id } of inOrder?.kind === "map" ? inOrder.steps : [{ id: stage }])
      if (lost[id]) addDrops(drops, { [id]: lost[id] })
  }
  return { rows, drops, tallies }
}

/** A run's manifest, or null where it has none. Rejects with a usage error for one of another format. */
export async function readManifest(run: string): Promise<Manifest | null> {
  const text = await readFile(join(run, "manifest.json"), "utf8").catch(() => null)
  if (text === null) return null
  let manifest: Manifest
  try {
    manifest = JSON.parse(text) as Manifest
  } catch {
    return null
  }
  if (typeof manifest?.schema_version !== "number") return null
  expectFormat("The manifest", join(run, "manifest.json"), manifest.schema_version)
  return manifest
}

async function standsWhole(run: string, { shards, beside }: Manifest): Promise<boolean> {
  for (const shard of [...shards, ...Object.values(beside).flat()]) {
    const bytes = await stat(join(run, shard.path)).then(
      ({ size }) => size,
      () => -1,
    )
    if (bytes !== shard.bytes) return false
  }
  return true
}

const present = (shards: readonly (Shard | null)[]): Shard[] => shards.filter((shard) => shard !== null)

async function* mapRows(rows: AsyncIterable<Row>, exported: (row: Row) => Row[]): AsyncGenerator<Row> {
  for await (const row of rows) yield* exported(row)
}

async function writeFolder(
  run: string,
  folder: string,
  table: Table,
  rows: AsyncIterable<Row>,
  see: (row: Row) => void = () => {},
): Promise<ManifestShard[]> {
  const files: { writer: ShardWriter; hash: ReturnType<typeof createHash>; rows: number }[] = []
  const start = () => {
    const path = `${folder}/part-${String(files.length).padStart(5, "0")}.parquet`
    files.push({ writer: new ShardWriter(run, path, table.schema), hash: createHash("sha256"), rows: 0 })
  }
  try {
    for await (const row of rows) {
      if (files.length === 0 || files.at(-1)!.rows >= rowsPerFile) {
        await files.at(-1)?.writer.close()
        start()
      }
      const file = files.at(-1)!
      file.rows++
      file.hash.update(`${canonicalRowJson(row)}\n`)
      see(row)
      await file.writer.add(row)
    }
    // An empty dataset is a file with a schema and no rows, so that whoever reads the folder finds one.
    if (files.length === 0) start()
    await files.at(-1)!.writer.close()
    const shards: ManifestShard[] = []
    for (const { writer, hash } of files) {
      const shard = await writer.publish()
      shards.push({ ...shard, logical_sha256: hash.digest("hex"), schema: `${table.schema}` })
    }
    await removeOthers(join(run, folder), shards)
    return shards
  } catch (error) {
    for (const { writer } of files) await writer.abort().catch(() => {})
    throw error
  }
}

async function removeOthers(folder: string, shards: readonly ManifestShard[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const kept = new Set(shards.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)))
    for (const name of await readdir(folder))
      if (/^part-\d+\.parquet/.test(name) && !kept.has(name)) await rm(join(folder, name), { force: true })
  } catch (error) {
    throw writeFailure(folder, error)
  }
}
