// Who runs a run, how it is stopped, and how it goes on: locks, signals, pilots, finishing early, budgets, a damaged ledger.
import { readFileSync } from "node:fs"
import { cp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { runTotals } from "../../pipelines/runtime/run-totals.ts"
import { type Ended, groupLives, linesOf, RunningCommand, runCommand } from "./run-command.ts"
import {
  expectPartition,
  expectWhole,
  publishedBytes,
  publishedRows,
  readManifest,
  scene,
  sums,
  writeConfig,
} from "./scene.ts"
import { type FakeEndpoint, repeats, startEndpoint } from "./start-endpoint.ts"

const questions = sums(40)
const ids = questions.map(({ id }) => id)

let endpoint: FakeEndpoint
let folder: string
let config: string
let undisturbed: Record<string, string>
let asked: number

beforeAll(async () => {
  endpoint = await startEndpoint({ delayMs: 25 })
  ;({ folder, config } = await scene(endpoint.url, { questions }))
  const run = join(folder, "undisturbed")
  expect(await runCommand(["run", config, "--out", run])).toMatchObject({ code: 0 })
  undisturbed = await publishedBytes(run)
  asked = endpoint.requests().length
})

const start = (run: string, ...more: string[]) => new RunningCommand(["run", config, "--out", run, ...more])

/** Waits until a run under way has asked for some more. */
async function untilAsked(command: RunningCommand, requests: number): Promise<void> {
  const before = endpoint.requests().length
  expect(await command.until(() => endpoint.requests().length >= before + requests)).toBe(true)
}

async function expectAsUndisturbed(run: string, ended: Ended): Promise<void> {
  expect(ended).toMatchObject({ code: 0 })
  await expectWhole(run)
  await expectPartition(run, ids)
  expect(await publishedBytes(run)).toEqual(undisturbed)
}

const lastLine = ({ stdout }: Ended): unknown => JSON.parse(stdout.trimEnd().split("\n").at(-1)!)

describe("one coordinator per run", () => {
  test("a second one is refused with the first one's process id, and disturbs nothing", async () => {
    const run = join(folder, "two")
    const first = start(run)
    await untilAsked(first, 30)
    const second = await runCommand(["run", config, "--out", run, "--quiet"])
    expect(second.code).toBe(3)
    expect(linesOf(second).length).toBeLessThanOrEqual(4)
    expect(second.stderr).toContain(`process ${first.pid} on `)
    await expectAsUndisturbed(run, await first.ended)
  })

  test("of several started at once one runs", { timeout: 60_000 }, async () => {
    for (let round = 0; round < 3; round++) {
      const run = join(folder, `race-${round}`)
      const ends = await Promise.all([1, 2, 3].map(() => start(run, "--quiet").ended))
      const codes = ends.map(({ code }) => code).sort()
      expect({ codes, said: ends.map(({ stderr }) => stderr) }).toMatchObject({ codes: [0, 3, 3] })
      expect(await publishedBytes(run)).toEqual(undisturbed)
    }
  })

  test("the lock of a killed owner is taken over", async () => {
    const run = join(folder, "taken-over")
    const first = start(run)
    await untilAsked(first, 30)
    first.kill("SIGKILL")
    await first.ended
    await expectAsUndisturbed(run, await start(run).ended)
  })
})

describe("signals", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("%s once settles what is in flight", async (signal) => {
    const run = join(folder, `once-${signal}`)
    await endpoint.forget()
    const command = start(run, "--json")
    await untilAsked(command, 40)
    command.kill(signal)
    const ended = await command.ended
    expect(ended.code).toBe(130)
    expect(lastLine(ended)).toMatchObject({ event: "stopped", run })
    expect(groupLives(command)).toBe(false)
    const before = endpoint.requests().length
    expect(before).toBeLessThan(asked)
    const again = start(run)
    await expectAsUndisturbed(run, await again.ended)
    expect(again.stderr).toMatch(/going on: \d+ answers are settled/)
    expect(repeats(endpoint.requests())).toBe(0)
  })

  test.each(["SIGINT", "SIGTERM"] as const)("%s twice stops at once", { timeout: 60_000 }, async (signal) => {
    const slow = await startEndpoint({ delayMs: 8_000 })
    const path = join(folder, `slow-${signal}.json`)
    await writeConfig(path, slow.url)
    const run = join(folder, `twice-${signal}`)
    const command = new RunningCommand(["run", path, "--out", run])
    expect(await command.until(() => slow.requests().length > 0)).toBe(true)
    command.kill(signal)
    expect(await command.until(() => command.stderr.includes("once more stops at once"))).toBe(true)
    command.kill(signal)
    expect(await command.ended).toMatchObject({ code: 130 })
    expect(groupLives(command)).toBe(false)
    // The answers of eight seconds never came: nobody waited for them.
    expect(await settledCalls(run)).toBe(0)
    await slow.kill()
    await writeConfig(path, endpoint.url)
    await expectAsUndisturbed(run, await runCommand(["run", path, "--out", run]))
  })

  test("a signal before anything is asked", async () => {
    const run = join(folder, "early")
    const command = start(run)
    expect(await command.until(() => readdirIfThere(run).then((names) => names.length > 0))).toBe(true)
    command.kill("SIGINT")
    expect([0, 130]).toContain((await command.ended).code)
    await expectAsUndisturbed(run, await start(run).ended)
  })
})

