import type { Effect, Performed, Usage } from "../../pipelines/runtime/effect.ts"
import { RowError } from "../../pipelines/runtime/errors.ts"
import type { ChatAnswer, ChatRequest } from "./chat.ts"
import type { Endpoint } from "./endpoint.ts"
import { jsonCandidates } from "./json-answer.ts"

// What a server can do is found out by asking for it in a tiny call, when it is first needed. The finding is settled like an
// answer, so that a rerun neither asks again nor decides otherwise.

/** Rises when a probe would find something else than before. */
const probeVersion = 1

const tell = (content: string): ChatRequest["messages"] => [{ role: "user", content }]

/** Whether the server holds its answers to a JSON schema. True also where the answer was cut off before it could be seen. */
export function jsonSchemaAbility(endpoint: Endpoint): Effect<{ has: boolean }> {
  const request: ChatRequest = {
    messages: tell("Greet me in one short sentence."),
    maxTokens: 256,
    temperature: 0,
    schema: {
      name: "greeting",
      schema: {
        type: "object",
        properties: { language: { type: "string", enum: ["en"] } },
        required: ["language"],
        additionalProperties: false,
      },
    },
  }
  return probe(endpoint, "json-schema", async (signal) => {
    const asked = await attempt(endpoint, request, 0, signal)
    if (asked === null) return { value: { has: false } }
    const { answer, finish } = asked.value
    const parsed = [...jsonCandidates(answer)].some(
      (value) => (value as { language?: unknown } | null)?.language === "en" && answer.trim().startsWith("{"),
    )
    return { value: { has: parsed || finish === "length" }, usage: asked.usage }
  })
}

/** How many alternatives per token the server reports: 20, 5 or 0 (no log-probabilities). */
export function logprobsAbility(endpoint: Endpoint): Effect<{ top: number }> {
  return probe(endpoint, "logprobs", async (signal) => {
    const usage: Usage = { input: 0, output: 0 }
    for (const topLogprobs of [20, 5]) {
      const request = { messages: tell("Answer yes or no: is water wet?"), maxTokens: 1, temperature: 0, topLogprobs }
      const asked = await attempt(endpoint, request, 0, signal)
      usage.input += asked?.usage?.input ?? 0
      usage.output += asked?.usage?.output ?? 0
      if ((asked?.value.logprobs?.[0]?.top.length ?? 0) > 1) return { value: { top: topLogprobs }, usage }
    }
    return { value: { top: 0 }, usage }
  })
}

function probe<T>(
  endpoint: Endpoint,
  ability: string,
  perform: (signal: AbortSignal) => Promise<Performed<T>>,
): Effect<T> {
  const { extraBody } = endpoint.config
  return {
    kind: "probe",
    identity: endpoint.identity,
    ...(endpoint.anonymous && { anonymous: true }),
    request: { ability, version: probeVersion, extraBody },
    sample: 0,
    perform,
  }
}

/** An answer, or null where the server refuses to be asked this way or has nothing to say to it. */
async function attempt(
  endpoint: Endpoint,
  request: ChatRequest,
  sample: number,
  signal: AbortSignal,
): Promise<Performed<ChatAnswer> | null> {
  try {
    return await endpoint.chat(request, sample).perform(signal)
  } catch (error) {
    if (error instanceof RowError && (error.reason === "bad-request" || error.reason === "empty")) return null
    throw error
  }
}
