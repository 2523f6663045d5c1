// The shapes of OpenAI's plain completions, as https://platform.openai.com/docs/api-reference/completions describes them.
import { randomUUID } from "node:crypto"
import type { Answerer } from "./chat-reply.ts"
import type { CompletionEnd } from "./completion.ts"
import type { TextPiece } from "./text-engine.ts"
import type { TextLogprobsBody } from "./text-logprobs.ts"

/** Tokens of a request: of all its prompts, and of all its choices. */
export interface TextUsage {
  promptTokens: number
  outputTokens: number
}

/** One choice, whole. */
export interface TextChoice extends TextPiece {
  end: CompletionEnd
}

/** Puts the pieces of one choice together. */
export function addPiece(choice: TextPiece, { text, logprobs }: TextPiece): void {
  choice.text += text
  if (logprobs === null) return
  choice.logprobs ??= { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] }
  for (const key of ["tokens", "token_logprobs", "top_logprobs", "text_offset"] as const) {
    const into: unknown[] = choice.logprobs[key]
    for (const value of logprobs[key]) into.push(value)
  }
}

/** A whole answer; the choices are in the order of their prompts. */
export function textBody(answerer: Answerer, choices: readonly TextChoice[], usage: TextUsage) {
  return {
    ...head(answerer),
    choices: choices.map(({ text, logprobs, end }, index) => ({ text, index, logprobs, finish_reason: end.finish })),
    usage: usageOf(usage),
  }
}

/** The chunks of a streamed answer; all of one answer share its id. */
export function textChunks(answerer: Answerer, includeUsage: boolean) {
  const common = head(answerer)
  const usage = includeUsage ? { usage: null } : {}
  const chunk = (index: number, text: string, logprobs: TextLogprobsBody | null, finish: string | null) => ({
    ...common,
    choices: [{ text, index, logprobs, finish_reason: finish }],
    ...usage,
  })
  return {
    piece: (index: number, { text, logprobs }: TextPiece) => chunk(index, text, logprobs, null),
    last: (index: number, end: CompletionEnd) => chunk(index, "", null, end.finish),
    usage: (total: TextUsage) => ({ ...common, choices: [], usage: usageOf(total) }),
  }
}

const head = ({ model, fingerprint }: Answerer) => ({
  id: `cmpl-${randomUUID()}`,
  object: "text_completion",
  created: Math.floor(Date.now() / 1_000),
  model,
  system_fingerprint: fingerprint,
})

const usageOf = ({ promptTokens, outputTokens }: TextUsage) => ({
  prompt_tokens: promptTokens,
  completion_tokens: outputTokens,
  total_tokens: promptTokens + outputTokens,
})
