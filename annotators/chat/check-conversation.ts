import { RowError } from "../../pipelines/runtime/errors.ts"
import { controlToken, findControlToken } from "./control-tokens.ts"
import { type Conversation, type PlainMessage, plainMessage } from "./conversation.ts"
import { memberOf } from "./jinja-values.ts"
import { entriesOf, isDict } from "./python-json.ts"
import { closeTag, openTag } from "./think-tags.ts"

const roles = ["system", "user", "assistant", "tool"]

/**
 * Throws a RowError where a conversation would be rendered to something that nobody meant, which a template does in silence:
 *
 * - `bad-role`: a role that templates leave out.
 * - `roles-out-of-order`: an assistant before any user, two users' or two assistants' turns in a row, a result of a tool that no assistant
 *   called for. A system's turn may stand anywhere.
 * - `bad-tool-call`: a call without a name, a name that is no JSON between quotes, arguments that are no JSON object, a `<tool_call>` block
 *   in a content that holds no such call.
 * - `special-token`: the text of a control token in a content, a thinking, a call or a tool. Meant and therefore allowed are one think
 *   block at the start of an assistant's content that has no `reasoning_content`, whole `<tool_call>` blocks in an assistant's content, and a
 *   user's turn that is `<tool_response>` blocks from end to end.
 * - `thinking-without-end`: an assistant's content with a think block that is never closed.
 */
export function checkConversation({ messages, tools }: Conversation, control: RegExp = controlToken): void {
  const turns = messages.map(plainMessage)
  checkRoles(turns)
  for (const [at, tool] of (tools ?? []).entries()) checkTexts(tool, `tools[${at}]`, control)
  for (const [at, turn] of turns.entries()) checkTurn(turn, `messages[${at}]`, control)
}

function checkRoles(turns: readonly PlainMessage[]): void {
  let before: string | null = null
  for (const [at, { role }] of turns.entries()) {
    if (typeof role !== "string" || !roles.includes(role))
      throw new RowError("bad-role", `messages[${at}].role: expected one of ${roles.join(", ")}, got ${shown(role)}`)
    if (role === "system") continue
    const fits =
      role === "user"
        ? before !== "user"
        : role === "assistant"
          ? before === "user" || before === "tool"
          : before === "assistant" || before === "tool"
    if (!fits)
      throw new RowError(
        "roles-out-of-order",
        `messages[${at}]: expected ${expectedAfter(before)}, got ${role} ${before === null ? "first" : `after ${before}`}`,
      )
    before = role
  }
}

const expectedAfter = (before: string | null) =>
  before === null
    ? "user"
    : before === "user"
      ? "assistant"
      : before === "assistant"
        ? "user or tool"
        : "assistant, user or tool"

function checkTurn(turn: PlainMessage, where: string, control: RegExp): void {
  const { role, content, reasoning_content: thinking, tool_calls: calls } = turn
  if (typeof content === "string") checkContent(role as string, content, thinking !== undefined, where, control)
  else checkTexts(content, `${where}.content`, control)
  checkTexts(thinking, `${where}.reasoning_content`, control)
  if (calls === undefined) return
  if (role !== "assistant" && Array.isArray(calls) && calls.length > 0)
    throw new RowError("bad-tool-call", `${where}.tool_calls: expected none in a turn of ${role}`)
  if (!Array.isArray(calls))
    throw new RowError("bad-tool-call", `${where}.tool_calls: expected a list, got ${shown(calls)}`)
  for (const [at, call] of calls.entries()) {
    const name = checkCall(call, `${where}.tool_calls[${at}]`, control)
    // Templates write the name between quotes as it is.
    if (JSON.stringify(name) !== `"${name}"`)
      throw new RowError(
        "bad-tool-call",
        `${where}.tool_calls[${at}].name: expected a name that is the same in JSON, got ${shown(name)}`,
      )
  }
}

function checkContent(role: string, content: string, apart: boolean, where: string, control: RegExp): void {
  const text = content.includes("<") ? unmeant(role, content, apart, where, control) : content
  checkPlain(text, `${where}.content`, control)
}

