// Disks that are full or read-only, folders that are something else, and input that is missing, cut, malformed or huge.
import { execFileSync } from "node:child_process"
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { Field, Schema, Utf8 } from "apache-arrow"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ParquetSink } from "../../pipelines/io/parquet.ts"
import { batchOf } from "../../pipelines/runtime/batch.ts"
import { readEvents } from "../../pipelines/runtime/events.ts"
import { type Ended, linesOf, RunningCommand, runCommand } from "./run-command.ts"
import {
  expectPartition,
  expectWhole,
  filesUnder,
  jsonLines,
  newFolder,
  publishedBytes,
  publishedRows,
  readManifest,
  type SourceQuestion,
  scene,
  sums,
  writeConfig,
} from "./scene.ts"
import { type FakeEndpoint, repeats, startEndpoint } from "./start-endpoint.ts"

const questions = sums(40)
const ids = questions.map(({ id }) => id)

let endpoint: FakeEndpoint
let folder: string
let config: string
let undisturbed: Record<string, string>

beforeAll(async () => {
  endpoint = await startEndpoint()
  ;({ folder, config } = await scene(endpoint.url, { questions }))
  const run = join(folder, "undisturbed")
  expect(await runCommand(["run", config, "--out", run])).toMatchObject({ code: 0 })
  undisturbed = await publishedBytes(run)
})

async function expectAsUndisturbed(run: string, ended: Ended): Promise<void> {
  expect(ended).toMatchObject({ code: 0 })
  await expectWhole(run)
  await expectPartition(run, ids)
  expect(await publishedBytes(run)).toEqual(undisturbed)
}

/** A message of at most four lines with this exit code. */
function expectMessage(ended: Ended, code: number, ...says: (string | RegExp)[]): void {
  expect(ended).toMatchObject({ code })
  expect(linesOf(ended)).not.toEqual([])
  expect(linesOf(ended).slice(4)).toEqual([])
  for (const text of says) expect(ended.stderr).toMatch(text)
}

const mounts: string[] = []

afterAll(() => {
  for (const path of mounts) execFileSync("umount", ["-l", path])
})

/** A file system of its own size in memory; null where this user cannot mount one. */
async function smallDisk(kilobytes: number): Promise<{ path: string; grow(kilobytes: number): void } | null> {
  const path = await newFolder()
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", path], { stdio: "ignore" })
  } catch {
    return null
  }
  mounts.push(path)
  return { path, grow: (to) => execFileSync("mount", ["-o", `remount,size=${to}k`, path]) }
}

describe("a full disk", { timeout: 600_000 }, () => {
  test("stops the run with what to do, again and again, and loses nothing", async ({ skip }) => {
    const disk = await smallDisk(24)
    if (!disk) return skip("this user cannot mount a tmpfs")
    const run = join(disk.path, "run")
    await endpoint.forget()
    let stops = 0
    let ended: Ended
    for (let kilobytes = 24; ; kilobytes += 128) {
      disk.grow(kilobytes)
      ended = await runCommand(["run", config, "--out", run, "--quiet"])
      if (ended.code === 0) break
      expectMessage(ended, 1, "The disk is full", disk.path, /Free space/)
      stops++
    }
    expect(stops).toBeGreaterThan(5)
    await expectAsUndisturbed(run, ended)
    // What a full disk could not take held its place among those in flight: of both roles together there are eight.
    expect(repeats(endpoint.requests())).toBeLessThanOrEqual(stops * 8)
  })

  test("file-size limit", async () => {
    const run = join(folder, "limited")
    let stops = 0
    let ended: Ended
    for (let blocks = 2; ; blocks *= 4) {
      ended = await runCommand(["run", config, "--out", run, "--quiet"], { before: `ulimit -f ${blocks}` })
      if (ended.code === 0) break
      expectMessage(ended, 1, /file-size limit|disk is full/, run)
      stops++
    }
    expect(stops).toBeGreaterThan(1)
    await expectAsUndisturbed(run, ended)
  })
})

