import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { openRowSink } from "../../../pipelines/io/row-sink.ts"
import { filesOfInput, rowsOfInput } from "../../../ui/row-files.ts"
import { runCommand } from "../../faults/run-command.ts"
import { jsonLines, newFolder } from "../../faults/scene.ts"

let folder: string
const at = (name: string) => join(folder, name)
const rowsOf = async (path: string) =>
  (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

const completions = [
  { id: 1, completion: "so \\boxed{42}", reference: "42", extra: "x" },
  { id: "b", completion: "\\boxed{41}", reference: "42" },
  { id: null, completion: "I cannot say", reference: "42" },
  { completion: "\\boxed{1}" },
  { id: "no completion", reference: "42" },
  { id: "number", completion: 42, reference: "42" },
  { id: "bare", completion: "42.001", reference: "42", options: { answer: "bare", decimals: 2 } },
  { id: "bad option", completion: "42", reference: "42", options: { anwser: "bare" } },
  { id: "\u001b[2J", completion: "\\boxed{42}", reference: "42" },
]

beforeAll(async () => {
  folder = await newFolder()
  await writeFile(at("in.jsonl"), jsonLines(completions))
})

test("scores rows in order, with exactly the five columns", async () => {
  const { code, stderr, stdout } = await runCommand(["verify", "math", at("in.jsonl"), at("out.jsonl")])
  expect(code, stderr).toBe(0)
  expect(stdout).toBe("")
  const rows = await rowsOf(at("out.jsonl"))
  expect(rows.map((row) => Object.keys(row))).toEqual(
    completions.map(() => ["id", "verdict", "reward", "extracted", "reason"]),
  )
  expect(rows.map(({ id, verdict, reward }) => [id, verdict, reward])).toEqual([
    [1, "correct", 1],
    ["b", "incorrect", 0],
    [null, "unparsed", null],
    [null, "unverifiable", null],
    ["no completion", "unverifiable", null],
    ["number", "unverifiable", null],
    ["bare", "correct", 1],
    ["bad option", "unverifiable", null],
    ["\u001b[2J", "correct", 1],
  ])
  expect(rows[4].reason).toContain("no completion")
  expect(rows[7].reason).toContain("anwser")
  expect(stderr).toContain("math: 9 rows in, 9 scored, 0 failed; mean reward 0.750")
  expect(existsSync(at("out.jsonl.failed.jsonl"))).toBe(false)
})

test("--set gives options to all rows, and a row's own go before them", async () => {
  await writeFile(
    at("set.jsonl"),
    jsonLines([
      { id: 1, completion: "3.14", reference: "3.14159" },
      { id: 2, completion: "3.14", reference: "3.14159", options: { decimals: 4 } },
    ]),
  )
  const args = ["verify", "math", at("set.jsonl"), at("set-out.jsonl"), "--set", "answer=bare", "--set", "decimals=2"]
  expect((await runCommand(args)).code).toBe(0)
  expect((await rowsOf(at("set-out.jsonl"))).map(({ verdict }) => verdict)).toEqual(["correct", "incorrect"])
})

test("lines that cannot be read are kept apart, and the others scored", async () => {
  await writeFile(at("broken.jsonl"), `{"id":1,"completion":"\\\\boxed{2}","reference":"2"}\n{"id":2,\n[]\n`)
  const { code, stdout } = await runCommand(["verify", "math", at("broken.jsonl"), at("b.jsonl"), "--json", "--quiet"])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({
    verifier: "math",
    rows: { in: 3, out: 1, failed: 2 },
    verdicts: { correct: 1, incorrect: 0, unparsed: 0, unverifiable: 0 },
    reasons: [],
    meanReward: 1,
    programs: null,
    files: { out: at("b.jsonl"), failed: at("b.jsonl.failed.jsonl"), ledger: null },
  })
  const failed = await rowsOf(at("b.jsonl.failed.jsonl"))
  expect(failed.map(({ raw, error }) => [raw, error.reason, error.line])).toEqual([
    ['{"id":2,', "bad-row", 2],
    ["[]", "bad-row", 3],
  ])
  // What an earlier time left there is not taken for a fault of this one.
  expect((await runCommand(["verify", "math", at("in.jsonl"), at("b.jsonl")])).code).toBe(0)
  expect(existsSync(at("b.jsonl.failed.jsonl"))).toBe(false)
})

test("Parquet in and out: options of a struct with nulls, rewards that are null for long", async () => {
  const sink = await openRowSink(at("typed.parquet"))
  const many = Array.from({ length: 1_500 }, (_, id) => ({
    id: BigInt(id),
    completion: id < 1_400 ? "I cannot say" : "B",
    reference: "B",
    options: id % 2 === 0 ? { choices: ["no", "yes"] } : { choices: null },
  }))
  for (const row of many) await sink.write(row)
  await sink.close()
  const { code, stderr } = await runCommand(["verify", "multiple-choice", at("typed.parquet"), at("typed-out.parquet")])
  expect(code, stderr).toBe(0)
  const rows = (await Array.fromAsync(rowsOfInput(await filesOfInput(at("typed-out.parquet"))))).map((source) => {
    if ("error" in source) throw source.error
    return source.row
  })
  expect(rows.map(({ id }) => id)).toEqual(many.map(({ id }) => id))
  expect(new Set(rows.slice(0, 1_400).map(({ reward }) => reward))).toEqual(new Set([null]))
  expect(new Set(rows.slice(1_400).map(({ verdict, reward }) => `${verdict} ${reward}`))).toEqual(
    new Set(["correct 1"]),
  )
})

test("a pipe: stdin to stdout", () => {
  const bin = join(import.meta.dirname, "../../../dist/ui/bin.js")
  const output = execFileSync(process.execPath, [bin, "verify", "math", "-", "-"], {
    input: jsonLines(completions.slice(0, 2)),
    cwd: folder,
    stdio: ["pipe", "pipe", "ignore"],
  })
  expect(
    output
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).verdict),
  ).toEqual(["correct", "incorrect"])
})

