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
    const held = this.#held.slice(0, reused)
    // Until this ends well nothing is known about what the context holds.
    this.#held = []
    if (this.sequence.nextTokenIndex > reused)
      await this.sequence.eraseContextTokenRanges([{ start: reused, end: this.sequence.nextTokenIndex }])
    if (this.sequence.nextTokenIndex !== reused)
      throw new Error(`the context holds ${this.sequence.nextTokenIndex} tokens instead of ${reused}`)
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

  /** Forgets everything, after a failure that leaves the context's state unknown. */
  async clear(): Promise<void> {
    this.#held = []
    await this.sequence.clearHistory()
  }
}
