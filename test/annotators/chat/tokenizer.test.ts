// The golden files hold what the Python package `tokenizers` says: test/fixtures/tokenizer/make-golden.py.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Kernel } from "../../../annotators/chat/kernel.ts"
import { openTokenizer } from "../../../annotators/chat/open-tokenizer.ts"
import { ThreadPool } from "../../../pipelines/runtime/thread-pool.ts"
import { fuzzTexts, sweepTexts } from "./fuzz-text.ts"
import { openBoth, rowsOf, type TokenizerName } from "./kernels.ts"
import { writePairsTokenizer } from "./pairs-tokenizer.ts"

interface Golden {
  tokenizer: TokenizerName
  text: string
  plain: number[]
  markup?: number[]
}

const golden = rowsOf<Golden>("golden.jsonl")
const goldenDecode = rowsOf<{ tokenizer: TokenizerName; ids: number[]; text: string; skipped?: string }>(
  "golden-decode.jsonl",
)

/** A column of texts. */
function columnOf(texts: readonly string[]) {
  const rows = texts.map((text) => Buffer.from(text))
  const offsets = new Int32Array(rows.length + 1)
  for (const [row, { length }] of rows.entries()) offsets[row + 1] = offsets[row]! + length
  return { bytes: Buffer.concat(rows), offsets }
}

describe.each(["qwen3", "small"] as const)("%s", async (name) => {
  const { kernels, wasm, plain } = await openBoth(name)
  const rows = golden.filter(({ tokenizer }) => tokenizer === name)
  const decodes = goldenDecode.filter(({ tokenizer }) => tokenizer === name)

  test("ids are those of the Python package, with either kernel", () => {
    expect(rows.length).toBeGreaterThan(500)
    for (const { text, plain: ids, markup } of rows)
      for (const tokenizer of [wasm, plain]) {
        expect([...tokenizer.encode(text)], text).toEqual(ids)
        expect([...tokenizer.encodeMarkup(text)], text).toEqual(markup ?? ids)
      }
  })

  test("ids decode to what the Python package says", () => {
    expect(decodes.length).toBeGreaterThan(100)
    for (const { ids, text, skipped } of decodes) {
      expect(wasm.decode(ids), JSON.stringify(ids)).toBe(text)
      expect(wasm.decode(Int32Array.from(ids), { skipSpecial: true }), JSON.stringify(ids)).toBe(skipped ?? text)
    }
  })

  test("a column has the ids of its rows, with either kernel", () => {
    const column = columnOf(rows.map(({ text }) => text))
    for (const kernel of [kernels.wasm, kernels.plain]) {
      const { ids, offsets } = kernel.encodeColumn(column)
      expect([...ids]).toEqual(rows.flatMap(({ plain }) => plain))
      expect(rows.map((_, row) => offsets[row + 1]! - offsets[row]!)).toEqual(rows.map(({ plain }) => plain.length))
    }
    const empty = { bytes: new Uint8Array(0), offsets: new Int32Array(1) }
    expect(kernels.wasm.encodeColumn(empty)).toEqual({ ids: new Int32Array(0), offsets: new Int32Array(1) })
  })

  test("both kernels agree on random texts, and the ids decode to their NFC", () => {
    const texts = fuzzTexts(7, 5_000)
    expect(differences(kernels, texts)).toEqual([])
    for (const text of texts.filter((text) => !/\p{M}/u.test(text)))
      expect(wasm.decode(wasm.encode(text))).toBe(text.normalize("NFC"))
  })

  test("lone surrogates count as U+FFFD", () => {
    for (const tokenizer of [wasm, plain])
      for (const text of ["\ud800", "a\udc00b", "\ud83d😀\ude00", "x\ud83d"]) {
        expect(tokenizer.encode(text)).toEqual(tokenizer.encode(text.toWellFormed()))
        expect(tokenizer.encodeMarkup(text)).toEqual(tokenizer.encodeMarkup(text.toWellFormed()))
      }
  })
})

/** Texts of which the two kernels say different things. */
function differences({ wasm, plain }: { wasm: Kernel; plain: Kernel }, texts: readonly string[]): string[] {
  const { ids, offsets } = wasm.encodeColumn(columnOf(texts))
  const same = (text: string, row: number) =>
    Buffer.compare(bytesOf(ids.subarray(offsets[row]!, offsets[row + 1]!)), bytesOf(plain.encode(text))) === 0
  return texts.filter((text, row) => !same(text, row)).slice(0, 5)
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array) => Buffer.from(buffer, byteOffset, byteLength)

describe("all pairs of bytes merged", () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cotyledon-tokenizer-"))
    writePairsTokenizer(join(folder, "tokenizer.json"))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test("both kernels agree on random texts and on every code point", async () => {
    const { kernels } = await openBoth(folder)
    expect(differences(kernels, fuzzTexts(8, 5_000))).toEqual([])
    expect(differences(kernels, sweepTexts())).toEqual([])
  }, 120_000)
})

describe("the file", async () => {
  const tokenizer = await openTokenizer()

  test("is known by its digest, size and added tokens", () => {
    expect(tokenizer.digest).toBe("aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4")
    expect(tokenizer.vocabSize).toBe(151_669)
    expect(tokenizer.tokenId("<|im_end|>")).toBe(151_645)
    expect(tokenizer.tokenId("<think>")).toBe(151_667)
    expect(tokenizer.tokenId("hello")).toBeUndefined()
  })

  test("a row of a column that is not UTF-8 is named", () => {
    const column = { bytes: Uint8Array.of(0x61, 0xff, 0x61, 0xed, 0xa0, 0x80), offsets: Int32Array.of(0, 1, 1, 2, 6) }
    expect(() => tokenizer.encodeColumn(column)).toThrow("row 2 of the column: expected UTF-8, got another byte at 0")
    const [start, end] = [2, 6]
    const surrogate = { bytes: column.bytes.subarray(start, end), offsets: Int32Array.of(0, 4) }
    expect(() => tokenizer.encodeColumn(surrogate)).toThrow(
      "row 0 of the column: expected UTF-8, got another byte at 1",
    )
    expect(tokenizer.encodeColumn({ ...column, offsets: Int32Array.of(0, 1, 1) }).ids).toEqual(tokenizer.encode("a"))
  })

  test("works in threads, each with an instance of its own", async () => {
    const module = new URL("./tokenizer-thread.ts", import.meta.url)
    const pool = new ThreadPool<string, Int32Array>({ module, data: null, threads: 2, heapMegabytes: 512 })
    const texts = golden.filter(({ tokenizer: name }) => name === "qwen3").map(({ text }) => text)
    const found = await Promise.all(texts.slice(0, 100).map((text) => pool.run(text)))
    await pool.close()
    expect(found).toEqual(texts.slice(0, 100).map((text) => tokenizer.encodeMarkup(text)))
  })

  test("special-token text is text, unless markup is asked for", () => {
    expect(tokenizer.encodeMarkup("<|im_end|>")).toEqual(Int32Array.of(151_645))
    const text = tokenizer.encode("<|im_end|><think>")
    expect(Math.max(...text)).toBeLessThan(151_643)
    expect(tokenizer.decode(text, { skipSpecial: true })).toBe("<|im_end|><think>")
  })

  test.each([151_669, -100, 1.5, Number.NaN])("decoding refuses the id %s", (id) => {
    expect(() => tokenizer.decode([1, id])).toThrow(`An id that the tokenizer does not have (position 1)`)
  })
})
