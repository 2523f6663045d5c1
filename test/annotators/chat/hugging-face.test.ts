// Against the Python package itself, beyond the golden files. Skipped where it is not installed.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openTokenizer } from "../../../annotators/chat/open-tokenizer.ts"
import { fuzzTexts, sweepTexts } from "./fuzz-text.ts"
import { huggingFace, huggingFaceIds } from "./hugging-face.ts"
import { paths } from "./kernels.ts"
import { longTexts } from "./long-texts.ts"
import { writePairsTokenizer } from "./pairs-tokenizer.ts"

let folder: string
const pairs = () => join(folder, "tokenizer.json")
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cotyledon-tokenizer-"))
  writePairsTokenizer(pairs())
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The first few texts whose ids differ. */
async function differences(path: string, texts: readonly string[], mode: "plain" | "markup"): Promise<unknown[]> {
  const tokenizer = await openTokenizer(path)
  const encode = mode === "plain" ? tokenizer.encode : tokenizer.encodeMarkup
  const expected = huggingFaceIds(path, texts, mode)
  expect(expected.length).toBe(texts.length)
  return texts
    .map((text, index) => ({ text, ids: encode(text).join(" "), expected: expected[index] }))
    .filter(({ ids, expected }) => ids !== expected)
    .slice(0, 5)
}

describe.skipIf(huggingFace === null)("the Python package tokenizers (skipped where it is not installed)", () => {
  test.each(["qwen3", "small"] as const)(
    "%s: random texts",
    async (name) => {
      expect(await differences(paths[name], fuzzTexts(11, name === "qwen3" ? 20_000 : 5_000), "plain")).toEqual([])
      expect(await differences(paths[name], fuzzTexts(12, 5_000), "markup")).toEqual([])
    },
    300_000,
  )

  test("all pairs of bytes merged: random texts and every code point", async () => {
    expect(await differences(pairs(), fuzzTexts(13, 5_000), "plain")).toEqual([])
    expect(await differences(pairs(), sweepTexts(), "plain")).toEqual([])
  }, 300_000)

  test("words of 50,000 bytes", async () => {
    const texts = Object.values(longTexts).map((text) => text(50_000))
    expect(await differences(paths.qwen3, texts, "plain")).toEqual([])
  }, 300_000)

  const documents = join(process.env.COTYLEDON_DATA ?? "../shared/data", "documents")
  test.skipIf(!existsSync(documents))(
    "real documents (skipped without COTYLEDON_DATA)",
    async () => {
      const files = ["c4-sample", "common-crawl-sample", "arxiv-sample", "stack-exchange-sample"]
      for (const file of files) {
        const lines = readFileSync(join(documents, `${file}.jsonl`), "utf8")
          .trimEnd()
          .split("\n")
        const texts = lines.map((line) => JSON.parse(line).text as string)
        expect(texts.every((text) => text.length > 0)).toBe(true)
        expect(await differences(paths.qwen3, texts, "markup")).toEqual([])
      }
    },
    300_000,
  )
})
