import { existsSync } from "node:fs"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { arrowSchema } from "../../../pipelines/io/arrow-file.ts"
import { openParquet } from "../../../pipelines/io/parquet.ts"
import { filesOfInput, rowsOfInput } from "../../../ui/row-files.ts"
import { RunningCommand, runCommand } from "../../faults/run-command.ts"
import { jsonLines, newFolder } from "../../faults/scene.ts"

let folder: string
const at = (name: string) => join(folder, name)
const rowsOf = async (path: string) =>
  (await Array.fromAsync(rowsOfInput(await filesOfInput(path)))).map((source) =>
    "row" in source ? source.row : source.error.message,
  )
const run = (...args: string[]) => runCommand(["tokenize", ...args])
const small = join(import.meta.dirname, "../../fixtures/tokenizer/small-tokenizer.json")

beforeAll(async () => {
  folder = await newFolder()
  const rows = [
    { id: 1, text: "Hello <|im_end|> world", extra: { a: [1, null] } },
    { id: 2, text: "" },
    { id: 3, text: "日本語" },
  ]
  await writeFile(at("in.jsonl"), jsonLines(rows))
})

test("adds input_ids and carries every other column through", async () => {
  const { code, stderr, stdout } = await run(at("in.jsonl"), at("out.jsonl"))
  expect(code, stderr).toBe(0)
  expect(stdout).toBe("")
  expect(await rowsOf(at("out.jsonl"))).toEqual([
    {
      id: 1,
      text: "Hello <|im_end|> world",
      extra: { a: [1, null] },
      input_ids: [9707, 82639, 318, 6213, 91, 29, 1879],
    },
    { id: 2, text: "", input_ids: [] },
    { id: 3, text: "日本語", input_ids: [101059, 102819] },
  ])
  expect(stderr).toContain("tokenize: 3 rows in, 3 out, 0 failed; 9 tokens")
  expect(existsSync(at("out.jsonl.failed.jsonl"))).toBe(false)
})

test("--markup recognises special tokens; --tokenizer takes a file or its folder; --column names another column", async () => {
  expect((await run(at("in.jsonl"), at("markup.jsonl"), "--markup")).code).toBe(0)
  expect((await rowsOf(at("markup.jsonl")))[0]).toMatchObject({ input_ids: [9707, 220, 151645, 1879] })
  await writeFile(at("body.jsonl"), jsonLines([{ body: "a word [S]", text: 1 }]))
  await writeFile(at("tokenizer.json"), await readFile(small))
  for (const tokenizer of [small, folder]) {
    const { code, stderr } = await run(
      at("body.jsonl"),
      at("body-out.jsonl"),
      "--tokenizer",
      tokenizer,
      "--column",
      "body",
      "--markup",
    )
    expect(code, stderr).toBe(0)
    const [row] = (await rowsOf(at("body-out.jsonl"))) as { input_ids: number[] }[]
    expect(row).toMatchObject({ body: "a word [S]", text: 1 })
    expect(row!.input_ids).toContain(603)
    expect(row!.input_ids.at(-1)).toBe(610)
  }
})

test("typed files have a list of int32, and read back the same ids", async () => {
  const expected = (await rowsOf(at("out.jsonl"))).map((row) => (row as { input_ids: number[] }).input_ids)
  for (const ending of ["parquet", "arrow"]) {
    const { code, stderr } = await run(at("in.jsonl"), at(`typed.${ending}`))
    expect(code, stderr).toBe(0)
    const rows = (await rowsOf(at(`typed.${ending}`))) as { id: unknown; input_ids: unknown[] }[]
    expect(rows.map(({ input_ids }) => input_ids)).toEqual(expected)
  }
  const schemas = [(await openParquet(at("typed.parquet"))).schema, await arrowSchema(at("typed.arrow"))]
  for (const schema of schemas)
    expect(String(schema.fields.find(({ name }) => name === "input_ids")!.type)).toBe("List<Int32>")
  expect((await run(at("typed.parquet"), at("again.jsonl"))).code).toBe(0)
  expect((await rowsOf(at("again.jsonl"))).map((row) => (row as { input_ids: number[] }).input_ids)).toEqual(expected)
})

test("rows without text are kept apart with the reason", async () => {
  await writeFile(at("broken.jsonl"), `{"text":"a"}\n{"text":5}\n{"id":3}\n{"te\n{"text":"\\ud800","id":5}\n`)
  const { code, stdout } = await run(at("broken.jsonl"), at("broken-out.jsonl"), "--json", "--quiet")
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({
    tokenizer: "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
    rows: { in: 5, out: 2, failed: 3 },
    tokens: 2,
    files: { out: at("broken-out.jsonl"), failed: at("broken-out.jsonl.failed.jsonl") },
  })
  const failed = (await rowsOf(at("broken-out.jsonl.failed.jsonl"))) as { error: { message: string } }[]
  expect(failed.map(({ error }) => error.message)).toEqual([
    "broken.jsonl, line 2: column text: expected text, got number",
    "broken.jsonl, line 3: column text: expected text, got no such column",
    expect.stringContaining("broken.jsonl, line 4: expected a JSON object"),
  ])
  // A lone surrogate has ids, but no place in a column of UTF-8.
  await writeFile(at("lone.jsonl"), `{"text":"a","id":4}\n{"text":"\\ud800","id":5}\n`)
  expect((await run(at("lone.jsonl"), at("lone.parquet"))).code).toBe(0)
  const apart = (await rowsOf(at("lone.parquet.failed.jsonl"))) as { id?: number; error: { reason: string } }[]
  expect(apart.map(({ id, error }) => [id, error.reason]).at(-1)).toEqual([5, "bad-text"])
})

test("all rows failed, a missing file, an unknown tokenizer", async () => {
  await writeFile(at("none.jsonl"), jsonLines([{ body: "x" }]))
  const none = await run(at("none.jsonl"), at("none-out.jsonl"))
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("--column names the column with the text")])
  const missing = await run(at("absent.jsonl"), at("x.jsonl"))
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("No such file")])
  const unknown = await run(at("in.jsonl"), at("x.jsonl"), "--tokenizer", "gpt2")
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("There is no such tokenizer (gpt2)")])
  expect(existsSync(at("x.jsonl"))).toBe(false)
})

test("from stdin to stdout; killed it leaves nothing of OUT", async () => {
  const piped = await runCommand(["tokenize", "-", "-", "--quiet"], { before: `exec < '${at("in.jsonl")}'` })
  expect([piped.code, piped.stderr]).toEqual([0, ""])
  expect(piped.stdout).toBe(await readFile(at("out.jsonl"), "utf8"))
  await writeFile(
    at("many.jsonl"),
    jsonLines(Array.from({ length: 60_000 }, (_, id) => ({ id, text: `row ${id} `.repeat(40) }))),
  )
  const killed = new RunningCommand(["tokenize", at("many.jsonl"), at("killed.jsonl"), "--quiet"])
  while (!(await readdir(folder)).some((name) => name.startsWith(".killed.jsonl.")))
    await new Promise((done) => setTimeout(done, 5))
  killed.kill("SIGKILL")
  await killed.ended
  expect(existsSync(at("killed.jsonl"))).toBe(false)
})
