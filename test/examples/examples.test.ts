// The examples of the documentation, as a user runs them: by path with the command, and in a project that has the package.
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join, resolve } from "node:path"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { runCommand } from "../faults/run-command.ts"
import { jsonLines, publishedRows, readManifest } from "../faults/scene.ts"
import { temporaryFolder } from "../pipelines/runtime/folder.ts"

vi.setConfig({ testTimeout: 120_000 })

const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))

/** A folder outside of the project with the examples and rows. */
function project(rows: readonly unknown[]): string {
  const folder = temporaryFolder()
  for (const name of names) copyFileSync(join(import.meta.dirname, name), join(folder, name))
  writeFileSync(join(folder, "in.jsonl"), jsonLines(rows))
  return folder
}

async function command(cwd: string, ...args: string[]): Promise<string> {
  const { code, stderr, stdout } = await runCommand(args, { cwd })
  expect(code, stderr).toBe(0)
  return stdout
}

const linesOf = (folder: string, name: string): unknown[] =>
  readFileSync(join(folder, name), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))

test("each is under 40 lines and says in its first lines how it is run", () => {
  expect(names.length).toBeGreaterThanOrEqual(6)
  for (const name of names) {
    const source = readFileSync(join(import.meta.dirname, name), "utf8")
    expect(source.trimEnd().split("\n").length, name).toBeLessThan(40)
    expect(source, name).toMatch(new RegExp(`^// .*\n//   cotyledon \\w+ \\./${name} ?`))
  }
})

test("each loads in a project that has the package installed", () => {
  const folder = project([])
  mkdirSync(join(folder, "node_modules"))
  symlinkSync(resolve(import.meta.dirname, "../.."), join(folder, "node_modules/cotyledon"))
  const script = `for (const name of ${JSON.stringify(names)}) {
    const { default: made } = await import("./" + name)
    console.log(name, typeof made)
  }`
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: folder,
    encoding: "utf8",
  })
  expect(printed.trim().split("\n")).toEqual(
    names.map((name) => `${name} ${["row-step.ts", "program-step.ts"].includes(name) ? "function" : "object"}`),
  )
})

describe("the row step", () => {
  const rows = [
    { id: "a", text: "short", bad: true },
    { id: "b", text: "a text that is long enough", bad: false },
    { id: "c", text: "twelve chars", bad: false },
  ]

  test("is listed with its parameters", async () => {
    const printed = await command(project([]), "steps", "./row-step.ts")
    expect(printed).toContain("too-short (filter): Drops short texts")
    expect(printed).toMatch(/least +integer, at least 1; default 20; unit: characters/)
    const document = JSON.parse(await command(project([]), "steps", "./row-step.ts", "--json"))
    expect(document).toMatchObject({
      id: "too-short",
      reads: ["text"],
      params: { properties: { least: { default: 20 } } },
    })
  })

  test("is applied with --set, --dropped and --labels", async () => {
    const folder = project(rows)
    const more = ["--set", "least=10", "--dropped", "dropped.jsonl", "--labels", "bad", "--json"]
    const report = JSON.parse(await command(folder, "apply", "./row-step.ts", "in.jsonl", "out.jsonl", ...more))
    expect(report).toMatchObject({
      step: "too-short",
      rows: { in: 3, out: 2, dropped: 1, failed: 0 },
      labels: { accuracy: 1, compared: 3 },
    })
    expect(linesOf(folder, "out.jsonl")).toEqual(rows.slice(1))
    expect(linesOf(folder, "dropped.jsonl")).toMatchObject([
      { id: "a", dropped: { step: "too-short", reason: "too-short", measured: 5, threshold: 10 } },
    ])
  })

  test("with a parameter that it does not have is a usage error with a suggestion", async () => {
    const folder = project(rows)
    const { code, stderr } = await runCommand(["apply", "./row-step.ts", "in.jsonl", "out.jsonl", "--set", "leest=3"], {
      cwd: folder,
    })
    expect(code).toBe(2)
    expect(stderr).toContain("Did you mean least?")
  })
})

test("the kernel reads bytes, of JSON Lines and of Parquet; a row without text fails alone", async () => {
  const rows = [
    { text: "1234 5678" },
    { text: "no digits, \u00e9\u{1F600}" },
    { text: "" },
    { text: 5 },
    { text: "7 of 9 digits: 1" },
  ]
  const folder = project(rows)
  const apply = async (input: string, output: string) =>
    JSON.parse(
      await command(folder, "apply", "./kernel-step.ts", input, output, "--dropped", "dropped.jsonl", "--json"),
    )
  expect((await apply("in.jsonl", "out.jsonl")).rows).toEqual({ in: 5, out: 3, dropped: 1, failed: 1 })
  expect(linesOf(folder, "out.jsonl")).toEqual([rows[1], rows[2], rows[4]])
  expect(linesOf(folder, "dropped.jsonl")).toMatchObject([{ text: "1234 5678", dropped: { measured: 8 / 9 } }])
  expect(linesOf(folder, "out.jsonl.failed.jsonl")).toMatchObject([{ text: 5, error: { reason: "bad-value" } }])
  writeFileSync(join(folder, "typed.jsonl"), jsonLines(rows.filter(({ text }) => text !== 5)))
  await apply("typed.jsonl", "typed.parquet")
  expect((await apply("typed.parquet", "again.jsonl")).rows).toEqual({ in: 3, out: 3, dropped: 0, failed: 0 })
})