const readdirIfThere = (path: string): Promise<string[]> => readdir(path).catch(() => [])
const settledCalls = async (run: string): Promise<number> => (await runTotals(run, null)).calls

describe("--json, --limit, --finish", () => {
  test("the last line says how it ended", async () => {
    const run = join(folder, "json")
    const ended = await start(run, "--json").ended
    expect(lastLine(ended)).toMatchObject({ event: "done", run })
    for (const line of ended.stdout.trimEnd().split("\n")) expect(() => JSON.parse(line)).not.toThrow()
  })

  test("a pilot reads N rows, and the whole run pays for nothing twice", async () => {
    const run = join(folder, "pilot")
    await endpoint.forget()
    const pilot = await start(run, "--limit", "15").ended
    expect(pilot).toMatchObject({ code: 0 })
    expect(pilot.stderr).toMatch(/projected to all 40 rows from 15/)
    await expectPartition(run, ids.slice(0, 15))
    await expectAsUndisturbed(run, await start(run).ended)
    expect(repeats(endpoint.requests())).toBe(0)
    expect(endpoint.requests()).toHaveLength(asked)
  })

  test("--finish after a kill asks nothing, and the run can still be completed", async () => {
    const run = join(folder, "finished")
    const first = start(run)
    // The last questions are to the judge of responses: what it was not asked about is in no dataset.
    await untilAsked(first, Math.round(asked * 0.9))
    first.kill("SIGKILL")
    await first.ended
    await endpoint.forget()
    const finished = await start(run, "--finish").ended
    expect(finished).toMatchObject({ code: 0 })
    expect(endpoint.requests()).toEqual([])
    const { rows, lineage } = await readManifest(run)
    expect(lineage.finished_early).toBe(true)
    expect(rows.in).toBe(40)
    expect(rows.out).toBeGreaterThan(0)
    await expectWhole(run)
    await expectPartition(run, ids)
    const unsettled = await publishedRows(run, "failed")
    expect(unsettled.map(({ reason }) => reason)).toEqual(Array(unsettled.length).fill("not-settled"))
    await expectAsUndisturbed(run, await start(run).ended)
    expect(repeats(endpoint.requests())).toBe(0)
  })
})

test("a budget stops the run before it is passed, and the run goes on when it is raised", async () => {
  const run = join(folder, "budget")
  const path = join(folder, "budget.json")
  const tokens = 12_000
  await writeConfig(path, endpoint.url, { config: { budget: { tokens } } })
  await endpoint.forget()
  const stopped = await runCommand(["run", path, "--out", run, "--quiet"])
  expect(stopped.code).toBe(1)
  expect(linesOf(stopped).length).toBeLessThanOrEqual(4)
  expect(stopped.stderr).toMatch(/budget reached \(budget\.tokens\)/)
  const totals = await runTotals(run, null)
  expect(totals.tokens.input + totals.tokens.output).toBeLessThanOrEqual(tokens)
  expect(totals.calls).toBeGreaterThan(20)
  const again = await runCommand(["run", path, "--out", run, "--set", "budget.tokens=1000000"])
  await expectAsUndisturbed(run, again)
  expect(repeats(endpoint.requests())).toBe(0)
})

describe("a damaged ledger", () => {
  /** A run with all answers and nothing made of them. */
  async function settledRun(name: string): Promise<string> {
    const run = join(folder, name)
    await cp(join(folder, "undisturbed"), run, { recursive: true })
    for (const gone of ["stages", "dataset", "unfiltered", "review", "dropped", "failed", "manifest.json"])
      await rm(join(run, gone), { recursive: true })
    await endpoint.forget()
    return run
  }

  test.each([
    { index: "with its index", hasIndex: true },
    { index: "without an index", hasIndex: false },
  ])("$index: a flipped bit and a torn tail cost these two answers", async ({ hasIndex }) => {
    const run = await settledRun(`damaged-${hasIndex}`)
    const names = await readdir(join(run, "ledger"))
    const log = join(run, "ledger", names.find((name) => name.endsWith(".log"))!)
    const bytes = await readFile(log)
    const middle = bytes.indexOf('"usage":{', bytes.length / 2) + 12
    bytes[middle] = bytes[middle]! ^ 1
    await writeFile(log, bytes)
    await truncate(log, bytes.length - 20)
    if (!hasIndex) for (const name of names.filter((name) => name.endsWith(".idx"))) await rm(join(run, "ledger", name))
    await expectAsUndisturbed(run, await start(run).ended)
    expect(endpoint.requests()).toHaveLength(2)
  })

  test("garbage in place of an index or at the end of a segment costs nothing", async () => {
    const run = await settledRun("garbage")
    for (const name of await readdir(join(run, "ledger"))) {
      const path = join(run, "ledger", name)
      if (name.endsWith(".idx")) await writeFile(path, "garbage")
      else await writeFile(path, Buffer.concat([readFileSync(path), Buffer.from("\n\u0000\u0000half a rec")]))
    }
    await expectAsUndisturbed(run, await start(run).ended)
    expect(endpoint.requests()).toEqual([])
  })
})
