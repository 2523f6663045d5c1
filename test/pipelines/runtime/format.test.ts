// Every file that outlives a process says its format; one of a newer version is refused and left as it is.
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { readCommit } from "../../../pipelines/runtime/commit.ts"
import { readEvents } from "../../../pipelines/runtime/events.ts"
import { Ledger } from "../../../pipelines/runtime/ledger.ts"
import { planRun } from "../../../pipelines/runtime/plan.ts"
import { readManifest } from "../../../pipelines/runtime/publish.ts"
import { readRecord } from "../../../pipelines/runtime/run.ts"
import { complaintOf } from "../complaint.ts"
import { temporaryFolder } from "./folder.ts"
import { runTiny, tinyRecipe } from "./tiny-recipe.ts"

async function finishedRun(): Promise<string> {
  const out = join(temporaryFolder(), "run")
  const { error } = await runTiny(out)
  expect(error).toBeNull()
  return out
}

/** Rewrites one member of a file's JSON (its first line, of JSON Lines). */
function edit(path: string, change: (value: Record<string, unknown>) => void): void {
  const [first, ...others] = readFileSync(path, "utf8").split("\n")
  const whole = path.endsWith(".jsonl") ? first! : [first, ...others].join("\n")
  const value = JSON.parse(whole) as Record<string, unknown>
  change(value)
  writeFileSync(path, path.endsWith(".jsonl") ? [JSON.stringify(value), ...others].join("\n") : JSON.stringify(value))
}

const persisted: [name: string, path: string, member: string, read: (run: string) => Promise<unknown>, what: string][] =
  [
    ["run.json", "run.json", "format", (run) => readRecord(run), "The run"],
    ["a commit", "stages/clean/00000.json", "format", (run) => readCommit(run, "clean", 0), "A finished task"],
    ["events", "events/000001.jsonl", "v", (run) => readEvents(join(run, "events")), "An event"],
    ["the manifest", "manifest.json", "schema_version", (run) => readManifest(run), "The manifest"],
    [
      "the ledger",
      "ledger/format.json",
      "format",
      async (run) => (await Ledger.open(join(run, "ledger"), "read")).close(),
      "The ledger",
    ],
  ]

describe.each(persisted)("%s", (_, path, member, read, what) => {
  test("of this version says format 1 and is read", async () => {
    const run = await finishedRun()
    expect(readFileSync(join(run, path), "utf8")).toMatch(new RegExp(`"${member}": ?1\\b`))
    await read(run)
  })

  test("of a newer version is refused, with what to do", async () => {
    const run = await finishedRun()
    edit(join(run, path), (value) => {
      value[member] = 2
    })
    const complaint = await complaintOf(read(run))
    expect(complaint).toContain(`exit 2\n${what} was made by a newer version of cotyledon\n`)
    expect(complaint).toContain("format 1\n2\nUpdate cotyledon, or take another folder.")
  })
})

// Events are only read by who shows them.
const read = persisted.filter(([, , member]) => member !== "v")
test.each(read)("%s of a newer version stops a run before it changes anything", async (_, path, member, __, what) => {
  const run = await finishedRun()
  edit(join(run, path), (value) => {
    value[member] = 2
  })
  const before = readFileSync(join(run, path), "utf8")
  const { error } = await runTiny(run)
  expect(String(error)).toContain(`${what} was made by a newer version of cotyledon`)
  expect(readFileSync(join(run, path), "utf8")).toBe(before)
})

test("a plan looks at the run's format", async () => {
  const run = await finishedRun()
  edit(join(run, "run.json"), (value) => {
    value.format = 9
  })
  const planning = planRun({ recipe: tinyRecipe().recipe, config: { seed: 1 }, run, limit: null })
  expect(await complaintOf(planning)).toContain("The run was made by a newer version")
})

test.each(["{}", '{"format":"1"}', "null", '{"format":0}'])("run.json with %s has no known format", async (content) => {
  const run = await finishedRun()
  writeFileSync(join(run, "run.json"), content)
  expect(await complaintOf(readRecord(run))).toMatch(/^exit 2\nThe run has a format that is not known\n/)
})

test("a ledger from before it said its format is of the first, and says so from then on", async () => {
  const run = await finishedRun()
  rmSync(join(run, "ledger", "format.json"))
  const { error, calls } = await runTiny(run, { bonus: 5 })
  expect(error).toBeNull()
  expect(calls).toBe(0)
  expect(readFileSync(join(run, "ledger", "format.json"), "utf8")).toBe('{"format":1}\n')
})
