// The JSON Schema that `init` writes for editors, read by a validator: it takes what the command takes, and refuses what it refuses.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { z } from "zod"
import { recipes } from "../../pipelines/recipes.ts"
import { configYaml } from "../../ui/init/config-yaml.ts"
import { editorSchema } from "../../ui/init/editor-schema.ts"
import { inputSchema } from "../../ui/key-notes.ts"

const root = join(import.meta.dirname, "../..")

/** The schema of each recipe as an editor reads it: from its text. */
const schemas = new Map(
  await Promise.all(
    recipes.map(async ({ name, load }) => {
      const { config, about } = await load()
      const text = editorSchema(config)
      return [name, { config, about, accepts: z.fromJSONSchema(JSON.parse(text)) }] as const
    }),
  ),
)

/** Whole configs in YAML blocks of the README and in the fixtures, by where they stand. */
function writtenConfigs(): [where: string, config: Record<string, unknown>][] {
  const readme = readFileSync(join(root, "README.md"), "utf8")
  const blocks = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text], at): [string, string] => [
    `README, block ${at + 1}`,
    text!,
  ])
  const files = readdirSync(join(root, "test/fixtures"))
    .filter((name) => name.endsWith(".yaml"))
    .map((name): [string, string] => [name, readFileSync(join(root, "test/fixtures", name), "utf8")])
  return [...blocks, ...files]
    .map(([where, text]): [string, Record<string, unknown>] => [where, parse(text)])
    .filter(([, config]) => schemas.has(String(config.recipe)))
}

describe("a config that is written down", () => {
  const configs = writtenConfigs()

  test("is there to be read", () => {
    expect(configs.map(([where]) => where).join()).toContain("README")
  })

  test.each(configs)("in %s is accepted, and refused with a typo", (_, config) => {
    const { accepts, config: checked } = schemas.get(String(config.recipe))!
    expect(checked.safeParse(config).success).toBe(true)
    expect(accepts.safeParse(config).error).toBeUndefined()
    expect(accepts.safeParse({ $schema: "x.json", ...config }).success).toBe(true)
    expect(accepts.safeParse({ ...config, sead: 1 }).success).toBe(false)
  })
})

describe.each([...schemas])("the schema of %s", (name, { config, about, accepts }) => {
  test("accepts what init writes", () => {
    const text = configYaml(inputSchema(config), { recipe: name, about, schemaPath: null })
    expect(accepts.safeParse(parse(text)).error).toBeUndefined()
    const all = parse(text.replace(/^( *)#(?=[A-Za-z])/gm, "$1"))
    expect(accepts.safeParse(all).error).toBeUndefined()
  })

  test("refuses a typo and a wrong type in every object that it names", () => {
    const whole = parse(
      configYaml(inputSchema(config), { recipe: name, about, schemaPath: null }).replace(/^( *)#(?=[A-Za-z])/gm, "$1"),
    ) as Record<string, unknown>
    let places = 0
    const visit = (value: unknown, put: (changed: unknown) => unknown) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return
      const wrong = put({ ...value, noSuchKey: 1 })
      // Free records (headers, weights) take any key, in the command as well.
      expect(accepts.safeParse(wrong).success).toBe(config.safeParse(wrong).success)
      places++
      for (const [key, inner] of Object.entries(value)) visit(inner, (changed) => put({ ...value, [key]: changed }))
    }
    visit(whole, (changed) => changed)
    expect(places).toBeGreaterThan(5)
    expect(accepts.safeParse({ ...whole, noSuchKey: 1 }).success).toBe(false)
    expect(accepts.safeParse({ ...whole, seed: "seven" }).success).toBe(false)
  })
})
