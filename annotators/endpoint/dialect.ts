import type { ModelConfig } from "../../schemas/config.ts"
import type { ChatRequest } from "./chat.ts"

/** Keys of the request body that have a place of their own, in the config or in the recipe. */
const reservedKeys: Readonly<Record<string, string>> = {
  model: "models.*.model",
  messages: "the recipe",
  n: "the recipe (one request is one sample)",
  stream: "models.*.streamAboveTokens",
  stream_options: "models.*.streamAboveTokens",
  max_tokens: "the recipe's maxTokens",
  max_completion_tokens: "the recipe's maxTokens",
  temperature: "models.*.temperature",
  top_p: "models.*.topP",
  seed: "seed",
  stop: "the recipe",
  logprobs: "the recipe",
  top_logprobs: "the recipe",
  response_format: "the recipe",
}

/** The first key of an extra body that may not stand there, and where it belongs; null when there is none. */
export function reservedKey(extraBody: Readonly<Record<string, unknown>>): { key: string; place: string } | null {
  const key = Object.keys(extraBody).find((name) => name in reservedKeys)
  return key === undefined ? null : { key, place: reservedKeys[key]! }
}

/**
 * How one server wants its requests written. Starts with what most understand and learns from a refusal: newer OpenAI
 * models know `max_completion_tokens` alone, some servers refuse `stream_options` or `seed`. A seed that is not sent costs the chance that
 * the server gives the same answer again, nothing else: samples are told apart by their index, and what is settled is never asked again.
 */
export class Dialect {
  #tokensKey: "max_tokens" | "max_completion_tokens" = "max_tokens"
  #streamOptions = true
  #seed = true

  /** The body of a chat completion. */
  body(request: ChatRequest, model: string, { extraBody, streamAboveTokens }: ModelConfig): Record<string, unknown> {
    const { messages, maxTokens, temperature, topP, seed, stop, schema, topLogprobs } = request
    const body: Record<string, unknown> = { model, messages, [this.#tokensKey]: maxTokens }
    if (temperature !== undefined) body.temperature = temperature
    if (topP !== undefined) body.top_p = topP
    if (seed !== undefined && this.#seed) body.seed = seed
    if (stop !== undefined) body.stop = stop
    if (schema !== undefined) body.response_format = { type: "json_schema", json_schema: { ...schema, strict: true } }
    if (topLogprobs !== undefined) body.logprobs = true
    if (topLogprobs) body.top_logprobs = topLogprobs
    Object.assign(body, extraBody)
    if (maxTokens > streamAboveTokens) {
      body.stream = true
      if (this.#streamOptions) body.stream_options = { include_usage: true }
    }
    return body
  }

  /** True when a refusal shows how to write `body` so that it may pass: it is worth sending again, written anew. */
  learn(body: Readonly<Record<string, unknown>>, refusal: string): boolean {
    if ("stream_options" in body && /stream_options|include_usage/.test(refusal)) {
      this.#streamOptions = false
      return true
    }
    if ("seed" in body && refuses("seed", refusal)) {
      this.#seed = false
      return true
    }
    if ("max_tokens" in body && refusal.includes("max_completion_tokens") && !/context|too large/i.test(refusal)) {
      this.#tokensKey = "max_completion_tokens"
      return true
    }
    return false
  }
}

/**
 * Whether a refusal is about a key of the body: "Unrecognized request argument supplied: seed" (OpenAI), "Unsupported value: 'temperature' does
 * not support 0", "seed: Extra inputs are not permitted" (pydantic), `property 'seed' is unsupported` (Groq).
 */
export const refuses = (key: string, refusal: string): boolean =>
  new RegExp(`\\b${key}\\b`).test(refusal) &&
  /unsupported|not support|unrecognized|unknown|unexpected|not (allowed|permitted|implemented|recognized|accepted)|invalid/i.test(
    refusal,
  )

/**
 * The config key of a sampling parameter that a server refuses, null where it refuses something else. Unlike a seed it is not left out
 * by itself: the answers would be drawn otherwise than the rows say.
 */
export function refusedSampling({ temperature, topP }: ChatRequest, refusal: string): "temperature" | "topP" | null {
  if (temperature !== undefined && refuses("temperature", refusal)) return "temperature"
  if (topP !== undefined && refuses("top_p", refusal)) return "topP"
  return null
}
