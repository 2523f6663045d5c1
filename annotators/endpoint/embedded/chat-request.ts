import { z } from "zod"
import { ApiError, refusalOf } from "./api-error.ts"
import type { PromptMessage } from "./chat-template.ts"
import { optional, samplingFields, samplingOf, stopOf, streamFields, without } from "./request-fields.ts"
import type { Sampling } from "./sampling.ts"

/** A chat completion request, checked and with every default filled in. */
export interface ChatCompletionRequest {
  model: string
  messages: PromptMessage[]
  sampling: Sampling
  /** Null: as many as fit. */
  maxTokens: number | null
  stop: string[]
  topLogprobs: number | null
  /** Null: free text. */
  format: { kind: "json" } | { kind: "schema"; schema: Record<string, unknown> } | null
  enableThinking: boolean | null
  stream: boolean
  includeUsage: boolean
  /** Whose request it is, where that is said: clients take turns. */
  user: string
}

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() })
const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union([z.string(), z.array(textPart).min(1)]),
  tool_calls: without(),
})

// What is not named here does not change what this server answers and is not looked at, as in OpenAI's own.
const body = z.looseObject({
  model: z.string(),
  messages: z.array(message).min(1),
  max_tokens: optional(z.int().min(1)),
  max_completion_tokens: optional(z.int().min(1)),
  ...samplingFields,
  ...streamFields,
  logprobs: optional(z.boolean()),
  top_logprobs: optional(z.int().min(0).max(20)),
  response_format: optional(
    z.discriminatedUnion("type", [
      z.looseObject({ type: z.literal("text") }),
      z.looseObject({ type: z.literal("json_object") }),
      z.looseObject({
        type: z.literal("json_schema"),
        json_schema: z.looseObject({
          name: z.string(),
          schema: z.record(z.string(), z.unknown()),
          strict: optional(z.boolean()),
          description: optional(z.string()),
        }),
      }),
    ]),
  ),
  // The template's variables change the prompt: one that it would not see is refused.
  chat_template_kwargs: optional(z.strictObject({ enable_thinking: z.boolean().optional() })),
  tools: without(),
  tool_choice: without(),
  functions: without(),
  function_call: without(),
  audio: without(),
  user: optional(z.string()),
})

/** Checks a request's body. Throws an `ApiError` (400) that names the parameter. */
export function parseChatRequest(json: unknown): ChatCompletionRequest {
  const parsed = body.safeParse(json)
  if (!parsed.success) throw refusalOf(parsed.error)
  const request = parsed.data
  const wantsLogprobs = request.logprobs === true
  if (!wantsLogprobs && request.top_logprobs != null)
    throw new ApiError(400, "top_logprobs needs logprobs: true", { param: "top_logprobs" })
  const format = formatOf(request.response_format)
  if (wantsLogprobs && format)
    throw new ApiError(400, "logprobs cannot be had together with response_format", { param: "logprobs" })

  return {
    model: request.model,
    messages: request.messages.map(({ role, content }) => ({
      role: role === "developer" ? "system" : role,
      content: typeof content === "string" ? content : content.map((part) => part.text).join(""),
    })),
    sampling: samplingOf(request),
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    stop: stopOf(request),
    topLogprobs: wantsLogprobs ? (request.top_logprobs ?? 0) : null,
    format,
    enableThinking: request.chat_template_kwargs?.enable_thinking ?? null,
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    user: request.user ?? "",
  }
}

function formatOf(format: z.infer<typeof body>["response_format"]): ChatCompletionRequest["format"] {
  if (format?.type === "json_object") return { kind: "json" }
  if (format?.type === "json_schema") return { kind: "schema", schema: format.json_schema.schema }
  return null
}