/** A content without what is meant to be in it. */
function unmeant(role: string, content: string, apart: boolean, where: string, control: RegExp): string {
  if (role === "user") return withoutBlocks(content, "tool_response")
  if (role !== "assistant") return content
  return withoutCalls(apart ? content : withoutThinkBlock(content, where, control), where, control)
}

/** An assistant's content without the think block at its start; the block's text is checked here. */
function withoutThinkBlock(content: string, where: string, control: RegExp): string {
  const start = content.length - content.trimStart().length
  if (!content.startsWith(openTag, start)) return content
  const close = content.indexOf(closeTag, start)
  if (close < 0)
    throw new RowError("thinking-without-end", `${where}.content: expected ${closeTag} after ${openTag}, got none`)
  checkPlain(content.slice(start + openTag.length, close), `${where}.content, thinking`, control)
  return content.slice(close + closeTag.length)
}

const callOpen = "<tool_call>"
const callClose = "</tool_call>"

/** An assistant's content without its blocks of calls, which are checked here. By places, not by a pattern: many open tags stay linear. */
function withoutCalls(content: string, where: string, control: RegExp): string {
  let kept = ""
  let from = 0
  for (let start = content.indexOf(callOpen); start >= 0; start = content.indexOf(callOpen, from)) {
    const end = content.indexOf(callClose, start + callOpen.length)
    if (end < 0) break
    const call = content.slice(start + callOpen.length, end)
    let read: unknown
    try {
      read = JSON.parse(call)
    } catch (error) {
      throw new RowError("bad-tool-call", `${where}.content: expected JSON in <tool_call>, got ${shown(call)}`, {
        cause: error,
      })
    }
    checkCall(read, `${where}.content, <tool_call>`, control)
    kept += content.slice(from, start)
    from = end + callClose.length
  }
  return kept + content.slice(from)
}

/** A user's turn that is results of tools from end to end, without their tags; any other as it is. */
function withoutBlocks(content: string, tag: string): string {
  if (!content.startsWith(`<${tag}>`) || !content.endsWith(`</${tag}>`)) return content
  const inside = content.slice(tag.length + 2, -(tag.length + 3))
  return inside.replaceAll(`</${tag}>\n<${tag}>`, "")
}

/** The name of a call in which nothing is wrong. */
function checkCall(outer: unknown, where: string, control: RegExp): string {
  const call = isDict(outer) ? (memberOf(outer, "function") ?? outer) : outer
  if (!isDict(call)) throw new RowError("bad-tool-call", `${where}: expected {name, arguments}, got ${shown(call)}`)
  const name = memberOf(call, "name")
  if (typeof name !== "string" || name === "")
    throw new RowError("bad-tool-call", `${where}.name: expected text, got ${shown(name)}`)
  checkPlain(name, `${where}.name`, control)
  const given = memberOf(call, "arguments")
  const read = typeof given === "string" ? jsonOf(given, `${where}.arguments`) : given
  if (!isDict(read))
    throw new RowError("bad-tool-call", `${where}.arguments: expected a JSON object, got ${shown(given)}`)
  checkTexts(read, `${where}.arguments`, control)
  return name
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new RowError("bad-tool-call", `${where}: expected JSON, got ${shown(text)}`, { cause: error })
  }
}

/** Checks every text of a value, keys included. */
function checkTexts(value: unknown, where: string, control: RegExp): void {
  if (typeof value === "string") checkPlain(value, where, control)
  else if (Array.isArray(value))
    for (const [at, element] of value.entries()) checkTexts(element, `${where}[${at}]`, control)
  else if (isDict(value))
    for (const [key, member] of entriesOf(value)) {
      checkPlain(key, where, control)
      checkTexts(member, `${where}.${key}`, control)
    }
}

function checkPlain(text: string, where: string, control: RegExp): void {
  const found = findControlToken(text, control)
  if (found)
    throw new RowError("special-token", `${where}: holds the text of a control token, ${found.token} at ${found.at}`)
}

const shown = (value: unknown): string =>
  value === undefined ? "nothing or null" : (JSON.stringify(value, plain)?.slice(0, 60) ?? typeof value)

const plain = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}` : value)
