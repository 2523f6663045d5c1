import type { Token } from "node-llama-cpp"
import type { CompletionPiece } from "./completion.ts"
import type { TokenBytes } from "./token-bytes.ts"
import type { TokenLogprobs } from "./token-stream.ts"

/** Log-probabilities in the shape of OpenAI's plain completions: four lists with an entry for each token. */
export interface TextLogprobsBody {
  tokens: string[]
  /** Null where nothing stands before the token. */
  token_logprobs: (number | null)[]
  /** The likeliest tokens of each place and the one that stands there. */
  top_logprobs: (Record<string, number> | null)[]
  /** Characters (code points) from the start of the prompt, also where the prompt is not echoed. */
  text_offset: number[]
}

// OpenAI's value for a probability too small to have a logarithm; JSON has no infinity.
const leastLogprob = -9_999

/** Puts the log-probabilities of one choice together, from the start of its prompt. */
export class TextLogprobs {
  readonly #vocabulary: TokenBytes
  readonly #decoder = new TextDecoder()
  #offset = 0

  constructor(vocabulary: TokenBytes) {
    this.#vocabulary = vocabulary
  }

  /** Nothing yet. */
  get body(): TextLogprobsBody {
    return { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] }
  }

  /** The prompt's tokens. `scored` has an entry for each, or is empty where only their length counts. */
  prompt(tokens: readonly Token[], scored: readonly (TokenLogprobs | null)[]): TextLogprobsBody {
    const body = this.body
    for (const [index, token] of tokens.entries()) {
      const { bytes } = this.#vocabulary.nameOf(token)
      this.#add(body, token, bytes, scored[index] ?? null)
    }
    return body
  }

  /** Generated tokens. */
  generated(tokens: CompletionPiece["tokens"]): TextLogprobsBody {
    const body = this.body
    for (const { token, logprobs } of tokens) this.#add(body, token, this.#vocabulary.bytesOf(token), logprobs)
    return body
  }

  /** `bytes`: what the token adds to the text. */
  #add(body: TextLogprobsBody, token: Token, bytes: Uint8Array, logprobs: TokenLogprobs | null): void {
    body.tokens.push(this.#nameOf(token))
    body.token_logprobs.push(logprobs && Math.max(logprobs.chosen, leastLogprob))
    body.top_logprobs.push(logprobs && this.#topOf(token, logprobs))
    body.text_offset.push(this.#offset)
    for (const _ of this.#decoder.decode(bytes, { stream: true })) this.#offset++
  }

  #topOf(token: Token, { chosen, top }: TokenLogprobs): Record<string, number> {
    const entries = top.map((each) => [this.#nameOf(each.token), Math.max(each.logprob, leastLogprob)] as const)
    if (!top.some((each) => each.token === token)) entries.push([this.#nameOf(token), Math.max(chosen, leastLogprob)])
    return Object.fromEntries(entries)
  }

  /** OpenAI's spelling: a token that is no whole character is told by its bytes, so that two of them stay apart. */
  #nameOf(token: Token): string {
    const { name, bytes } = this.#vocabulary.nameOf(token)
    if (!name.includes("\ufffd")) return name
    return `bytes:${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}`
  }
}
