import { createHash } from "node:crypto"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { Commit } from "../../../pipelines/runtime/commit.ts"
import { RowError } from "../../../pipelines/runtime/errors.ts"
import { countRows, readManifest } from "../../../pipelines/runtime/publish.ts"
import { rowsIn } from "../../../pipelines/runtime/reduce-task.ts"
import { canonicalRowJson } from "../../../pipelines/runtime/row-json.ts"
import { run } from "../../../pipelines/runtime/run.ts"
import { manifest } from "../../../schemas/manifest.ts"
import { temporaryFolder } from "./folder.ts"
import { published, runTiny, someTexts, tinyRecipe } from "./tiny-recipe.ts"

const failing = async ({ text }: { text: string }) => {
  if (text === someTexts(20)[5]) throw new RowError("poisoned", "cannot")
  return `answer to ${text}`
}

describe("the manifest", () => {
  test("is what the schema says, and names every file with its size, digest and rows", async () => {
    const out = temporaryFolder()
    const { result } = await runTiny(out, { answer: failing, failureLimit: 0.5 })
    const written = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"))
    expect(manifest.parse(written)).toEqual(written)
    expect(written).toEqual(result!.manifest)
    expect(Object.keys(written.beside).sort()).toEqual(["answers", "dropped", "failed"])
    for (const shard of [written.shards, ...Object.values(written.beside)].flat()) {
      const bytes = readFileSync(join(out, shard.path))
      expect(shard.bytes).toBe(bytes.length)
      expect(shard.sha256).toBe(createHash("sha256").update(bytes).digest("hex"))
      const rows = await Array.fromAsync(rowsIn(out, [shard]))
      expect(shard.rows).toBe(rows.length)
      const logical = createHash("sha256")
      for (const row of rows) logical.update(`${canonicalRowJson(row)}\n`)
      expect(shard.logical_sha256).toBe(logical.digest("hex"))
    }
  })

  test("adds up: rows in are out, dropped or failed; drops and files agree", async () => {
    const { result } = await runTiny(temporaryFolder(), { answer: failing, failureLimit: 0.5 })
    const { rows, drops, beside, shards } = result!.manifest
    expect(rows.in).toBe(rows.out + rows.dropped + rows.failed)
    expect(rows.failed).toBe(1)
    const dropped = Object.values(drops).flatMap((reasons) => Object.values(reasons))
    expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(rows.dropped)
    expect(beside.dropped!.reduce((sum, file) => sum + file.rows, 0)).toBe(rows.dropped)
    expect(beside.failed!.reduce((sum, file) => sum + file.rows, 0)).toBe(rows.failed)
    expect(shards.reduce((sum, file) => sum + file.rows, 0)).toBe(rows.out)
  })

  test("has the lineage: inputs, steps with versions and parameters", async () => {
    const first = (await runTiny(temporaryFolder())).result!.manifest.lineage
    const second = (await runTiny(temporaryFolder(), { bonus: 1 })).result!.manifest.lineage
    expect(first.inputs).toEqual([
      expect.objectContaining({ name: "memory", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    ])
    expect(first.stages.map(({ stage, steps }) => [stage, steps.map(({ id, version }) => `${id}@${version}`)])).toEqual(
      [
        ["source", ["source@1"]],
        ["clean", ["has-text@1", "length@1"]],
        ["draft", ["answer@1"]],
        ["score", ["score@1"]],
        ["sum", ["sum@1"]],
        ["finish", ["total@1"]],
      ],
    )
    const params = ({ stages }: typeof first, stage: string) =>
      stages.find((of) => of.stage === stage)!.steps.map((step) => step.params_sha256)
    expect(params(second, "finish")).not.toEqual(params(first, "finish"))
    expect(params(second, "draft")).toEqual(params(first, "draft"))
    expect(second.fingerprint).not.toBe(first.fingerprint)
  })
})

describe("publishing again", () => {
  test("mends what was deleted or cut, byte for byte", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const before = published(out)
    for (const harm of [
      () => rmSync(join(out, "manifest.json")),
      () => writeFileSync(join(out, "manifest.json"), "{"),
      () => rmSync(join(out, "dropped"), { recursive: true }),
      () => writeFileSync(join(out, "answers/part-00000.parquet"), "cut"),
      () => {
        rmSync(join(out, "manifest.json"))
        writeFileSync(join(out, "dataset/part-00000.parquet"), "half")
        writeFileSync(join(out, "dataset/part-00007.parquet"), "of an older, larger dataset")
      },
    ]) {
      harm()
      const { calls, result } = await runTiny(out)
      expect(calls).toBe(0)
      expect(result!.reused).toBe(false)
      expect(published(out)).toEqual(before)
    }
  })

  test("happens when the recipe has a new version: its exports may have changed", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const { recipe } = tinyRecipe()
    const open: typeof recipe.open = (config, host) => {
      const pipeline = recipe.open(config, host)
      const exports = pipeline.exports.map((of, at) =>
        at === 0 ? { ...of, rows: (row: Record<string, unknown>) => [{ ...row, total: 0 }] } : of,
      )
      return { ...pipeline, exports }
    }
    const { reused } = await run({ recipe: { ...recipe, version: 2, open }, config: { seed: 1 }, out })
    expect(reused).toBe(false)
    const rows = await Array.fromAsync(rowsIn(out, (await readManifest(out))!.shards))
    expect(new Set(rows.map(({ total }) => total))).toEqual(new Set([0]))
  })

  test("a run that stops does not leave a manifest that names other files than there are", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const texts = someTexts(20).map((text) => `${text} again`)
    const { error } = await runTiny(out, {
      rows: texts.map((text, at) => ({ row: { id: `r${at}`, text } })),
      maximum: 1_000,
      failureLimit: 0,
      answer: async () => {
        throw new RowError("poisoned", "cannot")
      },
    })
    expect(error).not.toBeNull()
    const standing = await readManifest(out)
    for (const { path, sha256 } of [...(standing?.shards ?? []), ...Object.values(standing?.beside ?? {}).flat()])
      expect(
        createHash("sha256")
          .update(readFileSync(join(out, path)))
          .digest("hex"),
        path,
      ).toBe(sha256)
    const failed = await Array.fromAsync(
      rowsIn(out, [{ path: "failed/part-00000.parquet", rows: 0, bytes: 0, sha256: "" }]),
    )
    expect(failed.length).toBeGreaterThan(0)
  })
})

