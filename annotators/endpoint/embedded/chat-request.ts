import { randomInt } from "node:crypto"
import { z } from "zod"
import type { PromptMessage } from "./chat-template.ts"
import type { Sampling } from "./sampling.ts"

/** An error in OpenAI's shape, with its HTTP status. */
export class ApiError extends Error {
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly code: string | null

  constructor(
    status: number,
    message: string,
    options: { type?: string; param?: string | null; code?: string | null } = {},
  ) {
    super(message)
    this.status = status
    this.type = options.type ?? "invalid_request_error"
    this.param = options.param ?? null
    this.code = options.code ?? null
  }
}

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
}

const textPart = z.strictObject({ type: z.literal("text"), text: z.string() })
const message = z.strictObject({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union([z.string(), z.array(textPart).min(1)]),
  name: z.string().optional(),
})
const optional = <T extends z.ZodType>(type: T) => type.nullish()
/** A parameter that this server takes only with the value at which it does nothing. */
const neutral = <T extends string | number | boolean>(value: T) => optional(z.literal(value))

const body = z.strictObject({
  model: z.string(),
  messages: z.array(message).min(1),
  max_tokens: optional(z.int().min(1)),
  max_completion_tokens: optional(z.int().min(1)),
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().gt(0).max(1)),
  top_k: optional(z.int().min(-1)),
  min_p: optional(z.number().min(0).max(1)),
  seed: optional(z.int()),
  stop: optional(z.union([z.string().min(1), z.array(z.string().min(1)).max(16)])),
  stream: optional(z.boolean()),
  stream_options: optional(z.strictObject({ include_usage: optional(z.boolean()) })),
  logprobs: optional(z.boolean()),
  top_logprobs: optional(z.int().min(0).max(20)),
  response_format: optional(
    z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("text") }),
      z.strictObject({ type: z.literal("json_object") }),
      z.strictObject({
        type: z.literal("json_schema"),
        json_schema: z.strictObject({
          name: z.string(),
          schema: z.record(z.string(), z.unknown()),
          strict: optional(z.boolean()),
          description: optional(z.string()),
        }),
      }),
    ]),
  ),
  chat_template_kwargs: optional(z.strictObject({ enable_thinking: z.boolean().optional() })),
  n: neutral(1),
  frequency_penalty: neutral(0),
  presence_penalty: neutral(0),
  user: optional(z.string()),
  metadata: optional(z.record(z.string(), z.string())),
  store: neutral(false),
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
    sampling: {
      temperature: request.temperature ?? 1,
      topP: request.top_p ?? 1,
      topK: Math.max(0, request.top_k ?? 0),
      minP: request.min_p ?? 0,
      seed: seedOf(request.seed ?? randomInt(2 ** 31)),
    },
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    stop: typeof request.stop === "string" ? [request.stop] : (request.stop ?? []),
    topLogprobs: wantsLogprobs ? (request.top_logprobs ?? 0) : null,
    format,
    enableThinking: request.chat_template_kwargs?.enable_thinking ?? null,
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
  }
}

function formatOf(format: z.infer<typeof body>["response_format"]): ChatCompletionRequest["format"] {
  if (format?.type === "json_object") return { kind: "json" }
  if (format?.type === "json_schema") return { kind: "schema", schema: format.json_schema.schema }
  return null
}

/** 32 bits, and never the one value by which llama.cpp means "seed from the clock". */
function seedOf(seed: number): number {
  const low = Number(BigInt.asUintN(32, BigInt(seed)))
  return low === 0xffff_ffff ? 0xffff_fffe : low
}

function refusalOf(error: z.ZodError): ApiError {
  const issue = error.issues[0]
  if (issue?.code === "unrecognized_keys") {
    const param = [...issue.path, issue.keys[0]].join(".")
    return new ApiError(400, `${param} is not supported by this server`, { param, code: "unknown_parameter" })
  }
  const param = issue?.path.join(".") || null
  return new ApiError(400, `${param ?? "the body"}: ${issue?.message ?? "not valid"}`, { param })
}
