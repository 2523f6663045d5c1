// `verify` with a verifier that runs programs: outcomes are settled in a ledger beside OUT.
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeEach, expect, test } from "vitest"
import { openRowSink } from "../../../pipelines/io/row-sink.ts"
import { RunningCommand, runCommand } from "../../faults/run-command.ts"
import { filesUnder, jsonLines, newFolder } from "../../faults/scene.ts"

const echo = join(import.meta.dirname, "../verify/echo-program.ts")
let folder: string
const at = (name: string) => join(folder, name)
const linesOfFile = async (path: string) => (await readFile(path, "utf8")).trimEnd().split("\n")
const rowsOf = async (path: string) => (await linesOfFile(path)).map((line) => JSON.parse(line))
const verify = (args: string[] = [], env: Record<string, string> = {}) =>
  runCommand(["verify", echo, at("in.jsonl"), at("out.jsonl"), "--workers", "4", ...args], {
    env: { ECHO_LOG: at("log"), ...env },
  })

beforeEach(async () => {
  folder = await newFolder()
})

test("verdicts stand in input order, and a rerun runs nothing", async () => {
  const rows = Array.from({ length: 40 }, (_, at) => {
    const completion = at % 5 === 0 ? `sleep ${60 - at}` : `word ${at}`
    return { id: at, completion, reference: { word: at % 2 === 0 ? completion : "other" } }
  })
  await writeFile(at("in.jsonl"), jsonLines(rows))
  const first = await verify(["--json"])
  expect(first.code, first.stderr).toBe(0)
  const report = JSON.parse(first.stdout)
  expect(report).toMatchObject({
    verifier: "echo",
    rows: { in: 40, out: 40, failed: 0 },
    verdicts: { correct: 20, incorrect: 20, unparsed: 0, unverifiable: 0 },
    programs: { outcomes: 40, settledBefore: 0 },
    files: { ledger: at("out.jsonl.ledger") },
  })
  const scored = await readFile(at("out.jsonl"))
  expect((await rowsOf(at("out.jsonl"))).map(({ id, reward }) => [id, reward])).toEqual(
    rows.map(({ id }) => [id, id % 2 === 0 ? 1 : 0]),
  )
  const again = await verify()
  expect(again.stderr).toContain("40 outcomes of programs, 40 of them settled before")
  expect(await readFile(at("out.jsonl"))).toEqual(scored)
  expect(await linesOfFile(at("log"))).toHaveLength(40)
})

test("Ctrl-C settles what runs and stops with 130; a rerun goes on from the ledger", async () => {
  const rows = Array.from({ length: 30 }, (_, at) => ({
    id: at,
    completion: `sleep ${200 + at}`,
    reference: { word: "" },
  }))
  await writeFile(at("in.jsonl"), jsonLines(rows))
  const command = new RunningCommand(["verify", echo, at("in.jsonl"), at("out.jsonl"), "--workers", "4"], {
    env: { ECHO_LOG: at("log") },
  })
  await command.until(async () => existsSync(at("log")) && (await linesOfFile(at("log"))).length >= 4)
  command.kill("SIGINT")
  const { code, stderr } = await command.ended
  expect(code, stderr).toBe(130)
  expect(existsSync(at("out.jsonl"))).toBe(false)
  expect((await filesUnder(folder)).filter((path) => path.endsWith(".tmp"))).toEqual([])
  const ran = await linesOfFile(at("log"))
  expect(ran.length).toBeLessThan(30)
  const again = await verify(["--json"])
  expect(again.code, again.stderr).toBe(0)
  expect(JSON.parse(again.stdout).programs).toEqual({ outcomes: 30, settledBefore: ran.length })
  expect((await linesOfFile(at("log"))).toSorted()).toEqual(rows.map(({ completion }) => completion).toSorted())
})

