import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { openChatTemplate } from "../../annotators/chat/chat-template.ts"
import type { Conversation } from "../../annotators/chat/conversation.ts"
import { openTokenizer, tokenizerPath } from "../../annotators/chat/open-tokenizer.ts"
import { renderConversation } from "../../annotators/chat/render-conversation.ts"
import type { Tokenizer } from "../../annotators/chat/tokenizer.ts"
import type { Message } from "../../schemas/sample.ts"
import { RowError, usageError } from "../runtime/errors.ts"
import type { SoundSample } from "./sample-fault.ts"

/** A file that goes with the handoff as it is. */
export interface CarriedFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** A template in the handoff. */
export interface CarriedTemplate {
  readonly path: string
  readonly source: string
  readonly digest: string
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
  /** The model's own template, and the one for trainers that render messages one by one. */
  readonly stock: CarriedTemplate
  readonly training: CarriedTemplate
  /** tokenizer.json and what stands beside it. */
  readonly files: readonly CarriedFile[]
  encode(sample: Pick<SoundSample, "prompt" | "completion" | "enable_thinking" | "tools">): Encoded
  /** Tokens of a prompt with the start of the answer. */
  promptTokens(prompt: readonly Message[]): number
  /** A system message with tools in it, as the template prints them. */
  systemWithTools(system: string | null, tools: readonly unknown[]): string
}

const stockName = "qwen3"

/**
 * Opens tokenizer and template. A usageError where one is not there or is of another kind, and where the two do not belong together: the
 * template writes a control token that the tokenizer lacks.
 */
export async function openSampleEncoder({
  tokenizer: tokenizerName = stockName,
  template: templateName = stockName,
}: {
  tokenizer?: string | undefined
  template?: string | undefined
}): Promise<SampleEncoder> {
  const path = tokenizerPath(tokenizerName)
  const json = await readFile(path.endsWith(".json") ? path : join(path, "tokenizer.json")).catch(() => null)
  const tokenizer = await openOnce(tokenizerName, json)
  const stock = await openChatTemplate(templateName)
  const isStock = stock.digest === (await openChatTemplate(stockName)).digest
  const training = isStock ? await openChatTemplate("raw-chatml") : stock
  const render = isStock ? renderConversation : (conversation: Conversation) => stock.render(conversation)
  const folder = path.endsWith(".json") ? dirname(path) : path
  const config = await readFile(join(folder, "tokenizer_config.json")).catch(() => null)
  const special = specialTokens(config)
  checkTogether(render, tokenizer, `${tokenizerName} and ${templateName}`)
  const idOf = (...names: (string | undefined)[]): number => {
    for (const name of names) {
      const id = name === undefined ? undefined : tokenizer.tokenId(name)
      if (id !== undefined) return id
    }
    throw usageError({
      what: "The tokenizer has no token that ends a turn or a document",
      where: tokenizerName,
      expected: "eos_token and pad_token in the tokenizer_config.json beside it",
    })
  }
  const promptText = (sample: Pick<SoundSample, "prompt" | "enable_thinking" | "tools">) =>
    render({
      messages: sample.prompt,
      tools: sample.tools,
      add_generation_prompt: true,
      enable_thinking: sample.enable_thinking,
    })
  return {
    tokenizer,
    endOfTurn: idOf("<|im_end|>", special.eos_token),
    endOfDocument: idOf("<|endoftext|>", special.pad_token),
    stock: {
      path: `templates/${isStock ? stockName : "chat_template"}.jinja`,
      source: stock.source,
      digest: stock.digest,
    },
    training: {
      path: `templates/${isStock ? "raw_chatml" : "training"}.jinja`,
      source: training.source,
      digest: training.digest,
    },
    files: [
      {
        path: "tokenizer/tokenizer.json",
        bytes: await readFile(path === folder ? join(path, "tokenizer.json") : path),
      },
      { path: "tokenizer/tokenizer_config.json", bytes: config ?? Buffer.from(plainConfig(special)) },
      { path: "tokenizer/chat_template.jinja", bytes: Buffer.from(stock.source) },
    ],
    encode(sample) {
      const head = promptText(sample)
      const whole = render({ messages: [...sample.prompt, ...sample.completion], tools: sample.tools })
      if (!whole.startsWith(head))
        throw new RowError("template-split", "the template renders the prompt otherwise when the answer follows it")
      const untrained = tokenizer.encodeMarkup(head)
      const trained = tokenizer.encodeMarkup(whole.slice(head.length))
      const inputIds = new Int32Array(untrained.length + trained.length)
      inputIds.set(untrained)
      inputIds.set(trained, untrained.length)
      const labels = inputIds.slice().fill(-100, 0, untrained.length)
      return { inputIds, labels, trainedTokens: trained.length }
    },
    promptTokens: (prompt) => tokenizer.encodeMarkup(promptText({ prompt, enable_thinking: true, tools: null })).length,
    systemWithTools(system, tools) {
      const marks = render({ messages: [{ role: "system", content: "\u0001" }], tools: null }).split("\u0001")
      const messages = [
        ...(system === null ? [] : [{ role: "system", content: system }]),
        { role: "user", content: "-" },
      ]
      const text = render({ messages, tools })
      const end = text.indexOf(marks[1]!, marks[0]!.length)
      return text.slice(marks[0]!.length, end)
    },
  }
}

/** The tokenizer that was opened last: many handoffs have the same. */
let opened: { tokenizer: Tokenizer } | null = null

/** Opens a tokenizer, or takes the one that was opened last from the same bytes. */
async function openOnce(name: string, json: Buffer | null): Promise<Tokenizer> {
  const digest = json && createHash("sha256").update(json).digest("hex")
  if (!opened || opened.tokenizer.digest !== digest) opened = { tokenizer: await openTokenizer(name) }
  return opened.tokenizer
}

interface SpecialTokens {
  eos_token?: string
  pad_token?: string
}

function specialTokens(config: Buffer | null): SpecialTokens {
  try {
    const { eos_token, pad_token } = JSON.parse(config?.toString("utf8") ?? "{}")
    const text = (token: unknown) =>
      typeof token === "string" ? token : ((token as { content?: string } | null)?.content ?? undefined)
    const found: SpecialTokens = {}
    const [eos, pad] = [text(eos_token), text(pad_token)]
    if (eos !== undefined) found.eos_token = eos
    if (pad !== undefined) found.pad_token = pad
    return found
  } catch {
    return {}
  }
}

/** What transformers needs to open a tokenizer.json that comes without its config. */
const plainConfig = (special: SpecialTokens): string =>
  `${JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast", eos_token: "<|im_end|>", pad_token: "<|endoftext|>", ...special }, null, 2)}\n`

function checkTogether(render: (conversation: Conversation) => string, tokenizer: Tokenizer, where: string): void {
  let text: string
  try {
    text = render({
      messages: [
        { role: "user", content: "a" },
        { role: "assistant", content: "b" },
      ],
    })
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    throw usageError({ what: "The chat template cannot render a plain conversation", where, got: error.message }, error)
  }
  for (const [token] of text.matchAll(/<\|[A-Za-z0-9_]+\|>/g))
    if (tokenizer.tokenId(token) === undefined)
      throw usageError({
        what: "The tokenizer and the chat template do not belong together",
        where,
        expected: `${token}, which the template writes, among the tokenizer's added tokens`,
        remedy: "Take both from the same model.",
      })
}
