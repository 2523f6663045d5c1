import type { Message } from "./conversation.ts"

/** Tokens [start, end) of one kind. */
export interface TokenSpan {
  /**
   * `template`: markers, role names, think tags and the line breaks that belong to them. `prompt`: what stands in the turns before the
   * completion. `thinking`: all between the think tags. `answer`: what follows them, up to the turn's end.
   */
  readonly kind: "template" | "prompt" | "thinking" | "answer"
  readonly start: number
  readonly end: number
}

/** A training sample as a trainer sees it. */
export interface EncodedSample {
  /** [length] */
  readonly inputIds: Int32Array
  /** [length]; -100 where there is no loss. */
  readonly labels: Int32Array
  /** In order, without gaps, over all tokens. */
  readonly spans: readonly TokenSpan[]
  /** Labels that are not -100. */
  readonly trainedTokens: number
}

/** A row of F3: the columns that decide the tokens. */
export interface TrainingSample {
  readonly prompt: readonly Message[]
  /** One assistant's turn, its think block in the content. */
  readonly completion: readonly Message[]
  readonly enable_thinking: boolean
  readonly tools?: readonly unknown[] | null
}
