import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { cleanRun } from "../../../pipelines/runtime/clean.ts"
import { exitCode } from "../../../pipelines/runtime/errors.ts"
import { Ledger } from "../../../pipelines/runtime/ledger.ts"
import { Lock } from "../../../pipelines/runtime/lock.ts"
import { readStatus } from "../../../pipelines/runtime/status.ts"
import { temporaryFolder } from "./folder.ts"
import { published, runTiny } from "./tiny-recipe.ts"

const stages = ["source", "clean", "draft", "score", "sum", "finish"]
/** All files but the lock, which each owner takes under the next number. */
const filesOf = (run: string) =>
  (readdirSync(run, { recursive: true }) as string[]).filter((path) => !/^locks\//.test(path)).sort()
const answersOf = (run: string) =>
  filesOf(join(run, "ledger"))
    .filter((name) => name.endsWith(".log"))
    .map((name) => readFileSync(join(run, "ledger", name)))

async function littered(): Promise<{ run: string; litter: string[] }> {
  const run = temporaryFolder()
  await runTiny(run)
  await runTiny(run, { bonus: 7 })
  const litter = [
    "stages/draft/00000-aaaaaaaaaaaa.parquet",
    "stages/draft/00000.1a-abcdef.tmp",
    "stages/old-stage/00000.json",
    "stages/old-stage/00000-bbbbbbbbbbbb.parquet",
    "dataset/part-00007.parquet",
    "ledger/000009.idx.1a-abcdef.tmp",
    "leases/draft-00000/000001",
    "events/000001.jsonl",
  ]
  mkdirSync(join(run, "stages/old-stage"))
  mkdirSync(join(run, "leases/draft-00000"), { recursive: true })
  for (const path of litter) if (!existsSync(join(run, path))) writeFileSync(join(run, path), "x".repeat(1_000))
  return { run, litter }
}

test("what nothing refers to goes, and nothing else; it says how much", async () => {
  const { run, litter } = await littered()
  const [before, answers, status, datasets] = [filesOf(run), answersOf(run), await readStatus(run), published(run)]
  const dry = await cleanRun({ run, stages, dryRun: true })
  expect(filesOf(run)).toEqual(before)
  const result = await cleanRun({ run, stages })
  expect(result).toEqual({ ...dry, dryRun: false })
  expect(result.files).toBe(litter.length)
  expect(result.bytes).toBeGreaterThan(7_000)
  expect(result.cleaned.map(({ what }) => what).sort()).toEqual([
    "events",
    "leases",
    "published files",
    "scratch",
    "stage shards",
    "stages of other configs",
  ])
  const gone = before.filter((path) => !filesOf(run).includes(path))
  expect(gone.sort()).toEqual([...litter, "stages/old-stage", "leases", "leases/draft-00000"].sort())
  expect(answersOf(run)).toEqual(answers)
  expect(await readStatus(run)).toEqual(status)
  const kept = { ...datasets }
  delete kept["dataset/part-00007.parquet"]
  expect(published(run)).toEqual(kept)
  expect((await cleanRun({ run, stages })).files).toBe(0)
  const { calls, result: again } = await runTiny(run, { bonus: 7 })
  expect([calls, again!.reused]).toEqual([0, true])
})

test("where the recipe cannot be loaded, no stage is taken for another config's", async () => {
  const { run } = await littered()
  await cleanRun({ run, stages: null })
  expect(existsSync(join(run, "stages/old-stage/00000.json"))).toBe(true)
})

test("a run that is held, or one of whose tasks is, is refused and left as it is", async () => {
  const { run } = await littered()
  const before = filesOf(run)
  const lock = (await Lock.take(join(run, "locks", "coordinator"))) as Lock
  await expect(cleanRun({ run, stages })).rejects.toMatchObject({ exit: exitCode.held })
  await lock.release()
  const lease = (await Lock.take(join(run, "leases", "draft-1"))) as Lock
  await expect(cleanRun({ run, stages })).rejects.toMatchObject({ exit: exitCode.held })
  await lease.release()
  for (const path of before) expect(filesOf(run).length, path).toBeGreaterThanOrEqual(before.length - 2)
  expect(existsSync(join(run, "stages/draft/00000-aaaaaaaaaaaa.parquet"))).toBe(true)
})

test("a folder without a run is refused", async () => {
  await expect(cleanRun({ run: temporaryFolder(), stages })).rejects.toMatchObject({ exit: exitCode.usage })
})

test("of the ledger only indexes go that another one covers", async () => {
  const run = temporaryFolder()
  await runTiny(run)
  const folder = join(run, "ledger")
  const limits = { recordsPerSegment: 4, indexes: 100 }
  const append = async (from: number, count: number, access: "append" | "exclusive", indexes = 100) => {
    const ledger = await Ledger.open(folder, access, { ...limits, indexes })
    for (let at = from; at < from + count; at++)
      await ledger.append({
        key: at.toString(16).padStart(2, "0").padEnd(64, "f"),
        kind: "chat",
        identity: "m",
        sample: 0,
        request: at,
        value: at,
        usage: null,
        at: "",
      })
    await ledger.close()
  }
  await append(0, 20, "append")
  const singles = filesOf(folder).filter((name) => name.endsWith(".idx"))
  const kept = temporaryFolder()
  cpSync(folder, kept, { recursive: true })
  await append(20, 8, "exclusive", 2)
  // As a merge leaves it that was killed before it removed its inputs.
  for (const name of singles) if (!existsSync(join(folder, name))) cpSync(join(kept, name), join(folder, name))
  const { cleaned } = await cleanRun({ run, stages })
  expect(cleaned.find(({ what }) => what === "ledger indexes")!.files).toBeGreaterThan(2)
  const ledger = await Ledger.open(folder, "read", limits)
  for (let at = 0; at < 28; at++)
    expect(ledger.get(at.toString(16).padStart(2, "0").padEnd(64, "f"))?.value, `${at}`).toBe(at)
  await ledger.close()
})
