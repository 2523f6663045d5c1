// Whole runs by the built command against a stand-in that always adds right: what becomes of wrong references, of missing ones, and of
// questions that the selection passes over.
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import type { Row } from "../../../pipelines/runtime/step.ts"
import type { DistributionLine } from "../../../schemas/selection.ts"
import { runCommand } from "../../faults/run-command.ts"
import { expectPartition, publishedRows, readManifest, scene } from "../../faults/scene.ts"
import { type FakeEndpoint, startEndpoint } from "../../faults/start-endpoint.ts"

const sum = (a: number, b: number, more: object = {}) => ({
  id: `q${a}`,
  question: `What is ${a} + ${b}?`,
  reference: String(a + b),
  ...more,
})

interface Finished {
  run: string
  config: string
  rows: (dataset: string) => Promise<Row[]>
}

async function finished(endpoint: FakeEndpoint, questions: { id: string }[], config: object): Promise<Finished> {
  const whole = { reserve: { share: 0 }, review: { share: 0 }, ...config }
  const made = await scene(endpoint.url, { questions, config: whole })
  const run = join(made.folder, "run")
  const { code, stderr } = await runCommand(["run", made.config, "--out", run])
  expect(code, stderr).toBe(0)
  await expectPartition(
    run,
    questions.map(({ id }) => id),
  )
  return { run, config: made.config, rows: (dataset) => publishedRows(run, dataset) }
}

const inspected = async (run: string) => JSON.parse((await runCommand(["inspect", run, "--json"])).stdout)

describe("references that every draft contradicts, and missing ones", { timeout: 60_000 }, () => {
  const wrong = [sum(11, 7, { reference: "19" }), sum(12, 40, { reference: "9" })]
  const missing = [sum(21, 3, { reference: null }), sum(22, 64, { reference: "" })]
  const code = { id: "code", question: "def f():", reference: null, verifier: "code-tests" }
  const questions = [sum(1, 2), ...wrong, sum(2, 50), ...missing, code]
  let run: Finished

  beforeAll(async () => {
    const drafts = { initial: 2, maximum: 5, maxTokens: 512, majority: { enabled: true } }
    run = await finished(await startEndpoint({ right: 1 }), questions, { drafts })
  })

  test("a contradicted reference puts the question before humans, with the evidence, and not into the dataset", async () => {
    const review = await run.rows("review")
    expect(review.map(({ id, why }) => [id, why])).toEqual(wrong.map(({ id }) => [id, "suspect-reference"]))
    for (const [at, { reference, referenceOrigin, vote, rollouts, passRate, passRateHigh }] of review.entries()) {
      expect([reference, referenceOrigin]).toEqual([wrong[at]!.reference, "source"])
      expect(vote).toMatchObject({ answer: ["18", "52"][at], votes: 5, of: 5, runnerUp: 0 })
      const exchanges = (rollouts as { exchange: string }[]).map(({ exchange }) => exchange)
      expect((vote as { exchanges: string[] }).exchanges).toEqual(exchanges)
      expect(passRate).toBe(0)
      expect(passRateHigh).toBeCloseTo(0.4345, 3)
    }
    const { drops, tallies } = await inspected(run.run)
    expect(drops["responses-left"]).toEqual({ "suspect-reference": 2 })
    expect(tallies.draft["suspect references"]).toBe(2)
  })

  test("a majority stands in for a missing reference and is marked, in the dataset and in the manifest", async () => {
    const samples = await run.rows("dataset")
    const told = samples.map(({ id, reference, reference_origin, pass_rate }) => [
      id,
      reference,
      reference_origin,
      pass_rate,
    ])
    expect(told.sort()).toEqual([
      ["q1", "3", "source", 1],
      ["q2", "52", "source", 1],
      ["q21", "24", "majority", 1],
      ["q22", "86", "majority", 1],
    ])
    for (const { id, rollouts } of samples) expect(rollouts).toBe(id === "q1" || id === "q2" ? 2 : 5)
    expect((await readManifest(run.run)).tallies.draft).toMatchObject({ "references by majority": 2 })
  })

  test("code without tests is dropped: programs do not vote", async () => {
    const dropped = await run.rows("dropped")
    expect(dropped.find(({ id }) => id === "code")).toMatchObject({ step: "has-reference", reason: "no-reference" })
  })

  test("plan's bound holds for all of them", async () => {
    const { stdout } = await runCommand(["plan", run.config, "--json"])
    const [bound] = JSON.parse(stdout).bounds.filter(({ role }: { role: string }) => role === "drafter")
    expect(bound.calls).toBe(questions.length * 5)
  })
})

