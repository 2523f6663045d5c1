import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { megatronIndex, metric, readMegatronIndex, TokenFiles } from "../../../pipelines/export/token-files.ts"
import { temporaryFolder } from "../runtime/folder.ts"

const end = 151_643

async function written() {
  const root = temporaryFolder()
  const files = await TokenFiles.create(root, "tokens", { endOfDocument: end, tokenizer: "Qwen/Qwen3-8B-Base" })
  const add = (id: string, ids: number[], labels: number[], row: number) =>
    files.add({ id, inputIds: Int32Array.from(ids), labels: Int32Array.from(labels), source: "sft/a.parquet", row })
  await add("one", [5, 6, 7], [-100, 6, 7], 0)
  await add('say "two", please', [8, end], [8, end], 1)
  const shards = await files.close()
  return { shards, bytes: (name: string) => readFileSync(join(root, "tokens", name)), root }
}

describe("the token stream", () => {
  test("is one stream for three readers, each document with its end", async () => {
    const { bytes, root } = await written()
    const ids = Buffer.from(Int32Array.of(5, 6, 7, end, 8, end).buffer)
    for (const name of ["train.bin", "train.ds", "token_ids_part_0000.npy"]) expect(bytes(name)).toEqual(ids)
    expect(statSync(join(root, "tokens/train.ds")).ino).toBe(statSync(join(root, "tokens/train.bin")).ino)
    for (const name of ["train.ds.loss", "labels_mask_part_0000.npy"])
      expect(bytes(name)).toEqual(Buffer.of(0, 1, 1, 0, 1, 1))
  })

  test("has Megatron's index byte for byte", async () => {
    const { bytes } = await written()
    // Written by hand from the layout: magic, version, int32, 2 sequences, 3 document starts, lengths, pointers, starts.
    const expected = Buffer.concat([
      Buffer.from("MMIDIDX\0\0", "latin1"),
      Buffer.from("0100000000000000040200000000000000030000000000000004000000020000000000000000000000", "hex"),
      Buffer.from("1000000000000000000000000000000001000000000000000200000000000000", "hex"),
    ])
    expect(bytes("train.idx")).toEqual(expected)
    expect(bytes("train.idx")).toHaveLength(42 + 20 * 2)
    expect(readMegatronIndex(bytes("train.idx"))).toEqual({ lengths: Int32Array.of(4, 2) })
  })

  test("has datatrove's ends and metadata, and dolma's table", async () => {
    const { bytes } = await written()
    expect(bytes("train.ds.index")).toEqual(Buffer.from("04000000000000000600000000000000", "hex"))
    expect(bytes("train.ds.metadata").toString()).toBe("Qwen/Qwen3-8B-Base|4\n6\n6.00 T")
    expect(gunzipSync(bytes("token_ids_part_0000.csv.gz")).toString()).toBe(
      '0,4,one,sft/a.parquet,0\n4,6,"say ""two"", please",sft/a.parquet,1\n',
    )
  })

  test("is counted: documents, tokens, those with loss", async () => {
    const { shards } = await written()
    expect(shards.find(({ path }) => path === "tokens/train.bin")).toMatchObject({
      rows: 2,
      tokens: 6,
      trained_tokens: 4,
    })
    expect(shards.map(({ rows }) => rows)).toEqual(shards.map(() => 2))
  })
})

describe("a Megatron index", () => {
  const whole = megatronIndex(Int32Array.of(3, 4))
  const changed = (at: number, to: number) => {
    const bytes = Buffer.from(whole)
    bytes[at] = to
    return readMegatronIndex(bytes)
  }
  test("that is none, cut, or contradicts itself is told", () => {
    expect(readMegatronIndex(Buffer.alloc(50))).toHaveProperty("fault")
    expect(readMegatronIndex(whole.subarray(0, -1))).toHaveProperty("fault")
    expect(changed(9, 2)).toEqual({ fault: "version 2 instead of 1" })
    expect(changed(17, 8)).toEqual({ fault: "ids of type 8 instead of int32 (4)" })
    expect(changed(42, 1)).toEqual({ fault: "its pointers do not follow from its lengths" })
  })
})

test("tokens for people have three digits", () => {
  expect([0, 6, 999, 1_500, 23_458, 123_456, 1_234_567, 36e12].map(metric)).toEqual([
    "0.00 T",
    "6.00 T",
    "999 T",
    "1.50 kT",
    "23.5 kT",
    "123 kT",
    "1.23 MT",
    "36.0 TT",
  ])
})
