// A conversation as chat templates see it: the shape of Hugging Face's `apply_chat_template`, in the values of `python-json.ts`.

/** One turn. Members that are null count as missing, as in transformers 5. */
export interface Message {
  /** `system`, `user`, `assistant` or `tool`. */
  readonly role: string
  /** Text. Of a tool's turn any value: a template prints it as Python does. */
  readonly content?: unknown
  /** The thinking of an assistant's turn, where it does not stand in `content` in `<think>` tags. */
  readonly reasoning_content?: string | null
  /** Calls as `{function: {name, arguments}}` or `{name, arguments}`; `arguments` is an object or its JSON. */
  readonly tool_calls?: readonly ToolCall[] | null
}

/** A call of a tool in an assistant's turn, in either spelling. */
export interface ToolCall {
  readonly id?: string | null
  readonly type?: string | null
  readonly function?: { readonly name: string; readonly arguments: unknown } | null
  readonly name?: string | null
  readonly arguments?: unknown
}

/** What one rendering takes. */
export interface Conversation {
  readonly messages: readonly Message[]
  /** JSON Schemas of functions, in the order in which they are listed; null or empty: none. */
  readonly tools?: readonly unknown[] | null
  /** Of the generation prompt alone: false writes the empty think block. Undefined: the template's default. */
  readonly enable_thinking?: boolean | null | undefined
  /** Ends with the start of an assistant's turn. */
  readonly add_generation_prompt?: boolean | null | undefined
}

/** A turn as a template gets it. */
export interface PlainMessage {
  readonly role?: unknown
  readonly content?: unknown
  readonly reasoning_content?: unknown
  readonly tool_calls?: unknown
  readonly [member: string]: unknown
}

const reasoningMembers = ["reasoning_content", "thinking", "reasoning"] as const

/**
 * A turn without members that are null, and its thinking under `reasoning_content` and `thinking` whichever of the names in use it came
 * under (`reasoning` is the third): what transformers 5.24 does before a template sees a message.
 */
export function plainMessage(message: Message): PlainMessage {
  if (isPlain(message)) return message as unknown as PlainMessage
  const given = Object.entries(message).filter(([, value]) => value !== null && value !== undefined)
  const plain: Record<string, unknown> = Object.fromEntries(given)
  const from = reasoningMembers.find((name) => plain[name] !== undefined)
  return from === undefined ? plain : { thinking: plain[from], ...plain, reasoning_content: plain[from] }
}

/** Whether nothing has to be left out or renamed: most messages are a role and a content. */
function isPlain(message: object): boolean {
  for (const name of Object.keys(message)) {
    const value = (message as Record<string, unknown>)[name]
    if (value === null || value === undefined) return false
    if (name === "reasoning_content" || name === "thinking" || name === "reasoning") return false
  }
  return true
}
