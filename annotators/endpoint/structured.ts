import { z } from "zod"
import type { Effects, Usage } from "../../pipelines/runtime/effect.ts"
import { oneLine, RowError } from "../../pipelines/runtime/errors.ts"
import { jsonSchemaAbility } from "./abilities.ts"
import type { ChatMessage, ChatRequest } from "./chat.ts"
import type { Endpoint } from "./endpoint.ts"
import { jsonCandidates } from "./json-answer.ts"
import { seedOf } from "./seed.ts"

/** Answers that met the token limit are asked for again with at most this many times the tokens. */
const mostTokens = 4

/** A validated value with the exchange that it comes from. */
export interface JsonAnswer<T> {
  value: T
  /** Id of the exchange in the ledger. */
  id: string
  /** The sample that was valid: the number of tries before it. */
  sample: number
  /** Of all tries together. */
  usage: Usage
}

/**
 * Asks for JSON of one type: under its schema where the server holds to schemas, else by a request in words and a tolerant
 * reading; validated by Zod in either case. An invalid answer is asked for again as the next sample with a seed of its own, one
 * that met the token limit with twice and four times the tokens. Throws a RowError `malformed-judgement` after `tries` samples.
 */
export async function askForJson<T>(
  endpoint: Endpoint,
  effects: Effects,
  request: ChatRequest,
  type: z.ZodType<T>,
  { tries = 3, name = "answer" }: { tries?: number; name?: string } = {},
): Promise<JsonAnswer<T>> {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { target: "draft-2020-12" })
  const { value: ability } = await effects.settle(jsonSchemaAbility(endpoint))
  const asked: ChatRequest = ability.has
    ? { ...request, schema: { name, schema } }
    : { ...request, messages: inWords(request.messages, schema) }
  const usage: Usage = { input: 0, output: 0 }
  let tokens = 1
  let problem = ""
  for (let sample = 0; sample < tries; ) {
    const seed = request.seed === undefined || sample === 0 ? request.seed : seedOf(request.seed, sample)
    const effect = endpoint.chat({ ...asked, seed, maxTokens: request.maxTokens * tokens }, sample)
    const settled = await effects.settle(effect)
    usage.input += settled.usage?.input ?? 0
    usage.output += settled.usage?.output ?? 0
    const { answer, finish } = settled.value
    const read = firstValid(answer, type)
    if (read.success && finish !== "filtered") return { value: read.data, id: settled.id, sample, usage }
    problem =
      finish === "stop" ? read.problem : `the answer was ${finish === "length" ? "cut at the token limit" : finish}`
    if (finish === "length" && tokens < mostTokens) tokens *= 2
    else sample++
  }
  throw new RowError("malformed-judgement", `no valid JSON in ${tries} answers of ${endpoint.identity}: ${problem}`)
}

function firstValid<T>(
  answer: string,
  type: z.ZodType<T>,
): { success: true; data: T; problem: "" } | { success: false; problem: string } {
  let problem = "no JSON found"
  for (const candidate of jsonCandidates(answer)) {
    const parsed = type.safeParse(candidate)
    if (parsed.success) return { success: true, data: parsed.data, problem: "" }
    const issue = parsed.error.issues[0]
    problem = oneLine(`${issue?.path.join(".") || "the value"}: ${issue?.message}`, 160)
  }
  return { success: false, problem }
}

/** Adds the schema in words to the last message. */
function inWords(messages: readonly ChatMessage[], schema: unknown): ChatMessage[] {
  const words = `Answer with one JSON value and nothing else. It must follow this JSON schema:\n${JSON.stringify(schema)}`
  return messages.map((message, index) =>
    index === messages.length - 1 ? { ...message, content: `${message.content}\n\n${words}` } : message,
  )
}
