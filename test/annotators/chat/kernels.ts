// The tokenizers of the tests, each with both kernels.
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { tokenizerPath } from "../../../annotators/chat/open-tokenizer.ts"
import { PlainKernel } from "../../../annotators/chat/plain-kernel.ts"
import { tokenizerOf } from "../../../annotators/chat/tokenizer.ts"
import { readTokenizerFile } from "../../../annotators/chat/tokenizer-file.ts"
import { WasmKernel } from "../../../annotators/chat/wasm-kernel.ts"

export const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/tokenizer/${name}`, import.meta.url))

/** `qwen3`, and one that was trained on a few lines with added tokens of every kind. */
export const paths = { qwen3: tokenizerPath("qwen3"), small: fixture("small-tokenizer.json") }
export type TokenizerName = keyof typeof paths

/** A tokenizer of the tests, or the one at a path. */
export async function openBoth(nameOrPath: string) {
  const file = await readTokenizerFile(paths[nameOrPath as TokenizerName] ?? nameOrPath)
  const kernels = { wasm: new WasmKernel(file), plain: new PlainKernel(file) }
  return { file, kernels, wasm: tokenizerOf(file, kernels.wasm), plain: tokenizerOf(file, kernels.plain) }
}

export const rowsOf = <T>(name: string): T[] =>
  readFileSync(fixture(name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
