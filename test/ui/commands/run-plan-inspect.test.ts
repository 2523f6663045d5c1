// The commands around a run, called as a user does, on one finished run against a stand-in endpoint.
import { existsSync } from "node:fs"
import { stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { runCommand } from "../../faults/run-command.ts"
import { jsonLines, newFolder, publishedRows, readManifest, scene, sums, writeConfig } from "../../faults/scene.ts"
import { type FakeEndpoint, startEndpoint } from "../../faults/start-endpoint.ts"

const price = { input: 1, output: 2 }
const questions = sums(40)
let endpoint: FakeEndpoint
let config: string
let run: string

const ask = (...args: string[]) => runCommand(args)
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await ask(...args, "--json")
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

beforeAll(async () => {
  endpoint = await startEndpoint({ right: 0.4 })
  const made = await scene(endpoint.url, { questions, model: { price }, config: { rowsPerShard: 16 } })
  config = made.config
  run = join(made.folder, "run")
  const { code, stderr } = await ask("run", config, "--out", run)
  expect(code, stderr).toBe(0)
})

describe("plan", () => {
  test("bounds calls, tokens and cost, asks nothing and writes nothing", async () => {
    const asked = endpoint.requests().length
    const out = join(run, "..", "never")
    const plan = await json("plan", config, "--out", out)
    expect(plan.rows).toBe(40)
    expect(endpoint.requests()).toHaveLength(asked)
    expect(existsSync(out)).toBe(false)
    const inspected = await json("inspect", run)
    const most = plan.bounds.reduce((sum: number, { calls }: { calls: number }) => sum + calls, 0)
    expect(inspected.calls).toBeGreaterThan(0)
    expect(inspected.calls).toBeLessThanOrEqual(most)
    expect(inspected.cost).toBeLessThanOrEqual(plan.cost)
  })

  test("says of a finished run that it is reused, and what a change makes of it", async () => {
    const states = async (...set: string[]) => {
      const { stages } = await json("plan", config, "--out", run, ...set.flatMap((key) => ["--set", key]))
      return Object.fromEntries(stages.map(({ id, state }: { id: string; state: string }) => [id, state]))
    }
    for (const state of Object.values(await states())) expect(state).toMatch(/^done, reused/)
    const late = await states("filters.repetition.maxShare=0.1")
    expect(late.draft).toMatch(/^done, reused/)
    expect(late["filter-responses"]).toBe("again: step response-filters: repetition.maxShare 0.2 -> 0.1")
    expect(late.select).toBe("depends on judge-responses")
    const early = await states("judging.directAttempts=0")
    expect(early.questions).toMatch(/^done, reused/)
    expect(early["filter-questions"]).toBe("again: step answered-directly is gone")
  })

  test("names an unknown key with the nearest one", async () => {
    const { code, stderr } = await ask("plan", config, "--set", "drafts.maxTokns=3")
    expect(code).toBe(2)
    expect(stderr).toContain("drafts.maxTokns: unknown key")
    expect(stderr).toContain("Did you mean maxTokens?")
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4)
  })
})

describe("inspect", () => {
  test("--json has the counts of the contract", async () => {
    const { rows, drops, calls, tokens, cost, dataset } = await json("inspect", run)
    expect(rows.in).toBe(40)
    expect(rows.in).toBe(rows.out + rows.dropped + rows.failed)
    const dropped = Object.values(drops as Record<string, Record<string, number>>).flatMap((reasons) =>
      Object.values(reasons),
    )
    expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(rows.dropped)
    expect(calls).toBe(new Set(endpoint.requests()).size - probes)
    expect(cost).toBeCloseTo((tokens.input * price.input + tokens.output * price.output) / 1e6, 10)
    for (const file of dataset) expect((await stat(file)).isFile()).toBe(true)
  })

  test("--row tells a row's history from its source to the dataset", async () => {
    const [first] = await publishedRows(run, "dataset")
    const { history } = await json("inspect", run, "--row", String(first!.id))
    expect(history.map(({ stage }: { stage: string }) => stage)).toEqual([
      "questions",
      "filter-questions",
      "draft",
      "filter-responses",
      "judge-responses",
      "select",
    ])
    expect((await ask("inspect", run, "--row", "no-such-row")).code).toBe(2)
  })

  test("--exchange shows the request and the answer behind a sample", async () => {
    const [first] = await publishedRows(run, "dataset")
    const exchange = await json("inspect", run, "--exchange", String(first!.exchange))
    expect(exchange.request.messages.at(-1).content).toContain((first!.prompt as { content: string }[])[0]!.content)
    expect((first!.completion as { content: string }[])[0]!.content).toContain(exchange.value.answer)
    expect((await ask("inspect", run, "--exchange", "ffffffffffff")).code).toBe(2)
  })

  test("--dropped and --step show what a step took, with its reason", async () => {
    const { stdout } = await ask("inspect", run, "--dropped", "--step", "not-verifiable", "--json")
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    expect(rows.length).toBeGreaterThan(0)
    for (const { step, reason, row } of rows) {
      expect([step, reason]).toEqual(["not-verifiable", "not-verifiable"])
      expect(row.question).toMatch(/essay|Prove/)
    }
  })

  test("--sql sees the run's datasets", async () => {
    const { stdout } = await ask("inspect", run, "--sql", "SELECT count(*) AS n FROM dataset", "--json")
    expect(JSON.parse(stdout)).toEqual({ n: (await publishedRows(run, "dataset")).length })
    const broken = await ask("inspect", run, "--sql", "SELEC")
    expect(broken.code).toBe(2)
  })

  test("reads a file of rows too", async () => {
    const found = await json("inspect", join(run, "dataset"))
    expect(found.rows).toBe((await publishedRows(run, "dataset")).length)
    expect(Object.keys(found.schema)).toContain("completion")
  })
})

