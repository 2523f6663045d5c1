// What a fault test starts from: questions, a config, a folder; and what it looks at in the end.
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect } from "vitest"
import { readParquet } from "../../pipelines/io/parquet.ts"
import { rowsOf } from "../../pipelines/runtime/batch.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { Manifest } from "../../schemas/manifest.ts"

const folders: string[] = []

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** A folder of this test file's own. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cotyledon-fault-"))
  folders.push(folder)
  return folder
}

/** A question as a source has it. */
export interface SourceQuestion {
  id: string
  question: string
  reference: string
}

/** Sums that the stand-in answers, and among them some that its judge drops. */
export function sums(count: number): SourceQuestion[] {
  return Array.from({ length: count }, (_, at) => {
    const [a, b] = [at + 1, (at * 7) % 31]
    const question =
      at % 17 === 16
        ? `Write an essay about the number ${a}.`
        : at % 23 === 22
          ? `Prove that (a) ${a} is positive and (b) ${a} is not 0.`
          : `What is ${a} + ${b}?`
    return { id: `q${a}`, question, reference: String(a + b) }
  })
}

/** Rows as JSON Lines. */
export const jsonLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("")

interface Scene {
  folder: string
  /** Path of the config. */
  config: string
  /** Path of the questions. */
  questions: string
}

type Settings = Record<string, unknown>

/** Writes questions and a config for two roles at an endpoint. `model` goes to both roles, the rest over the config. */
export async function scene(
  url: string,
  {
    questions = sums(60),
    model = {},
    config = {},
  }: { questions?: unknown[]; model?: Settings; config?: Settings } = {},
): Promise<Scene> {
  const folder = await newFolder()
  const paths = { folder, config: join(folder, "config.json"), questions: join(folder, "questions.jsonl") }
  await writeFile(paths.questions, jsonLines(questions))
  await writeConfig(paths.config, url, { model, config })
  return paths
}

/** Writes a config that reads `questions.jsonl` beside it. */
export async function writeConfig(
  path: string,
  url: string,
  { model = {}, config = {} }: { model?: Settings; config?: Settings } = {},
): Promise<void> {
  const role = { baseUrl: url, model: "fake", maxInFlight: 4, ...model }
  const whole = {
    recipe: "cold-start",
    questions: ["questions.jsonl"],
    models: { judge: role, drafter: role },
    drafts: { maxTokens: 512 },
    judging: { directAttempts: 1 },
    reserve: { share: 0.1 },
    review: { share: 0.1 },
    rowsPerShard: 10,
    ...config,
  }
  await writeFile(path, JSON.stringify(whole))
}

const published = ["dataset", "unfiltered", "review", "selection-report", "mixture-report", "dropped", "failed"]

/** SHA-256 of each published file of a run, by path. */
export async function publishedBytes(run: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  for (const path of ["manifest.json", ...(await filesUnder(run)).filter((path) => published.includes(folderOf(path)))])
    digests[path] = createHash("sha256")
      .update(await readFile(join(run, path)))
      .digest("hex")
  return digests
}

const folderOf = (path: string): string => path.split("/")[0]!

/** Files under a folder, relative to it, sorted. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

/** The rows of a published dataset. */
export async function publishedRows(run: string, dataset: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const name of (await readdir(join(run, dataset))).sort())
    for await (const batch of readParquet(join(run, dataset, name))) rows.push(...rowsOf(batch))
  return rows
}

export const readManifest = async (run: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(run, "manifest.json"), "utf8")) as Manifest

/** Nothing of a run is half there: no scratch file, no live lock, each file that has its name is whole. */
export async function expectWhole(run: string): Promise<void> {
  const files = await filesUnder(run)
  expect(files.filter((path) => path.endsWith(".tmp"))).toEqual([])
  expect(existsSync(join(run, "leases"))).toBe(false)
  const locks = files.filter((path) => path.startsWith("locks/coordinator/"))
  expect(locks).toHaveLength(1)
  expect(JSON.parse(await readFile(join(run, locks[0]!), "utf8"))).toMatchObject({ released: true })
  await expectNamedFilesWhole(run)
}

/** Every Parquet file that has its name can be read to its end; what commits and the manifest name stands with these bytes. */
export async function expectNamedFilesWhole(run: string): Promise<void> {
  for (const path of await filesUnder(run)) {
    if (path.endsWith(".parquet")) for await (const _ of readParquet(join(run, path)));
    if (/^stages\/[^/]+\/\d+\.json$/.test(path)) {
      const { outputs, dropped, failed } = JSON.parse(await readFile(join(run, path), "utf8")) as CommitFile
      await expectBytes(run, [...outputs, dropped, failed])
    }
  }
  if (existsSync(join(run, "manifest.json"))) {
    const { shards, beside } = await readManifest(run)
    await expectBytes(run, [...shards, ...Object.values(beside).flat()])
  }
}

interface NamedFile {
  path: string
  sha256: string
}
interface CommitFile {
  outputs: NamedFile[]
  dropped: NamedFile | null
  failed: NamedFile | null
}

async function expectBytes(run: string, files: readonly (NamedFile | null)[]): Promise<void> {
  for (const file of files.filter((file) => file !== null)) {
    const digest = createHash("sha256").update(await readFile(join(run, file.path)))
    expect({ path: file.path, sha256: digest.digest("hex") }).toEqual({ path: file.path, sha256: file.sha256 })
  }
}

/** Every source row has one fate: the ids of dataset, dropped and failed rows are the ids of the input, each once. */
export async function expectPartition(run: string, ids: readonly string[]): Promise<void> {
  const { rows } = await readManifest(run)
  expect(rows.in).toBe(rows.out + rows.dropped + rows.failed)
  const fates = [
    ...new Set((await publishedRows(run, "dataset")).map(({ question_id }) => String(question_id))),
    ...(await publishedRows(run, "dropped")).map(({ id }) => String(id)),
    ...(await publishedRows(run, "failed")).map(({ id }) => String(id)),
  ]
  expect(fates.sort()).toEqual([...ids].sort())
}
