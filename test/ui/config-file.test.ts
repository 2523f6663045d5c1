import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { ColdStartConfig } from "../../schemas/config.ts"
import { defaultRun, loadTarget, readConfig, setKey } from "../../ui/config-file.ts"
import { complaintOf } from "../pipelines/complaint.ts"
import { temporaryFolder } from "../pipelines/runtime/folder.ts"

function fileOf(name: string, content: string): string {
  const path = join(temporaryFolder(), name)
  mkdirSync(join(path, ".."), { recursive: true })
  writeFileSync(path, content)
  return path
}

const load = (target: string | undefined, set: string[] = [], config?: string) =>
  loadTarget(target, { set, ...(config !== undefined && { config }) })
const yaml = "recipe: cold-start\nquestions: [questions.jsonl]\nmodels: {}\n"

describe("a target", () => {
  test("is a recipe by name, with its quick start", async () => {
    const { reference, quickStart, config } = await load("cold-start")
    expect({ reference, quickStart }).toEqual({ reference: "cold-start", quickStart: true })
    expect((config as ColdStartConfig).models.judge.baseUrl).toBe("embedded")
    expect((await load(undefined)).reference).toBe("cold-start")
  })

  test.each(["yaml", "yml", "json", "ts", "mjs"])("is a config as .%s, its sources relative to it", async (ending) => {
    const content =
      ending === "json"
        ? '{"recipe":"cold-start","questions":["questions.jsonl"],"models":{},"seed":7}'
        : `${yaml}seed: 7\n`
    const code = 'export default { recipe: "cold-start", questions: ["questions.jsonl"], models: {}, seed: 7 }\n'
    const file = fileOf(`my.${ending}`, ["ts", "mjs"].includes(ending) ? code : content)
    for (const target of [await load(file), await load("cold-start", [], file), await load(undefined, [], file)]) {
      expect(target.quickStart).toBe(false)
      expect(target.config).toMatchObject({
        recipe: "cold-start",
        seed: 7,
        questions: [join(file, "..", "questions.jsonl")],
      })
    }
  })

  test("is a recipe of one's own by path, found beside the config", async () => {
    const file = fileOf("my.yaml", "recipe: ./own.ts\nn: 3\n")
    const code = `import { z } from ${JSON.stringify(import.meta.resolve("zod"))}
      export default { name: "own", about: "", version: 1, config: z.strictObject({ recipe: z.string(), n: z.int() }), open() {} }`
    writeFileSync(join(file, "..", "own.ts"), code)
    const { recipe, config, reference } = await load(file)
    expect(recipe.name).toBe("own")
    expect(config).toEqual({ recipe: "./own.ts", n: 3 })
    const own = join(file, "..", "own.ts")
    expect(reference).toBe(own)
    const plain = fileOf("plain.yaml", "n: 4\n")
    expect(await load(own, [], plain)).toMatchObject({ reference: own, config: { n: 4 } })
    expect(await load(own, ["n=5"])).toMatchObject({ reference: own, config: { n: 5 } })
  })

  test("of two configs is refused; a recipe that cannot be loaded is a usage error", async () => {
    const file = fileOf("my.yaml", yaml)
    expect(await complaintOf(load(file, [], file))).toMatch(/^exit 2\nThere are two configs/)
    const broken = fileOf("my.yaml", "recipe: ./broken.ts\n")
    writeFileSync(join(broken, "..", "broken.ts"), 'import "no-such-package"\n')
    for (const loading of [load(broken), load(join(broken, "..", "broken.ts"), [], file)])
      expect(await complaintOf(loading)).toMatch(/^exit 2\nCannot load the recipe: Cannot find package/)
  })

  test.each([
    ["version: 1, config: z.object({})", "no name"],
    ['name: "own", config: z.object({})', "no version that is a whole number"],
    ['name: "own", version: 1', "no config: a Zod type"],
  ])("that is an unfinished recipe {%s} is told what it lacks", async (parts, fault) => {
    const file = fileOf("my.yaml", "recipe: ./own.ts\n")
    const code = `import { z } from ${JSON.stringify(import.meta.resolve("zod"))}
      export default { ${parts}, open() {} }; z`
    writeFileSync(join(file, "..", "own.ts"), code)
    expect(await complaintOf(load(file))).toMatch(
      new RegExp(`^exit 2\nThe recipe is incomplete\n\\./own\\.ts\n.*\n${fault}`),
    )
  })

  test("that is a module which is not there is no such config, whoever looked for it", async () => {
    const path = join(temporaryFolder(), "none.ts")
    expect(await complaintOf(load(path))).toMatch(/^exit 2\nThere is no such config\n.*none\.ts\n/)
    expect(await complaintOf(load(fileOf("my.yaml", "recipe: ./none.ts\n")))).not.toContain("imported from")
  })

  test.each([
    ["list.yaml", "- 1\n", "a list"],
    ["five.json", "5", "one number"],
    ["text.yaml", "cold-start\n", "one string"],
  ])("that is no config (%s) is told so", async (name, content, got) => {
    expect(await complaintOf(load(fileOf(name, content)))).toContain(`expected keys and values, got ${got}`)
  })

  test("that is unknown is an error with a suggestion", async () => {
    expect(await complaintOf(load("cold-strt"))).toBe("exit 2\nUnknown recipe cold-strt\nDid you mean cold-start?")
    expect(await complaintOf(load("zzzzzzzzzzzzzzzzzzz"))).toMatch(
      /^exit 2\nUnknown recipe zz.*\ncommand line\none of cold-start/,
    )
    expect(await complaintOf(load(join(temporaryFolder(), "none.yaml")))).toMatch(
      /^exit 2\nThere is no such config\n.*none\.yaml\n/,
    )
  })
})