test("the dataset is F3: think block, never a null in the template's arguments, one assistant turn", async () => {
  const rows = await publishedRows(run, "dataset")
  expect(rows.length).toBeGreaterThan(0)
  for (const { prompt, completion, chat_template_kwargs, enable_thinking, verdict, rejected_by } of rows) {
    expect((prompt as { role: string }[]).map(({ role }) => role)).toEqual(["user"])
    const [turn, ...others] = completion as { role: string; content: string }[]
    expect(others).toEqual([])
    expect(turn!.role).toBe("assistant")
    expect(turn!.content).toMatch(/^<think>\n[^\n][\s\S]*\n<\/think>\n\n[^\n]/)
    expect([chat_template_kwargs, enable_thinking, verdict, rejected_by]).toEqual([
      { enable_thinking: true },
      true,
      "correct",
      null,
    ])
  }
})

test("the run's folder is private and its manifest names no path, host, URL or time", async () => {
  expect((await stat(run)).mode & 0o777).toBe(0o700)
  const text = JSON.stringify(await readManifest(run))
  expect(text).not.toContain(run)
  expect(text).not.toMatch(/127\.0\.0\.1|https?:|20\d\d-\d\d-\d\dT/)
})

test("work finds a task done, and refuses a stage that is none", async () => {
  const done = await ask("work", run, "filter-responses", "0")
  expect([done.code, done.stderr]).toEqual([0, "filter-responses 0: stood already\n"])
  const none = await ask("work", run, "no-such-stage", "0")
  expect(none.code).toBe(2)
  expect(none.stderr).toContain("filter-responses")
})

test("workers change nothing in the data", async () => {
  const other = join(run, "..", "workers")
  const { code, stderr } = await ask("run", config, "--out", other, "--workers", "2")
  expect(code, stderr).toBe(0)
  expect(await readManifest(other)).toEqual(await readManifest(run))
})

test("a pilot projects the whole, and the whole asks nothing of it again", async () => {
  await endpoint.forget()
  const out = join(run, "..", "pilot")
  const pilot = await ask("run", config, "--out", out, "--limit", "10")
  expect(pilot.code).toBe(0)
  expect(pilot.stderr).toContain("projected to all 40 rows from 10")
  const first = endpoint.requests()
  expect((await ask("run", config, "--out", out)).code).toBe(0)
  expect(new Set(endpoint.requests()).size).toBe(endpoint.requests().length)
  expect(endpoint.requests().length).toBeGreaterThan(first.length)
  expect((await readManifest(out)).shards).toEqual((await readManifest(run)).shards)
})

/** Requests that find out what a server can do settle as effects of their own and are no calls. */
const probes = 1

describe("a recipe by path, outside of any installation", () => {
  const recipe = `import { coldStart, defineRecipe } from "cotyledon"
    export default defineRecipe({ ...coldStart, name: "mine" })`

  test("runs with the package that the command is, and its run is found from any folder", async () => {
    const folder = await newFolder()
    await writeFile(join(folder, "mine.ts"), recipe)
    await writeConfig(join(folder, "config.json"), endpoint.url, { config: { recipe: "./mine.ts" } })
    await writeFile(join(folder, "questions.jsonl"), jsonLines(sums(4)))
    const out = join(folder, "run")
    const { code, stderr } = await ask("run", join(folder, "config.json"), "--out", out, "--workers", "2")
    expect(code, stderr).toBe(0)
    expect((await json("inspect", out)).rows.in).toBe(4)
    expect((await ask("inspect", out, "--row", "q1")).code).toBe(0)
    expect((await ask("work", out, "draft", "0")).code).toBe(0)
    const plan = await json("plan", join(folder, "mine.ts"), "--config", config)
    expect(plan.rows).toBe(40)
  })
})

test.each([[["run", "--limit", "abc"]], [["work", "somewhere", "draft", "1.5"]]])(
  "a number that is none is said: %j",
  async (args) => {
    const { code, stderr } = await ask(...args)
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `Cannot read a number of the command line\nexpected a whole number, got ${args.at(-1)}\n`,
    })
  },
)
