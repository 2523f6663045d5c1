// What is generated from the sources is whole: every export of the library has a doc comment, every event and field a note.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { eventNotes, eventVersion } from "../../schemas/event-notes.ts"
import { type Declared, declarationsIn } from "./declarations.ts"
import { apiMarkdown, eventSchemas, eventsMarkdown } from "./markdown.ts"

const root = join(import.meta.dirname, "../..")
const declared = declarationsIn(join(root, "dist"))

describe("the library's interface", () => {
  test("is what the entry exports", async () => {
    const atRunTime = Object.keys((await import(join(root, "dist/index.js"))) as object).filter((name) => name !== "z")
    const names = declared.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining(atRunTime))
    // Types leave no trace at run time: those that the entry names are all found too.
    const entry = readFileSync(join(root, "index.ts"), "utf8")
    for (const [, type] of entry.matchAll(/\btype (\w+)/g)) expect(names).toContain(type)
    expect(names.length).toBeGreaterThan(100)
  })

  test.each(declared.map(({ name, doc }) => [name, doc]))("%s has a doc comment", (_, doc) => {
    expect(doc).toMatch(/\w+ \w+/)
  })

  test("is written with doc comments and whole declarations", () => {
    const text = apiMarkdown(declared)
    const part = (name: string) => text.split("\n### ").find((part) => part.startsWith(`${name}\n`))!
    expect(part("run")).toContain("Runs a recipe in a folder, or goes on with it.")
    expect(part("run")).toContain("function run<C>(options: RunOptions<C>): Promise<RunResult>;")
    expect(part("RowStep")).toMatch(/interface RowStep extends Declaration \{[^}]*run\([^}]*\}\n```/)
    expect(part("exitCode")).toMatch(/const exitCode: \{[^}]*interrupted: 130;\s*\};/)
    for (const { code } of declared as Declared[]) expect(code.split("{").length - code.split("}").length, code).toBe(0)
  })
})

describe("events", () => {
  test("are documented one by one, with exactly the fields of the schema", () => {
    const schemas = eventSchemas()
    expect(schemas.map(({ name }) => name).sort()).toEqual(Object.keys(eventNotes).sort())
    for (const { name, fields } of schemas) {
      expect(Object.keys(fields).sort(), name).toEqual(Object.keys(eventNotes[name].fields).sort())
      expect(eventNotes[name].about).toMatch(/\.$/)
    }
  })

  test("are written with their version", () => {
    const text = eventsMarkdown()
    expect(text).toContain(`version of this format (${eventVersion})`)
    for (const { name, fields } of eventSchemas()) {
      const section = text.split("\n## ").find((section) => section.startsWith(`${name}\n`))!
      for (const field of Object.keys(fields)) expect(section).toMatch(new RegExp(`^\\| \`${field}\` `, "m"))
    }
  })
})

test("npm run docs writes both", () => {
  const printed = execFileSync(process.execPath, ["test/docs/write.ts"], { cwd: root, encoding: "utf8" })
  expect(printed).toContain("docs/api.md and docs/events.md are written")
  expect(readFileSync(join(root, "docs/api.md"), "utf8")).toBe(apiMarkdown(declared))
  expect(readFileSync(join(root, "docs/events.md"), "utf8")).toBe(eventsMarkdown())
})