describe("folders", () => {
  test("a read-only output", async ({ skip }) => {
    const disk = await smallDisk(8_192)
    if (!disk) return skip("this user cannot mount a tmpfs")
    execFileSync("mount", ["-o", "remount,ro", disk.path])
    expectMessage(
      await runCommand(["run", config, "--out", join(disk.path, "run"), "--quiet"]),
      1,
      /Cannot write|read-only/i,
      disk.path,
      /EROFS/,
    )
    execFileSync("mount", ["-o", "remount,rw", disk.path])
    await expectAsUndisturbed(
      join(disk.path, "run"),
      await runCommand(["run", config, "--out", join(disk.path, "run"), "--quiet"]),
    )
  })

  test("a run folder that is a file", async () => {
    const file = join(folder, "file")
    await writeFile(file, "mine")
    const ended = await runCommand(["run", config, "--out", file, "--quiet"])
    expectMessage(ended, 2, "A file stands where a folder is needed", file)
    expect(await readFile(file, "utf8")).toBe("mine")
  })

  test("a folder that holds something else is left as it is", async () => {
    const mine = join(folder, "mine")
    await mkdir(mine)
    await writeFile(join(mine, "thesis.txt"), "mine")
    expectMessage(await runCommand(["run", config, "--out", mine, "--quiet"]), 2, "something else than a run", mine)
    expect(await filesUnder(mine)).toEqual(["thesis.txt"])
  })

  test("what a process leaves that was killed before its run had a record", async () => {
    const run = join(folder, "begun")
    await mkdir(join(run, "locks", "coordinator"), { recursive: true })
    await writeFile(join(run, "locks", "coordinator", "000001.1a-abcdef.tmp"), "")
    await writeFile(join(run, "run.json.1a-abcdef.tmp"), '{"format": 1, "rec')
    await expectAsUndisturbed(run, await runCommand(["run", config, "--out", run]))
  })

  test("a run of another recipe", async () => {
    const run = join(folder, "other-recipe")
    await mkdir(run)
    await writeFile(join(run, "run.json"), JSON.stringify({ format: 1, recipe: "mode-fusion", config: {} }))
    expectMessage(
      await runCommand(["run", config, "--out", run, "--quiet"]),
      2,
      "a run of another recipe",
      "mode-fusion",
      "--out",
    )
    expect(await filesUnder(run)).toEqual(["run.json"])
  })
})

describe("a changed config", { timeout: 60_000 }, () => {
  const startedTasks = async (run: string) => {
    const events = await readEvents(join(run, "events"))
    const last = events.findLastIndex(({ event }) => event === "run.started")
    return [
      ...new Set(events.slice(last).flatMap((event) => (event.event === "task.started" ? [event.stage] : []))),
    ].sort()
  }

  test("a late step is done again and nothing before it; an early one says why", async () => {
    const run = join(folder, "changed")
    expect(await runCommand(["run", config, "--out", run])).toMatchObject({ code: 0 })
    await endpoint.forget()

    const same = await runCommand(["run", config, "--out", run])
    await expectAsUndisturbed(run, same)
    expect(await startedTasks(run)).toEqual([])

    const late = await runCommand(["run", config, "--out", run, "--set", "filters.repetition.maxLineRepeats=9"])
    expect(late.code).toBe(0)
    expect(await startedTasks(run)).toEqual(["filter-responses"])
    expect(late.stderr).toMatch(/filter-responses: done again, step response-filters: .*maxLineRepeats 4 -> 9/)
    expect(endpoint.requests()).toEqual([])

    const early = await runCommand(["run", config, "--out", run, "--set", "judging.directAttempts=0"])
    expect(early.code).toBe(0)
    expect(early.stderr).toMatch(/filter-questions: done again, step answered-directly is gone/)
    expect(endpoint.requests()).toEqual([])

    await expectAsUndisturbed(run, await runCommand(["run", config, "--out", run]))
    expect(endpoint.requests()).toEqual([])
  })

  test("a question more: what the others were answered is not asked again", async () => {
    const { config: path, questions: file, folder: at } = await scene(endpoint.url, { questions: sums(30) })
    const run = join(at, "run")
    await endpoint.forget()
    expect(await runCommand(["run", path, "--out", run])).toMatchObject({ code: 0 })
    await writeFile(file, jsonLines(sums(40)))
    const grown = await runCommand(["run", path, "--out", run])
    expect(grown.stderr).toMatch(/questions: done again, its input changed/)
    expect(repeats(endpoint.requests())).toBe(0)
    await expectAsUndisturbed(run, grown)
  })
})

