import { RowError, usageError } from "../../pipelines/runtime/errors.ts"
import type { ChatTemplate } from "./chat-template.ts"
import { controlToken } from "./control-tokens.ts"
import type { Tokenizer } from "./tokenizer.ts"

/** Markers that a template's source names, each once: `<|im_start|>`, `<think>`. */
export const markersOf = (source: string): string[] => [
  ...new Set([...source.matchAll(new RegExp(controlToken.source, "g"))].map(([token]) => token)),
]

/**
 * Throws a usageError where a tokenizer and a template do not belong together: a marker that the template writes is no single token of
 * the tokenizer and would be trained as several pieces of text.
 */
export function checkTemplateFits(template: Pick<ChatTemplate, "name" | "source">, tokenizer: Tokenizer): void {
  const foreign = markersOf(template.source).filter((token) => tokenizer.tokenId(token) === undefined)
  if (foreign.length === 0) return
  throw usageError({
    what: "The tokenizer and the chat template do not belong together",
    where: template.name,
    expected: "every marker of the template to be one token",
    got: `${foreign.slice(0, 4).join(", ")} as text${foreign.length > 4 ? `, and ${foreign.length - 4} more` : ""}`,
    remedy: "Take both from the same model: its tokenizer.json and its tokenizer_config.json or chat_template.jinja.",
  })
}

const question = "Question"
const thought = "Thought"
const answer = "Answer"

/**
 * Throws a usageError where a trainer would learn from a template what nobody meant: it cannot render a question and its answer, leaves
 * one of them out, ends the answer with no token of the tokenizer (a model would never stop), or has no generation prompt, so that the
 * head of the answer's turn would bear loss.
 */
export function checkTemplateTrains(template: ChatTemplate, tokenizer: Tokenizer): void {
  const refuse = (expected: string, got: string) => {
    throw usageError({
      what: "The tokenizer and the chat template do not belong together",
      where: template.name,
      expected,
      got,
      remedy: "Take both from the same model: its tokenizer.json and its tokenizer_config.json or chat_template.jinja.",
    })
  }
  const { head, whole } = rendered(template, (message) => refuse("a template of conversations", message))
  for (const text of [question, answer])
    if (!whole.includes(text)) refuse("the turns of user and assistant in its text", `none of ${JSON.stringify(text)}`)
  const hasToken = (text: string) =>
    Array.from(tokenizer.encodeMarkup(text)).some((id) => tokenizer.tokenId(tokenizer.decode([id])) !== undefined)
  const end = whole.slice(whole.lastIndexOf(answer) + answer.length)
  if (!hasToken(end)) refuse("a token that ends the assistant's turn", end === "" ? "none" : JSON.stringify(end))
  if (!whole.startsWith(head)) return
  const behind = whole.slice(head.length)
  const before = behind.slice(0, behind.search(`<think>|${thought}|${answer}`))
  if (hasToken(before)) refuse("a generation prompt that is the head of the assistant's turn", JSON.stringify(before))
}

function rendered(template: ChatTemplate, refuse: (message: string) => never): { head: string; whole: string } {
  const asked = { role: "user", content: question }
  const answered = { role: "assistant", content: `<think>\n${thought}\n</think>\n\n${answer}` }
  try {
    return {
      head: template.render({ messages: [asked], add_generation_prompt: true, enable_thinking: true }),
      whole: template.render({ messages: [asked, answered] }),
    }
  } catch (error) {
    if (error instanceof RowError) return refuse(error.message)
    throw error
  }
}