test("without a sandbox rows are unverifiable, which is said at once and counted", async () => {
  await writeFile(
    at("in.jsonl"),
    jsonLines(Array.from({ length: 9 }, (_, at) => ({ id: `q${at}`, completion: "x", reference: { word: "x" } }))),
  )
  const { code, stderr } = await verify([], { ECHO_SANDBOX: "none" })
  expect(code, stderr).toBe(0)
  const told = "no sandbox: echo was told that there is none"
  expect(stderr).toContain(`echo: q0 is unverifiable: ${told}\n`)
  expect(stderr).toContain(`unverifiable, ${told}: 9 (q0, q1, q2, q3, q4, ...)\n`)
  expect((await rowsOf(at("out.jsonl"))).map(({ verdict, reward, reason }) => [verdict, reward, reason])).toEqual(
    Array.from({ length: 9 }, () => ["unverifiable", null, told]),
  )
})

test("rows that cannot be scored fail or are unverifiable alone", async () => {
  const rows = [
    { id: 1, completion: "a", reference: { word: "a" } },
    { id: 2, completion: "throw", reference: { word: "a" } },
    { id: 3, completion: "a", reference: "a" },
    { id: 4, reference: { word: "a" } },
    { id: 5, completion: "a", reference: '{"word":"A"}', options: '{"loud":true}' },
    { id: 6, completion: "a", reference: { word: "a" }, options: { quiet: true } },
    { id: 7, completion: "a\u0000", reference: { word: "a" } },
  ]
  await writeFile(at("in.jsonl"), `${jsonLines(rows)}{"id":8,\n`)
  const { code, stderr } = await verify()
  expect(code, stderr).toBe(0)
  expect((await rowsOf(at("out.jsonl"))).map(({ id, verdict }) => [id, verdict])).toEqual([
    [1, "correct"],
    [3, "unverifiable"],
    [4, "unverifiable"],
    [5, "correct"],
    [6, "unverifiable"],
    [7, "incorrect"],
  ])
  const failed = await rowsOf(at("out.jsonl.failed.jsonl"))
  expect(failed.map(({ error }) => [error.line, error.reason])).toEqual([
    [2, "verifier-threw"],
    [8, "bad-row"],
  ])
  expect(failed[0]).toMatchObject({ id: 2, completion: "throw" })
  expect(stderr).toContain("echo threw Error: the verifier has a fault")
})

test("typed files: records as structs with nulls, and as JSON", async () => {
  for (const [name, reference] of Object.entries({
    struct: (word: string) => ({ word, other: null }),
    json: (word: string) => JSON.stringify({ word }),
  })) {
    const sink = await openRowSink(at(`${name}.parquet`))
    for (const word of ["a", "b"])
      await sink.write({ id: word, completion: "a", reference: reference(word), options: { loud: null } })
    await sink.close()
    const out = at(`${name}-out.jsonl`)
    const { code, stderr } = await runCommand(["verify", echo, at(`${name}.parquet`), out])
    expect(code, stderr).toBe(0)
    expect((await rowsOf(out)).map(({ verdict }) => verdict)).toEqual(["correct", "incorrect"])
  }
})

test("two at once do not write to the same output", async () => {
  await writeFile(at("in.jsonl"), jsonLines([{ id: 1, completion: "sleep 3000", reference: { word: "" } }]))
  const command = new RunningCommand(["verify", echo, at("in.jsonl"), at("out.jsonl")], {
    env: { ECHO_LOG: at("log") },
  })
  await command.until(() => existsSync(at("log")))
  const { code, stderr } = await verify()
  expect(code).toBe(3)
  expect(stderr).toContain("Another process verifies to the same output")
})

test("a module that is no verifier, and workers that are none, are usage errors", async () => {
  await writeFile(at("in.jsonl"), jsonLines([{ id: 1, completion: "a", reference: "a" }]))
  await writeFile(at("other.ts"), "export default 1")
  for (const [args, message] of [
    [[at("other.ts"), at("in.jsonl"), at("o.jsonl")], "The module is no verifier"],
    [[at("none.ts"), at("in.jsonl"), at("o.jsonl")], "Cannot load the verifier"],
    [["math", at("in.jsonl"), at("o.jsonl"), "--workers", "0"], "--workers 0"],
  ] as const) {
    const { code, stderr } = await runCommand(["verify", ...args])
    expect(code, stderr).toBe(2)
    expect(stderr).toContain(message)
  }
})
