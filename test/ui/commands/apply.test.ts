// `apply` as a user calls it: filters over files of every kind, judges against a stand-in endpoint.
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { openRowSink } from "../../../pipelines/io/row-sink.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { filesOfInput, rowsOfInput } from "../../../ui/row-files.ts"
import { type Ended, RunningCommand, runCommand } from "../../faults/run-command.ts"
import { jsonLines, newFolder } from "../../faults/scene.ts"
import { type FakeEndpoint, repeats, startEndpoint } from "../../faults/start-endpoint.ts"

let folder: string
const at = (name: string) => join(folder, name)
const apply = (...args: string[]): Promise<Ended> => runCommand(["apply", ...args], { cwd: folder })

const rowsOf = async (name: string): Promise<Row[]> =>
  (await Array.fromAsync(rowsOfInput(await filesOfInput(at(name))))).map((source) => {
    if ("error" in source) throw source.error
    return source.row
  })
const write = (name: string, rows: readonly unknown[]) => writeFile(at(name), jsonLines(rows))
const writeTyped = async (name: string, rows: readonly Row[]) => {
  const sink = await openRowSink(at(name))
  for (const row of rows) await sink.write(row)
  await sink.close()
}

beforeAll(async () => {
  folder = await newFolder()
})

const loop = Array.from({ length: 9 }, () => "and so on").join("\n")
const texts = [
  { id: "a", text: "A short text.", nested: { list: [1, { b: null }] }, big: 2n ** 60n },
  { id: "b", text: loop },
  { text: "No id, \u{1F600} and \ufeff kept." },
  { id: "c", other: 1 },
]

