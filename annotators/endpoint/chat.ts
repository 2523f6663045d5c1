/** One turn of a conversation as endpoints read it. */
export interface ChatMessage {
  role: "system" | "user" | "assistant"
  content: string
}

/**
 * One completion asked for, as the caller means it: everything here changes the answer, and nothing that does not (URL,
 * headers, timeouts, streaming) stands here. One request is one sample: several samples are several requests, each with a
 * sample index and a seed of its own, so that a group that was cut short asks only for what is missing.
 */
export interface ChatRequest {
  messages: readonly ChatMessage[]
  /** Longest completion in tokens, thinking included. */
  maxTokens: number
  /** Overridden by the role's config, as is `topP`. */
  temperature?: number | undefined
  topP?: number | undefined
  seed?: number | undefined
  stop?: readonly string[] | undefined
  /** JSON Schema that the answer must follow. Only for servers whose abilities include it. */
  schema?: { name: string; schema: unknown } | undefined
  /** How many alternatives to report for each token; 0 reports the sampled tokens alone. */
  topLogprobs?: number | undefined
}

/** Natural-log probability of one sampled token and of the likeliest tokens at its place. */
export interface TokenLogprob {
  token: string
  logprob: number
  top: [token: string, logprob: number][]
}

/** An answer as it is settled: plain JSON, whatever server it came from. */
export interface ChatAnswer {
  /** What the model thought before it answered; null when it did not think apart from the answer. */
  thinking: string | null
  answer: string
  /** `length`: cut at `maxTokens`. `filtered`: refused, or withheld by the server's content filter. */
  finish: "stop" | "length" | "filtered"
  logprobs?: TokenLogprob[]
  /** The model's name as the server reported it. */
  model: string
  /** The server's `system_fingerprint`, where it has one. */
  fingerprint: string | null
}
