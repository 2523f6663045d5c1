// A server that misbehaves in every way at once, or one way at a time. Where the policy asks again, the datasets are those of a
// run against a server that never failed; nothing hostile or cut reaches a row.
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { beforeAll, describe, expect, test } from "vitest"
import { readEvents } from "../../pipelines/runtime/events.ts"
import type { Fault } from "./fake-endpoint.ts"
import { type Ended, linesOf, RunningCommand, runCommand } from "./run-command.ts"
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

/** Faults of which the same request gets an answer when it is asked again. */
const retried: Fault[] = [
  "500",
  "hang",
  "cut",
  "half-stream",
  "malformed",
  "empty-choices",
  "content-type",
  "huge",
  "control",
  "surrogate",
  "invalid-utf8",
  "reset",
]
/** A server that is silent for this long hangs. */
const model = { idleTimeoutMs: 1_000, attempts: 30, maxInFlight: 8 }

/** A folder with questions, and what a run over them against a healthy server published. */
interface Undisturbed {
  folder: string
  ids: string[]
  published: Record<string, string>
}
let all: Undisturbed
/** For the faults one by one. */
let few: Undisturbed

async function undisturbed(count: number): Promise<Undisturbed> {
  const endpoint = await startEndpoint()
  const questions = sums(count)
  const { config, folder } = await scene(endpoint.url, { questions, model })
  const run = join(folder, "undisturbed")
  expect(await runCommand(["run", config, "--out", run])).toMatchObject({ code: 0 })
  expect((await readManifest(run)).rows).toMatchObject({ in: count, failed: 0 })
  return { folder, ids: questions.map(({ id }) => id), published: await publishedBytes(run) }
}

beforeAll(async () => {
  all = await undisturbed(40)
  few = await undisturbed(12)
})

let runs = 0

/** Runs against an endpoint in a folder of its own; the config differs from the undisturbed run's in what is given. */
async function runAgainst(
  endpoint: FakeEndpoint,
  { of = all, ...more }: { of?: Undisturbed } & Record<string, unknown> = {},
): Promise<{ run: string; config: string; ended: Ended }> {
  const run = join(of.folder, `run-${runs++}`)
  const config = `${run}.json`
  await writeConfig(config, endpoint.url, { model: { ...model, ...more } })
  return { run, config, ended: await runCommand(["run", config, "--out", run]) }
}

async function expectAsUndisturbed(run: string, ended: Ended, of: Undisturbed = all): Promise<void> {
  expect(ended).toMatchObject({ code: 0 })
  await expectWhole(run)
  await expectPartition(run, of.ids)
  expect(await publishedBytes(run)).toEqual(of.published)
  expectCleanTerminal(ended)
}

/** No escape sequence of a model's reaches the terminal. */
const expectCleanTerminal = ({ stderr }: Ended): void =>
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)

describe("a quarter of all replies faulty", { timeout: 600_000 }, () => {
  test.each([
    { answers: "whole", streamAboveTokens: 2_048 },
    { answers: "streamed", streamAboveTokens: 0 },
  ])("in all ways, $answers: the datasets of an undisturbed run", async ({ streamAboveTokens }) => {
    const endpoint = await startEndpoint({ faulty: 0.25, faults: retried })
    const { run, ended } = await runAgainst(endpoint, { streamAboveTokens })
    await expectAsUndisturbed(run, ended)
    expect(repeats(endpoint.requests())).toBeGreaterThan(retried.length)
    await endpoint.kill()
  })

  // A server that hangs or drops connections is paused for: together with the others, above.
  test.each(retried.filter((fault) => fault !== "hang" && fault !== "reset"))(
    "%s: the datasets of an undisturbed run",
    async (fault) => {
      const endpoint = await startEndpoint({ faulty: 0.25, faults: [fault] })
      const { run, ended } = await runAgainst(endpoint, { of: few })
      await expectAsUndisturbed(run, ended, few)
      expect(repeats(endpoint.requests())).toBeGreaterThan(10)
      await endpoint.kill()
    },
  )

  test("cut at the token limit: a settled answer, and none of it in the dataset", async () => {
    const endpoint = await startEndpoint({ faulty: 0.25, faults: ["length"] })
    const { run, ended } = await runAgainst(endpoint)
    expect(ended).toMatchObject({ code: 0 })
    await expectPartition(run, all.ids)
    for (const { completion } of await publishedRows(run, "dataset"))
      expect((completion as { content: string }[])[0]!.content).toMatch(
        /^<think>\n[^<]+\n<\/think>\n\nThe sum is \\boxed\{\d+\}\.$/,
      )
    const unfiltered = await publishedRows(run, "unfiltered")
    expect(unfiltered.filter(({ rejected_by }) => String(rejected_by).startsWith("truncated")).length).toBeGreaterThan(
      10,
    )
    await endpoint.kill()
  })
})

