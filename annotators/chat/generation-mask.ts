import { RowError } from "../../pipelines/runtime/errors.ts"
import type { ChatTemplate } from "./chat-template.ts"
import type { Conversation } from "./conversation.ts"
import type { Tokenizer } from "./tokenizer.ts"

/** Ids of a rendered conversation, and 1 where a token was generated. */
export interface GenerationMask {
  readonly inputIds: Int32Array
  readonly mask: Uint8Array
}

/**
 * The ids of a conversation and the mask of what stands between a template's `{% generation %}` marks: `apply_chat_template` with
 * `return_assistant_tokens_mask`. Throws a RowError where a token reaches over a mark, which no mask can tell.
 */
export function generationMask(
  template: ChatTemplate,
  conversation: Conversation,
  tokenizer: Tokenizer,
): GenerationMask {
  const { text, generated } = template.renderMarked(conversation)
  const inputIds = tokenizer.encodeMarkup(text)
  const mask = new Uint8Array(inputIds.length)
  let at = 0
  let from = 0
  const expect = (end: number, bit: 0 | 1) => {
    const part = tokenizer.encodeMarkup(text.slice(from, end))
    if (part.some((id, index) => inputIds[at + index] !== id))
      throw new RowError("not-prefix-exact", `a token reaches over a generation mark at character ${from} or ${end}`)
    mask.fill(bit, at, at + part.length)
    at += part.length
    from = end
  }
  for (const [start, end] of generated) {
    expect(start, 0)
    expect(end, 1)
  }
  expect(text.length, 0)
  return { inputIds, mask }
}
