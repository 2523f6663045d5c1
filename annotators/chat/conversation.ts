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
