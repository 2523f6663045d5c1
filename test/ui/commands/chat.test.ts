import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { openRowSink } from "../../../pipelines/io/row-sink.ts"
import { filesOfInput, rowsOfInput } from "../../../ui/row-files.ts"
import { runCommand } from "../../faults/run-command.ts"
import { filesUnder, newFolder } from "../../faults/scene.ts"

let folder: string
const at = (name: string) => join(folder, name)
const linesOf = async (path: string) =>
  (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

beforeAll(async () => {
  folder = await newFolder()
})

const hi = [{ role: "user", content: "Hi" }]
const hiText = "<|im_start|>user\nHi<|im_end|>\n"

test("render: rows in order with their text, the others with the reason beside OUT", async () => {
  const rows = [
    JSON.stringify({
      id: 1,
      messages: hi,
      add_generation_prompt: true,
      enable_thinking: false,
      other: { x: [1.5, null] },
    }),
    JSON.stringify({ id: 2, messages: [{ role: "assistant", content: "Hi" }] }),
    JSON.stringify({ id: 3, messages: [{ role: "user", content: "a <|im_end|> b" }] }),
    `{"id": 4, "messages": ${JSON.stringify(JSON.stringify(hi))}, "tools": [{"name": "f", "d": {"2": 1.0, "1": 1e-7}}]}`,
    JSON.stringify({
      id: 5,
      messages: [...hi, { role: "assistant", tool_calls: [{ name: "f", arguments: "{" }], content: "" }],
    }),
    "no json",
    JSON.stringify({ id: 6, messages: null }),
    JSON.stringify({ id: 7, messages: [null] }),
    JSON.stringify({ id: 8, messages: hi, tools: "[1" }),
    JSON.stringify({ id: 9, messages: hi, enable_thinking: "false" }),
    JSON.stringify({ id: 10, messages: [...hi, { role: "assistant", content: null }] }),
    JSON.stringify({ id: 11, messages: [] }),
    JSON.stringify({ id: 12, messages: "Hi" }),
    JSON.stringify({ id: 13, prompt: hi, completion: [{ role: "assistant", content: "<think>\nr\n</think>\n\na" }] }),
  ]
  await writeFile(at("in.jsonl"), `${rows.join("\n")}\n`)
  const { code, stderr, stdout } = await runCommand(["chat", "render", at("in.jsonl"), at("out.jsonl"), "--json"])
  expect(code, stderr).toBe(0)
  const out = await linesOf(at("out.jsonl"))
  expect(out.map(({ id }) => id)).toEqual([1, 4, 13])
  expect(out[0]).toEqual({
    ...JSON.parse(rows[0]!),
    text: `${hiText}<|im_start|>assistant\n<think>\n\n</think>\n\n`,
  })
  expect(out[1].text).toContain('<tools>\n{"name": "f", "d": {"2": 1.0, "1": 1e-07}}\n</tools>')
  expect(out[2].text).toBe(`${hiText}<|im_start|>assistant\n<think>\nr\n</think>\n\na<|im_end|>\n`)
  const failed = await linesOf(at("out.jsonl.failed.jsonl"))
  expect(failed.map(({ id, error }) => [id, error.reason])).toEqual([
    [2, "roles-out-of-order"],
    [3, "special-token"],
    [5, "bad-tool-call"],
    [undefined, "bad-row"],
    [6, "bad-row"],
    [7, "bad-row"],
    [8, "bad-row"],
    [9, "bad-row"],
    [10, "bad-value"],
    [11, "no-messages"],
    [12, "bad-row"],
  ])
  expect(failed[0]).toMatchObject({
    messages: [{ role: "assistant", content: "Hi" }],
    error: { line: 2, file: "in.jsonl" },
  })
  expect(JSON.parse(stdout)).toMatchObject({ rows: { in: 14, out: 3, failed: 11 }, reasons: { "bad-row": 6 } })
  expect(stderr).toContain("14 rows in, 3 out, 11 failed")
})

test("render --unchecked gives what the template makes of it", async () => {
  await writeFile(at("loose.jsonl"), `${JSON.stringify({ messages: [{ role: "user", content: "<|im_end|>" }] })}\n`)
  const { code, stderr } = await runCommand(["chat", "render", at("loose.jsonl"), at("loose-out.jsonl"), "--unchecked"])
  expect(code, stderr).toBe(0)
  expect((await linesOf(at("loose-out.jsonl")))[0].text).toBe("<|im_start|>user\n<|im_end|><|im_end|>\n")
})

test("render --template takes a Jinja file; what it raises is the row's error", async () => {
  await writeFile(
    at("t.jinja"),
    "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if not add_generation_prompt %}{{ raise_exception('no prompt') }}{% endif %}",
  )
  const rows = [{ messages: hi, add_generation_prompt: true }, { messages: hi }]
  await writeFile(at("t.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
  const { code, stderr } = await runCommand([
    "chat",
    "render",
    at("t.jsonl"),
    at("t-out.jsonl"),
    "--template",
    at("t.jinja"),
  ])
  expect(code, stderr).toBe(0)
  expect((await linesOf(at("t-out.jsonl"))).map(({ text }) => text)).toEqual(["[user] Hi\n"])
  expect((await linesOf(at("t-out.jsonl.failed.jsonl")))[0].error).toMatchObject({
    reason: "template-error",
    message: expect.stringContaining("no prompt"),
  })
})

describe("Parquet", () => {
  test("structs in, structs and the text out; whole doubles are printed as Python's floats", async () => {
    const sink = await openRowSink(at("in.parquet"))
    const tools = [
      { name: "f", limit: 2n, share: 0.5 },
      { name: "g", limit: 3n, share: 1 },
    ]
    for (const content of ["Hi", "Ho"])
      await sink.write({
        id: content,
        messages: [{ role: "user", content, name: null }],
        tools,
        enable_thinking: null,
        n: 7n,
      })
    await sink.close()
    const { code, stderr } = await runCommand(["chat", "render", at("in.parquet"), at("out.parquet")])
    expect(code, stderr).toBe(0)
    const rows = []
    for await (const source of rowsOfInput(await filesOfInput(at("out.parquet"))))
      rows.push("row" in source ? source.row : source)
    expect(rows).toHaveLength(2)
    expect(rows[1]).toMatchObject({ id: "Ho", n: 7n, tools, messages: [{ role: "user", content: "Ho", name: null }] })
    expect((rows[1] as { text: string }).text).toContain(
      '{"name": "f", "limit": 2, "share": 0.5}\n{"name": "g", "limit": 3, "share": 1.0}',
    )
  })
})

test("parse: thinking, answer and complete beside what the row had", async () => {
  const rows = [
    { id: 1, text: "<think>\nr\n</think>\n\na" },
    { id: 2, text: "<think>\nr" },
    { id: 3, text: null },
    { id: 4, text: "a" },
  ]
  await writeFile(at("p.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
  const { code, stderr } = await runCommand(["chat", "parse", at("p.jsonl"), at("p-out.jsonl")])
  expect(code, stderr).toBe(0)
  expect(await linesOf(at("p-out.jsonl"))).toEqual([
    { ...rows[0], thinking: "r", answer: "a", complete: true },
    { ...rows[1], thinking: "r", answer: null, complete: false },
    { ...rows[3], thinking: null, answer: "a", complete: true },
  ])
  expect(await linesOf(at("p-out.jsonl.failed.jsonl"))).toMatchObject([{ id: 3, error: { reason: "bad-row" } }])
  const typed = await runCommand(["chat", "parse", at("p.jsonl"), at("p-out.parquet")])
  expect(typed.code, typed.stderr).toBe(0)
})

test.each([
  [["chat", "weigh", "a.jsonl", "b.jsonl"], /Unknown chat command/],
  [["chat", "render", "nowhere.jsonl", "b.jsonl"], /No such file/],
  [["chat", "parse", "-", "b.jsonl", "--template", "x"], /belong to chat render/],
  [["chat", "render", "-", "b.jsonl", "--date", "tomorrow"], /Cannot read --date/],
  [["chat", "render", "-", "b.jsonl", "--template", "no.jinja"], /No such chat template/],
  [["chat", "render", "-", "b.txt"], /Unknown kind of file/],
])("%j is a usage error", async (args, message) => {
  const { code, stderr } = await runCommand(args)
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})

test("every row failed: exit 1, and no unfinished file", async () => {
  await writeFile(at("all.jsonl"), '{"messages": 1}\n')
  const { code, stderr } = await runCommand(["chat", "render", at("all.jsonl"), at("all-out.jsonl")])
  expect(code).toBe(1)
  expect(stderr).toContain("failed on every row")
  expect((await filesUnder(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([])
})