test.each([
  [["mth", "in.jsonl", "o.jsonl"], "Did you mean math?"],
  [["repetition", "in.jsonl", "o.jsonl"], "repetition is no verifier but a filter"],
  [["math", "in.jsonl", "o.jsonl", "--set", "decimal=2"], "Did you mean decimals?"],
  [["math", "in.jsonl", "o.jsonl", "--set", "decimals=-2"], "math: decimals: "],
  [["math", "none.jsonl", "o.jsonl"], "No such file or folder (IN, none.jsonl)"],
  [["math", "in.jsonl", "nowhere/o.jsonl"], "There is no folder for OUT (nowhere/o.jsonl)"],
  [["math", "in.jsonl", "o.csv"], "Unknown kind of file for OUT (o.csv)"],
  [["math", "in.jsonl", "./in.jsonl"], "OUT is also an input (./in.jsonl)"],
  [["math", "in.jsonl", "-", "--json"], "Standard output takes one thing"],
])("%j is a usage error", async (args, message) => {
  const { code, stderr, stdout } = await runCommand(["verify", ...args], { cwd: folder })
  expect(code).toBe(2)
  expect(stderr).toContain(message)
  expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4)
  if (!args.includes("--json")) expect(stdout).toBe("")
  expect(existsSync(at("o.jsonl"))).toBe(false)
})

test("a truncated file stops it, and there is no OUT", async () => {
  await writeFile(at("cut.jsonl.gz"), execFileSync("gzip", ["-c", at("in.jsonl")]).subarray(0, 150))
  const { code, stderr } = await runCommand(["verify", "math", at("cut.jsonl.gz"), at("cut-out.jsonl")])
  expect(code).toBe(1)
  expect(stderr).toContain("The compressed file is truncated or damaged")
  expect(existsSync(at("cut-out.jsonl"))).toBe(false)
})

test("rows that all fail are an error, and are kept", async () => {
  await writeFile(at("broken.jsonl"), "{broken\n[1]\n")
  const { code, stderr } = await runCommand(["verify", "math", at("broken.jsonl"), at("none.jsonl")])
  expect(code).toBe(1)
  expect(stderr).toContain("math failed on every row\ngot ")
  expect(await rowsOf(at("none.jsonl.failed.jsonl"))).toHaveLength(2)
})
