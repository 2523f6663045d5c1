import { parseResponse } from "../chat/parse-response.ts"

/** A completion as servers deliver it, before thinking and answer are told apart. */
export interface RawText {
  content: string
  /** The server's reasoning field: `reasoning_content` (vLLM, SGLang, llama.cpp) or `reasoning` (newer vLLM, OpenRouter). */
  reasoning: string | null
  finish: "stop" | "length" | "filtered"
  /** True when the request switched thinking off (`chat_template_kwargs.enable_thinking: false`). */
  thinkingOff: boolean
}

/**
 * Tells thinking from answer, whichever way the server delivers it: a reasoning field, `<think>` tags in the text, only the
 * closing tag (the chat template wrote the opening one), or an opening tag whose end was cut off. An empty think block is no
 * thinking. Text that a reasoning parser misfiled although thinking was off is the answer
 * (https://github.com/vllm-project/vllm/issues/17349).
 */
export function splitReasoning({ content, reasoning, finish, thinkingOff }: RawText): {
  thinking: string | null
  answer: string
} {
  if (reasoning) {
    if (thinkingOff && content.trim() === "") return { thinking: null, answer: reasoning }
    return { thinking: thought(reasoning), answer: content.replace(/^\n+/, "") }
  }
  const parsed = parseResponse(content)
  // Switched off, only a block from end to end is one: a closing tag alone is text.
  const block = parsed.thinking !== null && (!thinkingOff || content.trimStart().startsWith("<think>"))
  if (!block) return { thinking: null, answer: finish === "filtered" ? content.trim() : content }
  // Never closed: all of it is thinking, whether the limit cut it off or the model stopped there.
  return { thinking: thought(parsed.thinking!), answer: parsed.answer ?? "" }
}

/** The template puts a line break on either side of the thinking; it is not part of it. */
const thought = (text: string): string | null => {
  const inner = text.replace(/^\n+|\n+$/g, "")
  return inner.trim() === "" ? null : inner
}
