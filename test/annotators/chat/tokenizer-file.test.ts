import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openTokenizer } from "../../../annotators/chat/open-tokenizer.ts"
import { readTokenizerFile } from "../../../annotators/chat/tokenizer-file.ts"
import { complaintOf } from "../../pipelines/complaint.ts"
import { paths } from "./kernels.ts"

// biome-ignore lint/suspicious/noExplicitAny: each test breaks another part of it.
type Json = Record<string, any>

let folder: string
let small: Json
const file = () => join(folder, "tokenizer.json")
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cotyledon-tokenizer-"))
  small = JSON.parse(await readFile(paths.small, "utf8"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The file after a change, or of other text. */
async function changed(change: string | Uint8Array | ((tokenizer: Json) => unknown)): Promise<string> {
  let content = change
  if (typeof content === "function") {
    const tokenizer = structuredClone(small)
    content(tokenizer)
    content = JSON.stringify(tokenizer)
  }
  await writeFile(file(), content)
  return file()
}

describe("files of other spellings are the same tokenizer", () => {
  const text = "Hello wörld, it's a word [L] 12 <|im_end|>\n  x"
  test.each<[string, (tokenizer: Json) => unknown]>([
    ["merges as text", ({ model }) => (model.merges = model.merges.map((merge: string[]) => merge.join(" ")))],
    [
      "merges as text after a version",
      ({ model }) => (model.merges = ["#version: 0.2", ...model.merges.map((merge: string[]) => merge.join(" "))]),
    ],
    [
      "vocab in another order",
      ({ model }) => (model.vocab = Object.fromEntries(Object.entries(model.vocab).reverse())),
    ],
    [
      "without what has defaults",
      (tokenizer) => ["version", "truncation", "padding", "post_processor"].map((key) => delete tokenizer[key]),
    ],
    ["NFC in a sequence", (tokenizer) => (tokenizer.normalizer = { type: "Sequence", normalizers: [{ type: "NFC" }] })],
    [
      "keys that nobody reads",
      (tokenizer) => (tokenizer.more = tokenizer.model.more = { merges: [[["}"]]], vocab: '"\\' }),
    ],
  ])("%s", async (_, change) => {
    const [theirs, ours] = [await openTokenizer(await changed(change)), await openTokenizer(paths.small)]
    expect(theirs.encodeMarkup(text)).toEqual(ours.encodeMarkup(text))
    expect(theirs.decode(ours.encode(text))).toBe(text)
    expect(theirs.vocabSize).toBe(ours.vocabSize)
    expect(theirs.digest).not.toBe(ours.digest)
  })

  test("white space and escapes", async () => {
    const spaced = JSON.stringify(small, null, "\t\r\n ").replace(
      /[\u0080-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )
    const theirs = await readTokenizerFile(await changed(spaced))
    expect({ ...theirs, digest: "" }).toEqual({ ...(await readTokenizerFile(paths.small)), digest: "" })
  })

  test("a folder stands for the tokenizer.json in it", async () => {
    await changed(() => {})
    expect((await openTokenizer(folder)).encode("a b")).toEqual((await openTokenizer(paths.small)).encode("a b"))
  })
})

describe("another kind of tokenizer is refused, with the key, expected and got", () => {
  test.each<[string, (tokenizer: Json) => unknown, string[]]>([
    ["WordPiece", ({ model }) => (model.type = "WordPiece"), ["model.type", '"BPE"', '"WordPiece"']],
    [
      "Unigram",
      (tokenizer) => (tokenizer.model = { type: "Unigram", vocab: [["<unk>", 0]] }),
      ["model.type", '"BPE"', '"Unigram"'],
    ],
    ["no model", (tokenizer) => delete tokenizer.model, ["model", "an object", "nothing"]],
    ["byte_fallback", ({ model }) => (model.byte_fallback = true), ["model.byte_fallback", "false", "true"]],
    ["dropout", ({ model }) => (model.dropout = 0.1), ["model.dropout", "null", "0.1"]],
    ["ignore_merges", ({ model }) => (model.ignore_merges = true), ["model.ignore_merges", "false", "true"]],
    [
      "a prefix",
      ({ model }) => (model.continuing_subword_prefix = "##"),
      ["model.continuing_subword_prefix", '""', '"##"'],
    ],
    ["a suffix", ({ model }) => (model.end_of_word_suffix = "</w>"), ["model.end_of_word_suffix", '""', '"</w>"']],
    ["no normalizer", (tokenizer) => (tokenizer.normalizer = null), ["normalizer.type", '"NFC"', "nothing"]],
    ["NFKC", (tokenizer) => (tokenizer.normalizer.type = "NFKC"), ["normalizer.type", '"NFC"', '"NFKC"']],
    [
      "two normalizers",
      (tokenizer) =>
        (tokenizer.normalizer = { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Lowercase" }] }),
      ["normalizer.type", '"NFC"', '"Sequence"'],
    ],
    [
      "another regular expression",
      ({ pre_tokenizer }) => (pre_tokenizer.pretokenizers[0].pattern.Regex = "\\s+"),
      ["pre_tokenizer.pretokenizers[0].pattern.Regex", "\\\\p{L}", '"\\\\s+"'],
    ],
    [
      "text to split at",
      ({ pre_tokenizer }) => (pre_tokenizer.pretokenizers[0].pattern = { String: " " }),
      ["pattern.Regex", "nothing"],
    ],
    [
      "merged splits",
      ({ pre_tokenizer }) => (pre_tokenizer.pretokenizers[0].behavior = "MergedWithNext"),
      ["behavior", '"Isolated"'],
    ],
    [
      "GPT-2's own split",
      (tokenizer) => (tokenizer.pre_tokenizer = { type: "ByteLevel", add_prefix_space: false }),
      ["pre_tokenizer.type", '"Sequence"', '"ByteLevel"'],
    ],
    [
      "another sequence",
      ({ pre_tokenizer }) => pre_tokenizer.pretokenizers.unshift({ type: "Digits" }),
      ["pretokenizers", '["Digits","Split","ByteLevel"]'],
    ],
    [
      "a prefix space",
      ({ pre_tokenizer }) => (pre_tokenizer.pretokenizers[1].add_prefix_space = true),
      ["pretokenizers[1].add_prefix_space", "false", "true"],
    ],
    [
      "a template",
      (tokenizer) => (tokenizer.post_processor = { type: "TemplateProcessing" }),
      ["post_processor.type", '"ByteLevel"', '"TemplateProcessing"'],
    ],
    [
      "another decoder",
      (tokenizer) => (tokenizer.decoder = { type: "WordPiece" }),
      ["decoder.type", '"ByteLevel"', '"WordPiece"'],
    ],
    ["truncation", (tokenizer) => (tokenizer.truncation = { max_length: 512 }), ["truncation", "null", "512"]],
    ["another version", (tokenizer) => (tokenizer.version = "2.0"), ["version", '"1.0"', '"2.0"']],
    [
      "an added token without flags",
      ({ added_tokens }) => delete added_tokens[2].lstrip,
      ["added_tokens[2].lstrip", "true or false", "nothing"],
    ],
    [
      "an added token without text",
      ({ added_tokens }) => (added_tokens[2].content = ""),
      ["added_tokens[2].content", '""'],
    ],
    [
      "an added token twice",
      ({ added_tokens }) => (added_tokens[2].content = "[L]"),
      ["added_tokens[2].content", "each added token once"],
    ],
    [
      "an id of an added token that is not an id",
      ({ added_tokens }) => (added_tokens[2].id = -1),
      ["added_tokens[2].id", "-1"],
    ],
  ])("%s", async (_, change, parts) => {
    const complaint = await complaintOf(openTokenizer(await changed(change)))
    expect(complaint).toMatch(/^exit 2\nThis tokenizer is of another kind\n/)
    for (const part of [file(), ...parts]) expect(complaint).toContain(part)
  })
})

describe("a damaged file is refused, with the place", () => {
  test.each<[string, string | Uint8Array | ((tokenizer: Json) => unknown), string[]]>([
    ["empty", "", ["is no JSON", "the end"]],
    ["no JSON", "<html>", ["is no JSON", '"<" at byte 0']],
    ["a list", "[]", ["is no JSON", '"[" at byte 0']],
    ["cut off", '{"version":"1.0","model":{"type":"BPE","vocab":{"a":0', ["is no JSON", "the end"]],
    ["more behind the end", `${JSON.stringify({ model: {} })}{}`, ["is no JSON"]],
    ["not UTF-8", new Uint8Array([...Buffer.from('{"model":{},"x":"'), 0xff, 0x22, 0x7d]), ["is no JSON", "not UTF-8"]],
    ["nested deeply", `{"x":${"[".repeat(500_000)}`, ["is no JSON", "the end"]],
    ["no vocab", ({ model }) => delete model.vocab, ["model.vocab", "an object", "nothing"]],
    ["no merges", ({ model }) => delete model.merges, ["model.merges", "a list", "nothing"]],
    ["vocab of another kind", ({ model }) => (model.vocab = []), ["model.vocab", "an object"]],
    ["merges of another kind", ({ model }) => (model.merges = {}), ["model.merges", "a list"]],
    ["a fraction for an id", ({ model }) => (model.vocab["!"] = 1.5), ["is no JSON", '","']],
    ["text for an id", ({ model }) => (model.vocab["!"] = "1"), ['model.vocab, token "!"', "a whole number"]],
    ["an id twice", ({ model }) => (model.vocab["!"] = 5), ["model.vocab", "each of the ids 0 to 599 once", "id 5"]],
    ["a hole in the ids", ({ model }) => (model.vocab["!"] = 600), ["model.vocab", "id 600"]],
    [
      "a byte without a token",
      ({ model }) => rename(model.vocab, "Ā", "no byte"),
      ["model.vocab", 'a token "Ā" for the byte 0x0'],
    ],
    ["a merge of unknown tokens", ({ model }) => (model.merges[7] = ["zz", "qq"]), ["model.merges[7]", '"zz"']],
    ["a merge into an unknown token", ({ model }) => (model.merges[7] = ["#", "Q"]), ["model.merges[7]", '"#Q"']],
    ["a merge of three", ({ model }) => (model.merges[7] = "a b c"), ["model.merges[7]", "one space", '"a b c"']],
    ["a merge of numbers", ({ model }) => (model.merges[7] = [1, 2]), ["is no JSON", "a string"]],
    [
      "other ids for added tokens",
      ({ added_tokens }) => (added_tokens[3].id = 700),
      ["added_tokens[3].id", "602", "700"],
    ],
  ])("%s", async (_, change, parts) => {
    const complaint = await complaintOf(openTokenizer(await changed(change)))
    expect(complaint).toMatch(/^exit 2\n/)
    for (const part of [file(), ...parts]) expect(complaint).toContain(part)
    expect(complaint.length).toBeLessThan(1_000)
  })

  test("a missing file and a folder without one", async () => {
    expect(await complaintOf(openTokenizer(join(folder, "none.json")))).toContain("There is no such tokenizer")
    const empty = await mkdtemp(join(folder, "empty-"))
    expect(await complaintOf(openTokenizer(empty))).toContain("a tokenizer.json, a folder with one, or the name qwen3")
  })
})

function rename(vocab: Record<string, number>, from: string, to: string): void {
  vocab[to] = vocab[from]!
  delete vocab[from]
}
