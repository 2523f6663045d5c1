import { hash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { type ChatTemplate, openChatTemplate } from "../../annotators/chat/chat-template.ts"
import type { Conversation } from "../../annotators/chat/conversation.ts"
import { checkedCompletion, encodeSample, untrained } from "../../annotators/chat/encode-sample.ts"
import { openTokenizer, tokenizerPath } from "../../annotators/chat/open-tokenizer.ts"
import { renderConversation } from "../../annotators/chat/render-conversation.ts"
import { checkTemplateFits, checkTemplateTrains } from "../../annotators/chat/template-fit.ts"
import type { Tokenizer } from "../../annotators/chat/tokenizer.ts"
import type { Message } from "../../schemas/sample.ts"
import { RowError, usageError } from "../runtime/errors.ts"
import { messagesView } from "./messages-view.ts"
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

type EncodableSample = Pick<SoundSample, "prompt" | "completion" | "enable_thinking" | "tools">

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
  /** Whether the stock template is the family's own, which some trainers have built in. */
  readonly isFamilyTemplate: boolean
  /** tokenizer.json and what stands beside it. */
  readonly files: readonly CarriedFile[]
  encode(sample: EncodableSample): Encoded
  /** Tokens of a prompt with the start of the answer. */
  promptTokens(prompt: readonly Message[]): number
  /** A system message with tools in it, as the template prints them. */
  systemWithTools(system: string | null, tools: readonly unknown[]): string
}

const stockName = "qwen3"

/**
 * Opens tokenizer and template. A usageError where one is not there or is of another kind, and where the two do not belong together: the
 * template writes a control token that the tokenizer lacks, ends a turn with none, or has no generation prompt.
 */
export async function openSampleEncoder({
  tokenizer: tokenizerName = stockName,
  template: templateName = stockName,
  emptyThinkLoss = false,
}: {
  tokenizer?: string | undefined
  template?: string | undefined
  /** Whether the empty block of a sample without thinking bears loss. */
  emptyThinkLoss?: boolean | undefined
}): Promise<SampleEncoder> {
  const path = tokenizerPath(tokenizerName)
  const json = await readFile(path.endsWith(".json") ? path : join(path, "tokenizer.json")).catch(() => null)
  const tokenizer = await openOnce(tokenizerName, json)
  const folder = path.endsWith(".json") ? dirname(path) : path
  const found = await readFile(join(folder, "tokenizer_config.json")).catch(() => null)
  const special = specialTokens(found)
  const config = found ?? Buffer.from(plainConfig(special))
  const { digest } = await openChatTemplate(stockName)
  const named = await openChatTemplate(templateName)
  const isFamilyTemplate = named.digest === digest
  // A trainer renders with the special tokens of the config that goes with the tokenizer, whatever stood beside the template.
  const stock = isFamilyTemplate ? named : await openChatTemplate(templateName, { config: config.toString("utf8") })
  const training = isFamilyTemplate ? await openChatTemplate("raw-chatml") : stock
  const render = isFamilyTemplate ? renderConversation : (conversation: Conversation) => stock.render(conversation)
  checkTemplateFits(stock, tokenizer)
  checkTemplateTrains(stock, tokenizer)
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
  const systemWithTools: SampleEncoder["systemWithTools"] = (system, tools) => {
    const marks = render({ messages: [{ role: "system", content: "\u0001" }], tools: null }).split("\u0001")
    const [before, behind] = marks
    if (before === undefined || behind === undefined || marks.length > 2)
      throw new RowError("tools-in-template", "the template has no system message in which tools could stand")
    const messages = [...(system === null ? [] : [{ role: "system", content: system }]), { role: "user", content: "-" }]
    const text = render({ messages, tools })
    return text.slice(before.length, text.indexOf(behind, before.length))
  }
  return {
    tokenizer,
    isFamilyTemplate,
    endOfTurn: idOf("<|im_end|>", special.eos_token),
    endOfDocument: idOf("<|endoftext|>", special.pad_token),
    stock: {
      path: `templates/${isFamilyTemplate ? stockName : "chat_template"}.jinja`,
      source: stock.source,
      digest: stock.digest,
    },
    training: {
      path: `templates/${isFamilyTemplate ? "raw_chatml" : "training"}.jinja`,
      source: training.source,
      digest: training.digest,
    },
    files: [
      { path: "tokenizer/tokenizer.json", bytes: json! },
      { path: "tokenizer/tokenizer_config.json", bytes: config },
      { path: "tokenizer/chat_template.jinja", bytes: Buffer.from(stock.source) },
    ],
    encode: isFamilyTemplate
      ? (sample) => encodeSample(sample, tokenizer, { emptyThinkLoss })
      : (sample) => encodeWith(stock, sample, { tokenizer, systemWithTools, emptyThinkLoss }),
    promptTokens: (prompt) =>
      tokenizer.encodeMarkup(render({ messages: prompt, add_generation_prompt: true, enable_thinking: true })).length,
    systemWithTools,
  }
}

/** The tokenizer that was opened last: many handoffs have the same. */
let opened: { tokenizer: Tokenizer } | null = null

/** Opens a tokenizer, or takes the one that was opened last from the same bytes. */
async function openOnce(name: string, json: Buffer | null): Promise<Tokenizer> {
  const isSame = opened && json && opened.tokenizer.digest === hash("sha256", json)
  if (!opened || !isSame) opened = { tokenizer: await openTokenizer(name, json ?? undefined) }
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

/**
 * As `encodeSample`, under any template: the prompt with its generation prompt must be the start of the whole, in text and in tokens, and
 * what follows it bears loss. A RowError too where the template prints tools otherwise than the messages view can hold them.
 */
function encodeWith(
  template: ChatTemplate,
  sample: EncodableSample,
  {
    tokenizer,
    systemWithTools,
    emptyThinkLoss,
  }: Pick<SampleEncoder, "tokenizer" | "systemWithTools"> & { emptyThinkLoss: boolean },
): Encoded {
  const { prompt, completion, tools } = sample
  const enable_thinking = sample.enable_thinking || emptyThinkLoss
  const messages = [...prompt, ...completion]
  checkedCompletion(sample, template.control)
  const head = template.render({ messages: prompt, tools, add_generation_prompt: true, enable_thinking })
  const whole = template.render({ messages, tools })
  if (!whole.startsWith(head))
    throw new RowError("not-prefix-exact", "the template renders the prompt otherwise when the answer follows it")
  if (tools !== null || prompt.some(({ role }) => role === "tool")) {
    const view = messagesView({ prompt, completion, tools }, systemWithTools)
    if (template.render({ messages: view }) !== whole)
      throw new RowError(
        "tools-in-template",
        "the template prints tools otherwise than a list of messages can hold them",
      )
  }
  const inputIds = tokenizer.encodeMarkup(whole)
  const ids = tokenizer.encodeMarkup(head)
  if (ids.some((id, at) => id !== inputIds[at]))
    throw new RowError("not-prefix-exact", "the tokenizer joins the start of the answer to the prompt")
  const labels = inputIds.slice().fill(untrained, 0, ids.length)
  return { inputIds, labels, trainedTokens: inputIds.length - ids.length }
}
