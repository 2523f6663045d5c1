import { createHash } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { CotyledonError, usageError } from "../../pipelines/runtime/errors.ts"
import { characterOfByte } from "./byte-alphabet.ts"
import { type Members, membersOf, type Span } from "./json-spans.ts"
import { type AddedToken, addedTokensOf, checkSettings } from "./tokenizer-settings.ts"
import {
  readMerges,
  readVocabulary,
  type TokenBytes,
  tokenBytes,
  type Vocabulary,
  VocabularyFault,
} from "./vocabulary.ts"

/** A tokenizer.json as it is used. */
export interface TokenizerFile {
  /** SHA-256 of its bytes, hex. */
  digest: string
  /** The model's tokens; added tokens that the model knows are among them. */
  tokens: TokenBytes
  /** The token of each single byte. */
  byteIds: Int32Array
  /** Left, right and merged id of each merge, one after the other, in order of rank. */
  merges: Int32Array
  addedTokens: readonly AddedToken[]
}

/** Files of this size or more are no tokenizers; the largest in use have some 35 MB. */
const mostBytes = 512 * 2 ** 20

/**
 * Reads a tokenizer.json, or the one in a folder: byte-level BPE as the Qwen family has it. Throws a usageError for a missing or
 * malformed file and for another kind of tokenizer, with the key, expected and got. `known`: the file's bytes where they were read already.
 */
export async function readTokenizerFile(path: string, known?: Uint8Array): Promise<TokenizerFile> {
  const { file, json } =
    known && known.length <= mostBytes
      ? { file: path.endsWith(".json") ? path : join(path, "tokenizer.json"), json: known }
      : await readBytes(path)
  try {
    return tokenizerOf(file, json)
  } catch (error) {
    if (error instanceof CotyledonError) throw error
    if (error instanceof VocabularyFault)
      throw usageError(
        {
          what: "The tokenizer file is inconsistent",
          where: `${file}, ${error.where}`,
          expected: error.expected,
          got: error.got,
          remedy: "Fetch the file again.",
        },
        error,
      )
    if (error instanceof SyntaxError)
      throw usageError(
        { what: "The tokenizer file is no JSON", where: file, got: error.message, remedy: "Fetch the file again." },
        error,
      )
    throw error
  }
}

async function readBytes(path: string): Promise<{ file: string; json: Uint8Array }> {
  try {
    const found = await stat(path)
    const file = found.isDirectory() ? join(path, "tokenizer.json") : path
    const { size } = found.isDirectory() ? await stat(file) : found
    if (size > mostBytes)
      throw usageError({
        what: "Too large for a tokenizer",
        where: file,
        expected: `${mostBytes} bytes or fewer`,
        got: `${size}`,
      })
    return { file, json: await readFile(file) }
  } catch (error) {
    if (error instanceof CotyledonError) throw error
    const code = (error as NodeJS.ErrnoException).code
    throw usageError(
      {
        what: code === "ENOENT" || code === "ENOTDIR" ? "There is no such tokenizer" : "Cannot read the tokenizer",
        where: path,
        expected: "a tokenizer.json, a folder with one, or the name qwen3",
        got: code === "ENOENT" ? undefined : (code ?? String(error)),
      },
      error,
    )
  }
}

function tokenizerOf(file: string, json: Uint8Array): TokenizerFile {
  const { settings, vocab, merges } = takeApart(json)
  checkSettings(file, settings)
  if (vocab === undefined) throw new VocabularyFault("model.vocab", "an object of token to id", "nothing")
  if (merges === undefined) throw new VocabularyFault("model.merges", "a list of merges", "nothing")
  if (json[vocab.from] !== 0x7b)
    throw new VocabularyFault("model.vocab", "an object of token to id", "another kind of value")
  if (json[merges.from] !== 0x5b) throw new VocabularyFault("model.merges", "a list of merges", "another kind of value")
  const vocabulary = readVocabulary(json, vocab)
  const addedTokens = addedTokensOf(file, settings)
  checkIds(addedTokens, vocabulary)
  return {
    digest: createHash("sha256").update(json).digest("hex"),
    tokens: tokenBytes(vocabulary),
    byteIds: byteIdsOf(vocabulary),
    merges: readMerges(json, merges, vocabulary),
    addedTokens,
  }
}

/** The small part of the file as values, and where the large ones stand. */
function takeApart(json: Uint8Array): { settings: unknown; vocab: Span | undefined; merges: Span | undefined } {
  let model: Members | null = null
  membersOf(json, 0, (name, from) => {
    if (name !== "model") return null
    model = json[from] === 0x7b ? membersOf(json, from) : null
    return model === null ? null : model.end
  })
  const values = (model as Members | null)?.values
  const [vocab, merges] = [values?.get("vocab"), values?.get("merges")]
  const large = [vocab, merges].filter((span) => span !== undefined).toSorted((a, b) => a.from - b.from)
  return { settings: parse(json, large), vocab, merges }
}

/** The JSON without some values, for which null stands. */
function parse(json: Uint8Array, without: readonly Span[]): unknown {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  const parts: string[] = []
  let from = 0
  try {
    for (const span of without) {
      parts.push(decoder.decode(json.subarray(from, span.from)))
      from = span.to
    }
    parts.push(decoder.decode(json.subarray(from)))
  } catch {
    throw new SyntaxError("bytes that are not UTF-8")
  }
  return JSON.parse(parts.join("null"))
}

function byteIdsOf(vocabulary: Vocabulary): Int32Array {
  return Int32Array.from(characterOfByte, (character, byte) => {
    const spelling = new TextEncoder().encode(String.fromCodePoint(character))
    const id = vocabulary.idOf(spelling, 0, spelling.length)
    if (id < 0)
      throw new VocabularyFault(
        "model.vocab",
        `a token ${JSON.stringify(String.fromCodePoint(character))} for the byte 0x${byte.toString(16)}`,
        "none",
      )
    return id
  })
}

/**
 * Hugging Face numbers an added token as the vocabulary does, or, where it is not in there, with the next free id; what the file says
 * is not looked at. A file where both differ would train other tokens than it names.
 */
function checkIds(addedTokens: readonly AddedToken[], vocabulary: Vocabulary): void {
  let next = vocabulary.size
  for (const [index, { id, content }] of addedTokens.entries()) {
    const bytes = new TextEncoder().encode(content)
    const known = vocabulary.idOf(bytes, 0, bytes.length)
    const expected = known >= 0 ? known : next++
    if (id !== expected)
      throw new VocabularyFault(
        `added_tokens[${index}].id`,
        `${expected}, the next free id, for ${JSON.stringify(content)}`,
        `${id}`,
      )
  }
}
