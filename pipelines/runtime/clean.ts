// Removes from a run's folder what nothing refers to any more. Never what was paid for: of the ledger only indexes that another index
// covers and files that a killed process was writing.
import { readdir, readFile, rm, rmdir, stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { Manifest } from "../../schemas/manifest.ts"
import { readCommits } from "./commit.ts"
import { CotyledonError, exitCode, usageError } from "./errors.ts"
import { eventSegments, lastStart, readSnapshot } from "./events.ts"
import { supersededIndexes } from "./ledger.ts"
import { Lock, ownerOf } from "./lock.ts"
import { readManifest } from "./publish.ts"

/** Which run is cleaned, and whether it is only looked at. */
export interface CleanOptions {
  run: string
  /** The recipe's stages; null where the recipe cannot be loaded: all stage folders are then kept. */
  stages: readonly string[] | null
  /** Only says what would go. */
  dryRun?: boolean
}

/** One kind of what goes. */
export interface Cleaned {
  what:
    | "scratch"
    | "stage shards"
    | "stages of other configs"
    | "published files"
    | "ledger indexes"
    | "events"
    | "leases"
  files: number
  bytes: number
}

/** What nothing referred to: files and bytes, by kind. */
export interface CleanResult {
  run: string
  dryRun: boolean
  files: number
  bytes: number
  cleaned: Cleaned[]
}

/**
 * Cleans a run's folder. Rejects with a usage error where there is no run, and as held while a process runs it or works on one of its
 * tasks.
 */
export async function cleanRun({ run, stages, dryRun = false }: CleanOptions): Promise<CleanResult> {
  const folder = resolve(run)
  await readFile(join(folder, "run.json")).catch((error) => {
    throw usageError(
      { what: "There is no run in this folder", where: folder, expected: "a folder with run.json" },
      error,
    )
  })
  const lock = await Lock.take(join(folder, "locks", "coordinator"))
  if (!(lock instanceof Lock)) throw held(folder, `process ${lock.pid} on ${lock.host}`)
  try {
    for (const lease of await namesIn(join(folder, "leases"))) {
      const owner = await ownerOf(join(folder, "leases", lease))
      if (owner) throw held(folder, `process ${owner.pid} on ${owner.host}, task ${lease}`)
    }
    const found: { what: Cleaned["what"]; path: string; bytes: number }[] = []
    for (const [what, paths] of await garbageOf(folder, stages))
      for (const path of paths) {
        const size = await stat(join(folder, path)).then(
          (of) => (of.isFile() ? of.size : null),
          () => null,
        )
        if (size !== null && !found.some((other) => other.path === path)) found.push({ what, path, bytes: size })
      }
    if (!dryRun) {
      for (const { path } of found) await rm(join(folder, path), { force: true })
      await removeEmpty(folder)
    }
    const cleaned = new Map<Cleaned["what"], Cleaned>()
    for (const { what, bytes } of found) {
      const sum = cleaned.get(what) ?? { what, files: 0, bytes: 0 }
      cleaned.set(what, { what, files: sum.files + 1, bytes: sum.bytes + bytes })
    }
    return {
      run: folder,
      dryRun,
      files: found.length,
      bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
      cleaned: [...cleaned.values()],
    }
  } finally {
    await lock.release()
  }
}

/** Paths relative to the run's folder, by kind. */
async function garbageOf(folder: string, stages: readonly string[] | null): Promise<[Cleaned["what"], string[]][]> {
  const all = await readdir(folder, { recursive: true })
  const under = (prefix: string) => all.filter((path) => path.startsWith(`${prefix}/`))
  const shards: string[] = []
  const strangers: string[] = []
  for (const stage of await namesIn(join(folder, "stages"))) {
    if (stages !== null && !stages.includes(stage)) {
      strangers.push(...under(`stages/${stage}`))
      continue
    }
    const named = new Set(
      (await readCommits(folder, stage)).flatMap(({ outputs, dropped, failed }) =>
        [...outputs, dropped, failed].flatMap((shard) => (shard ? [shard.path] : [])),
      ),
    )
    shards.push(...under(`stages/${stage}`).filter((path) => path.endsWith(".parquet") && !named.has(path)))
  }
  return [
    ["scratch", all.filter((path) => path.endsWith(".tmp"))],
    ["stages of other configs", strangers],
    ["stage shards", shards],
    ["published files", await unnamed(await readManifest(folder), all)],
    ["ledger indexes", (await supersededIndexes(join(folder, "ledger"))).map((name) => `ledger/${name}`)],
    ["events", await oldSegments(folder)],
    ["leases", under("leases")],
  ]
}

/** Files of published folders that the manifest does not name. Without a manifest nothing is known of them. */
async function unnamed(manifest: Manifest | null, all: readonly string[]): Promise<string[]> {
  if (!manifest) return []
  const named = new Set([...manifest.shards, ...Object.values(manifest.beside).flat()].map(({ path }) => path))
  return all.filter((path) => /^[^/]+\/part-\d+\.parquet$/.test(path) && !named.has(path))
}

/** Segments before the run's last start, and those that its snapshot covers; the first of the last start stays, for it says so. */
async function oldSegments(folder: string): Promise<string[]> {
  const events = join(folder, "events")
  const segments = await eventSegments(events)
  const start = await lastStart(events, segments)
  if (start === null) return []
  const snapshot = await readSnapshot(events)
  const covered = snapshot?.first === start ? snapshot.covered : []
  return segments
    .filter((name, at) => at < segments.indexOf(start) || (covered.includes(name) && name !== start))
    .map((name) => `events/${name}`)
}

/** Folders of leases and of stages that have nothing left in them. */
async function removeEmpty(folder: string): Promise<void> {
  for (const parent of ["leases", "stages"]) {
    for (const name of await namesIn(join(folder, parent))) await rmdir(join(folder, parent, name)).catch(() => {})
    if (parent === "leases") await rmdir(join(folder, parent)).catch(() => {})
  }
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

const held = (folder: string, owner: string): CotyledonError =>
  new CotyledonError(exitCode.held, {
    what: "Another process works on this run",
    where: folder,
    got: owner,
    remedy: "Clean it when that has ended.",
  })
