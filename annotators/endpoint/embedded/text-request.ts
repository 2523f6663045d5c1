import { z } from "zod"
import { refusalOf } from "./api-error.ts"
import { neutral, optional, samplingFields, samplingOf, stopOf, streamFields, without } from "./request-fields.ts"
import type { Sampling } from "./sampling.ts"

/** A prompt as text in the model's own format, or as token ids. */
export type TextPrompt = string | number[]

/** A plain completion request, checked and with every default filled in. */
export interface TextCompletionRequest {
  model: string
  /** Each gets one choice, in this order. */
  prompts: TextPrompt[]
  sampling: Sampling
  /** Null: OpenAI's 16, or as many as fit. */
  maxTokens: number | null
  stop: string[]
  /** Alternatives to report for each token; null reports no log-probabilities. */
  logprobs: number | null
  /** Whether each choice begins with its prompt. */
  echo: boolean
  stream: boolean
  includeUsage: boolean
  user: string
}

// OpenAI's own limit on a list of prompts.
const mostPrompts = 2_048

const token = z.int().min(0)
const body = z.looseObject({
  model: z.string(),
  prompt: z
    .union(
      [
        z.string(),
        z.array(z.string()).min(1).max(mostPrompts),
        z.array(token).min(1),
        z.array(z.array(token).min(1)).min(1).max(mostPrompts),
      ],
      { error: `expected a text, a list of texts, token ids or a list of those: one to ${mostPrompts} prompts` },
    )
    .nullish(),
  max_tokens: optional(z.int().min(0)),
  ...samplingFields,
  ...streamFields,
  logprobs: optional(z.int().min(0).max(20)),
  echo: optional(z.boolean()),
  best_of: neutral(1),
  suffix: without(),
  user: optional(z.string()),
})

/** Checks a request's body. Throws an `ApiError` (400) that names the parameter. */
export function parseTextRequest(json: unknown): TextCompletionRequest {
  const parsed = body.safeParse(json)
  if (!parsed.success) throw refusalOf(parsed.error)
  const request = parsed.data
  return {
    model: request.model,
    prompts: promptsOf(request.prompt ?? ""),
    sampling: samplingOf(request),
    maxTokens: request.max_tokens ?? null,
    stop: stopOf(request),
    logprobs: request.logprobs ?? null,
    echo: request.echo ?? false,
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    user: request.user ?? "",
  }
}

function promptsOf(prompt: string | string[] | number[] | number[][]): TextPrompt[] {
  if (typeof prompt === "string") return [prompt]
  return typeof prompt[0] === "number" ? [prompt as number[]] : (prompt as string[] | number[][])
}
