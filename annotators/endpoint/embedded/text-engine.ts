import type { Token } from "node-llama-cpp"
import { ApiError, contextExceeded } from "./api-error.ts"
import { type CompletionEnd, complete } from "./completion.ts"
import type { GenerationPool, Queueing } from "./pool.ts"
import { TextLogprobs } from "./text-logprobs.ts"
import type { TextCompletionRequest, TextPrompt } from "./text-request.ts"
import type { TokenBytes } from "./token-bytes.ts"
import type { TokenLogprobs } from "./token-stream.ts"

/** A prompt in tokens. */
export interface PreparedPrompt {
  /** What the model is given. */
  tokens: Token[]
  /** Tokens at its start that are not part of the text: the one that the model's file wants, or that stands for an empty prompt. */
  added: number
  text: string
  maxTokens: number
}

/** A part of a choice: text that is final, and its tokens where log-probabilities are asked for. */
export interface TextPiece {
  text: string
  logprobs: TextLogprobs["body"] | null
}

/** Answers checked plain completion requests with a pool. */
export class TextEngine {
  readonly #pool: GenerationPool
  readonly #vocabulary: TokenBytes

  constructor(pool: GenerationPool, vocabulary: TokenBytes) {
    this.#pool = pool
    this.#vocabulary = vocabulary
  }

  /**
   * The prompts of a request in tokens. Names of special tokens in them are special tokens, as in a text that a chat template made.
   * Throws an `ApiError` for one that is not of this vocabulary or leaves no room for what is asked.
   */
  prepare(request: TextCompletionRequest): PreparedPrompt[] {
    return request.prompts.map((prompt) => {
      const { tokens, added } = this.tokenize(prompt)
      const text = typeof prompt === "string" ? prompt.toWellFormed() : this.textOf(tokens.slice(added))
      const room = this.#pool.contextTokens - tokens.length
      const least = request.maxTokens ?? 1
      if (room < least) throw contextExceeded(this.#pool.contextTokens, tokens.length, least, "prompt")
      return { tokens, added, text, maxTokens: request.maxTokens ?? Math.min(16, room) }
    })
  }

  /** The tokens of a prompt, and how many of them at the start are not part of its text. */
  tokenize(prompt: TextPrompt, addStart = true): { tokens: Token[]; added: number } {
    const { model } = this.#pool
    if (typeof prompt !== "string") {
      const size = model.fileInfo.metadata.tokenizer.ggml.tokens.length
      const unknown = prompt.find((token) => token >= size)
      if (unknown !== undefined)
        throw new ApiError(400, `token ${unknown} is not in the vocabulary of ${size}`, { param: "prompt" })
      return { tokens: prompt as Token[], added: 0 }
    }
    const tokens = model.tokenize(prompt.toWellFormed(), true)
    if (!addStart) return { tokens, added: 0 }
    const start = model.tokens.bos ?? model.tokens.eos
    // Nothing cannot be evaluated: an empty prompt is the beginning of a document.
    const wanted = tokens.length === 0 || (model.tokens.shouldPrependBosToken && tokens[0] !== start)
    return wanted && start !== null ? { tokens: [start, ...tokens], added: 1 } : { tokens, added: 0 }
  }

  /** The text of tokens, special ones by their names; what is no character is U+FFFD. */
  textOf(tokens: readonly Token[]): string {
    return new TextDecoder().decode(Buffer.concat(tokens.map((token) => this.#vocabulary.nameOf(token).bytes)))
  }

  /** One choice, piece by piece. With `echo` the first is the prompt. Leaving the iteration early frees the context. */
  async *answer(
    prompt: PreparedPrompt,
    request: TextCompletionRequest,
    signal: AbortSignal,
    queueing: Queueing,
  ): AsyncGenerator<TextPiece, CompletionEnd, void> {
    const { sampling, stop, logprobs: topLogprobs, echo } = request
    const shown = prompt.tokens.slice(prompt.added)
    const table = topLogprobs === null ? null : new TextLogprobs(this.#vocabulary)
    const scores = echo && topLogprobs !== null
    if (prompt.maxTokens === 0 && !(scores && shown.length > 0)) {
      if (echo) yield { text: prompt.text, logprobs: table?.body ?? null }
      return { finish: "length", outputTokens: 0 }
    }
    let scored: (TokenLogprobs | null)[] = []
    const pieces = complete(
      this.#pool,
      this.#vocabulary,
      {
        prompt: prompt.tokens,
        sampling,
        maxTokens: prompt.maxTokens,
        stop,
        topLogprobs,
        grammar: null,
        onPrompt: scores ? (logprobs) => (scored = logprobs) : undefined,
      },
      signal,
      queueing,
    )
    try {
      // A full queue answers with a status of its own: nothing is given before the first token came.
      let step = await pieces.next()
      const told = table?.prompt(shown, scored.slice(prompt.added)) ?? null
      if (echo) yield { text: prompt.text, logprobs: told }
      while (!step.done) {
        const { text, tokens } = step.value
        yield { text, logprobs: table?.generated(tokens) ?? null }
        step = await pieces.next()
      }
      return step.value
    } finally {
      await pieces.return({ finish: "stop", outputTokens: 0 })
    }
  }
}
