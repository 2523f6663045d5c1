import { AddedTokens } from "./added-tokens.ts"
import { Decoder } from "./decode-tokens.ts"
import { type IdColumn, joinedIds, type Kernel, type TextColumn } from "./kernel.ts"
import type { TokenizerFile } from "./tokenizer-file.ts"

/**
 * Byte-level BPE of the Qwen family. Ids are those of Hugging Face's `tokenizers` 0.23 for the same file. An instance belongs to one
 * thread.
 */
export interface Tokenizer {
  /** SHA-256 of the bytes of the tokenizer.json, hex. */
  readonly digest: string
  /** Entries, added tokens included. */
  readonly vocabSize: number
  /** Text of special tokens is plain text: for documents and the contents of messages. Lone surrogates count as U+FFFD. */
  encode(text: string): Int32Array
  /** Added tokens are recognised: `tokenizer.encode(text, add_special_tokens=False)` of Hugging Face. */
  encodeMarkup(text: string): Int32Array
  /** `encode` of every row of a column, with no string made. Throws a RowError for the first row that is not UTF-8. */
  encodeColumn(column: TextColumn): IdColumn
  /**
   * The text of ids; `skipSpecial` leaves out special tokens. Bytes that are not UTF-8 come as U+FFFD. An unknown id is a usageError, where
   * Hugging Face leaves it out.
   */
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string
  /** The id of an added token: "<|im_end|>", "<think>". */
  tokenId(content: string): number | undefined
}

/** A tokenizer of a file, with the kernel that encodes what is between added tokens. */
export function tokenizerOf(file: TokenizerFile, kernel: Kernel): Tokenizer {
  const added = new AddedTokens(file.addedTokens)
  const decoder = new Decoder(file)
  const ids = new Map(file.addedTokens.map(({ content, id }) => [content, id]))
  const modelSize = file.tokens.starts.length - 1
  return {
    digest: file.digest,
    vocabSize: modelSize + file.addedTokens.filter(({ id }) => id >= modelSize).length,
    encode: (text) => kernel.encode(text),
    encodeMarkup(text) {
      const sections = added.sectionsOf(text.toWellFormed())
      return joinedIds(
        sections.map((section) => ("id" in section ? Int32Array.of(section.id) : kernel.encode(section.text))),
      )
    },
    encodeColumn: (column) => kernel.encodeColumn(column),
    decode: (ids, { skipSpecial = false } = {}) => decoder.decode(ids, skipSpecial),
    tokenId: (content) => ids.get(content),
  }
}
