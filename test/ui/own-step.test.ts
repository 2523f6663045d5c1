// Modules with steps of the user's own: what they may export, and what is said about those that are none.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test, vi } from "vitest"
import { runCommand } from "../faults/run-command.ts"
import { jsonLines } from "../faults/scene.ts"
import { temporaryFolder } from "../pipelines/runtime/folder.ts"

vi.setConfig({ testTimeout: 120_000 })

const rows = [
  { id: "a", text: "one" },
  { id: "b", text: "two words" },
  { id: "c", text: "three words here" },
]

/** Applies a module to three rows. */
async function applied(source: string, { name = "step.mjs", args = [] as string[] } = {}) {
  const folder = temporaryFolder()
  writeFileSync(join(folder, name), source)
  writeFileSync(join(folder, "in.jsonl"), jsonLines(rows))
  const ended = await runCommand(["apply", `./${name}`, "in.jsonl", "out.jsonl", ...args], { cwd: folder })
  const read = (file: string) =>
    existsSync(join(folder, file))
      ? readFileSync(join(folder, file), "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : null
  return { ...ended, out: read("out.jsonl"), failed: read("out.jsonl.failed.jsonl") }
}

const step = (body: string, more = "") =>
  `export default { kind: "row", id: "mine", version: 1, params: {}, ${more} run(row) { ${body} } }`

describe("a module", () => {
  test.each([
    ["step.ts", "const n: number = 1\n"],
    ["step.mjs", ""],
    ["step.js", ""],
  ])("may be %s", async (name, first) => {
    const { code, stderr, out } = await applied(first + step('return row.id === "b" ? { reason: "b" } : null'), {
      name,
    })
    expect(code, stderr).toBe(0)
    expect(out).toEqual([rows[0], rows[2]])
  })

  test("may make several rows of one, which are counted", async () => {
    const source = step('return { keep: row.text.split(" ").map((text, at) => ({ ...row, id: row.id + at, text })) }')
    const { code, stdout, stderr, out } = await applied(source, { args: ["--json"] })
    expect(code, stderr).toBe(0)
    expect(out).toHaveLength(6)
    expect(stderr).toContain("mine: 3 rows in, 3 born of them, 6 kept, 0 dropped, 0 failed")
    expect(JSON.parse(stdout).rows).toEqual({ in: 3, born: 3, out: 6, dropped: 0, failed: 0 })
  })

  test("may describe its parameters by a JSON Schema", async () => {
    const source = `export const params = {
        type: "object", additionalProperties: false,
        properties: { most: { type: "integer", default: 2, description: "Most words" } },
      }
      export default ({ most }) => ({
        kind: "row", id: "words", version: 1, params: { most },
        run: ({ text }) => text.split(" ").length > most ? { reason: "long" } : null,
      })`
    expect((await applied(source)).out).toHaveLength(2)
    expect((await applied(source, { args: ["--set", "most=1"] })).out).toHaveLength(1)
    const wrong = await applied(source, { args: ["--set", "mots=1"] })
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain("Did you mean most?")
  })

  test("may label: the column that it adds is compared", async () => {
    const source = `import { int32 } from "cotyledon"
      export const label = "words"
      ${step('return { keep: [{ ...row, words: row.text.split(" ").length }] }', "adds: { words: int32() },")}`
    const { stdout } = await applied(source, { args: ["--labels", "id", "--json"] })
    expect(JSON.parse(stdout).labels).toMatchObject({ compared: 3, accuracy: 0 })
  })

  test("may ask a model: its role's settings are those of a catalogue step", async () => {
    const source = `export const role = "judge"
      export default (params, { endpoint }) => ({
        kind: "program", id: "asks", version: 1, params: {},
        run: async (row) => ({ keep: [{ ...row, role: endpoint("judge").role }] }),
      })`
    const args = ["--set", "models.judge.baseUrl=http://127.0.0.1:9/v1", "--set", "models.judge.model=none"]
    const { code, stderr, out } = await applied(source, { args })
    expect(code, stderr).toBe(0)
    expect(out).toMatchObject([{ role: "judge" }, { role: "judge" }, { role: "judge" }])
  })

  test.each<[string, string, string]>([
    ["without an export", "export const a = 1", "got nothing"],
    [
      "of another kind",
      'export default { kind: "map", id: "m", version: 1 }',
      "a kind other than row, kernel and program",
    ],
    ["without an id", 'export default { kind: "row", version: 1, run() {} }', "an id that is no plain name"],
    ["without a version", 'export default { kind: "row", id: "m", run() {} }', "step m without a version"],
    ["without its function", 'export default { kind: "kernel", id: "m", version: 1 }', "step m without open()"],
    ["with columns that are none", step("return null", 'adds: { n: "int" },'), "something else than columns"],
    ["that makes none", "export default () => null", "The function of the module returned no step"],
    ["with a wrong schema", `export const params = 3; ${step("return null")}`, "`params` is no"],
    [
      "with a label that it does not add",
      `export const label = "x"; ${step("return null")}`,
      "`label` is no column that",
    ],
    ["with an unknown role", `export const role = "critic"; ${step("return null")}`, "judge or drafter, got critic"],
    ["that does not load", "export default {", "Cannot load the step: "],
    ["that throws", 'throw "no database"', "Cannot load the step: no database"],
  ])("%s is a usage error, and nothing is written", async (_, source, complaint) => {
    const { code, stderr, out } = await applied(source)
    expect(code, stderr).toBe(2)
    expect(stderr).toContain(complaint)
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4)
    expect(out).toBeNull()
  })

  test("that is not there is a usage error", async () => {
    const { code, stderr } = await runCommand(["steps", "./nowhere.ts"], { cwd: temporaryFolder() })
    expect(code).toBe(2)
    expect(stderr).toContain("Cannot load the step: ")
  })
})