/** Runs over a source file of its own, which `write` writes. */
async function runOver(
  name: string,
  content: string | Uint8Array,
  more: Record<string, unknown> = {},
): Promise<{ run: string; file: string; ended: Ended }> {
  const at = await newFolder()
  const file = join(at, name)
  await writeFile(file, content)
  const path = join(at, "config.json")
  await writeConfig(path, endpoint.url, { config: { questions: [name], ...more } })
  const run = join(at, "run")
  return { run, file, ended: await runCommand(["run", path, "--out", run, "--quiet"]) }
}

describe("input that cannot be read", { timeout: 60_000 }, () => {
  test("missing", async () => {
    const { config: path, questions: file, folder: at } = await scene(endpoint.url)
    await rm(file)
    expectMessage(await runCommand(["run", path, "--out", join(at, "run"), "--quiet"]), 2, "No such file", file)
  })

  test("not readable for this user", async ({ skip }) => {
    if (process.getuid?.() === 0) return skip("root can read everything")
    const { config: path, questions: file, folder: at } = await scene(endpoint.url)
    await chmod(file, 0)
    expectMessage(await runCommand(["run", path, "--out", join(at, "run"), "--quiet"]), 2, "Cannot read", file)
  })

  test("an empty file", async () => {
    const { file, ended, run } = await runOver("empty.jsonl", "")
    expectMessage(ended, ended.code!, /no rows/)
    expect([1, 2]).toContain(ended.code)
    await writeFile(file, jsonLines(questions))
    await expectAsOver(run, file, ids)
  })

  test("a truncated gzip file", async () => {
    const whole = gzipSync(jsonLines(sums(3_000)))
    const { file, ended, run } = await runOver("cut.jsonl.gz", whole.subarray(0, whole.length - 100))
    expectMessage(ended, 1, "truncated or damaged", file)
    await writeFile(file, gzipSync(jsonLines(questions)))
    await expectAsOver(run, file, ids)
  })

  test("a truncated Parquet file", async () => {
    const whole = await parquetOf(questions)
    const { file, ended, run } = await runOver("cut.parquet", whole.subarray(0, whole.length - 300))
    expectMessage(ended, 1, "Not a whole Parquet file", file, /fetch or write it again/)
    await writeFile(file, whole)
    await expectAsOver(run, file, ids)
  })

  test("a Parquet file with damage inside", async () => {
    const bytes = Buffer.from(await parquetOf(questions))
    bytes.fill(0xa5, 60, 260)
    const { file, ended } = await runOver("damaged.parquet", bytes)
    expectMessage(ended, 1, /Parquet file is damaged/, file)
  })
})

/** The same command over a mended source completes. */
async function expectAsOver(run: string, file: string, expected: readonly string[]): Promise<void> {
  const path = join(file, "..", "config.json")
  expect(await runCommand(["run", path, "--out", run, "--quiet"])).toMatchObject({ code: 0 })
  await expectWhole(run)
  await expectPartition(run, expected)
}

async function parquetOf(rows: readonly SourceQuestion[]): Promise<Buffer> {
  const schema = new Schema(["id", "question", "reference"].map((name) => new Field(name, new Utf8(), false)))
  const path = join(await newFolder(), "questions.parquet")
  const sink = await ParquetSink.create(path, schema)
  await sink.write(batchOf(schema, rows as never))
  await sink.close()
  return readFile(path)
}