describe("a config", () => {
  test("with an unknown key says which and the nearest", async () => {
    const file = fileOf("my.yaml", `${yaml}drafts: {inital: 4}\nsead: 1\n`)
    const complaint = await complaintOf(load(file))
    expect(complaint).toContain("drafts.inital: unknown key")
    expect(complaint).toContain(file)
    expect(complaint).toContain("Did you mean initial?")
    expect(complaint).toContain("1 more: sead")
    expect(complaint.split("\n").length).toBeLessThanOrEqual(5)
  })

  test.each([
    ["my.yaml", "a: [1\nb: 2"],
    ["my.json", '{"a": '],
    ["my.ts", "export default {"],
  ])("that cannot be read (%s) says so in a line", async (name, content) => {
    const complaint = await complaintOf(load(fileOf(name, content)))
    expect(complaint).toMatch(/^exit 2\nCannot read the config: .+\n/)
  })

  test.each(["", "~", "[]", "42", "hello"])("of %j is refused with a usage error", async (content) => {
    expect(await complaintOf(load(fileOf("my.yaml", content)))).toMatch(/^exit 2\n/)
  })

  test("keeps absolute paths, standard input and the columns of sources; drops $schema", async () => {
    const file = fileOf(
      "my.yaml",
      `$schema: ./s.json\nquestions: ["-", /data/a.jsonl, {path: b/*.parquet, columns: {question: q}}]\n`,
    )
    expect(await readConfig(file)).toEqual({
      questions: ["-", "/data/a.jsonl", { path: join(file, "..", "b/*.parquet"), columns: { question: "q" } }],
    })
  })
})

describe("--set", () => {
  test.each<[string, object]>([
    ["seed=7", { seed: 7, drafts: { initial: 8 } }],
    ["drafts.initial=2", { drafts: { initial: 2 } }],
    ["drafts.maxTokens=100", { drafts: { initial: 8, maxTokens: 100 } }],
    ["models.judge.model=Qwen/Qwen3-8B", { drafts: { initial: 8 }, models: { judge: { model: "Qwen/Qwen3-8B" } } }],
    ["a=x=y", { drafts: { initial: 8 }, a: "x=y" }],
    ["a=", { drafts: { initial: 8 }, a: "" }],
    ['a=["b","c"]', { drafts: { initial: 8 }, a: ["b", "c"] }],
    ["a=true", { drafts: { initial: 8 }, a: true }],
    ['a="7"', { drafts: { initial: 8 }, a: "7" }],
  ])("%s", (assignment, expected) => {
    const before = { drafts: { initial: 8 } }
    expect(setKey(before, assignment)).toEqual(expected)
    expect(before).toEqual({ drafts: { initial: 8 } })
  })

  test.each(["seed", "=7", ""])("%j cannot be read", (assignment) => {
    expect(() => setKey({}, assignment)).toThrow(/Cannot read --set\nexpected key\.path=value/)
  })

  test("overrides file and quick start, and is checked like them", async () => {
    const file = fileOf("my.yaml", yaml)
    expect((await load(file, ["seed=1", "seed=2"])).config).toMatchObject({ seed: 2 })
    expect((await load("cold-start", ["seed=9"])).config).toMatchObject({ seed: 9 })
    expect(await complaintOf(load(file, ["drafts.intial=1"]))).toContain("Did you mean initial?")
    expect(await complaintOf(load(file, ["__proto__.seed=1"]))).toMatch(/^exit 2\n/)
    expect(({} as { seed?: unknown }).seed).toBeUndefined()
  })

  test("reaches into a list by its number", async () => {
    const file = fileOf("my.yaml", `recipe: cold-start\nquestions: [{path: a.jsonl}, b.jsonl]\nmodels: {}\n`)
    const { config } = await load(file, ["questions.0.license=MIT"])
    expect((config as ColdStartConfig).questions[0]).toMatchObject({ license: "MIT" })
  })
})

test("the default folder of a run is named after the recipe", () => {
  expect(["cold-start", "./recipes/my-own.ts"].map(defaultRun)).toEqual(["runs/cold-start", "runs/my-own"])
})
