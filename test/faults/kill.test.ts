// A run killed with SIGKILL at any moment and started again ends byte-identical to one that was never killed, and asks again at
// most what was in flight. COTYLEDON_KILLS=200 is the long variant.
import { cp, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { beforeAll, expect, test } from "vitest"
import { seeded } from "./random.ts"
import { RunningCommand, runCommand } from "./run-command.ts"
import { expectNamedFilesWhole, expectPartition, expectWhole, publishedBytes, scene, sums } from "./scene.ts"
import { type FakeEndpoint, repeats, startEndpoint } from "./start-endpoint.ts"

const kills = Number(process.env.COTYLEDON_KILLS ?? 30)
const seed = Number(process.env.COTYLEDON_SEED ?? 20_250_514)
/** Of both roles together. */
const inFlight = 8
const questions = sums(Math.max(80, Math.ceil(kills * 2)))

let endpoint: FakeEndpoint
let config: string
let folder: string
let undisturbed: Record<string, string>
let asked: string[]

beforeAll(async () => {
  endpoint = await startEndpoint({ delayMs: 20 })
  ;({ config, folder } = await scene(endpoint.url, { questions }))
  const run = join(folder, "undisturbed")
  expect(await runCommand(["run", config, "--out", run])).toMatchObject({ code: 0 })
  undisturbed = await publishedBytes(run)
  asked = endpoint.requests()
  expect(repeats(asked)).toBe(0)
})

const start = (run: string) => new RunningCommand(["run", config, "--out", run, "--json"])

/** Kills a command when something holds; false when it ended before. */
async function killWhen(command: RunningCommand, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const held = await command.until(holds)
  command.kill("SIGKILL")
  return (await command.ended).signal === "SIGKILL" && held
}

const filesIn = async (path: string): Promise<number> =>
  (await readdir(path, { recursive: true }).catch(() => [])).length

async function expectAsUndisturbed(run: string, killed: number): Promise<void> {
  await expectWhole(run)
  await expectPartition(
    run,
    questions.map(({ id }) => id),
  )
  expect(await publishedBytes(run)).toEqual(undisturbed)
  const requests = endpoint.requests()
  expect(new Set(requests)).toEqual(new Set(asked))
  expect(repeats(requests)).toBeLessThanOrEqual(killed * inFlight)
}

test(`a run killed ${kills} times ends as one that was never killed`, { timeout: 60_000 + kills * 4_000 }, async () => {
  await endpoint.forget()
  const run = join(folder, "killed")
  const random = seeded(seed)
  let killed = 0
  while (killed < kills) {
    const command = start(run)
    const kind = random()
    if (kind < 0.3) {
      // Any time: while it starts, replays, asks or writes.
      const untilMs = Date.now() + random() * 800
      if (await killWhen(command, () => Date.now() >= untilMs)) killed++
    } else if (kind < 0.7) {
      const requests = endpoint.requests().length + Math.ceil(random() * 20)
      if (await killWhen(command, () => endpoint.requests().length >= requests)) killed++
    } else {
      // In the middle of writing shards and commits.
      const stages = join(run, "stages")
      const files = (await filesIn(stages)) + Math.ceil(random() * 3)
      if (await killWhen(command, async () => (await filesIn(stages)) >= files)) killed++
    }
    if (!command.running && (await command.ended).code === 0) break
    await expectNamedFilesWhole(run).catch((error: NodeJS.ErrnoException) => {
      // Killed before it made its folder.
      if (error.code !== "ENOENT") throw error
    })
  }
  expect(killed).toBe(kills)
  expect(await start(run).ended).toMatchObject({ code: 0 })
  await expectAsUndisturbed(run, killed)
})

test("a run killed while it commits its last shards and publishes ends as one that was never killed", {
  timeout: 120_000,
}, async () => {
  // All answers are settled: nothing is left but to write.
  const settled = join(folder, "settled")
  await cp(join(folder, "undisturbed"), settled, { recursive: true })
  for (const name of ["stages", "dataset", "unfiltered", "review", "dropped", "failed", "manifest.json"])
    await rm(join(settled, name), { recursive: true })
  await endpoint.forget()
  const random = seeded(seed)
  for (const [at, moment] of [
    "stage.done",
    "stage.done",
    "select",
    "select",
    "select",
    "select",
    "published",
  ].entries()) {
    const run = join(folder, `late-${at}`)
    await cp(settled, run, { recursive: true })
    const killed: boolean[] = []
    for (let round = 0; round < 3; round++) {
      const command = start(run)
      const sign = moment === "select" ? '"stage":"select","tasks"' : moment
      const held = await command.until(() => command.stdout.includes(sign))
      if (held) await pause(Math.floor(random() * 40))
      command.kill("SIGKILL")
      killed.push((await command.ended).signal === "SIGKILL")
      await expectNamedFilesWhole(run)
    }
    expect(killed).toContain(true)
    expect(await start(run).ended).toMatchObject({ code: 0 })
    await expectWhole(run)
    expect(await publishedBytes(run)).toEqual(undisturbed)
  }
  expect(endpoint.requests()).toEqual([])
})
