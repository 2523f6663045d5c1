import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { coldStart } from "../../../pipelines/cold-start/recipe.ts"
import { coldStartConfig } from "../../../schemas/config.ts"
import { loadTarget } from "../../../ui/config-file.ts"
import { hasKeys, inputSchema, type KeySchema } from "../../../ui/key-notes.ts"
import { runCommand } from "../../faults/run-command.ts"
import { newFolder } from "../../faults/scene.ts"

const written = async () => {
  const folder = await newFolder()
  const { code, stderr, stdout } = await runCommand(["init", "cold-start"], { cwd: folder })
  expect(code, stderr).toBe(0)
  expect(stdout).toBe("")
  const path = join(folder, "cold-start.yaml")
  return { folder, path, text: await readFile(path, "utf8") }
}

/** All keys switched on, as a user does it. */
const uncommented = (text: string): string => text.replace(/^( *)#(?=[A-Za-z])/gm, "$1")

test("the config loads without faults, and with all its keys switched on means the same defaults", async () => {
  const { path, text } = await written()
  const { config } = (await loadTarget(path, { set: [] })) as { config: Record<string, unknown> }
  expect(config).toMatchObject({ models: { judge: { baseUrl: "http://localhost:8000/v1" } } })
  await writeFile(path, uncommented(text))
  const { config: all } = (await loadTarget(path, { set: [] })) as { config: Record<string, unknown> }
  for (const key of Object.keys(config).filter((key) => !["models", "budget", "disk"].includes(key)))
    expect(all[key], key).toEqual(config[key])
})

test("every key of the schema is there, with its unit and source", async () => {
  const { text } = await written()
  const config = parse(uncommented(text))
  const prose = text.replace(/\s*\n\s*# /g, " ")
  let keys = 0
  const visit = (schema: KeySchema, value: unknown, path: string) => {
    for (const [name, key] of Object.entries(schema.properties ?? {})) {
      const here = (value as Record<string, unknown>)[name]
      expect(here, `${path}${name}`).toBeDefined()
      for (const note of [key.description, key.unit && `unit: ${key.unit}`, key.source])
        if (note) expect(prose, `${path}${name}`).toContain(note)
      if (hasKeys(key)) visit(key, here, `${path}${name}.`)
      keys++
    }
  }
  visit(inputSchema(coldStart.config), config, "")
  expect(keys).toBeGreaterThan(60)
})

test("editors find the schema beside the config", async () => {
  const { folder, text } = await written()
  const name = /^# yaml-language-server: \$schema=(.*)$/m.exec(text)?.[1]
  const schema = JSON.parse(await readFile(join(folder, name!), "utf8"))
  expect(schema.additionalProperties).toBe(false)
  expect(schema.properties.drafts.properties.initial).toMatchObject({ type: "integer", default: 8, unit: "drafts" })
  expect(Object.keys(schema.properties)).toEqual(["$schema", ...Object.keys(coldStartConfig.shape)])
})

test("a file that stands is never overwritten", async () => {
  const { folder, path } = await written()
  await writeFile(path, "mine\n")
  const { code, stderr } = await runCommand(["init", "cold-start"], { cwd: folder })
  expect(code).toBe(2)
  expect(stderr).toContain("The file stands already and is not overwritten (cold-start.yaml)")
  expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4)
  expect(await readFile(path, "utf8")).toBe("mine\n")
  const other = await runCommand(["init", "cold-start", "second.yaml"], { cwd: folder })
  expect(other.code, other.stderr).toBe(0)
  await writeFile(join(folder, "cold-start.schema.json"), "{}")
  expect((await runCommand(["init", "cold-start", "third.yaml"], { cwd: folder })).code).toBe(2)
})

test("- prints the config and writes nothing", async () => {
  const folder = await newFolder()
  const { code, stdout } = await runCommand(["init", "cold-start", "-"], { cwd: folder })
  expect(code).toBe(0)
  expect(coldStartConfig.safeParse(parse(stdout)).success).toBe(true)
  expect(stdout).not.toContain("yaml-language-server")
})

test.each([
  [["init", "cold-strat"], "Did you mean cold-start?"],
  [["init", "cold-start", "config.json"], "A config is written as YAML (config.json)"],
  [["init", "cold-start", "nowhere/config.yaml"], "There is no folder for FILE (nowhere/config.yaml)"],
  [["init", "cold-start", "/dev/null/config.yaml"], "FILE is below a file (/dev/null/config.yaml)"],
])("%j is a usage error", async (args, message) => {
  const { code, stderr } = await runCommand(args, { cwd: await newFolder() })
  expect(code).toBe(2)
  expect(stderr).toContain(message)
  expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4)
})
