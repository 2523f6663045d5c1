// Imports go one way: schemas < runtime, io < annotators < filters < dedup, mixture, packing, export < recipes < executors, ui.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { describe, expect, test } from "vitest"

const root = resolve(import.meta.dirname, "..")
const folders = ["schemas", "pipelines", "annotators", "filters", "ui"]

/** What a file may import stands in its own tier or in one before it. */
const tiers = [
  "schemas",
  "runtime and io",
  "annotators",
  "filters",
  "dedup, mixture, packing and export",
  "recipes",
  "executors and ui",
] as const

function tierOf(file: string): number {
  const [top, second] = file.split("/") as [string, string | undefined]
  if (top === "schemas") return 0
  if (top === "annotators") return 2
  if (top === "filters") return 3
  if (top !== "pipelines") return 6
  if (second === "runtime" || second === "io") return 1
  if (["dedup", "mixture", "packing", "export"].includes(second!)) return 4
  return second === "executors" ? 6 : 5
}

/** The project's own files that a source imports, type imports included: types are part of what a reader must follow. */
function importsIn(file: string, source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)"(\.[^"]+)"/g)
  return [...found].map(([, path]) => relative(root, resolve(root, dirname(file), path!)))
}

const sources = folders
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
const entries = readdirSync(root).filter((name) => name.endsWith(".ts") && !name.endsWith(".config.ts"))
const graph = new Map(
  [...sources, ...entries].sort().map((file) => [file, importsIn(file, readFileSync(join(root, file), "utf8"))]),
)

/** Files that import each other in a circle; type imports do not make one, they are gone at run time. */
function circles(): string[][] {
  const valueImports = (file: string) => {
    const source = readFileSync(join(root, file), "utf8")
      .replace(/\bimport type\b[\s\S]*?"[^"]+"/g, "")
      .replace(/\bexport type\b[^=]*?from "[^"]+"/g, "")
    return importsIn(file, source)
  }
  const found: string[][] = []
  const done = new Set<string>()
  const visit = (file: string, path: string[]) => {
    const at = path.indexOf(file)
    if (at >= 0) found.push([...path.slice(at), file])
    if (at >= 0 || done.has(file)) return
    for (const next of valueImports(file)) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return found
}

describe("the test itself", () => {
  test("sees imports of every spelling, and none in comments", () => {
    const source = [
      'import { a } from "./a.ts"',
      'import type { b } from "../b.ts"',
      'import {\n  c,\n  type d,\n} from "./c.ts"',
      'export * from "./e.ts"',
      'const f = await import("./f.ts")',
      'import "./g.ts"',
      '// from "./no.ts"',
      '/* import "./no.ts" */',
      'import { open } from "node:fs/promises"',
    ].join("\n")
    expect(importsIn("pipelines/runtime/x.ts", source)).toEqual(
      ["runtime/a", "b", "runtime/c", "runtime/e", "runtime/f", "runtime/g"].map((name) => `pipelines/${name}.ts`),
    )
  })

  test("knows the tier of every folder", () => {
    expect(
      [
        "schemas/x.ts",
        "pipelines/io/x.ts",
        "annotators/endpoint/x.ts",
        "filters/x.ts",
        "pipelines/dedup/x.ts",
        "pipelines/cold-start/x.ts",
        "pipelines/recipes.ts",
        "pipelines/executors/x.ts",
        "ui/x.ts",
        "index.ts",
      ].map(tierOf),
    ).toEqual([0, 1, 2, 3, 4, 5, 5, 6, 6, 6])
    expect(graph.size).toBeGreaterThan(100)
    expect([...graph.values()].flat().length).toBeGreaterThan(300)
  })
})

test("every import is of a file that is there", () => {
  const missing = [...graph].flatMap(([file, imports]) =>
    imports.filter((path) => !graph.has(path)).map((path) => `${file} imports ${path}`),
  )
  expect(missing).toEqual([])
})

test("imports go one way", () => {
  const wrong = [...graph].flatMap(([file, imports]) =>
    imports
      .filter((path) => tierOf(path) > tierOf(file))
      .map(
        (path) =>
          `${file} (${tiers[tierOf(file)]}) imports ${path} (${tiers[tierOf(path)]}): move what it needs down, or itself up`,
      ),
  )
  expect(wrong).toEqual([])
})

test("a recipe's folder imports no other recipe's", () => {
  const recipeOf = (file: string) => /^pipelines\/([^/]+)\//.exec(tierOf(file) === 5 ? file : "")?.[1]
  const wrong = [...graph].flatMap(([file, imports]) =>
    imports
      .filter((path) => recipeOf(file) && recipeOf(path) && recipeOf(file) !== recipeOf(path))
      .map((path) => `${file} imports ${path}`),
  )
  expect(wrong).toEqual([])
})

test("no files import each other in a circle", () => {
  expect(circles().map((circle) => circle.join(" -> "))).toEqual([])
})
