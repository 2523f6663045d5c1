import type { Usage } from "../../pipelines/runtime/effect.ts"
import type { TokenLogprob } from "./chat.ts"
import { CallFault } from "./outcome.ts"
import { faultOfErrorObject } from "./server-error.ts"

/** What a server sent for one request, whole or put together from a stream, before it is judged. */
export interface Completion {
  content: string
  reasoning: string | null
  refusal: boolean
  /** The server's own word; null when it gave none. */
  finishReason: string | null
  logprobs: TokenLogprob[] | null
  model: string
  fingerprint: string | null
  usage: Usage | undefined
  /** Milliseconds from the sending to the first token; null where the answer was not streamed. */
  waitedMs: number | null
}

type Json = Record<string, unknown>

const record = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null
const string = (value: unknown): string | null => (typeof value === "string" ? value : null)

/** Reads the body of an unstreamed response. Throws a CallFault when it is no completion. */
export function readCompletion(body: string): Completion {
  const root = record(parse(body, "the body"))
  if (root === null) throw new CallFault("malformed", "the body is not a JSON object")
  const choice = firstChoice(root)
  if (choice === null) {
    if (record(root.error) !== null) throw faultOfErrorObject(root.error)
    throw new CallFault("malformed", "no choices in the answer", { usage: usageOf(root.usage) })
  }
  const message = record(choice.message)
  if (message === null) throw new CallFault("malformed", "no message in the choice", { usage: usageOf(root.usage) })
  if (!("content" in message) && reasoningOf(message) === null && !message.refusal)
    throw new CallFault("malformed", "no content in the message", { usage: usageOf(root.usage) })
  return {
    content: textOf(message.content),
    reasoning: reasoningOf(message),
    refusal: Boolean(message.refusal),
    finishReason: string(choice.finish_reason),
    logprobs: logprobsOf(choice.logprobs),
    model: string(root.model) ?? "",
    fingerprint: string(root.system_fingerprint),
    usage: usageOf(root.usage),
    waitedMs: null,
  }
}

/** Puts a streamed completion together, event by event. */
export class CompletionStream {
  readonly #completion: Completion = {
    content: "",
    reasoning: null,
    refusal: false,
    finishReason: null,
    logprobs: null,
    model: "",
    fingerprint: null,
    usage: undefined,
    waitedMs: null,
  }
  readonly #sentMs: number
  #done = false
  #deltas = 0

  /** `sentMs`: when the request was sent, by `performance.now()`. */
  constructor(sentMs: number) {
    this.#sentMs = sentMs
  }

  /** True once the server said that the answer is whole. */
  get done(): boolean {
    return this.#done
  }

  /** True once a finish reason came: the answer is whole, though its token counts may follow. */
  get finished(): boolean {
    return this.#completion.finishReason !== null
  }

  /** Deltas received: about the tokens generated so far. */
  get deltas(): number {
    return this.#deltas
  }

  /** One event's data. Throws a CallFault when it is no chunk of a completion. */
  add(data: string): void {
    if (data === "[DONE]") {
      this.#done = true
      return
    }
    const root = record(parse(data, "an event of the stream"))
    if (root === null) throw new CallFault("malformed", "an event of the stream is not a JSON object")
    if (record(root.error) !== null) throw faultOfErrorObject(root.error)
    const completion = this.#completion
    if (completion.model === "") completion.model = string(root.model) ?? ""
    completion.fingerprint ??= string(root.system_fingerprint)
    completion.usage = usageOf(root.usage) ?? completion.usage
    const choice = firstChoice(root)
    if (choice === null) return
    completion.finishReason = string(choice.finish_reason) ?? completion.finishReason
    const logprobs = logprobsOf(choice.logprobs)
    if (logprobs !== null) {
      completion.logprobs ??= []
      for (const token of logprobs) completion.logprobs.push(token)
    }
    const delta = record(choice.delta)
    if (delta === null) return
    this.#deltas++
    completion.waitedMs ??= performance.now() - this.#sentMs
    completion.content += textOf(delta.content)
    const reasoning = reasoningOf(delta)
    if (reasoning !== null) completion.reasoning = (completion.reasoning ?? "") + reasoning
    if (delta.refusal) completion.refusal = true
  }

  /** The completion at the end of the stream. Throws a CallFault when the stream ended in the middle. */
  end(): Completion {
    if (!this.#done && this.#completion.finishReason === null)
      throw new CallFault("connection-cut", "the stream ended before the answer did")
    return this.#completion
  }
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CallFault("malformed", `${what} is not JSON`)
  }
}

function firstChoice(root: Json): Json | null {
  return Array.isArray(root.choices) ? record(root.choices[0]) : null
}

/** Text, or the texts of a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content
  if (content === null || content === undefined) return ""
  if (!Array.isArray(content)) throw new CallFault("malformed", "the content is neither text nor a list of parts")
  return content.map((part) => string(record(part)?.text) ?? "").join("")
}

const reasoningOf = (message: Json): string | null => string(message.reasoning_content) ?? string(message.reasoning)

function logprobsOf(value: unknown): TokenLogprob[] | null {
  const content = record(value)?.content
  if (!Array.isArray(content)) return null
  return content.flatMap((entry) => {
    const sampled = tokenOf(entry)
    if (sampled === null) return []
    const alternatives = record(entry)?.top_logprobs
    const top = Array.isArray(alternatives) ? alternatives.map(tokenOf).filter((token) => token !== null) : []
    return [{ token: sampled[0], logprob: sampled[1], top }]
  })
}

/** A token may be half a character: what is not well formed is replaced, so that it can be stored. */
function tokenOf(value: unknown): [string, number] | null {
  const entry = record(value)
  const token = string(entry?.token)
  // Some servers report minus infinity as null, or as a number that JSON reads as such.
  const logprob = entry?.logprob === null ? -9999 : Number(entry?.logprob)
  if (token === null || Number.isNaN(logprob)) return null
  return [token.toWellFormed(), Math.max(logprob, -9999)]
}

function usageOf(value: unknown): Usage | undefined {
  const usage = record(value)
  if (usage === null) return undefined
  const input = usage.prompt_tokens
  const output = usage.completion_tokens ?? 0
  return isCount(input) && isCount(output) ? { input, output } : undefined
}

const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 1e9