test("the program settles what it is told, and asks nothing twice", async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const title = new URL(request.url!, "http://localhost").searchParams.get("q")!
    asked.push(title)
    response.writeHead(title === "none" ? 503 : 200).end(JSON.stringify({ hits: title.length }))
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/count`
  const folder = project([{ title: "oak" }, { title: "none" }, { title: "beech" }].map((row) => ({ ...row, truth: 3 })))
  const args = [
    "apply",
    "./program-step.ts",
    "in.jsonl",
    "out.jsonl",
    "--set",
    `url=${url}`,
    "--labels",
    "truth",
    "--json",
  ]
  const report = JSON.parse(await command(folder, ...args))
  expect(report).toMatchObject({ rows: { in: 3, out: 2, failed: 1 }, labels: { accuracy: 0.5, failed: 1 } })
  expect(linesOf(folder, "out.jsonl")).toMatchObject([
    { title: "oak", hits: 3 },
    { title: "beech", hits: 5 },
  ])
  expect(linesOf(folder, "out.jsonl.failed.jsonl")).toMatchObject([
    { title: "none", error: { reason: "no-answer", message: "the index answered 503", retryable: true } },
  ])
  await command(folder, ...args)
  expect(asked.sort()).toEqual(["beech", "none", "none", "oak"])
})

test("the recipe runs from its path, is planned, and warns when its code changed and no version did", async () => {
  const rows = ["Why?", "How many primes are there below 100?"].map((question, id) => ({
    id,
    question,
    reference: "25",
  }))
  const folder = project(rows)
  const set = ["--set", 'questions=["in.jsonl"]', "--out", "run"]
  expect(await command(folder, "plan", "./recipe.ts", ...set)).toContain("too-short@1")
  await command(folder, "run", "./recipe.ts", ...set)
  expect((await readManifest(join(folder, "run"))).rows).toEqual({ in: 2, out: 1, dropped: 1, failed: 0 })
  expect(await publishedRows(join(folder, "run"), "dataset")).toMatchObject([{ id: "1" }])
  const again = await runCommand(["run", "./recipe.ts", ...set], { cwd: folder })
  expect(again.stderr).not.toContain("The code of the recipe has changed")

  // A file that the recipe imports counts as much as its own.
  const step = join(folder, "row-step.ts")
  const source = readFileSync(step, "utf8")
  writeFileSync(step, source.replace("length < least ?", "length <= least ?"))
  const changed = await runCommand(["run", "./recipe.ts", ...set], { cwd: folder })
  expect(changed.code, changed.stderr).toBe(0)
  expect(changed.stderr).toContain("The code of the recipe has changed, but no version in it")
  writeFileSync(step, source.replace("version: 1", "version: 2"))
  const raised = await runCommand(["run", "./recipe.ts", ...set], { cwd: folder })
  expect(raised.stderr).not.toContain("The code of the recipe has changed")
  expect(raised.code, raised.stderr).toBe(0)
})

test("a cold start with filters of one's own is planned with both", async () => {
  const folder = project([{ id: "a", question: "What is 1 + 1?", reference: "2" }])
  const role = { baseUrl: "http://127.0.0.1:9/v1", model: "none" }
  writeFileSync(
    join(folder, "cold.json"),
    JSON.stringify({ questions: ["in.jsonl"], models: { judge: role, drafter: role } }),
  )
  const printed = await command(folder, "plan", "./own-filters.ts", "--config", "cold.json")
  expect(printed).toMatch(/filter-questions \(map\).*\n +no-quiz@1/)
  expect(printed).toMatch(/response-filters@1 .*no-apology/)
})

test("the verifier scores", async () => {
  const folder = project([
    { id: "a", completion: "<think>\nhm\n</think>\n\nso\nParis", reference: "paris" },
    { id: "b", completion: "<think>\nhm\n</think>\n\nRome", reference: "paris" },
    { id: "c", completion: "<think>\nhm", reference: "paris" },
    { id: "d", completion: "Paris", reference: 5 },
  ])
  await command(folder, "verify", "./verifier.ts", "in.jsonl", "out.jsonl", "--set", "ignoreCase=true")
  expect(linesOf(folder, "out.jsonl")).toMatchObject([
    { id: "a", verdict: "correct", reward: 1, extracted: "Paris" },
    { id: "b", verdict: "incorrect", reward: 0 },
    { id: "c", verdict: "unparsed", reward: null },
    { id: "d", verdict: "unverifiable", reward: null },
  ])
})