test("counts of a pipeline follow its path, losses the order of its steps", () => {
  const step = (id: string) => ({ kind: "row" as const, id, version: 1, params: {}, run: () => null })
  const map = (id: string, input: string, ...steps: string[]) => ({
    kind: "map" as const,
    id,
    input,
    steps: steps.map(step),
    failureLimit: 1,
  })
  const done = (counts: Partial<Commit["counts"]>, drops: Commit["drops"] = {}, tallies: Commit["tallies"] = {}) =>
    ({ counts: { in: 0, born: 0, out: 0, dropped: 0, failed: 0, ...counts }, drops, tallies }) as Commit
  const counted = countRows(
    { path: ["a", "b"], stages: [map("a", "-", "x", "y"), map("aside", "a", "z"), map("b", "a", "w")] },
    new Map([
      [
        "a",
        [
          done({ in: 10, out: 7, dropped: 3 }, { y: { long: 2 }, x: { bad: 1 } }),
          done({ in: 5, out: 5 }, {}, { n: 2 }),
        ],
      ],
      ["aside", [done({ in: 12, dropped: 12 }, { z: { all: 12 } })]],
      ["b", [done({ in: 12, out: 10, dropped: 1, failed: 1 }, { w: { late: 1 } }, { n: 1 }), done({}, {}, { n: 4 })]],
    ]),
  )
  expect(counted.rows).toEqual({ in: 15, out: 10, dropped: 4, failed: 1 })
  expect(JSON.stringify(counted.drops)).toBe('{"x":{"bad":1},"y":{"long":2},"w":{"late":1}}')
  expect(counted.tallies).toEqual({ a: { n: 2 }, b: { n: 5 } })
})

test.each([
  ["missing", null],
  ["cut", '{"a"'],
  ["null", "null"],
] as const)("a manifest that is %s is none", async (_, content) => {
  const out = temporaryFolder()
  if (content !== null) writeFileSync(join(out, "manifest.json"), content)
  expect(await readManifest(out)).toBeNull()
})
