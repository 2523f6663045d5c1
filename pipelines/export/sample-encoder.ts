import { readFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { openTokenizer, tokenizerPath } from "../../annotators/chat/open-tokenizer.ts"
import type { Tokenizer } from "../../annotators/chat/tokenizer.ts"
import type { Message } from "../../schemas/sample.ts"
import { usageError } from "../runtime/errors.ts"
import type { SoundSample } from "./sample-fault.ts"

/** A file that goes with the handoff as it is. */
export interface CarriedFile {
  readonly path: string
  readonly bytes: Uint8Array
}

export interface Encoded {
  readonly inputIds: Int32Array
  readonly labels: Int32Array
  readonly trainedTokens: number
}

/** Turns samples into tokens, and knows what goes with them. */
export interface SampleEncoder {
  readonly tokenizer: Tokenizer
  /** Ids of the tokens that end a turn and a document. */
  readonly endOfTurn: number
  readonly endOfDocument: number
  readonly stock: { source: string; digest: string }
  readonly training: { source: string; digest: string }
  /** tokenizer.json and what stands beside it. */
  readonly files: readonly CarriedFile[]
  encode(sample: Pick<SoundSample, "prompt" | "completion" | "enable_thinking" | "tools">): Encoded
  /** Tokens of a prompt with the start of the answer. */
  promptTokens(prompt: readonly Message[]): number
  /** A system message with tools in it, as the template prints them. */
  systemWithTools(system: string | null, tools: readonly unknown[]): string
}

const turnEnd = "<|im_end|>"
const documentEnd = "<|endoftext|>"

/** Provisional: until the chat templates are here. */
export async function openSampleEncoder({
  tokenizer: name = "qwen3",
}: {
  tokenizer?: string | undefined
  template?: string | undefined
}): Promise<SampleEncoder> {
  const tokenizer = await openTokenizer(name)
  const path = tokenizerPath(name)
  const folder = basename(path).endsWith(".json") ? dirname(path) : path
  const json = await readFile(basename(path).endsWith(".json") ? path : join(path, "tokenizer.json"))
  const config = await readFile(join(folder, "tokenizer_config.json")).catch(() => null)
  const endOfTurn = tokenizer.tokenId(turnEnd)
  const endOfDocument = tokenizer.tokenId(documentEnd)
  if (endOfTurn === undefined || endOfDocument === undefined)
    throw usageError({ what: "The tokenizer lacks a token of the chat template", where: name })
  const render = (messages: readonly Message[]) =>
    messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join("")
  const source = { source: "", digest: "0".repeat(64) }
  return {
    tokenizer,
    endOfTurn,
    endOfDocument,
    stock: source,
    training: source,
    files: [
      { path: "tokenizer/tokenizer.json", bytes: json },
      ...(config ? [{ path: "tokenizer/tokenizer_config.json", bytes: config }] : []),
    ],
    encode({ prompt, completion, enable_thinking }) {
      const head = `${render(prompt)}<|im_start|>assistant\n${enable_thinking ? "" : "<think>\n\n</think>\n\n"}`
      const all = render([...prompt, ...completion])
      const untrained = tokenizer.encodeMarkup(head)
      const trained = tokenizer.encodeMarkup(all.slice(head.length))
      const inputIds = Int32Array.from([...untrained, ...trained])
      const labels = inputIds.slice().fill(-100, 0, untrained.length)
      return { inputIds, labels, trainedTokens: trained.length }
    },
    promptTokens: (prompt) => tokenizer.encodeMarkup(`${render(prompt)}<|im_start|>assistant\n`).length,
    systemWithTools: (system, tools) => `${system ?? ""}\n\n${JSON.stringify(tools)}`,
  }
}
