import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { checkColumns } from "../../../pipelines/io/question-columns.ts"
import { questionsOf } from "../../../pipelines/io/questions.ts"
import { rowEndings, type SourceFile } from "../../../pipelines/io/source.ts"
import { RowError } from "../../../pipelines/runtime/errors.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { question } from "../../../schemas/question.ts"
import { complaintOf } from "../complaint.ts"

const none = { domain: null, verifier: null, verifierOptions: null }
const fileOf = (
  columns: SourceFile["columns"] = {},
  path = "-",
  defaults: SourceFile["defaults"] = none,
): SourceFile => ({
  path,
  name: "pool/a.jsonl",
  source: "pool",
  format: rowEndings[".jsonl"]!,
  columns,
  defaults,
  license: "MIT",
  revision: null,
})

function read(row: Row, columns: SourceFile["columns"] = {}, defaults = none as SourceFile["defaults"]) {
  const of = questionsOf(fileOf(columns, "-", defaults))(row, { file: "pool/a.jsonl", line: 7 })
  expect(question.row.parse(of)).toEqual(of)
  return of
}

function fault(row: Row, columns: SourceFile["columns"] = {}): string {
  try {
    read(row, columns)
  } catch (error) {
    expect(error).toBeInstanceOf(RowError)
    expect((error as RowError).reason).toBe("bad-row")
    return (error as RowError).message
  }
  throw new Error("no error")
}

describe("columns", () => {
  test("usual names; everything else goes to metadata in key order, integers exact", () => {
    expect(read({ problem: "1+1?", id: 7, ground_truth: 2, z: 2n ** 60n, a: { c: 1, b: [null] } })).toEqual({
      id: "7",
      question: "1+1?",
      reference: "2",
      choices: null,
      verifier: null,
      verifierOptions: null,
      solution: null,
      domain: null,
      language: null,
      source: "pool",
      license: "MIT",
      revision: null,
      metadata: '{"a":{"b":[null],"c":1},"z":1152921504606846976}',
    })
  })

  test("the first usual name counts and the others are kept", () => {
    expect(read({ prompt: "p", question: "q", answer: "b", reference: "a" })).toMatchObject({
      question: "q",
      reference: "a",
      metadata: '{"answer":"b","prompt":"p"}',
    })
  })

  test("a mapping comes before the usual names", () => {
    const row = { question: "not this", problem: "this", solution: "x", kind: "algebra", lang: "en", key: "k" }
    const columns = { question: "problem", reference: "solution", domain: "kind", language: "lang", id: "key" }
    expect(read(row, columns)).toMatchObject({
      id: "k",
      question: "this",
      reference: "x",
      domain: "algebra",
      language: "en",
      solution: null,
      metadata: '{"question":"not this"}',
    })
  })

  test("a missing question column lists what was found", () => {
    expect(fault({ text: "x", n: 1 })).toBe(
      "pool/a.jsonl, line 7: expected a column question or problem or prompt, found text, n",
    )
    expect(fault({ question: "x" }, { question: "q" })).toMatch(/expected a column q, found question/)
  })

  test("an unknown name in the mapping is a usage error", () => {
    expect(() => questionsOf(fileOf({ anser: "x" }))).toThrow(expect.objectContaining({ exit: 2 }))
    expect(() => questionsOf(fileOf({ domain: { a: "x" } }))).toThrow(expect.objectContaining({ exit: 2 }))
  })
})

describe("id", () => {
  test("without one: a hash of the content, the same whatever else the row has", () => {
    const { id } = read({ question: "q", answer: "a" })
    expect(id).toMatch(/^sha256:[0-9a-f]{24}$/)
    expect(read({ answer: "a", question: "q", extra: 1, id: null }).id).toBe(id)
    expect(read({ problem: "q", reference: "a", id: " " }).id).toBe(id)
    expect(read({ question: "q", answer: "b" }).id).not.toBe(id)
    expect(read({ question: "q", answer: "a", choices: ["a"] }).id).not.toBe(id)
  })

  test("the hash never changes", () => {
    // sha256 of {"choices":null,"question":"q","reference":"a"}
    expect(read({ question: "q", answer: "a" }).id).toBe("sha256:9813208fddb4523a498280cf")
  })
})

