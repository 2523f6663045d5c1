import { oneLine } from "../../pipelines/runtime/errors.ts"
import type { ChatAnswer } from "./chat.ts"
import type { Completion } from "./completion.ts"
import { hostility } from "./hostile-text.ts"
import { CallFault, type Outcome } from "./outcome.ts"
import { splitReasoning } from "./reasoning.ts"
import { redact } from "./redact.ts"

// A token of a byte-level vocabulary is seldom longer than this; runs of white space are the longest.
const charactersPerToken = 64
const spareCharacters = 4_096

/** What the judging of a completion needs to know about its request. */
export interface Asked {
  maxTokens: number
  thinkingOff: boolean
  /** Values that must not be stored even if a model repeats them. */
  secrets: readonly string[]
}

/** An answer fit to be settled, and whether it is whole. Throws a CallFault for one that is not. */
export function answerOf(
  completion: Completion,
  asked: Asked,
): { answer: ChatAnswer; outcome: Extract<Outcome, "complete" | "truncated" | "filtered"> } {
  const { usage } = completion
  const finish = finishOf(completion, asked.maxTokens)
  const length = completion.content.length + (completion.reasoning?.length ?? 0)
  if (length > asked.maxTokens * charactersPerToken + spareCharacters)
    throw new CallFault("malformed", `${length} characters for at most ${asked.maxTokens} tokens`, { usage })
  const hostile = hostility(completion.content) ?? hostility(completion.reasoning ?? "")
  if (hostile !== null) throw new CallFault("hostile-text", `${hostile} in the answer`, { usage })
  const { thinking, answer } = splitReasoning({
    content: completion.content,
    reasoning: completion.reasoning,
    finish,
    thinkingOff: asked.thinkingOff,
  })
  if (finish === "stop" && thinking === null && answer.trim() === "")
    throw new CallFault("empty", "neither thinking nor answer", { usage })
  const clean = (text: string) => redact(text, asked.secrets)
  return {
    outcome: finish === "stop" ? "complete" : finish === "length" ? "truncated" : "filtered",
    answer: {
      thinking: thinking === null ? null : clean(thinking),
      answer: clean(answer),
      finish,
      ...(completion.logprobs === null
        ? {}
        : {
            logprobs: completion.logprobs.map(({ token, logprob, top }) => ({
              token: clean(token),
              logprob,
              top: top.map(([other, value]): [string, number] => [clean(other), value]),
            })),
          }),
      model: oneLine(clean(completion.model), 200),
      fingerprint: completion.fingerprint === null ? null : oneLine(clean(completion.fingerprint), 200),
    },
  }
}

function finishOf({ finishReason, refusal, usage }: Completion, maxTokens: number): ChatAnswer["finish"] {
  if (refusal) return "filtered"
  switch (finishReason) {
    case "length":
    case "max_tokens":
    case "model_length":
      return "length"
    case "content_filter":
    case "refusal":
    case "safety":
      return "filtered"
    case "abort":
    case "aborted":
    case "cancelled":
      throw new CallFault("connection-cut", `the server ended the answer with "${finishReason}"`, { usage })
    case "error":
      throw new CallFault("server-fault", 'the server ended the answer with "error"', { usage })
    case null:
      // Some servers never say why they ended; only the count can tell that the limit was met.
      return usage !== undefined && usage.output >= maxTokens ? "length" : "stop"
    default:
      return "stop"
  }
}