test("drafts that disagree are no majority: nothing of them is lost, and nothing of them is trained on", async () => {
  const drafts = { initial: 2, maximum: 4, maxTokens: 512, majority: { enabled: true, minimumVotes: 4 } }
  const questions = Array.from({ length: 6 }, (_, at) => sum(at + 1, 90 - at, { reference: null }))
  const { rows } = await finished(await startEndpoint({ right: 0.3 }), questions, { drafts })
  const dropped = await rows("dropped")
  expect(dropped.map(({ step, reason }) => `${step}: ${reason}`)).toContain("responses-left: no-majority")
  const unfiltered = (await rows("unfiltered")).filter(({ reference_origin }) => reference_origin === null)
  expect(unfiltered.length).toBe(4 * dropped.filter(({ reason }) => reason === "no-majority").length)
  for (const { verdict, pass_rate } of unfiltered) expect([verdict, pass_rate]).toEqual(["unverifiable", null])
  expect(await rows("review")).toEqual([])
})

describe("selection", { timeout: 60_000 }, () => {
  const questions = [
    ...Array.from({ length: 8 }, (_, at) => sum(100 + at, 500 - at * 7, { domain: "maths" })),
    ...Array.from({ length: 2 }, (_, at) => sum(300 + at, 17 + at * 31, { domain: "coding" })),
    { ...sum(400, 9, { domain: "maths" }), id: "first" },
    { ...sum(400, 9, { domain: "maths" }), id: "second", question: " What is 400 + 9? " },
  ]
  const select = { maximum: 8, domains: { mathematics: 1, code: 1, logic: 2 } }
  let endpoint: FakeEndpoint
  let run: Finished

  beforeAll(async () => {
    endpoint = await startEndpoint({ right: 1 })
    run = await finished(endpoint, questions, { select })
  })

  test("fills the set, keeps the row's own domain and says why the others are not in it", async () => {
    const samples = await run.rows("dataset")
    expect(samples).toHaveLength(8)
    expect(samples.filter(({ domain }) => domain === "coding")).toHaveLength(2)
    const others = (await run.rows("dropped")).map(({ step, reason, evidence }) => {
      expect([step, reason]).toEqual(["selection", "not-selected"])
      return JSON.parse(String(evidence))
    })
    expect(others).toHaveLength(4)
    const whys = others.map(({ why }) => why)
    expect(whys).toContain("domain-full")
    const twins = samples.filter(({ id }) => id === "first" || id === "second")
    expect(twins.length).toBeLessThanOrEqual(1)
    if (twins.length === 1) expect(whys).toContain("near-duplicate")
    for (const { why, domain, places, taken } of others)
      if (why === "domain-full") expect([domain, places, taken]).toEqual(["mathematics", 2, 6])
  })

  test("the report tells the shortfalls and who got the places, as rows, in words and as JSON", async () => {
    const report = (await run.rows("selection-report")) as DistributionLine[]
    const domains = report.filter(({ measure }) => measure === "domain")
    expect(domains.map(({ value, before, after, places, short }) => [value, before, after, places, short])).toEqual([
      ["mathematics", 10, 6, 2, 0],
      ["code", 2, 2, 2, 0],
      ["logic", 0, 0, 4, 4],
    ])
    expect((await inspected(run.run)).selection).toEqual(report)
    const { stdout } = await runCommand(["inspect", run.run])
    expect(stdout).toMatch(/selection from 12 questions with an accepted response/)
    expect(stdout).toMatch(/logic +0 +0\.0% +0 +0\.0% +4 +4\n/)
    expect(stdout).toContain("places that others left: mathematics +4")
    for (const line of stdout.split("\n").filter((line) => /selection|mathematics|logic|pass@k/.test(line)))
      expect(line.length).toBeLessThanOrEqual(80)
    expect((await readManifest(run.run)).beside["selection-report"]).toHaveLength(1)
  })

  test("other rules choose anew without asking anything", async () => {
    await endpoint.forget()
    const args = ["--out", run.run, "--set", "select.domains={}", "--set", "select.maximum=3"]
    const { code, stderr } = await runCommand(["run", run.config, ...args])
    expect(code, stderr).toBe(0)
    expect(await run.rows("dataset")).toHaveLength(3)
    expect(endpoint.requests()).toEqual([])
  })
})
