import { isDict, parsePythonJson, pythonJson } from "../../annotators/chat/python-json.ts"
import { isBlank } from "../../annotators/chat/python-text.ts"
import { lastFlag } from "../../annotators/chat/thinking-flags.ts"
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

const block = /^<think>\n([\s\S]*?)\n<\/think>\n\n([\s\S]*)$/

/**
 * The parts of a sample, or why it has not got them: an id, a mode that its template arguments repeat, turns with role and content, tools
 * as JSON, a system message at the beginning alone, no user behind a result of a tool, earlier turns without thinking, a last flag that asks
 * for the mode where there is one, and one assistant turn with a whole think block and an answer behind it. Where an empty block bears loss the
 * template arguments ask for thinking in every row, since the block is then part of the completion. What the texts may hold is checked where
 * they are encoded (`encodeSample`).
 */
export function readSample(
  row: SampleParts,
  { emptyThinkLoss = false }: { emptyThinkLoss?: boolean } = {},
): { sample: SoundSample } | { fault: SampleFault } {
  const { id, prompt, completion, chat_template_kwargs: kwargs, enable_thinking } = row
  if (typeof id !== "string" || id === "") return fault("no-id")
  if (typeof enable_thinking !== "boolean") return fault("mode-missing", "enable_thinking is null")
  const asked = (kwargs as { enable_thinking?: unknown } | null)?.enable_thinking
  if (typeof asked !== "boolean") return fault("null-kwargs", "chat_template_kwargs or its enable_thinking is null")
  if (asked !== (enable_thinking || emptyThinkLoss))
    return fault("kwargs-mismatch", "chat_template_kwargs contradicts enable_thinking")
  if (!areMessages(prompt)) return fault("bad-prompt", "no turns, or a turn without role or content")
  if (!areMessages(completion)) return fault("bad-completion", "no turns, or a turn without role or content")
  const [turn, ...others] = completion
  if (!turn || others.length > 0 || turn.role !== "assistant")
    return fault(
      "bad-completion",
      `expected one assistant's turn, got ${completion.map(({ role }) => role).join(", ")}`,
    )
  const late = prompt.findIndex(({ role }, at) => at > 0 && isOutOfTurn(role, prompt[at - 1]!.role))
  if (late > 0)
    return fault("roles-out-of-order", `prompt[${late}]: ${prompt[late]!.role} after ${prompt[late - 1]!.role}`)
  const tools = readTools(row.tools)
  if (tools === undefined) return fault("tools-not-json", "tools is not the JSON of a list of objects")
  // The template takes thinking out of earlier turns: what a trainer sees would not be what the row says.
  if (prompt.some(({ role, content }) => role === "assistant" && /<\/?think>/.test(content)))
    return fault("thinking-in-history", "an earlier turn holds a think tag")
  if (isBlank(prompt.findLast(({ role }) => role === "user")?.content ?? "")) return fault("no-question")
  const flag = lastFlag(prompt)
  if (flag && (flag.mode === "thinking") !== enable_thinking)
    return fault(
      "flag-contradicts-mode",
      `prompt[${flag.turn}]: its last flag asks for ${flag.mode}, enable_thinking is ${enable_thinking}`,
    )
  const parts = block.exec(turn.content)
  if (!parts) return blockFault(turn.content)
  const [, thinking, answer] = parts as unknown as [string, string, string]
  return { sample: { id, prompt, completion: [turn], enable_thinking, tools, thinking, answer } }
}

/** Turns that a template prints, and of which trainers that take user and assistant in turn leave out the row. */
const isOutOfTurn = (role: string, before: string): boolean =>
  role === "system" || (role === "user" && before === "tool")

const fault = (reason: string, detail: string | null = null): { fault: SampleFault } => ({ fault: { reason, detail } })

function areMessages(value: unknown): value is Message[] {
  return (
    Array.isArray(value) && value.every((turn) => typeof turn?.role === "string" && typeof turn?.content === "string")
  )
}

/** Tools as a trainer's `json.loads` has them: a template prints `1.0` otherwise than `1`, and keys in their order. */
function readTools(tools: unknown): readonly unknown[] | null | undefined {
  if (tools === null || tools === undefined) return null
  try {
    const list = parsePythonJson(String(tools))
    // Python cannot tokenise a lone surrogate.
    if (!Array.isArray(list) || !list.every(isDict) || !pythonJson(list).isWellFormed()) return undefined
    return list.length > 0 ? list : null
  } catch {
    return undefined
  }
}

function blockFault(content: string): { fault: SampleFault } {
  if (content.startsWith("<think>") && !content.includes("</think>"))
    return fault("thinking-without-end", "<think> without </think>")
  if (isBlank(content)) return fault("empty-answer", "an empty completion")
  return fault("bad-completion", "expected <think>, a line each, </think>, a blank line and the answer")
}
