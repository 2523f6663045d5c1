import { Template } from "@huggingface/jinja"
import type { LlamaModel, Token } from "node-llama-cpp"

/** One message of a prompt, as the template sees it. */
export interface PromptMessage {
  role: "system" | "user" | "assistant"
  content: string
}

/** Turns messages into the tokens of a prompt that ends where the assistant's turn begins. Deterministic. */
export type ChatTemplate = (messages: readonly PromptMessage[], variables?: { enable_thinking?: boolean }) => Token[]

/**
 * The chat template that the model's own file carries. A special token's name inside a message stays text: it is hidden
 * from the tokenizer's parser of special tokens and tokenized as plain characters. Throws when the file has no template.
 */
export function chatTemplateOf(model: LlamaModel): ChatTemplate {
  const source = model.fileInfo.metadata.tokenizer.chat_template
  if (!source) throw new Error("the model's file has no chat template")
  const template = new Template(source)
  const controls = controlTokenNames(model)
  const names = new RegExp(controls.map((name) => name.replaceAll(/[^\w\s]/g, "\\$&")).join("|") || "(?!)", "g")
  const bos = model.tokens.bosString ?? ""

  return (messages, variables = {}) => {
    const hidden: string[] = []
    const hide = (name: string) => `${mark}${hidden.push(name) - 1}${mark}`
    const rendered = template.render({
      messages: messages.map(({ role, content }) => ({
        role,
        content: content.toWellFormed().replaceAll(mark, "\ufffd").replace(names, hide),
      })),
      add_generation_prompt: true,
      bos_token: bos,
      eos_token: model.tokens.eosString ?? "",
      ...variables,
    })
    const tokens = rendered
      .split(mark)
      .flatMap((part, index) =>
        index % 2 === 0 ? model.tokenize(part, true) : model.tokenize(hidden[Number(part)] ?? "", false),
      )
    const first = model.tokens.bos
    return model.tokens.shouldPrependBosToken && first !== null && tokens[0] !== first ? [first, ...tokens] : tokens
  }
}

// A noncharacter (Unicode 23.7): never part of interchanged text, so a message that has one loses nothing real.
const mark = "\uffff"

/** Names of the tokens that steer the model; text must never turn into one of them. */
function controlTokenNames(model: LlamaModel): string[] {
  const tokens = model.fileInfo.metadata.tokenizer.ggml.tokens
  return tokens
    .filter((name, token) => name !== "" && model.getTokenAttributes(token as Token).control)
    .sort((a, b) => b.length - a.length)
}
