import { RowError } from "../../pipelines/runtime/errors.ts"
import { type Conversation, type PlainMessage, plainMessage } from "./conversation.ts"
import { TemplateError, truth } from "./jinja-values.ts"
import { isDict, pythonJson } from "./python-json.ts"
import { pythonText } from "./python-text.ts"

const toolsBefore =
  "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" +
  "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
const toolsAfter =
  "\n</tools>\n\nFor each function call, return a json object with function name and arguments within " +
  '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n' +
  "</tool_call><|im_end|>\n"

/** The generation prompt, and what follows it where thinking is switched off. */
export const generationPrompt = "<|im_start|>assistant\n"
export const emptyThinkBlock = "<think>\n\n</think>\n\n"

/**
 * The text of a conversation under the stock Qwen3 template, byte-identical to its Jinja rendering: no template is evaluated. Thinking of
 * turns before the last question is left out, results of tools are merged into one user's turn. A lone surrogate becomes U+FFFD. Like
 * the template it renders a turn of an unknown role as nothing, and checks neither the order of roles nor what the contents hold
 * (`check-conversation.ts` does). Throws a RowError where the template would raise: no messages, a content that is no text, a call
 * without arguments.
 */
export function renderConversation({
  messages,
  tools,
  enable_thinking: enableThinking,
  add_generation_prompt: addGenerationPrompt,
}: Conversation): string {
  const turns = messages.map(plainMessage)
  const [first] = turns
  if (!first) throw new RowError("no-messages", "messages: expected at least one, got none")
  const firstIsSystem = first.role === "system"
  let text = ""
  if (tools && tools.length > 0) {
    text += "<|im_start|>system\n"
    if (firstIsSystem) text += `${textOf(first, 0)}\n\n`
    text += toolsBefore
    for (const tool of tools) text += `\n${json(tool, "tools")}`
    text += toolsAfter
  } else if (firstIsSystem) text += `<|im_start|>system\n${textOf(first, 0)}<|im_end|>\n`
  const query = lastQuery(turns)
  for (let at = 0; at < turns.length; at++) {
    const turn = turns[at]!
    switch (turn.role) {
      case "system":
        if (at > 0) text += `<|im_start|>system\n${textOf(turn, at)}<|im_end|>\n`
        break
      case "user":
        text += `<|im_start|>user\n${textOf(turn, at)}<|im_end|>\n`
        break
      case "assistant":
        text += assistantTurn(turn, at, { query, last: at === turns.length - 1 })
        break
      case "tool":
        if (at === 0 || turns[at - 1]!.role !== "tool") text += "<|im_start|>user"
        text += `\n<tool_response>\n${pythonText(turn.content)}\n</tool_response>`
        if (turns[at + 1]?.role !== "tool") text += "<|im_end|>\n"
    }
  }
  if (addGenerationPrompt) {
    text += generationPrompt
    if (enableThinking === false) text += emptyThinkBlock
  }
  return text.toWellFormed()
}

/** Index of the last user's turn that is a question and no result of a tool; the last turn where there is none. */
function lastQuery(turns: readonly PlainMessage[]): number {
  for (let at = turns.length - 1; at >= 0; at--) {
    const turn = turns[at]!
    if (turn.role !== "user") continue
    const content = textOf(turn, at)
    if (!(content.startsWith("<tool_response>") && content.endsWith("</tool_response>"))) return at
  }
  return turns.length - 1
}

function assistantTurn(turn: PlainMessage, at: number, { query, last }: { query: number; last: boolean }): string {
  let content = textOf(turn, at)
  let thinking = ""
  if (turn.reasoning_content !== undefined) thinking = thinkingOf(turn, at)
  else if (content.includes("</think>")) {
    thinking = inlineThinking(content)
    content = trimStart(content.slice(content.lastIndexOf("</think>") + "</think>".length))
  }
  const thinks = at > query && (last || thinking !== "")
  let text = thinks
    ? `<|im_start|>assistant\n<think>\n${trimEnd(trimStart(thinking))}\n</think>\n\n${trimStart(content)}`
    : `<|im_start|>assistant\n${content}`
  if (truth(turn.tool_calls)) text += toolCalls(turn.tool_calls, at, content !== "")
  return `${text}<|im_end|>\n`
}

/** What stands before the first closing tag, behind the last opening one. */
function inlineThinking(content: string): string {
  const before = trimEnd(content.slice(0, content.indexOf("</think>")))
  const open = before.lastIndexOf("<think>")
  return trimStart(open < 0 ? before : before.slice(open + "<think>".length))
}

function toolCalls(calls: unknown, at: number, afterContent: boolean): string {
  if (!Array.isArray(calls)) throw unusable(`messages[${at}].tool_calls`, "a list", calls)
  let text = ""
  for (const [index, outer] of calls.entries()) {
    const where = `messages[${at}].tool_calls[${index}]`
    if (!isDict(outer)) throw unusable(where, "an object", outer)
    const inner = member(outer, "function")
    const call = truth(inner) ? inner : outer
    if (!isDict(call)) throw unusable(`${where}.function`, "an object", call)
    if (index > 0 || afterContent) text += "\n"
    const given = member(call, "arguments")
    if (given === undefined) throw unusable(`${where}.arguments`, "an object or its JSON", given)
    text += `<tool_call>\n{"name": "${pythonText(member(call, "name"))}", "arguments": `
    text += `${typeof given === "string" ? given : json(given, `${where}.arguments`)}}\n</tool_call>`
  }
  return text
}

const member = (dict: Map<string, unknown> | Record<string, unknown>, key: string): unknown =>
  dict instanceof Map ? dict.get(key) : Object.hasOwn(dict, key) ? dict[key] : undefined

function textOf({ content }: PlainMessage, at: number): string {
  if (typeof content === "string") return content
  throw unusable(`messages[${at}].content`, "text", content)
}

function thinkingOf({ reasoning_content: thinking }: PlainMessage, at: number): string {
  if (typeof thinking === "string") return thinking
  throw unusable(`messages[${at}].reasoning_content`, "text", thinking)
}

function json(value: unknown, where: string): string {
  try {
    return pythonJson(value)
  } catch (error) {
    if (error instanceof TypeError || error instanceof TemplateError)
      throw new RowError("bad-value", `${where}: ${error.message}`, { cause: error })
    throw error
  }
}

const unusable = (where: string, expected: string, got: unknown) =>
  new RowError("bad-value", `${where}: expected ${expected}, got ${kind(got)}`)

const kind = (value: unknown) =>
  value === undefined ? "nothing or null" : Array.isArray(value) ? "a list" : `${typeof value}`

/** `strip("\n")` of Python: line feeds alone. */
function trimStart(text: string): string {
  let start = 0
  while (text.charCodeAt(start) === 10) start++
  return start === 0 ? text : text.slice(start)
}

function trimEnd(text: string): string {
  let end = text.length
  while (text.charCodeAt(end - 1) === 10) end--
  return end === text.length ? text : text.slice(0, end)
}
