import { RowError } from "../../pipelines/runtime/errors.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { Conversation, Message } from "./conversation.ts"
import { isDict, parsePythonJson } from "./python-json.ts"

/**
 * The conversation of a row `{messages, tools?, enable_thinking?, add_generation_prompt?}`, or of a training sample `{prompt, completion}`.
 * Files of types hold what they can: lists may be their JSON, and `enable_thinking` may stand in `chat_template_kwargs`. Null counts as
 * not given. Throws a RowError that names the column where it is something else.
 */
export function conversationOf(row: Row): Conversation {
  const messages =
    row.messages == null && row.prompt != null
      ? [...messagesOf(row.prompt, "prompt"), ...messagesOf(row.completion ?? [], "completion")]
      : messagesOf(row.messages, "messages")
  const tools = listOf(row.tools, "tools")
  const kwargs = row.chat_template_kwargs
  return {
    messages,
    tools: tools?.map((tool, at) => objectOf(tool, `tools[${at}]`)) ?? null,
    enable_thinking: flagOf(
      row.enable_thinking ?? (isDict(kwargs) ? (kwargs as Row).enable_thinking : null),
      "enable_thinking",
    ),
    add_generation_prompt: flagOf(row.add_generation_prompt, "add_generation_prompt"),
  }
}

/** A list of turns, or its JSON. */
export function messagesOf(value: unknown, column: string): Message[] {
  const messages = listOf(value, column)
  if (messages === null) throw unreadable(column, "a list of messages", value)
  if (messages.length === 0) throw new RowError("no-messages", `${column}: expected at least one message, got none`)
  return messages.map((message, at) => {
    const turn = objectOf(message, `${column}[${at}]`) as Row
    const calls = listOf(turn.tool_calls, `${column}[${at}].tool_calls`)
    if (calls === null) return turn as unknown as Message
    const read = calls.map((call, index) => objectOf(call, `${column}[${at}].tool_calls[${index}]`))
    return { ...turn, tool_calls: read } as unknown as Message
  })
}

/** A list, or one in a text; null where there is none. */
function listOf(value: unknown, column: string): unknown[] | null {
  if (value === null || value === undefined || value === "") return null
  const read = typeof value === "string" ? jsonOf(value, column) : value
  if (read === null) return null
  if (!Array.isArray(read)) throw unreadable(column, "a list", value)
  return read
}

function objectOf(value: unknown, column: string): object {
  const read = typeof value === "string" ? jsonOf(value, column) : value
  if (!isDict(read) || read instanceof Uint8Array) throw unreadable(column, "an object", value)
  return read
}

function jsonOf(text: string, column: string): unknown {
  try {
    return parsePythonJson(text)
  } catch (error) {
    throw new RowError("bad-row", `column ${column}: expected JSON, got ${(error as Error).message}`, { cause: error })
  }
}

function flagOf(value: unknown, column: string): boolean | null {
  if (value === null || value === undefined) return null
  if (typeof value === "boolean") return value
  throw unreadable(column, "true, false or null", value)
}

const unreadable = (column: string, expected: string, got: unknown) =>
  new RowError("bad-row", `column ${column}: expected ${expected}, got ${shown(got)}`)

function shown(value: unknown): string {
  if (value === undefined) return "nothing"
  if (value instanceof Uint8Array) return "bytes"
  return (
    JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}` : inner))?.slice(0, 80) ?? typeof value
  )
}
