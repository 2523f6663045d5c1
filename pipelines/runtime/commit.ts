// A task is done when its commit stands: one small file, written last, that names the whole shards and says what they were made
// from. Whoever wants to know whether work is finished reads commits; there is no other state.
import { readdir, readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Counts, DropsByReason } from "../../schemas/event.ts"
import { writeWhole } from "./disk.ts"
import { canonicalJson, type Digest, digestOf } from "./fingerprint.ts"
import { expectFormat } from "./format.ts"
import type { Tally } from "./step.ts"

/** A whole file of a dataset. `path` is relative to the run's folder. */
export interface Shard {
  path: string
  rows: number
  bytes: number
  sha256: Digest
}

/** Everything that a task's output depends on besides settled effects. */
export interface Basis {
  steps: { id: string; version: number; params: unknown }[]
  /** SHA-256 of the bytes of each input. */
  inputs: Digest[]
  side: Record<string, Digest[]>
}

/** A finished task. */
export interface Commit {
  format: 1
  stage: string
  index: number
  fingerprint: Digest
  basis: Basis
  outputs: Shard[]
  dropped: Shard | null
  failed: Shard | null
  counts: Counts
  drops: DropsByReason
  tallies: Tally
  /** Rows that failed, or lack a part, through no fault of their own: a rerun tries them again. */
  retryable: number
}

export const fingerprintOf = (basis: Basis): Digest => digestOf({ format: 1, ...basis })

/** `stages/draft/00003` + ending: a task's files. */
export const taskName = (stage: string, index: number): string => `stages/${stage}/${String(index).padStart(5, "0")}`

/** The commit of a task, or null where there is none or its files are not whole. Rejects with a usage error for one of another format. */
export async function readCommit(run: string, stage: string, index: number): Promise<Commit | null> {
  const text = await readFile(join(run, `${taskName(stage, index)}.json`), "utf8").catch(() => null)
  if (text === null) return null
  let commit: Commit
  try {
    commit = JSON.parse(text) as Commit
  } catch {
    return null
  }
  // What is damaged is made again; what a newer version made is not.
  if (typeof commit?.format !== "number") return null
  expectFormat("A finished task", join(run, `${taskName(stage, index)}.json`), commit.format)
  for (const shard of shardsOf(commit)) {
    const size = await stat(join(run, shard.path)).then(
      ({ size }) => size,
      () => -1,
    )
    if (size !== shard.bytes) return null
  }
  return commit
}

/** All commits of a stage, by index. */
export async function readCommits(run: string, stage: string): Promise<Commit[]> {
  const names = await readdir(join(run, "stages", stage)).catch(() => [])
  const commits: Commit[] = []
  const indexes = names.filter((name) => /^\d+\.json$/.test(name)).map((name) => Number.parseInt(name, 10))
  for (const index of indexes.sort((a, b) => a - b)) {
    const commit = await readCommit(run, stage, index)
    if (commit) commits.push(commit)
  }
  return commits
}

/** Writes a commit, then removes what an earlier commit of the task left behind. The shards stand already. */
export async function writeCommit(run: string, commit: Commit): Promise<void> {
  await writeWhole(join(run, `${taskName(commit.stage, commit.index)}.json`), `${JSON.stringify(commit, null, 1)}\n`)
  const kept = new Set(shardsOf(commit).map(({ path }) => path))
  const folder = `stages/${commit.stage}`
  const prefix = `${String(commit.index).padStart(5, "0")}-`
  for (const name of await readdir(join(run, folder)))
    if (name.startsWith(prefix) && name.endsWith(".parquet") && !kept.has(`${folder}/${name}`))
      await rm(join(run, folder, name), { force: true })
}

/** Removes the commits of tasks that the stage no longer has. */
export async function removeCommitsFrom(run: string, stage: string, tasks: number): Promise<void> {
  const folder = join(run, "stages", stage)
  for (const name of await readdir(folder).catch(() => []))
    if (/^\d{5,}[.-]/.test(name) && Number.parseInt(name, 10) >= tasks) await rm(join(folder, name), { force: true })
}

const shardsOf = ({ outputs, dropped, failed }: Commit): Shard[] =>
  [...outputs, dropped, failed].filter((shard) => shard !== null)

/** Why a task cannot be reused, in words; null when it can. */
export function whyNotReused(commit: Commit | null, basis: Basis): string | null {
  if (!commit) return "not done yet"
  if (commit.fingerprint === fingerprintOf(basis))
    return commit.retryable > 0 ? `${commit.retryable} rows with failed effects are tried again` : null
  const reasons: string[] = []
  const before = [...commit.basis.steps]
  for (const { id, version, params } of basis.steps) {
    const at = before.findIndex((step) => step.id === id)
    const old = at < 0 ? undefined : before.splice(at, 1)[0]
    if (!old) reasons.push(`step ${id} is new`)
    else if (old.version !== version) reasons.push(`step ${id} is version ${version}, was ${old.version}`)
    else if (canonicalJson(old.params) !== canonicalJson(params))
      reasons.push(`step ${id}: ${paramChanges(old.params, params).slice(0, 3).join(", ")}`)
  }
  for (const { id } of before) reasons.push(`step ${id} is gone`)
  if (canonicalJson(commit.basis.inputs) !== canonicalJson(basis.inputs)) reasons.push("its input changed")
  for (const [id, digests] of Object.entries(basis.side))
    if (canonicalJson(commit.basis.side[id] ?? null) !== canonicalJson(digests)) reasons.push(`${id} changed`)
  for (const id of Object.keys(commit.basis.side)) if (!basis.side[id]) reasons.push(`${id} is read no more`)
  return reasons.length > 0 ? reasons.join("; ") : "the order of its steps changed"
}

function paramChanges(before: unknown, after: unknown, path = ""): string[] {
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return []
  if (isPlainObject(before) && isPlainObject(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      paramChanges(before[key], after[key], path ? `${path}.${key}` : key),
    )
  return [`${path || "params"} ${short(before)} -> ${short(after)}`]
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

function short(value: unknown): string {
  const text = value === undefined ? "unset" : JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 37)}...` : text
}
