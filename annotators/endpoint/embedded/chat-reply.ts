// The shapes of OpenAI's chat completions, as https://platform.openai.com/docs/api-reference/chat describes them.
import { randomUUID } from "node:crypto"
import type { CompletionEnd, CompletionPiece } from "./completion.ts"
import type { TokenBytes } from "./token-bytes.ts"

/** Who answers. */
export interface Answerer {
  model: string
  /** Digest prefix of the weights. */
  fingerprint: string
}

interface TokenEntry {
  token: string
  logprob: number
  bytes: number[]
}

/** A token's log-probabilities in OpenAI's shape. */
export interface LogprobEntry extends TokenEntry {
  top_logprobs: TokenEntry[]
}

// OpenAI's value for a probability too small to have a logarithm; JSON has no infinity.
const leastLogprob = -9_999

export function logprobEntries(tokens: CompletionPiece["tokens"], vocabulary: TokenBytes): LogprobEntry[] {
  const entry = (token: (typeof tokens)[number]["token"], logprob: number): TokenEntry => {
    const { name, bytes } = vocabulary.nameOf(token)
    return { token: name, logprob: Math.max(logprob, leastLogprob), bytes: [...bytes] }
  }
  return tokens.map(({ token, logprobs }) => ({
    ...entry(token, logprobs.chosen),
    top_logprobs: logprobs.top.map((each) => entry(each.token, each.logprob)),
  }))
}

/** A whole answer. */
export function completionBody(
  answerer: Answerer,
  answer: { text: string; logprobs: LogprobEntry[] | null; promptTokens: number; end: CompletionEnd },
) {
  return {
    ...head("chat.completion", answerer),
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: answer.text, refusal: null },
        logprobs: answer.logprobs && { content: answer.logprobs, refusal: null },
        finish_reason: answer.end.finish,
      },
    ],
    usage: usageOf(answer.promptTokens, answer.end),
  }
}

/** The chunks of a streamed answer; all of one answer share its id. */
export function completionChunks(answerer: Answerer, includeUsage: boolean) {
  const common = head("chat.completion.chunk", answerer)
  const usage = includeUsage ? { usage: null } : {}
  const chunk = (delta: object, logprobs: LogprobEntry[] | null, finish: string | null) => ({
    ...common,
    choices: [{ index: 0, delta, logprobs: logprobs && { content: logprobs, refusal: null }, finish_reason: finish }],
    ...usage,
  })
  return {
    first: () => chunk({ role: "assistant", content: "", refusal: null }, null, null),
    piece: (text: string, logprobs: LogprobEntry[] | null) => chunk({ content: text }, logprobs, null),
    last: (end: CompletionEnd) => chunk({}, null, end.finish),
    usage: (promptTokens: number, end: CompletionEnd) => ({
      ...common,
      choices: [],
      usage: usageOf(promptTokens, end),
    }),
  }
}

const head = (object: string, { model, fingerprint }: Answerer) => ({
  id: `chatcmpl-${randomUUID()}`,
  object,
  created: Math.floor(Date.now() / 1_000),
  model,
  system_fingerprint: fingerprint,
})

const usageOf = (promptTokens: number, { outputTokens }: CompletionEnd) => ({
  prompt_tokens: promptTokens,
  completion_tokens: outputTokens,
  total_tokens: promptTokens + outputTokens,
})
