import { createHash } from "node:crypto"
import type { Message } from "../../schemas/sample.ts"
import type { SourceSample, ThinkingMode } from "../../schemas/source-sample.ts"
import { oneLine, RowError } from "../runtime/errors.ts"
import { canonicalRowJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"
import { type SampleColumn, type SamplePlaces, samplePlaces } from "./sample-columns.ts"
import type { Place, SourceFile } from "./source.ts"

/** More than the longest context of a model holds: such a text is a defect of the source. */
const maxCharacters = 4_000_000
/** More turns than any dialogue has. */
const maxTurns = 10_000

/** A file of samples, and what holds for its rows that do not say it themselves. */
export interface SampleFile extends SourceFile {
  mode: ThinkingMode
  category: string | null
  language: string | null
}

/**
 * How a source's rows become conversations, by its column mapping or else by the usual names. The returned function throws a RowError
 * (`bad-row`) that names file and line. The forms of a row, the first that fits:
 * - `prompt` and `completion`, both lists of `{role, content}` (F3 of the handoff);
 * - `messages`, a list of `{role, content}`; of the last one `reasoning_content` is its thinking;
 * - `prompt` and `completion`, both text: one exchange. `input` is joined to the prompt by a blank line, `system` comes before it.
 *
 * Every content must be text of at most 4,000,000 characters. `id` is the source's own as text, else `sha256:` and 24 hex digits of the
 * hash of the conversation. All other columns go to `metadata` as canonical JSON. What a conversation may be is decided later.
 */
export function samplesOf(file: SampleFile): (row: Row, at: Place) => SourceSample {
  return (row, at) => {
    try {
      return sampleOf(row, file)
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      throw new RowError("bad-row", `${at.file}, line ${at.line}: ${error.message}`, { cause: error })
    }
  }
}

/** Columns whose text is trained on: a number there is something else than text. */
const contents: ReadonlySet<SampleColumn> = new Set(["thinking", "system", "input"])

function sampleOf(row: Row, file: SampleFile): SourceSample {
  const places = samplePlaces(row, file)
  const used = new Set<string>()
  const get = (name: SampleColumn): unknown => {
    const column = places[name]?.column
    return column === undefined ? null : (row[column] ?? null)
  }
  /** Text, or null. A usual name that holds something else is a column like any other. */
  const own = (name: SampleColumn): string | null => {
    const place = places[name]
    const value = get(name)
    if (place === undefined || value === null) return null
    const isLabel = typeof value === "number" || typeof value === "bigint"
    if (typeof value !== "string" && (!isLabel || contents.has(name))) {
      if (place.mapped) throw bad(place.column, "text", value)
      return null
    }
    used.add(place.column)
    const text = expectText(String(value), place.column)
    return text.trim() === "" ? null : text
  }
  const { messages, reasoning, tools } = conversationOf(places, get, own, used)
  const declared = declaredOf(row, places, used)
  const offered = toolsOf(get("tools"))
  if (places.tools !== undefined) used.add(places.tools.column)
  const id = own("id") ?? idOf(messages, reasoning)
  const passRate = get("pass_rate")
  if (typeof passRate === "number") used.add(places.pass_rate!.column)
  const sample: Omit<SourceSample, "metadata"> = {
    id,
    question_id: own("question_id") ?? id,
    messages,
    reasoning,
    declared,
    mode: file.mode,
    tools: offered ?? tools,
    category: own("category") ?? file.category,
    domain: own("domain") ?? file.defaults.domain,
    language: own("language") ?? file.language,
    source: own("source") ?? file.source,
    license: own("license") ?? file.license,
    revision: own("revision") ?? file.revision,
    reference: own("reference"),
    model: own("model"),
    pass_rate: typeof passRate === "number" && Number.isFinite(passRate) ? passRate : null,
  }
  const others = Object.entries(row).filter(([name, value]) => !used.has(name) && value !== undefined && value !== null)
  return { ...sample, metadata: others.length === 0 ? null : canonicalRowJson(Object.fromEntries(others)) }
}

interface Conversation {
  messages: Message[]
  reasoning: string | null
  /** JSON of tool calls that stand in the turns. */
  tools: string | null
}

function conversationOf(
  places: SamplePlaces,
  get: (name: SampleColumn) => unknown,
  own: (name: SampleColumn) => string | null,
  used: Set<string>,
): Conversation {
  const prompt = get("prompt")
  const completion = get("completion")
  const use = (...names: SampleColumn[]) => {
    for (const name of names) if (places[name] !== undefined) used.add(places[name].column)
  }
  if (Array.isArray(prompt) && Array.isArray(completion)) {
    use("prompt", "completion")
    const names = { prompt: places.prompt!.column, completion: places.completion!.column }
    const before = turnsOf(prompt, names.prompt)
    const after = turnsOf(completion, names.completion)
    if (completion.length !== 1) throw bad(names.completion, "one turn of the assistant", `${completion.length} turns`)
    const tools = before.tools ?? after.tools
    return { messages: [...before.messages, ...after.messages], reasoning: after.reasoning ?? own("thinking"), tools }
  }
  if (Array.isArray(get("messages"))) {
    use("messages")
    const turns = turnsOf(get("messages") as unknown[], places.messages!.column)
    return { ...turns, reasoning: turns.reasoning ?? own("thinking") }
  }
  if (places.messages !== undefined && (places.messages.mapped || places.prompt === undefined))
    throw bad(places.messages.column, "a list of turns {role, content}", get("messages"))
  const question = exchanged("prompt", places, prompt)
  const answer = exchanged("completion", places, completion)
  use("prompt", "completion")
  const input = own("input")
  const system = own("system")
  return {
    messages: [
      ...(system === null ? [] : [{ role: "system", content: system }]),
      { role: "user", content: input === null ? question : `${question}\n\n${input}` },
      { role: "assistant", content: answer },
    ],
    reasoning: own("thinking"),
    tools: null,
  }
}

/** One side of an exchange in text form. */
function exchanged(name: "prompt" | "completion", places: SamplePlaces, value: unknown): string {
  const column = places[name]?.column ?? name
  if (typeof value !== "string") throw bad(column, "text", value)
  return expectText(value, column)
}

function turnsOf(turns: readonly unknown[], column: string): Conversation {
  if (turns.length > maxTurns)
    throw new RowError("bad-row", `column ${column}: expected at most ${maxTurns} turns, got ${turns.length}`)
  let reasoning: string | null = null
  const calls: unknown[] = []
  const messages = turns.map((turn, at) => {
    const where = `${column}[${at}]`
    if (typeof turn !== "object" || turn === null || Array.isArray(turn))
      throw bad(where, "a turn {role, content}", turn)
    const { role, content, reasoning_content: thought, tool_calls: called } = turn as Row
    if (typeof role !== "string") throw bad(`${where}.role`, "text", role)
    const hasCalls = Array.isArray(called) && called.length > 0
    if (hasCalls) calls.push(...called)
    if (typeof content !== "string" && !(hasCalls && (content ?? null) === null))
      throw bad(`${where}.content`, "text", content)
    if ((thought ?? null) !== null && typeof thought !== "string")
      throw bad(`${where}.reasoning_content`, "text", thought)
    if (at === turns.length - 1 && typeof thought === "string" && thought.trim() !== "")
      reasoning = expectText(thought, `${where}.reasoning_content`)
    return { role, content: expectText((content as string | null) ?? "", `${where}.content`) }
  })
  return { messages, reasoning, tools: calls.length > 0 ? canonicalRowJson(calls) : null }
}

/** `enable_thinking` of a row, or of its `chat_template_kwargs`. */
function declaredOf(row: Row, places: SamplePlaces, used: Set<string>): boolean | null {
  const column = places.enable_thinking?.column
  const own = column === undefined ? null : (row[column] ?? null)
  const kwargs = row.chat_template_kwargs as { enable_thinking?: unknown } | null | undefined
  const given = typeof kwargs === "object" && kwargs !== null ? (kwargs.enable_thinking ?? null) : null
  if (column !== undefined && (own === null || typeof own === "boolean")) used.add(column)
  if (typeof given === "boolean") used.add("chat_template_kwargs")
  if (typeof own === "boolean" && typeof given === "boolean" && own !== given)
    throw new RowError(
      "bad-row",
      `enable_thinking is ${own} and chat_template_kwargs.enable_thinking ${given}: which of them holds?`,
    )
  return typeof own === "boolean" ? own : typeof given === "boolean" ? given : null
}

/** The tools that a row offers, as JSON; null where it offers none. */
function toolsOf(value: unknown): string | null {
  if (value === null || value === "" || value === "[]" || (Array.isArray(value) && value.length === 0)) return null
  return typeof value === "string" ? expectText(value, "tools") : canonicalRowJson(value)
}

const idOf = (messages: readonly Message[], reasoning: string | null): string =>
  `sha256:${createHash("sha256").update(canonicalRowJson({ messages, reasoning })).digest("hex").slice(0, 24)}`

function expectText(text: string, column: string): string {
  if (text.length > maxCharacters)
    throw new RowError("bad-row", `column ${column}: expected at most ${maxCharacters} characters, got ${text.length}`)
  return text
}

function bad(column: string, expected: string, got: unknown): RowError {
  const shown = got === undefined ? "nothing" : typeof got === "string" ? got : (canonicalRowJson(got) ?? String(got))
  return new RowError("bad-row", `column ${column}: expected ${expected}, got ${oneLine(shown, 80)}`)
}
