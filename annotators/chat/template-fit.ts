import { usageError } from "../../pipelines/runtime/errors.ts"
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
