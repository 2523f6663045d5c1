import type { LlamaContext, LlamaContextSequence, Token } from "node-llama-cpp"

// Floating point sums depend on how a prompt is cut into batches. Every prompt is therefore cut at the same places,
// multiples of this many tokens from its start, and a prefix is taken over from an earlier prompt only up to such a place:
// what is taken over is then, bit for bit, what would have been computed.
export const batchTokens = 64

/** One context with one sequence, and the prompt tokens whose state it still holds. Used by one generation at a time. */
export class ContextSlot {
  readonly sequence: LlamaContextSequence
  /** Order of its last use; 0 is never. */
  lastUse = 0
  #held: Token[] = []

  constructor(context: LlamaContext) {
    this.sequence = context.getSequence()
  }

  /** Prompt tokens whose state is held. */
  get holds(): number {
    return this.#held.length
  }

  /** Tokens at the start of `prompt` that need not be evaluated here; a multiple of `batchTokens`. */
  reusable(prompt: readonly Token[]): number {
    let shared = 0
    while (shared < this.#held.length && shared < prompt.length - 1 && this.#held[shared] === prompt[shared]) shared++
    return shared - (shared % batchTokens)
  }

  /**
   * Evaluates the prompt's full batches and returns the tokens that are left for the evaluation that samples: 1 to
   * `batchTokens` of them. Rejects with the signal's reason when aborted between batches.
   */
  async prefill(prompt: readonly Token[], signal: AbortSignal): Promise<{ rest: Token[]; reused: number }> {
    const reused = this.reusable(prompt)
    const held = await this.#cutTo(reused)
    let at = reused
    for (; at + batchTokens < prompt.length; at += batchTokens) {
      signal.throwIfAborted()
      const batch = prompt.slice(at, at + batchTokens)
      await this.sequence.evaluateWithoutGeneratingNewTokens(batch)
      held.push(...batch)
    }
    this.#held = held
    return { rest: prompt.slice(at), reused }
  }

  /**
   * Evaluates the whole prompt, cut at the same places but with nothing taken over, and hands on what the model expects after
   * each token: `report(i, probabilities)`, from the likeliest token down, in order. A prompt that fills the context keeps its
   * last token to itself. Rejects with the signal's reason when aborted between batches.
   */
  async score(
    prompt: readonly Token[],
    report: (index: number, probabilities: Map<Token, number>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const held = await this.#cutTo(0)
    const tokens = prompt.length < this.sequence.context.contextSize ? prompt : prompt.slice(0, -1)
    for (let at = 0; at < tokens.length; at += batchTokens) {
      signal.throwIfAborted()
      const batch = tokens.slice(at, at + batchTokens)
      let failed: unknown = null
      await this.sequence.controlledEvaluate(
        // At temperature 0 llama.cpp leaves the distribution as the model gave it.
        batch.map((token) => [token, { generateNext: { probabilities: true, options: { temperature: 0 } } }]),
        {
          onTokenResult(index, { next }) {
            try {
              report(at + index, next.probabilities!)
            } catch (error) {
              failed ??= error
            }
            // A whole vocabulary for each token of a batch would be hundreds of megabytes.
            delete next.probabilities
          },
        },
      )
      if (failed !== null) throw failed
      if (batch.length === batchTokens) held.push(...batch)
    }
    this.#held = held
  }

  /** Forgets all but the first `tokens`, a number that is held, and returns those. */
  async #cutTo(tokens: number): Promise<Token[]> {
    const held = this.#held.slice(0, tokens)
    // Until the evaluation ends well nothing is known about what the context holds.
    this.#held = []
    if (this.sequence.nextTokenIndex > tokens)
      await this.sequence.eraseContextTokenRanges([{ start: tokens, end: this.sequence.nextTokenIndex }])
    if (this.sequence.nextTokenIndex !== tokens)
      throw new Error(`the context holds ${this.sequence.nextTokenIndex} tokens instead of ${tokens}`)
    return held
  }

  /** Forgets everything, after a failure that leaves the context's state unknown. */
  async clear(): Promise<void> {
    this.#held = []
    await this.sequence.clearHistory()
  }
}