describe("rows that are not what they should be", { timeout: 60_000 }, () => {
  test("broken lines fail with file and line, and the run goes on", async () => {
    const lines = jsonLines(questions).trimEnd().split("\n")
    lines[6] = '{"id": "q7", "question": "What is'
    lines[20] = '["no", "object"]'
    lines[30] = '{"id": "q31", "question": 31, "reference": "\u001b[2J"}'
    const { run, ended } = await runOver("broken.jsonl", `${lines.join("\n")}\n`, { failureLimit: 0.2 })
    expect(ended).toMatchObject({ code: 0 })
    const failed = await publishedRows(run, "failed")
    expect(failed.map(({ id, reason }) => ({ id, reason }))).toEqual(
      [7, 21, 31].map((line) => ({ id: `broken.jsonl:${line}`, reason: "bad-row" })),
    )
    for (const { message } of failed) expect(message).toMatch(/^broken\.jsonl, line \d+: expected /)
    await expectPartition(run, [
      ...ids.filter((_, at) => ![6, 20, 30].includes(at)),
      ...failed.map(({ id }) => String(id)),
    ])
  })

  test("above the failure limit the run stops, tells why, and keeps the rows", async () => {
    const lines = jsonLines(questions).trimEnd().split("\n")
    for (let at = 0; at < lines.length; at += 5) lines[at] = "{broken"
    const { run, ended } = await runOver("broken.jsonl", lines.join("\n"))
    expectMessage(ended, 1, "Too many rows failed in stage questions", /bad-row 8/, /5\.0% of 40 rows/)
    const failed = await publishedRows(run, "failed")
    expect(failed.map(({ id }) => id)).toEqual([1, 6, 11, 16, 21, 26, 31, 36].map((line) => `broken.jsonl:${line}`))
  })

  test("an id again: the same content is dropped, another fails", async () => {
    const again = [questions[2]!, { ...questions[3]!, reference: "999" }]
    const { run, ended } = await runOver("twice.jsonl", jsonLines([...questions, ...again]))
    expect(ended).toMatchObject({ code: 0 })
    expect((await readManifest(run)).drops).toMatchObject({ questions: { "duplicate-id": 1 } })
    const failed = await publishedRows(run, "failed")
    expect(failed.map(({ id, reason }) => ({ id, reason }))).toEqual([{ id: "q4", reason: "duplicate-id" }])
    await expectPartition(run, [...ids, "q3", "q4"])
  })

  test.each([
    { name: "CRLF", of: (text: string) => text.replaceAll("\n", "\r\n") },
    { name: "a byte order mark", of: (text: string) => `\ufeff${text}` },
    {
      name: "no line break at the end, blank lines between",
      of: (text: string) => text.trimEnd().replace("\n", "\n\n \n"),
    },
  ])("$name: the rows of a plain file", async ({ of }) => {
    const { run, ended } = await runOver("questions.jsonl", of(jsonLines(questions)))
    expect(ended).toMatchObject({ code: 0 })
    const [theirs, ours] = await Promise.all(
      [run, join(folder, "undisturbed")].map((at) => publishedRows(at, "dataset")),
    )
    expect(theirs).toEqual(ours)
  })

  test.each([
    { megabytes: 50, id: "huge", message: /column question: expected at most 4000000 characters, got 50000015/ },
    { megabytes: 70, id: "questions.jsonl:21", message: /expected at most 67108864 bytes in a line/ },
  ])("a line of $megabytes MB fails by itself, in bounded memory", async ({ megabytes, id, message }) => {
    const huge = { id: "huge", question: `What is 1 + 1? ${"x".repeat(megabytes * 1_000_000)}`, reference: "2" }
    const at = await newFolder()
    await writeFile(join(at, "questions.jsonl"), jsonLines([...questions.slice(0, 20), huge, ...questions.slice(20)]))
    const path = join(at, "config.json")
    await writeConfig(path, endpoint.url)
    const run = join(at, "run")
    const command = new RunningCommand(["run", path, "--out", run, "--quiet"])
    let peakKilobytes = 0
    await command.until(async () => {
      peakKilobytes = Math.max(peakKilobytes, await peakOf(command.pid))
      return false
    })
    expect(await command.ended).toMatchObject({ code: 0 })
    const failed = await publishedRows(run, "failed")
    expect(failed).toMatchObject([{ id, reason: "bad-row", message: expect.stringMatching(message) }])
    await expectPartition(run, [...ids, id])
    // The line, its text and what is made of it; the small run beside it takes about 150 MB.
    expect(peakKilobytes).toBeLessThan(150_000 + 8 * megabytes * 1_000)
  })
})

/** Peak resident memory of a process in kB; 0 when it has ended. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
}