describe("a step", () => {
  test("that throws fails the row, with its message", async () => {
    const { code, stderr, out, failed } = await applied(step('if (row.id === "b") row.text.missing(); return null'))
    expect(code, stderr).toBe(0)
    expect(out).toEqual([rows[0], rows[2]])
    expect(failed).toMatchObject([
      {
        ...rows[1],
        error: { step: "mine", reason: "step-threw", message: "TypeError: row.text.missing is not a function" },
      },
    ])
  })

  test("that returns nothing ends the command at its first row; OUT is not there", async () => {
    const { code, stderr, out } = await applied(step('if (row.id === "b") return { reason: "b" }'))
    expect(code).toBe(1)
    expect(stderr).toContain("Step mine returned no fate (row a)")
    expect(stderr).toContain("got nothing (undefined)")
    expect(out).toBeNull()
  })

  test("makes several rows of one", async () => {
    const { stdout, out } = await applied(step("return { keep: [row, { ...row, id: row.id + 2 }] }"), {
      args: ["--json"],
    })
    expect(JSON.parse(stdout).rows).toMatchObject({ in: 3, out: 6 })
    expect(out).toHaveLength(6)
  })

  test("that is asynchronous without saying so is told what it is, even if it rejects", async () => {
    const source = step('throw new Error("later")').replace(" run(row)", " async run(row)")
    const { code, stderr, out } = await applied(source)
    expect(code).toBe(1)
    expect(stderr).toContain("got a promise: only a step of kind program may be asynchronous")
    expect(out).toBeNull()
  })

  const program = (body: string) =>
    `export default { kind: "program", id: "mine", version: 1, params: {}, async run(row) { ${body} } }`

  test.each([
    ["rejects a promise that nobody waits for", 'Promise.reject(new Error("left"))'],
    ["throws in a callback", 'setTimeout(() => { throw new Error("left") }, 1)'],
  ])("that %s stops the command with the error", async (_, body) => {
    const source = program(`${body}; await new Promise((resolve) => setTimeout(resolve, 300)); return { keep: [row] }`)
    const { code, stderr, out } = await applied(source)
    expect(code, stderr).toBe(1)
    expect(stderr).toContain("An error that nobody waited for")
    expect(stderr).toContain("got Error: left")
    expect(out).toBeNull()
  })

  test("that waits for what never comes ends the command, which says so", async () => {
    const { code, stderr, out } = await applied(program("await new Promise(() => {}); return { keep: [row] }"))
    expect(code, stderr).toBe(1)
    expect(stderr).toContain("A step waits for something that never comes")
    expect(out).toBeNull()
  })

  test("cannot change the rows that it is shown", async () => {
    const { failed } = await applied(step('if (row.id === "c") row.text = ""; return null'))
    expect(failed).toMatchObject([{ ...rows[2], error: { reason: "step-threw" } }])
  })
})
