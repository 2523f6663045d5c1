import type { LlamaGrammarEvaluationState, Token } from "node-llama-cpp"
import type { GenerationPool, Queueing } from "./pool.ts"
import type { Sampling } from "./sampling.ts"
import type { TokenBytes } from "./token-bytes.ts"
import type { Generation, TokenLogprobs } from "./token-stream.ts"

/** What to complete, in tokens and text. */
export interface CompletionRequest {
  prompt: readonly Token[]
  sampling: Sampling
  maxTokens: number
  /** Texts that end the answer and are not part of it. */
  stop: readonly string[]
  topLogprobs: number | null
  grammar: LlamaGrammarEvaluationState | null
  onPrompt?: Generation["onPrompt"]
}

/** A piece of an answer: text that is final, and the tokens that came since the last piece. */
export interface CompletionPiece {
  text: string
  tokens: { token: Token; logprobs: TokenLogprobs }[]
}

/** How an answer ended. `outputTokens` counts the token that ended the turn too. */
export interface CompletionEnd {
  finish: "stop" | "length"
  outputTokens: number
}

/**
 * The answer piece by piece: whole characters only, nothing that may yet turn out to be a stop text. A token of which no
 * character is part of the answer, because a stop text came first, is left out.
 */
export async function* complete(
  pool: GenerationPool,
  vocabulary: TokenBytes,
  request: CompletionRequest,
  signal: AbortSignal,
  queueing: Queueing = {},
): AsyncGenerator<CompletionPiece, CompletionEnd, void> {
  const decoder = new TextDecoder()
  let held = ""
  let tokens: (CompletionPiece["tokens"][number] & { start: number })[] = []
  let outputTokens = 0
  let finish: CompletionEnd["finish"] = "length"

  for await (const { token, end, logprobs } of pool.generate(request, signal, queueing)) {
    outputTokens++
    if (logprobs) tokens.push({ token, logprobs, start: held.length })
    if (end) {
      finish = "stop"
      break
    }
    held += decoder.decode(vocabulary.bytesOf(token), { stream: true })
    const stop = firstStop(held, request.stop)
    if (stop >= 0) {
      yield { text: held.slice(0, stop), tokens: tokens.filter(({ start }) => start < stop) }
      return { finish: "stop", outputTokens }
    }
    const ready = held.length - possibleStop(held, request.stop)
    if (ready > 0) {
      yield { text: held.slice(0, ready), tokens: tokens.filter(({ start }) => start < ready) }
      tokens = tokens.filter(({ start }) => start >= ready).map((each) => ({ ...each, start: each.start - ready }))
      held = held.slice(ready)
    }
  }
  const rest = held + decoder.decode()
  if (rest !== "" || tokens.length > 0) yield { text: rest, tokens }
  return { finish, outputTokens }
}

/** Where the first stop text begins; -1 without one. */
function firstStop(text: string, stops: readonly string[]): number {
  return stops
    .map((stop) => text.indexOf(stop))
    .filter((at) => at >= 0)
    .reduce((first, at) => (first < 0 || at < first ? at : first), -1)
}

/** Length of the longest end of `text` with which a stop text begins. */
function possibleStop(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops)
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--)
      if (text.endsWith(stop.slice(0, length))) longest = length
  return longest
}
