import type { Message } from "../../schemas/sample.ts"

/** What of a sample decides what is trained, as it is read from a file that anyone may have written. */
export interface SampleParts {
  readonly id: unknown
  readonly prompt: unknown
  readonly completion: unknown
  readonly chat_template_kwargs: unknown
  readonly enable_thinking: unknown
  readonly tools?: unknown
}

/** A sample whose parts are known to be right. */
export interface SoundSample {
  readonly id: string
  readonly prompt: readonly Message[]
  readonly completion: readonly [Message]
  readonly enable_thinking: boolean
  readonly tools: readonly unknown[] | null
  /** The parts of the completion. */
  readonly thinking: string
  readonly answer: string
}

/** Why a sample cannot be trained on: a word for counting, and what was found. */
export interface SampleFault {
  readonly reason: string
  readonly detail: string | null
}

/** Text that becomes a control token when it is rendered, or that trainers' templates cut at. */
const controlText = /<\|[a-z_]+\|>/
const thinkTag = /<\/?think>/
const block = /^<think>\n([\s\S]*?)\n<\/think>\n\n([\s\S]*)$/
const toolTag = /<\/?tool_(?:call|response)>/

/**
 * The sample, or why it cannot be trained on. Roles go system, then user or tool and assistant in turn; earlier assistant turns hold no
 * thinking; the completion is one assistant turn with a whole think block, empty exactly when the mode is non-thinking, and an answer behind
 * it; no content holds a control token.
 */
export function readSample(row: SampleParts): { sample: SoundSample } | { fault: SampleFault } {
  const { id, prompt, completion, chat_template_kwargs: kwargs, enable_thinking } = row
  if (typeof id !== "string" || id === "") return fault("no-id")
  if (typeof enable_thinking !== "boolean") return fault("mode-missing", "enable_thinking is null")
  if (typeof kwargs !== "object" || kwargs === null) return fault("null-kwargs", "chat_template_kwargs is null")
  const asked = (kwargs as { enable_thinking?: unknown }).enable_thinking
  if (typeof asked !== "boolean") return fault("null-kwargs", "chat_template_kwargs.enable_thinking is null")
  if (asked !== enable_thinking) return fault("mode-mismatch", "chat_template_kwargs contradicts enable_thinking")
  if (!areMessages(prompt)) return fault("malformed-prompt", "a turn without role or content")
  if (!areMessages(completion)) return fault("malformed-completion", "a turn without role or content")
  const order = orderFault(prompt)
  if (order) return fault("roles-out-of-order", order)
  if (completion.length !== 1 || completion[0]!.role !== "assistant")
    return fault("roles-out-of-order", `completion: ${completion.map(({ role }) => role).join(", ") || "no turn"}`)
  const tools = readTools(row.tools)
  if (tools === undefined) return fault("tools-not-json", "tools is not the JSON of a list")
  for (const { role, content } of prompt) {
    const control = controlText.exec(content)
    if (control) return fault("special-token", `${role}: ${control[0]}`)
    const tag = thinkTag.exec(content)
    if (tag) return fault(role === "assistant" ? "thinking-in-history" : "special-token", `${role}: ${tag[0]}`)
    const toolText = role === "assistant" ? null : toolTag.exec(content)
    if (toolText) return fault("special-token", `${role}: ${toolText[0]}`)
    const calls = role === "assistant" ? toolCallFault(content) : null
    if (calls) return fault("tool-call-not-json", calls)
    if (role === "user" && content.trim() === "") return fault("empty-question")
  }
  const { content } = completion[0]!
  const control = controlText.exec(content)
  if (control) return fault("special-token", `completion: ${control[0]}`)
  const parts = block.exec(content)
  if (!parts) return blockFault(content)
  const [, thinking, answer] = parts as unknown as [string, string, string]
  const tag = thinkTag.exec(thinking) ?? thinkTag.exec(answer)
  if (tag) return fault("special-token", `completion: a second ${tag[0]}`)
  if (enable_thinking && thinking.trim() === "") return fault("no-thinking", "a thinking sample with an empty block")
  if (!enable_thinking && thinking !== "") return fault("unasked-thinking", "a non-thinking sample that thinks")
  if (answer.trim() === "") return fault("empty-answer")
  const calls = toolCallFault(answer)
  if (calls) return fault("tool-call-not-json", calls)
  if (thinking.startsWith("\n") || thinking.endsWith("\n") || answer.startsWith("\n"))
    return fault("loose-line-breaks", "line breaks at the ends of the thinking or in front of the answer")
  return {
    sample: { id, prompt, completion: [completion[0]!], enable_thinking, tools, thinking, answer },
  }
}

const fault = (reason: string, detail: string | null = null): { fault: SampleFault } => ({ fault: { reason, detail } })

function areMessages(value: unknown): value is Message[] {
  return (
    Array.isArray(value) && value.every((turn) => typeof turn?.role === "string" && typeof turn?.content === "string")
  )
}

/** Null where the roles of a prompt are in order. */
function orderFault(prompt: readonly Message[]): string | null {
  const roles = prompt.map(({ role }) => role)
  const turns = roles[0] === "system" ? roles.slice(1) : roles
  const wrong = turns.findIndex((role, at) => {
    const before = turns[at - 1]
    if (role === "user") return before !== undefined && before !== "assistant"
    if (role === "assistant") return before !== "user" && before !== "tool"
    return role === "tool" ? before !== "assistant" && before !== "tool" : true
  })
  if (wrong >= 0 || turns.length === 0 || turns.at(-1) === "assistant") return roles.join(", ") || "no turn"
  return null
}

function readTools(tools: unknown): readonly unknown[] | null | undefined {
  if (tools === null || tools === undefined) return null
  try {
    const list = JSON.parse(String(tools))
    if (!Array.isArray(list) || !list.every((tool) => typeof tool === "object" && tool !== null)) return undefined
    return list.length > 0 ? list : null
  } catch {
    return undefined
  }
}

/** Null where every tool call in an assistant's text is the JSON of a call. */
function toolCallFault(text: string): string | null {
  const opened = text.split("<tool_call>").length - 1
  const calls = [...text.matchAll(/<tool_call>\n?([\s\S]*?)\n?<\/tool_call>/g)]
  if (opened !== calls.length || text.split("</tool_call>").length - 1 !== opened) return "a call without its end"
  for (const [, json] of calls) {
    try {
      const call = JSON.parse(json!)
      if (typeof call?.name !== "string" || typeof call?.arguments !== "object")
        return "a call without name or arguments"
    } catch {
      return json!.slice(0, 80)
    }
  }
  return null
}

function blockFault(content: string): { fault: SampleFault } {
  if (!content.startsWith("<think>")) return fault("no-think-block", "the completion does not start with <think>")
  if (!content.includes("</think>")) return fault("thinking-without-end", "<think> without </think>")
  return fault("malformed-think-block", "expected <think>, a line each, </think> and a blank line")
}