describe("a filter", () => {
  test("gives each row one fate, in order, with its columns untouched", async () => {
    const lines = texts.map((row) =>
      JSON.stringify(row, (_, value) => (typeof value === "bigint" ? "BIG" : value)).replace('"BIG"', `${2n ** 60n}`),
    )
    await writeFile(at("in.jsonl"), `${lines.slice(0, 3).join("\n")}\nno json\n${lines[3]}\n`)
    const { code, stderr, stdout } = await apply("repetition", "in.jsonl", "out.jsonl", "--dropped", "dropped.jsonl")
    expect(code, stderr).toBe(0)
    expect(stdout).toBe("")
    expect((await readFile(at("out.jsonl"), "utf8")).split("\n")).toEqual([lines[0], lines[2], ""])
    const [dropped, ...others] = await rowsOf("dropped.jsonl")
    expect(others).toEqual([])
    expect(dropped).toMatchObject({
      id: "b",
      text: loop,
      dropped: { step: "repetition", reason: "repetition", measured: 9, threshold: 4 },
    })
    const failed = (await rowsOf("out.jsonl.failed.jsonl")) as { id?: string; raw?: string; error: Row }[]
    expect(failed.map(({ id, raw, error }) => [id ?? raw, error.reason, error.line])).toEqual([
      ["no json", "bad-row", 4],
      ["c", "bad-row", 5],
    ])
    expect(stderr).toContain("repetition: 5 rows in, 2 kept, 1 dropped, 2 failed")
    expect(stderr).toMatch(/in\.jsonl, line 4: expected a JSON object/)
    expect(stderr).toContain("failed rows are in out.jsonl.failed.jsonl")
  })

  test("without a failed row, those of an earlier time are gone", async () => {
    await write("again.jsonl", [{ text: "fine" }])
    expect((await apply("repetition", "again.jsonl", "out.jsonl")).code).toBe(0)
    expect(existsSync(at("out.jsonl.failed.jsonl"))).toBe(false)
  })

  test("--set changes the parameters, --json is one document", async () => {
    await write("set.jsonl", [{ text: loop }, { text: "one\none\none" }])
    const of = async (...set: string[]) =>
      JSON.parse((await apply("repetition", "set.jsonl", "set-out.jsonl", "--json", "--quiet", ...set)).stdout)
    expect((await of()).rows).toEqual({ in: 2, out: 1, dropped: 1, failed: 0 })
    expect(await of("--set", "maxLineRepeats=2")).toMatchObject({
      step: "repetition",
      rows: { in: 2, out: 0, dropped: 2, failed: 0 },
      drops: { repetition: 2 },
      files: { out: "set-out.jsonl", dropped: null, failed: null, ledger: null },
    })
  })

  test("--config takes a cold start's config, with the parameters of this step", async () => {
    await writeFile(
      at("cold.yaml"),
      "recipe: cold-start\nquestions: [q.jsonl]\nmodels: {}\nfilters: { repetition: { maxLineRepeats: 2 } }\n",
    )
    await write("config.jsonl", [{ text: "one\none\none" }])
    const { stdout } = await apply("repetition", "config.jsonl", "c.jsonl", "--config", "cold.yaml", "--json")
    expect(JSON.parse(stdout).rows.dropped).toBe(1)
  })

  test("--column names the column that it reads", async () => {
    await write("column.jsonl", [
      { essay: loop, text: "fine", answer: "fine" },
      { essay: "fine", text: loop, answer: loop },
    ])
    const { code, stderr } = await apply("repetition", "column.jsonl", "column-out.jsonl", "--column", "essay")
    expect(code, stderr).toBe(0)
    expect(await rowsOf("column-out.jsonl")).toEqual([{ essay: "fine", text: loop, answer: loop }])
  })

  test("a column that no row has: every row fails, is kept, and the exit code says so", async () => {
    const { code, stderr } = await apply("special-tokens", "column.jsonl", "none-out.jsonl", "--column", "esay")
    expect(code).toBe(1)
    expect(stderr).toContain("special-tokens failed on every row (column.jsonl, line 1)")
    expect(stderr).toContain("column esay: expected text, got nothing")
    expect(await rowsOf("none-out.jsonl.failed.jsonl")).toHaveLength(2)
  })

  test("a share set apart is the same whatever else is in the file", async () => {
    const rows = Array.from({ length: 200 }, (_, id) => ({ id, text: "t" }))
    await write("all.jsonl", rows)
    await write("half.jsonl", rows.slice(100))
    const drop = ["--set", "share=0.3", "--dropped"]
    await apply("reserve", "all.jsonl", "all-out.jsonl", ...drop, "all-reserve.jsonl")
    await apply("reserve", "half.jsonl", "half-out.jsonl", ...drop, "half-reserve.jsonl")
    const [all, half] = [await rowsOf("all-reserve.jsonl"), await rowsOf("half-reserve.jsonl")]
    expect(all.length).toBeGreaterThan(30)
    expect(half).toEqual(all.filter(({ id }) => Number(id) >= 100))
  })

  test("compares responses with a reserve from a file", async () => {
    const question = "How many apples are in four boxes when each of the boxes holds six apples and two are bad?"
    await write("reserve.jsonl", [{ id: "r", question }])
    await write("responses.jsonl", [{ answer: question }, { answer: "Something else altogether." }])
    const { code, stderr } = await apply(
      "reserve-similarity",
      "responses.jsonl",
      "rs.jsonl",
      "--set",
      "reserve=reserve.jsonl",
    )
    expect(code, stderr).toBe(0)
    expect(await rowsOf("rs.jsonl")).toEqual([{ answer: "Something else altogether." }])
  })

  test("Parquet in and out keeps types; a measure that is null at first keeps its own", async () => {
    const rows = Array.from({ length: 1_200 }, (_, id) => ({
      id: BigInt(id),
      finish: "stop",
      answer: id < 1_100 ? "" : loop,
      tags: ["x"],
    }))
    await writeTyped("typed.parquet", rows)
    const args = ["typed.parquet", "typed-out.parquet", "--dropped", "typed-dropped.parquet"]
    expect((await apply("truncated", ...args)).code).toBe(0)
    expect(await rowsOf("typed-out.parquet")).toEqual(rows.slice(1_100))
    expect((await rowsOf("typed-dropped.parquet"))[0]).toMatchObject({
      id: 0n,
      tags: ["x"],
      dropped: { step: "truncated", reason: "empty-answer", measured: null },
    })
    const { code, stderr } = await apply("repetition", "typed.parquet", "r.arrow", "--dropped", "r-dropped.parquet")
    expect(code, stderr).toBe(0)
    expect((await rowsOf("r-dropped.parquet"))[0]).toMatchObject({ id: 1_100n, dropped: { measured: 9, threshold: 4 } })
    expect(await rowsOf("r.arrow")).toHaveLength(1_100)
  })

  test("a folder means its files in order; - is a pipe", async () => {
    await mkdir(at("many"))
    await write("many/b.jsonl", [{ text: "second" }])
    await write("many/a.jsonl", [{ text: "first" }])
    const { stdout } = await apply("repetition", "many", "-", "--quiet")
    expect(stdout).toBe(jsonLines([{ text: "first" }, { text: "second" }]))
    const bin = join(import.meta.dirname, "../../../dist/ui/bin.js")
    const piped = execFileSync(process.execPath, [bin, "apply", "repetition", "-", "-"], {
      input: `${stdout}not a row\n`,
      cwd: folder,
      stdio: ["pipe", "pipe", "ignore"],
    })
    expect(piped.toString()).toBe(stdout)
    expect(await rowsOf("repetition.failed.jsonl")).toMatchObject([{ raw: "not a row" }])
  })

  test("hostile text reaches no terminal", async () => {
    await write("hostile.jsonl", [
      { text: "a", verdict: "\u001b]0;owned\u0007\u202e" },
      { text: "b", verdict: "correct" },
    ])
    const { stderr } = await apply("wrong-answer", "hostile.jsonl", "h.jsonl")
    expect(stderr).toContain("expected correct, incorrect")
    expect(stderr).not.toMatch(/[\u001b\u0007\u202e]/)
  })

  test.each([
    [["repetiton", "in.jsonl", "o.jsonl"], "Did you mean repetition?"],
    [["math", "in.jsonl", "o.jsonl"], "cotyledon verify math IN OUT"],
    [["repetition", "in.jsonl", "o.jsonl", "--set", "ngrm=3"], "Did you mean ngram?"],
    [["repetition", "in.jsonl", "o.jsonl", "--set", "maxShare=2"], "repetition: maxShare: "],
    [["repetition", "in.jsonl", "o.jsonl", "--set", "models.judge.model=x"], "repetition: models: unknown key"],
    [["not-verifiable", "in.jsonl", "o.jsonl", "--set", "models.judge.modl=x"], "Did you mean model?"],
    [["reserve-similarity", "in.jsonl", "o.jsonl"], "reserve-similarity: reserve: "],
    [["repetition", "in.jsonl", "in.jsonl"], "OUT is also an input (in.jsonl)"],
    [["repetition", "in.jsonl", "o.jsonl", "--dropped", "./o.jsonl"], "OUT and --dropped are the same file"],
    [["repetition", "in.jsonl", "-", "--json"], "Standard output takes one thing"],
    [["repetition", "in.jsonl", "nowhere/o.jsonl"], "There is no folder for OUT"],
    [["repetition", "in.jsonl", "in.jsonl/o.jsonl"], "OUT is below a file"],
    [["repetition", "in.jsonl", "o.jsonl", "--dropped", "in.jsonl/deeper/d.jsonl"], "--dropped is below a file"],
    [["repetition", "in.jsonl", "many"], "OUT"],
    [["drafts", "in.jsonl", "o.jsonl", "--labels", "id"], "drafts adds no single value"],
    [["repetition", "in.jsonl", "o.jsonl", "--labels", "nestd"], "Did you mean nested?"],
  ])("%j is a usage error and starts nothing", async (args, message) => {
    const before = await readdir(folder)
    const { code, stderr } = await apply(...args)
    expect(stderr).toContain(message)
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4)
    expect(code).toBe(2)
    expect(await readdir(folder)).toEqual(before)
  })

  test("a full disk leaves no OUT behind, and what stood there stays", async () => {
    await write(
      "large.jsonl",
      Array.from({ length: 3_000 }, (_, id) => ({ id, text: "x".repeat(400) })),
    )
    await writeFile(at("kept.jsonl"), "before\n")
    const before = await readdir(folder)
    const { code, stderr } = await runCommand(
      ["apply", "no-thinking", "large.jsonl", "kept.jsonl", "--column", "text"],
      {
        cwd: folder,
        before: "ulimit -f 100",
      },
    )
    expect(code, stderr).toBe(1)
    expect(stderr).toContain("The file-size limit is reached")
    expect(await readFile(at("kept.jsonl"), "utf8")).toBe("before\n")
    expect(await readdir(folder)).toEqual(before)
  })
})

