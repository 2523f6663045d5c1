import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { ShardFolder } from "../../../pipelines/export/shard-folder.ts"
import { readParquet } from "../../../pipelines/io/parquet.ts"
import { batchOf, rowsOf } from "../../../pipelines/runtime/batch.ts"
import { canonicalRowJson } from "../../../pipelines/runtime/row-json.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { sample } from "../../../schemas/sample.ts"
import { random } from "../random-rows.ts"
import { temporaryFolder } from "../runtime/folder.ts"
import { samplesOf } from "./made-run.ts"

const counts = { tokens: 3, trainedTokens: 2, weight: 100 }

async function written(rows: Iterable<(folder: ShardFolder) => Promise<void>>) {
  const root = temporaryFolder()
  const folder = new ShardFolder(root, { folder: "sft", name: "train", schema: sample.schema }, { rowsPerFile: 300 })
  for (const add of rows) await add(folder)
  return { root, shards: await folder.close() }
}

test("rows that stand in batches make the files that rows one by one make, in their order", async () => {
  const rows = samplesOf(1_000) as unknown as Row[]
  const batches = [0, 250, 251, 700].map((start, at, starts) =>
    batchOf(sample.schema, rows.slice(start, starts[at + 1] ?? rows.length)),
  )
  const next = random(2)
  // Some are left out, alone or many in a row, and some come as rows of their own.
  const kinds: ("stands" | "alone" | "out")[] = []
  while (kinds.length < rows.length) {
    const kind = next() < 0.6 ? "stands" : next() < 0.5 ? "alone" : "out"
    kinds.push(...Array<typeof kind>(1 + Math.floor(next() * (kind === "stands" ? 120 : 4))).fill(kind))
  }
  const mixed = batches.flatMap((batch, of) =>
    Array.from({ length: batch.numRows }, (_, index) => {
      const at = batches.slice(0, of).reduce((sum, { numRows }) => sum + numRows, 0) + index
      return { at, add: (folder: ShardFolder) => folder.addFrom({ batch, index }, counts) }
    }),
  )
  const kept = mixed.filter(({ at }) => kinds[at] !== "out")
  const some = await written(
    kept.map(({ at, add }) => (kinds[at] === "stands" ? add : (folder: ShardFolder) => folder.add(rows[at]!, counts))),
  )
  const plain = await written(
    kept.map(
      ({ at }) =>
        (folder: ShardFolder) =>
          folder.add(rows[at]!, counts),
    ),
  )
  expect(some.shards).toEqual(plain.shards)
  expect(some.shards.length).toBe(Math.ceil(kept.length / 300))
  const all: Row[] = []
  for (const { path, logical_sha256, sha256 } of some.shards) {
    const own: Row[] = []
    for await (const batch of readParquet(join(some.root, path))) own.push(...rowsOf(batch))
    const lines = own.map((row) => `${canonicalRowJson(row)}\n`).join("")
    expect(logical_sha256).toBe(createHash("sha256").update(lines).digest("hex"))
    expect(sha256).toBe(
      createHash("sha256")
        .update(readFileSync(join(some.root, path)))
        .digest("hex"),
    )
    all.push(...own)
  }
  expect(all).toEqual(kept.map(({ at }) => rows[at]))
})
