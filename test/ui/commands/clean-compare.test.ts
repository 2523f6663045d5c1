import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { differences } from "../../../ui/inspect/compare.ts"
import { linesOf, runCommand } from "../../faults/run-command.ts"
import { scene, sums } from "../../faults/scene.ts"
import { startEndpoint } from "../../faults/start-endpoint.ts"

test("configs differ where they do", () => {
  expect(differences({ a: 1, b: { c: [1], d: 2 } }, { a: 1, b: { c: [2], e: 3 } })).toEqual([
    { key: "b.c", a: [1], b: [2] },
    { key: "b.d", a: 2, b: undefined },
    { key: "b.e", a: undefined, b: 3 },
  ])
  expect(differences({ a: null }, {})).toEqual([])
})

test("two runs are compared, and a run is cleaned, from the command line", { timeout: 120_000 }, async () => {
  const endpoint = await startEndpoint()
  const { config, folder } = await scene(endpoint.url, { questions: sums(40) })
  const [a, b] = [join(folder, "a"), join(folder, "b")]
  expect(await runCommand(["run", config, "--out", a])).toMatchObject({ code: 0 })
  const set = ["--set", "reserve.share=0.5"]
  expect(await runCommand(["run", config, "--out", b, ...set])).toMatchObject({ code: 0 })
  const shown = await runCommand(["inspect", a, b])
  expect(shown.stdout).toMatch(/rows in +40 +40/)
  expect(shown.stdout).toMatch(/reserve +\d+ +[\d.]+% +\d+ +[\d.]+% +\+[\d.]+/)
  expect(shown.stdout).toMatch(/reserve\.share +0\.1 +-> +0\.5/)
  const json = JSON.parse((await runCommand(["inspect", a, b, "--json"])).stdout)
  const one = JSON.parse((await runCommand(["inspect", a, "--json"])).stdout)
  expect(json.rows.out.a).toBe(one.rows.out)
  expect(json.drops.find(({ step }: { step: string }) => step === "reserve").a).toBe(one.drops.reserve.reserve)
  expect(json.config).toEqual([{ key: "reserve.share", a: 0.1, b: 0.5 }])
  expect(JSON.parse((await runCommand(["inspect", a, a, "--json"])).stdout).config).toEqual([])
  const wrong = await runCommand(["inspect", a, folder])
  expect(wrong.code).toBe(2)
  expect(linesOf(wrong).join("\n")).toContain("There is no run in this folder")

  // Budget for a part of the drafts: that stage is begun, those after it are not.
  const tokens = one.tokens.input + one.tokens.output
  const c = join(folder, "c")
  const halted = await runCommand(["run", config, "--out", c, "--set", `budget.tokens=${Math.floor(tokens / 2)}`])
  expect(halted.code).toBe(1)
  const status = await runCommand(["status", c])
  expect(status.stdout).toMatch(/^ +draft +stopped /m)
  expect(status.stdout).not.toMatch(/ running/)
  const beside = await runCommand(["inspect", a, c])
  expect(beside.stdout).toMatch(/^A: .*\(cold-start\)$/m)
  expect(beside.stdout).toMatch(/^B: .*\(cold-start\), stopped: what is done so far$/m)
  expect(beside.stdout).toMatch(/^ +questions .*\d$/m)
  expect(beside.stdout).toMatch(/^ +draft .* B stopped$/m)
  expect(beside.stdout).toMatch(/^ +select .* B waiting$/m)
  const told = JSON.parse((await runCommand(["inspect", a, c, "--json"])).stdout)
  expect(told.state).toEqual({ a: "done", b: "stopped" })
  expect(told.stages.find(({ stage }: { stage: string }) => stage === "draft")).toMatchObject({
    stateA: "done",
    stateB: "stopped",
  })

  await writeFile(join(a, "stages", "draft", "00000-aaaaaaaaaaaa.parquet"), "x".repeat(2_048))
  const dry = await runCommand(["clean", a, "--dry-run"])
  expect(dry.stdout).toMatch(/would remove 1 files, 2\.0 KiB\n +stage shards +1 files +2\.0 KiB/)
  const cleaned = JSON.parse((await runCommand(["clean", a, "--json"])).stdout)
  expect(cleaned).toMatchObject({ files: 1, bytes: 2_048, dryRun: false })
  expect((await runCommand(["clean", a])).stdout).toContain("nothing to remove")
  expect((await runCommand(["clean", folder])).code).toBe(2)
})