describe("a judge", () => {
  let endpoint: FakeEndpoint
  let model: string[]
  const count = 120
  const isDropped = (id: number) => id % 4 === 0
  const questions = Array.from({ length: count }, (_, id) => ({
    id,
    text: isDropped(id) ? `Write a poem about ${id}.` : `What is ${id} + 1?`,
    // A label that is wrong for every tenth.
    label: isDropped(id) !== (id % 10 === 9) ? "yes" : "no",
  }))

  beforeAll(async () => {
    endpoint = await startEndpoint({ delayMs: 10 })
    await write("questions.jsonl", questions)
    model = ["--set", `models.judge.baseUrl=${endpoint.url}`, "--set", "models.judge.model=fake"]
  })

  test("drops what it decides, keeps the order and says what the labels say", async () => {
    const price = ["--set", 'models.judge.price={"input": 1, "output": 2}']
    const files = ["questions.jsonl", "judged.jsonl", "--dropped", "judged-dropped.jsonl"]
    const args = ["text-generation", ...files, "--labels", "label", ...model, ...price]
    const { code, stderr, stdout } = await apply(...args, "--json")
    expect(code, stderr).toBe(0)
    const kept = await rowsOf("judged.jsonl")
    expect(kept.map(({ id }) => id)).toEqual(questions.filter(({ id }) => !isDropped(id)).map(({ id }) => id))
    expect(Object.keys(kept[0]!)).toEqual(["id", "text", "label", "judgements"])
    expect((await rowsOf("judged-dropped.jsonl"))[0]).toMatchObject({
      id: 0,
      judgements: [{ criterion: "text-generation", decision: "yes" }],
      dropped: { step: "text-generation", reason: "text-generation" },
    })
    const report = JSON.parse(stdout)
    expect(report.labels).toMatchObject({
      compared: count,
      accuracy: 0.9,
      confusion: { drop: { drop: 30, keep: 12 }, keep: { drop: 0, keep: 78 } },
    })
    expect(report.endpoint).toMatchObject({ role: "judge", model: "fake", calls: count, settledBefore: 0 })
    const { input, output } = report.endpoint.tokens
    expect(report.endpoint.cost).toBeCloseTo((input + 2 * output) / 1e6, 12)
    expect(stderr).toContain("precision")
    // The same again asks for nothing: it is settled beside OUT.
    const asked = endpoint.requests().length
    const again = JSON.parse((await apply(...args, "--json")).stdout)
    expect(endpoint.requests()).toHaveLength(asked)
    expect(again).toEqual({ ...report, endpoint: { ...report.endpoint, settledBefore: count } })
  })

  test("killed and started again, it pays for nothing twice and writes the same", async () => {
    await endpoint.forget()
    const args = [
      "not-verifiable",
      "questions.jsonl",
      "killed.parquet",
      "--set",
      "models.judge.maxInFlight=3",
      ...model,
    ]
    const whole = await apply(...args.with(2, "whole.parquet"))
    expect(whole.code, whole.stderr).toBe(0)
    const once = endpoint.requests().length
    await endpoint.forget()
    for (const after of [20, 60]) {
      const command = new RunningCommand(["apply", ...args], { cwd: folder })
      expect(await command.until(() => endpoint.requests().length >= after)).toBe(true)
      command.kill("SIGKILL")
      await command.ended
      expect(existsSync(at("killed.parquet"))).toBe(false)
    }
    const { code, stderr } = await apply(...args)
    expect(code, stderr).toBe(0)
    expect(await readFile(at("killed.parquet"))).toEqual(await readFile(at("whole.parquet")))
    // At most what was in flight at each of the two kills.
    expect(repeats(endpoint.requests())).toBeLessThanOrEqual(2 * 3)
    expect(endpoint.requests().length).toBeLessThanOrEqual(once + 2 * 3)
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([])
  })

  test("interrupted, it settles what is in flight, leaves no OUT and ends with 130", async () => {
    await endpoint.forget()
    const args = ["several-questions", "questions.jsonl", "int.jsonl", "--set", "models.judge.maxInFlight=2", ...model]
    const command = new RunningCommand(["apply", ...args], { cwd: folder })
    expect(await command.until(() => endpoint.requests().length >= 20)).toBe(true)
    command.kill("SIGINT")
    const { code, stderr } = await command.ended
    expect(code, stderr).toBe(130)
    expect(existsSync(at("int.jsonl"))).toBe(false)
    const asked = endpoint.requests().length
    const { stdout } = await apply(...args, "--json")
    expect(JSON.parse(stdout).rows).toMatchObject({ in: count, failed: 0 })
    expect(repeats(endpoint.requests())).toBe(0)
    expect(endpoint.requests().length).toBeGreaterThan(asked)
  })

  test("interrupted while a step of the user's never settles and holds a timer, it ends too", {
    timeout: 60_000,
  }, async () => {
    const step = `export default () => ({
      kind: "program", id: "hangs", version: 1, params: {}, about: "Never settles",
      run: () => { console.error("begun"); return new Promise((resolve) => setTimeout(resolve, 1e8)) },
    })`
    await writeFile(at("hangs.ts"), step)
    const command = new RunningCommand(["apply", "./hangs.ts", "questions.jsonl", "hung.jsonl"], { cwd: folder })
    expect(await command.until(() => command.stderr.includes("begun"))).toBe(true)
    command.kill("SIGINT")
    const { code, stderr } = await command.ended
    expect(code, stderr).toBe(130)
    expect(existsSync(at("hung.jsonl"))).toBe(false)
  })

  test("a second one on the same OUT is turned away with exit code 3", async () => {
    // The first one is still there however long the second takes to start.
    const slow = await startEndpoint({ delayMs: 120_000 })
    const judge = ["--set", `models.judge.baseUrl=${slow.url}`, "--set", "models.judge.model=fake"]
    const args = ["several-questions", "questions.jsonl", "held.jsonl", ...judge]
    const first = new RunningCommand(["apply", ...args], { cwd: folder })
    expect(await first.until(() => slow.requests().length > 0)).toBe(true)
    const { code, stderr } = await apply(...args)
    expect(code).toBe(3)
    expect(stderr).toContain("Another process applies a step to the same output (held.jsonl.ledger)")
    first.kill("SIGKILL")
    await first.ended
  })

  test("an annotator fills its column, without seeing the labels that it is compared with", async () => {
    const rows = [
      { text: "What is 1 + 1?", domain: "code" },
      { text: "Name the answer at once.", domain: "science" },
    ]
    await write("domains.jsonl", rows)
    const args = ["domain", "domains.jsonl", "domains-out.jsonl", "--labels", "domain", ...model]
    const { code, stdout, stderr } = await apply(...args, "--json")
    expect(code, stderr).toBe(0)
    const domains = (await rowsOf("domains-out.jsonl")).map(({ domain }) => domain)
    for (const domain of domains) expect(["mathematics", "logic", "science", "unknown"]).toContain(domain)
    const right = domains.filter((domain, index) => domain === rows[index]!.domain).length
    // Both were asked: a step that saw the label would have kept it.
    expect(JSON.parse(stdout)).toMatchObject({ endpoint: { calls: 2 }, labels: { compared: 2, accuracy: right / 2 } })
  })

  test("drafts go to the drafter", async () => {
    const args = ["drafts", "domains.jsonl", "drafts-out.jsonl", "--set", "initial=2", "--set", "maximum=2"]
    await write("domains.jsonl", [{ text: "What is 20 + 22?", reference: "42" }])
    const drafter = model.map((part) => part.replace("models.judge", "models.drafter"))
    const { code, stderr } = await apply(...args, ...drafter)
    expect(code, stderr).toBe(0)
    const [row] = await rowsOf("drafts-out.jsonl")
    const added = ["referenceOrigin", "rollouts", "correct", "verified", "passRate", "passRateLow", "passRateHigh"]
    expect(Object.keys(row!)).toEqual(["text", "reference", ...added, "vote", "suspect"])
    expect([row!.reference, row!.referenceOrigin]).toEqual(["42", "source"])
    expect(row!.rollouts).toHaveLength(2)
    expect(row!.verified).toBe(2)
  })

  describe("of responses", () => {
    const question = "A farmer has 3 baskets with 12 apples each and sells 7 apples. How many apples are left?"
    const response = (id: string, thinking: string, label: string) => ({
      id,
      question,
      thinking,
      answer: "\\boxed{29}",
      label,
    })
    const responses = [
      response("solved", "3 * 12 = 36, and 36 - 7 = 29.", "keep"),
      response("guessed", "I'll just guess 29.", "drop"),
      response("doubtful", "Hm, 36 and 7. That is a matter of taking away. No essay about it.", "drop"),
      { id: "bare", text: "<think>\n3 * 12 = 36, so it is 36 - 7 = 29.\n</think>\n\n29", label: "keep" },
    ]

    test("without a judge the text decides, and asks nobody", async () => {
      await write("responses.jsonl", responses)
      await endpoint.forget()
      const files = ["responses.jsonl", "unguessed.jsonl", "--dropped", "guessed.jsonl", "--labels", "label"]
      const { code, stdout, stderr } = await apply("guesswork", ...files, "--json")
      expect(code, stderr).toBe(0)
      expect((await rowsOf("unguessed.jsonl")).map(({ id }) => id)).toEqual(["solved", "doubtful", "bare"])
      expect((await rowsOf("guessed.jsonl"))[0]).toMatchObject({
        id: "guessed",
        dropped: { step: "guesswork", reason: "guesswork", measured: 1, threshold: 0.8 },
      })
      expect(JSON.parse(stdout)).toMatchObject({ endpoint: null, labels: { accuracy: 0.75 } })
      expect(endpoint.requests()).toEqual([])
    })

    test("with one it is asked where the text leaves a doubt, and of all where it always is", async () => {
      await endpoint.forget()
      const files = ["responses.jsonl", "judged-responses.jsonl", "--labels", "label"]
      const { code, stdout, stderr } = await apply("guesswork", ...files, "--json", ...model)
      expect(code, stderr).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ endpoint: { calls: 1 }, labels: { accuracy: 1 } })
      const always = await apply("guesswork", ...files, "--json", ...model, "--set", "judge=always")
      expect(JSON.parse(always.stdout)).toMatchObject({ endpoint: { calls: 3, settledBefore: 1 } })
      const off = await apply(
        "summary-disagrees",
        "responses.jsonl",
        "o.jsonl",
        ...model,
        "--set",
        "judge=off",
        "--json",
      )
      expect(JSON.parse(off.stdout)).toMatchObject({ endpoint: null, rows: { dropped: 0 } })
    })
  })

  describe("of several steps", () => {
    const steps = "not-verifiable,several-questions,answered-directly"
    const labels = ["--labels", "label,label,direct"]
    const rows = questions.map((row) => ({ ...row, reference: "-1", direct: "no" }))

    test("each sees every row, and one table says how right they are and what they cost", async () => {
      await endpoint.forget()
      await write("labelled.jsonl", rows)
      await mkdir(at("judged"))
      const price = ["--set", 'models.judge.price={"input": 1, "output": 2}']
      // A key that only some of the steps have goes to those.
      const own = ["--set", "attempts=2", "--set", "unsure=drop"]
      const args = [steps, "labelled.jsonl", "judged", ...labels, ...model, ...price, ...own, "--json"]
      const { code, stdout, stderr } = await apply(...args)
      expect(code, stderr).toBe(0)
      const { steps: reports, total } = JSON.parse(stdout)
      expect(reports.map(({ step }: { step: string }) => step)).toEqual(steps.split(","))
      for (const report of reports) expect(report.rows).toMatchObject({ in: count, failed: 0 })
      expect(reports[0].labels).toMatchObject({ column: "label", compared: count, unsure: 0 })
      expect(reports[0].labels.confusion.drop).toHaveProperty("unsure", 0)
      expect(reports[2].labels).toMatchObject({ column: "direct", accuracy: 1, unsure: null })
      expect(reports.map(({ endpoint }: { endpoint: { calls: number } }) => endpoint.calls)).toEqual([
        count,
        count,
        2 * count,
      ])
      const cost = reports.map(({ endpoint }: { endpoint: { cost: number } }) => endpoint.cost)
      expect(total).toMatchObject({ calls: 4 * count, settledBefore: 0 })
      expect(total.cost).toBeCloseTo(
        cost.reduce((sum: number, one: number) => sum + one),
        12,
      )
      expect(stderr).toMatch(/^ +dropped +kept +failed +accuracy +kappa +precision +recall +unsure +calls/m)
      expect(stderr).toMatch(/^ {2}answered-directly +0 +120 +0 +100\.0% .* 240 /m)
      expect((await readdir(at("judged"))).sort()).toEqual([
        "answered-directly.dropped.jsonl",
        "answered-directly.jsonl",
        "ledger",
        "not-verifiable.dropped.jsonl",
        "not-verifiable.jsonl",
        "several-questions.dropped.jsonl",
        "several-questions.jsonl",
      ])
      expect((await rowsOf("judged/answered-directly.jsonl"))[0]!.directAnswers).toHaveLength(2)
      const asked = endpoint.requests().length
      expect(JSON.parse((await apply(...args)).stdout).total.settledBefore).toBe(4 * count)
      expect(endpoint.requests()).toHaveLength(asked)
    })

    test.each([
      [["no-folder"], "Several steps write to a folder (OUT no-folder)"],
      [["many", "--labels", "label"], "expected 3 columns with commas between"],
      [["many", "--dropped", "d.jsonl"], "a file of dropped rows in OUT"],
      [["many", "--set", "vots=3"], "Did you mean votes?"],
      [["many", "--set", "models.drafter.model=x"], "drafter"],
      [["many", "--set", "votes=3", "--set", "models.judge.temperature=0"], "all votes of a judge are the same"],
    ])("%j is a usage error", async (args, message) => {
      const { code, stderr } = await apply(steps, "questions.jsonl", ...args)
      expect(stderr).toContain(message)
      expect(code).toBe(2)
    })

    test("twice the same, or a pipe, is a usage error", async () => {
      expect((await apply("domain,domain", "questions.jsonl", "many")).stderr).toContain("domain is named twice")
      expect((await apply(steps, "-", "many")).stderr).toContain("read their input several times")
    })
  })

  test("a budget stops it cleanly, and a larger one goes on", async () => {
    await endpoint.forget()
    const args = ["not-verifiable", "questions.jsonl", "budget.jsonl", ...model]
    const needed = async (tokens: number) => {
      const { stderr } = await apply(...args, "--set", `budget.tokens=${tokens}`)
      return Number(/next request may need (\d+) tokens/.exec(stderr)?.[1])
    }
    // What the first request may need, and then the first question, whose prompt is long. An answer uses about 30 tokens of that.
    const question = await needed(await needed(1))
    const stopped = await apply(...args, "--set", `budget.tokens=${question + 200}`)
    expect(stopped.code).toBe(1)
    expect(stopped.stderr).toContain("budget reached (budget.tokens)")
    expect(existsSync(at("budget.jsonl"))).toBe(false)
    expect(endpoint.requests().length).toBeGreaterThan(3)
    const { code, stderr } = await apply(...args)
    expect(code, stderr).toBe(0)
    expect(repeats(endpoint.requests())).toBe(0)
  })
})
