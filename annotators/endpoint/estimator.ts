import type { Estimate } from "./admission.ts"
import type { ChatRequest } from "./chat.ts"

/** Tokens of requests before they are asked, by what their answers had so far. */
export class Estimator {
  #meanOutput: number | null = null

  /** Takes in the tokens of an answer. */
  learn(output: number): void {
    const mean = this.#meanOutput ?? output
    this.#meanOutput = mean + (output - mean) * 0.05
  }

  /**
   * Tokens that a request may use, and will probably use. No tokenizer makes more tokens than there are bytes; the template adds a few per
   * turn.
   */
  of({ messages, maxTokens, schema }: ChatRequest): Estimate {
    let bytes = schema === undefined ? 0 : Buffer.byteLength(JSON.stringify(schema))
    for (const { content } of messages) bytes += Buffer.byteLength(content)
    const input = bytes + 16 * messages.length + 64
    return {
      upper: { input, output: maxTokens },
      likelyTokens: Math.ceil(bytes / 3) + Math.ceil(Math.min(maxTokens, this.#meanOutput ?? maxTokens)),
    }
  }
}
