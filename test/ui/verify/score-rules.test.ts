// Threads from the sources; the built ones are tested with the command.
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { RuleVerifier } from "../../../annotators/verifiers/verifier.ts"
import { openRowSink } from "../../../pipelines/io/row-sink.ts"
import { filesOfInput } from "../../../ui/row-files.ts"
import { loadVerifier } from "../../../ui/verify/load-verifier.ts"
import { type ScoreRulesOptions, scoreRules } from "../../../ui/verify/score-rules.ts"
import { batchesOf } from "../../../ui/verify/source-batch.ts"
import { jsonLines, newFolder } from "../../faults/scene.ts"

const fragile = join(import.meta.dirname, "fragile-rule.ts")

async function scored(path: string, options: Partial<ScoreRulesOptions> & { reference: string }) {
  const verifier = (await loadVerifier(options.reference)) as RuleVerifier
  const batches = batchesOf(await filesOfInput(path))
  const rest = { optionsForAll: {}, threads: 2, signal: new AbortController().signal }
  return Array.fromAsync(scoreRules(verifier, batches, { ...rest, ...options }), (row) =>
    "failed" in row
      ? { line: row.at.line, failed: row.failed.reason, message: row.failed.message, source: row.source }
      : { line: row.at.line, ...row.row },
  )
}

test("a row that breaks the verifier costs that row alone", async () => {
  const folder = await newFolder()
  const faults: Record<number, string> = { 7: "throw", 300: "end the thread", 301: "exhaust memory", 1500: "throw" }
  const rows = Array.from({ length: 3_000 }, (_, id) => ({ id, completion: faults[id] ?? "yes", reference: "yes" }))
  await writeFile(join(folder, "in.jsonl"), jsonLines(rows))
  const found = await scored(join(folder, "in.jsonl"), { reference: fragile })
  expect(found.map(({ line }) => line)).toEqual(rows.map(({ id }) => id + 1))
  const failed = found.filter((row) => "failed" in row)
  expect(failed.map(({ line, failed }) => [line, failed])).toEqual([
    [8, "verifier-threw"],
    [301, "verifier-crashed"],
    [302, "verifier-crashed"],
    [1_501, "verifier-threw"],
  ])
  expect(failed.map(({ message }) => message)).toEqual([
    "in.jsonl, line 8: fragile threw RangeError: too much",
    "in.jsonl, line 301: fragile ended its thread: the thread ended with exit code 3",
    expect.stringMatching(/^in\.jsonl, line 302: fragile ended its thread: .*memory/),
    "in.jsonl, line 1501: fragile threw RangeError: too much",
  ])
  expect(failed[2]!.source).toMatchObject({ row: { id: 301, completion: "exhaust memory" } })
  expect(found.filter((row) => "verdict" in row && row.verdict === "correct")).toHaveLength(2_996)
})

test("the same outcomes from any number of threads, and from typed files", async () => {
  const folder = await newFolder()
  const rows = Array.from({ length: 5_000 }, (_, id) => ({
    id,
    completion: `${"So we think. ".repeat(id % 40)}The answer is ${id % 7}.`,
    reference: String(id % 5),
    other: [id],
  }))
  const lines = jsonLines(rows).trimEnd().split("\n")
  lines[10] = ""
  lines[2_000] = "{broken"
  lines[2_001] = `${"x".repeat(300_000)}`
  await writeFile(join(folder, "in.jsonl"), `\ufeff${lines.join("\r\n")}`)
  const one = await scored(join(folder, "in.jsonl"), { reference: "math", threads: 1 })
  expect(one).toHaveLength(4_999)
  expect(one.slice(0, 12).map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13])
  expect(one.filter((row) => "failed" in row).map(({ line }) => line)).toEqual([2_001, 2_002])
  expect(await scored(join(folder, "in.jsonl"), { reference: "math", threads: 3 })).toEqual(one)
  const sink = await openRowSink(join(folder, "in.arrow"))
  for (const row of rows) await sink.write(row)
  await sink.close()
  const typed = await scored(join(folder, "in.arrow"), { reference: "math" })
  const verdicts = new Map(typed.map((row) => [row.line, "verdict" in row ? [row.verdict, row.extracted] : []]))
  for (const row of one) if ("verdict" in row) expect(verdicts.get(row.line)).toEqual([row.verdict, row.extracted])
})

test("an abort ends a verifier that never ends", async () => {
  const folder = await newFolder()
  await writeFile(join(folder, "in.jsonl"), jsonLines([{ id: 1, completion: "never end", reference: "" }]))
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error("stopped")), 300)
  await expect(scored(join(folder, "in.jsonl"), { reference: fragile, signal: controller.signal })).rejects.toThrow(
    "stopped",
  )
})
