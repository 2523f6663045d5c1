import { expect, test } from "vitest"
import { catalogue } from "../../../pipelines/catalogue.ts"
import { runCommand } from "../../faults/run-command.ts"

test("lists every step within 80 columns", async () => {
  const { code, stdout } = await runCommand(["steps"])
  expect(code).toBe(0)
  const lines = stdout.trimEnd().split("\n")
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  for (const { id, kind } of catalogue) expect(stdout).toMatch(new RegExp(`^${id} +${kind} {2,}\\w`, "m"))
})

test("shows a step's parameters with type, default, range, unit and source", async () => {
  const { code, stdout } = await runCommand(["steps", "drafts"])
  expect(code).toBe(0)
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80)
  expect(stdout).toContain("adds      reference, referenceOrigin, rollouts, correct, verified, passRate")
  expect(stdout).toContain("maximum           integer, at least 1; default 32; unit: drafts")
  expect(stdout).toContain("source: OpenMathReasoning (up to 32), OpenCodeReasoning (32)")
  expect(stdout).toContain("--set models.drafter.KEY=VALUE")
})

test("shows what a verifier's reference is", async () => {
  expect((await runCommand(["steps", "math"])).stdout).toContain("reference a string with the reference answer")
})

test("--json is one document", async () => {
  const list = JSON.parse((await runCommand(["steps", "--json"])).stdout)
  expect(list.map(({ id }: { id: string }) => id)).toEqual(catalogue.map(({ id }) => id))
  const one = JSON.parse((await runCommand(["steps", "repetition", "--json"])).stdout)
  expect(one).toMatchObject({
    kind: "filter",
    role: null,
    params: { properties: { ngram: { default: 12, unit: "words" } } },
  })
})

test("an unknown step is a usage error with the nearest name", async () => {
  const { code, stderr } = await runCommand(["steps", "repetiton"])
  expect(code).toBe(2)
  expect(stderr).toContain("Did you mean repetition?")
})
