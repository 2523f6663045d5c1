// The commands on mode fusion, called as a user does.
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { loadTarget } from "../../../ui/config-file.ts"
import { runCommand } from "../../faults/run-command.ts"
import { newFolder } from "../../faults/scene.ts"
import { plainSample, samplesFile, thinkingSample } from "../../pipelines/mode-fusion/samples-file.ts"

let folder: string
let config: string
let run: string

const ask = (...args: string[]) => runCommand(args, { cwd: folder })
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await ask(...args, "--json")
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

beforeAll(async () => {
  folder = await newFolder()
  const { code, stderr } = await ask("init", "mode-fusion")
  expect(code, stderr).toBe(0)
  expect(stderr).toContain("Set its thinking and nonThinking, then:")
  config = join(folder, "mode-fusion.yaml")
  const text = await readFile(config, "utf8")
  const numbers = Array.from({ length: 40 }, (_, at) => at)
  await mkdir(join(folder, "chat"))
  await samplesFile(
    folder,
    "thinking.jsonl",
    numbers.map((at) => thinkingSample(`t${at}`)),
  )
  await samplesFile(
    folder,
    "chat/a.jsonl",
    numbers.map((at) => plainSample(`n${at}`)),
  )
  await writeFile(config, text.replace("thinking: runs/cold-start", "thinking: thinking.jsonl"))
  run = join(folder, "run")
})

test("the written config loads, and with all its keys switched on means the same", async () => {
  const { config: plain } = (await loadTarget(config, { set: [] })) as { config: Record<string, unknown> }
  expect(plain.thinking).toBe(join(folder, "thinking.jsonl"))
  expect(plain.nonThinking).toMatchObject([{ path: join(folder, "chat/*.jsonl") }])
  const text = await readFile(config, "utf8")
  const all = join(folder, "all.yaml")
  await writeFile(all, text.replace(/^( *)#(?=[A-Za-z])/gm, "$1"))
  const { config: on } = (await loadTarget(all, { set: [] })) as { config: Record<string, unknown> }
  // Examples of what has no default.
  const without = (config: Record<string, unknown>) => ({
    ...config,
    size: undefined,
    disk: undefined,
    ledger: undefined,
  })
  expect(without(on)).toEqual(without(plain))
  expect(on.size).toBe(50_000)
})

test("plan, run, inspect and a rerun go together", async () => {
  const plan = await json("plan", config)
  expect(plan).toMatchObject({ recipe: "mode-fusion", rows: 80, bounds: [] })
  const { code, stdout, stderr } = await ask("run", config, "--out", run, "--set", "maxCopies=2", "--json")
  expect(code, stderr).toBe(0)
  expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toMatchObject({ event: "done" })
  expect(stderr).toMatch(/mixture: 133 rows of 80 samples/)
  const inspected = await json("inspect", run)
  expect(inspected.rows).toEqual({ in: 80, out: 80, dropped: 0, failed: 0 })
  expect(inspected).toMatchObject({ complete: true, calls: 0, cost: null })
  expect(inspected.mixture.find(({ value }: { value: string }) => value === "thinking")).toMatchObject({ found: 80 })
  const { history } = await json("inspect", run, "--row", "t3/copy-2")
  expect(history.map(({ stage, fate }: { stage: string; fate: string }) => `${stage}: ${fate}`)).toEqual([
    "samples: passed on",
    "form: passed on",
    "mix: passed on",
  ])
  const again = await ask("run", config, "--out", run, "--set", "maxCopies=2")
  expect(again.stderr).toContain("Nothing changed: the dataset stood already.")
  const changed = await json("plan", config, "--out", run, "--set", "maxCopies=2", "--set", "shares.mode.thinking=0.5")
  const states = Object.fromEntries(changed.stages.map(({ id, state }: { id: string; state: string }) => [id, state]))
  expect(states.form).toMatch(/^done, reused/)
  expect(states.mixture).toMatch(/^again/)
})

test("a pilot says what the whole would be", async () => {
  const { code, stderr } = await ask("run", config, "--out", join(folder, "pilot"), "--limit", "20")
  expect(code, stderr).toBe(0)
  expect(stderr).toContain("projected to all 80 rows from 20")
})

test("the dataset passes the check that a sample is what its flags ask for; a planted fault does not", async () => {
  const out = join(folder, "checked.jsonl")
  const { code, stderr } = await ask("apply", "mode-agreement", join(run, "dataset"), out)
  expect(code, stderr).toBe(0)
  const rows = (await readFile(out, "utf8")).trimEnd().split("\n")
  expect(rows).toHaveLength(133)
  const planted = join(folder, "planted.jsonl")
  await writeFile(planted, `${rows.map((row) => row.replaceAll("/no_think", "/think")).join("\n")}\n`)
  const dropped = join(folder, "dropped.jsonl")
  expect(await ask("apply", "mode-agreement", planted, out, "--dropped", dropped)).toMatchObject({ code: 0 })
  const found = (await readFile(dropped, "utf8")).trimEnd().split("\n")
  expect(found).toHaveLength(53)
  expect(found[0]).toContain("flag-and-block-differ")
})

test("keys and shares that are wrong are told in a few lines", async () => {
  for (const [set, said] of [
    ["shares.mode.thinkng=0.5", /shares\.mode/],
    ["shares.category.coding=1.5", /shares\.category\.coding/],
    ['shares.language={"en":0.8,"de":0.4}', /shares\.language: The shares are of the whole and add up to more than 1/],
    ["flags.thinking.user=-1", /flags\.thinking\.user/],
    ['shares.cells=[{"share":0.1}]', /Name a mode, a category or a language/],
    ["whenShrt=stop", /Did you mean whenShort/],
  ] as const) {
    const { code, stderr } = await ask("plan", config, "--set", set)
    expect(code, set).toBe(2)
    expect(stderr, set).toMatch(said)
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4)
  }
})
