// A fusion killed with SIGKILL at any moment and started again, with any number of workers, ends byte-identical to one that was never killed.
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { plainSample, samplesFile, thinkingSample } from "../pipelines/mode-fusion/samples-file.ts"
import { seeded } from "./random.ts"
import { RunningCommand, runCommand } from "./run-command.ts"
import {
  expectNamedFilesWhole,
  expectPartition,
  expectWhole,
  newFolder,
  publishedBytes,
  readManifest,
} from "./scene.ts"

const kills = Number(process.env.COTYLEDON_KILLS ?? 8)
const ids = {
  thinking: Array.from({ length: 500 }, (_, at) => `t${at}`),
  plain: Array.from({ length: 400 }, (_, at) => `n${at}`),
}
const labels = (at: number) => ({
  category: ["mathematics", "coding", "science"][at % 3],
  language: ["en", "de", "zh", "sw"][at % 4],
})

let folder: string
let config: string[]
let undisturbed: Record<string, string>

beforeAll(async () => {
  folder = await newFolder()
  const thinking = await samplesFile(folder, "t.jsonl", [
    ...ids.thinking.map((id, at) => thinkingSample(id, labels(at))),
    thinkingSample("no-thoughts", { completion: [{ role: "assistant", content: "4" }] }),
  ])
  const plain = await samplesFile(
    folder,
    "n.jsonl",
    ids.plain.map((id, at) => plainSample(id, labels(at))),
  )
  config = [
    "mode-fusion",
    "--set",
    `thinking=${thinking}`,
    "--set",
    `nonThinking=${plain}`,
    "--set",
    "rowsPerShard=150",
  ]
  config.push("--set", "shares.language.en=0.4", "--set", "size=300")
  const run = join(folder, "undisturbed")
  expect(await runCommand(["run", ...config, "--out", run])).toMatchObject({ code: 0 })
  undisturbed = await publishedBytes(run)
  expect((await readManifest(run)).rows).toEqual({ in: 901, out: 300, dropped: 601, failed: 0 })
})

const filesIn = async (path: string): Promise<number> =>
  (await readdir(path, { recursive: true }).catch(() => [])).length

test(`a fusion killed ${kills} times ends as one that was never killed`, {
  timeout: 60_000 + kills * 10_000,
}, async () => {
  const run = join(folder, "killed")
  const random = seeded(3)
  let killed = 0
  for (let round = 0; round < kills; round++) {
    const command = new RunningCommand(["run", ...config, "--out", run])
    const files = (await filesIn(run)) + 1 + Math.floor(random() * 12)
    await command.until(async () => (await filesIn(run)) >= files)
    command.kill("SIGKILL")
    if ((await command.ended).signal === "SIGKILL") killed++
    else break
    await expectNamedFilesWhole(run)
  }
  expect(killed).toBeGreaterThan(2)
  expect(await runCommand(["run", ...config, "--out", run])).toMatchObject({ code: 0 })
  await expectWhole(run)
  await expectPartition(run, [...ids.thinking, ...ids.plain, "no-thoughts"])
  expect(await publishedBytes(run)).toEqual(undisturbed)
})

test("three workers make the same bytes", { timeout: 120_000 }, async () => {
  const run = join(folder, "workers")
  expect(await runCommand(["run", ...config, "--out", run, "--workers", "3"])).toMatchObject({ code: 0 })
  expect(await publishedBytes(run)).toEqual(undisturbed)
})