describe("reference", () => {
  test.each<[unknown, string | null]>([
    [72, "72"],
    [2n ** 64n, "18446744073709551616"],
    [-0.5, "-0.5"],
    [true, "true"],
    [null, null],
    ["", null],
    [" x ", " x "],
  ])("%s is %j", (answer, reference) => {
    expect(read({ question: "q", answer }).reference).toBe(reference)
  })

  test("what follows #### on the last line; the whole answer is the solution", () => {
    const answer = "48/2 = 24\n48+24 = 72\n#### 72"
    expect(read({ question: "q", answer })).toMatchObject({ reference: "72", solution: answer, metadata: null })
    // A solution of its own comes first, and then the answer is kept beside it.
    const both = read({ question: "q", answer, solution: "s" })
    expect(both).toMatchObject({ reference: "72", solution: "s", metadata: JSON.stringify({ answer }) })
    expect(read({ question: "q", answer: "#### 1,000 \n" }).reference).toBe("1,000")
    expect(read({ question: "q", answer: "#### 1\nthen more" }).reference).toBe("#### 1\nthen more")
    expect(read({ question: "q", answer: "a #### b" }).reference).toBe("a #### b")
  })

  test("a record becomes its canonical JSON; so does one that the mapping puts together", () => {
    expect(read({ question: "q", reference: { tests: ["assert 1"], entry_point: "f" } }).reference).toBe(
      '{"entry_point":"f","tests":["assert 1"]}',
    )
    const humanEval = {
      task_id: "t/0",
      prompt: "def f():\n",
      entry_point: "f",
      canonical_solution: "  pass",
      test: "check",
    }
    const columns = {
      id: "task_id",
      question: "prompt",
      reference: { prompt: "prompt", entry_point: "entry_point", tests: "test" },
    }
    const defaults = { domain: "code", verifier: "code-tests", verifierOptions: '{"language":"python"}' }
    expect(read(humanEval, columns, defaults)).toMatchObject({
      id: "t/0",
      question: "def f():\n",
      reference: '{"entry_point":"f","prompt":"def f():\\n","tests":"check"}',
      solution: "  pass",
      metadata: null,
      ...defaults,
    })
    expect(read({ prompt: "q", test: null }, { reference: { tests: "test" } }).reference).toBeNull()
    expect(read({ prompt: "q", verifier: "math", domain: "algebra" }, {}, defaults)).toMatchObject({
      verifier: "math",
      domain: "algebra",
    })
  })

  test("a usual name that holds no text is a column like any other; a mapped one must fit", () => {
    expect(read({ question: "q", solution: [1], verifier: 3 })).toMatchObject({
      solution: null,
      verifier: null,
      metadata: '{"solution":[1],"verifier":3}',
    })
    expect(fault({ question: "q", worked: [1] }, { solution: "worked" })).toMatch(/column worked: expected text/)
  })

  test.each([[["x"]], [Number.NaN], [Uint8Array.of(1)]])("%j is a row error", (answer) => {
    expect(fault({ question: "q", answer })).toMatch(/column answer: expected (text|a finite number), got/)
  })
})

describe("choices", () => {
  const choices = ["one", "2", "3", "D choice"]
  test.each<[unknown, string]>([
    [0, "A"],
    [3n, "D"],
    ["b", "B"],
    ["(C)", "C"],
    ["D.", "D"],
    ["one", "A"],
    // The text of a choice comes before an index.
    ["2", "B"],
    ["0", "A"],
  ])("the answer %s is %s", (answer, letter) => {
    expect(read({ question: "q", choices, answer })).toMatchObject({ reference: letter, choices })
  })

  test.each([4, -1, 1.5, "E", "7", "none of these", true])("the answer %s is a row error", (answer) => {
    expect(fault({ question: "q", choices, answer })).toMatch(
      /column answer: expected (an index from 0 to 3|a letter up to D)/,
    )
  })

  test("numbers become text; no answer is null; an empty list means none", () => {
    expect(read({ question: "q", choices: [1, 2n, 0.5], answer: null })).toMatchObject({
      choices: ["1", "2", "0.5"],
      reference: null,
    })
    expect(read({ question: "q", choices: [], answer: "x" })).toMatchObject({ choices: null, reference: "x" })
  })

  test.each([["text"], [{ text: [] }], [[null]], [[["x"]]], [Array(27).fill("x")]])("%j is a row error", (bad) => {
    expect(fault({ question: "q", choices: bad, answer: 0 })).toMatch(/column choices/)
  })
})

test.each([null, "", " \n", 5, ["x"], "\ud800"])("the question %j is a row error", (bad) => {
  expect(fault({ question: bad, answer: "x" })).toMatch(/^pool\/a\.jsonl, line 7: column question: expected/)
})

describe("checkColumns", () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "cotyledon-questions-"))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const check = (rows: Row[], columns: Record<string, string> = {}) => {
    const path = join(folder, "a.jsonl")
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
    return checkColumns(fileOf(columns, path))
  }

  test("finds a wrong mapping before anything starts", async () => {
    expect(await complaintOf(check([{ q: "x", a: 1 }], { question: "q", reference: "answer" }))).toBe(
      "exit 2\nThe column mapping names a missing column\npool/a.jsonl, columns.reference\nanswer\nthe columns q, a\nMap it to one of the columns found, or leave it out.",
    )
    expect(await complaintOf(check([{ q: "x" }]))).toMatch(/^exit 2\nNo question column\n/)
  })

  test("a column that only some rows have is no fault, nor is an empty file", async () => {
    await check([{ question: "x" }, { question: "y", answer: 1 }], { reference: "answer" })
    await check([])
  })
})