test("hopeless replies fail the rows and stop the run at the failure limit, and a rerun mends it", {
  timeout: 60_000,
}, async () => {
  const endpoint = await startEndpoint({ faulty: 1, faults: ["malformed", "control", "invalid-utf8"] })
  const { run, config, ended } = await runAgainst(endpoint, { attempts: 2 })
  expect(ended.code).toBe(1)
  expect(linesOf(ended).slice(-4).join("\n")).toMatch(/Too many rows failed in stage filter-questions/)
  expectCleanTerminal(ended)
  const failed = await publishedRows(run, "failed")
  expect(failed.length).toBeGreaterThan(0)
  for (const { reason, message } of failed) {
    expect(["malformed", "hostile-text"]).toContain(reason)
    expect(message).toMatch(/\(2 attempts\)/)
  }
  await endpoint.kill()
  const healthy = await startEndpoint({ port: endpoint.port })
  const again = await runCommand(["run", config, "--out", run])
  await expectAsUndisturbed(run, again)
  await healthy.kill()
})

describe("a storm of 429", { timeout: 600_000 }, () => {
  const stormMs = Number(process.env.COTYLEDON_STORM_MS ?? 3_000)
  test.each([{ retryAfter: 1 }, {}])("with %o: pauses, probes, and loses nothing", async (more) => {
    const endpoint = await startEndpoint({ stormMs, ...more })
    const { run, ended } = await runAgainst(endpoint, { attempts: 1 })
    await expectAsUndisturbed(run, ended)
    expect(ended.stderr).toMatch(/paused, rate-limited/)
    expect(ended.stderr).toMatch(/resumed/)
    // A storm is probed, not hammered: what was in flight when it began, then probes.
    expect(repeats(endpoint.requests())).toBeLessThan(2 * model.maxInFlight + 2 * (stormMs / 300))
    await endpoint.kill()
  })
})

test("a server that dies and comes back on its port costs what was in flight", { timeout: 60_000 }, async () => {
  const endpoint = await startEndpoint({ delayMs: 30 })
  const run = join(all.folder, "dies")
  const config = `${run}.json`
  await writeConfig(config, endpoint.url, { model })
  const command = new RunningCommand(["run", config, "--out", run])
  let asked: string[] = []
  let port = endpoint
  for (const requests of [100, 250]) {
    expect(await command.until(() => asked.length + port.requests().length >= requests)).toBe(true)
    await port.kill()
    asked = [...asked, ...port.requests()]
    await pause(1_200)
    port = await startEndpoint({ delayMs: 30, port: endpoint.port })
  }
  await expectAsUndisturbed(run, await command.ended)
  asked = [...asked, ...port.requests()]
  expect(repeats(asked)).toBeLessThanOrEqual(2 * 2 * model.maxInFlight)
  expect(command.stderr).toMatch(/paused, outage/)
})

describe("what no retry mends stops at the first call", { timeout: 60_000 }, () => {
  const key = "sk-test-0123456789abcdef"

  test.each([
    { fault: "unauthorised", says: /refused access .*FAULT_TEST_KEY/ },
    { fault: "unknown-model", says: /does not know the model "fake"/ },
  ] as const)("$fault", async ({ fault, says }) => {
    const endpoint = await startEndpoint({ faulty: 1, faults: [fault] })
    const run = join(all.folder, fault)
    const config = `${run}.json`
    await writeConfig(config, endpoint.url, { model: { apiKeyEnv: "FAULT_TEST_KEY" } })
    const ended = await runCommand(["run", config, "--out", run, "--quiet"], { env: { FAULT_TEST_KEY: key } })
    expect(ended.code).toBe(1)
    expect(linesOf(ended).length).toBeLessThanOrEqual(4)
    expect(ended.stderr).toMatch(says)
    expect(endpoint.requests().length).toBeLessThanOrEqual(2)
    const events = JSON.stringify(await readEvents(join(run, "events")))
    for (const text of [ended.stderr, ended.stdout, events]) expect(text).not.toContain(key)
    await endpoint.kill()
  })

  test("a server that is not there", async () => {
    const endpoint = await startEndpoint()
    await endpoint.kill()
    const { ended } = await runAgainst(endpoint)
    expect(ended.code).toBe(1)
    expect(linesOf(ended).slice(-4).join("\n")).toMatch(
      /cannot reach the judge endpoint \(models\.judge\.baseUrl, http:\/\/127\.0\.0\.1:\d+\/v1\)\ngot ECONNREFUSED.*\nis the server running\?/,
    )
  })
})
