import { z } from "zod"
import type { Effects, Usage } from "../../pipelines/runtime/effect.ts"
import { oneLine, RowError } from "../../pipelines/runtime/errors.ts"
import { jsonSchemaAbility } from "./abilities.ts"
import type { ChatAnswer, ChatMessage, ChatRequest } from "./chat.ts"
import type { Endpoint } from "./endpoint.ts"
import { jsonCandidates, wholeJson } from "./json-answer.ts"
import { seedOf } from "./seed.ts"

/** Answers that met the token limit are asked for again with at most this many times the tokens. */
const mostTokens = 4
/** Least temperature of a further try: without one a model says the same again. */
const retryTemperature = 0.5
/** Characters of an unreadable answer that the row's error quotes. */
const excerptLength = 160

const reminder = "Answer with the JSON object alone: nothing before it, nothing after it, with its keys as they stand."

/** A validated value with the exchange that it comes from. */
export interface JsonAnswer<T> {
  value: T
  /** Id of the exchange in the ledger. */
  id: string
  /** The sample that was valid. */
  sample: number
  /** Of all tries together. */
  usage: Usage
}

/** What a text was read as, or why it could not be. */
export type Reading<T> = { value: T } | { problem: string }

export interface AskForJsonOptions<T> {
  /** Answers of which one must be valid; default 3. */
  tries?: number
  /** The schema's name. */
  name?: string
  /** Sample index of the first try, and what each further try adds to it; defaults 0 and 1. */
  sample?: number
  stride?: number
  /**
   * Reads an answer in place of the strict type; `whole` is false for one that was cut. For answers whose meaning is plain although
   * their form is not what was asked for.
   */
  read?: (answer: string, whole: boolean) => Reading<T>
}

/** Upper bounds on what `askForJson` asks with the default tries: three, and two more with room for a longer answer. */
export const askForJsonBound = {
  calls: 5,
  /** Of the five together, in multiples of `maxTokens`: 1, 2 and three times 4. */
  outputs: 15,
  /** Tokens of the schema in words and of the reminder. */
  addedInputTokens: 160,
}

/**
 * Asks for JSON of one type: under its schema where the server holds to schemas, else by a request in words and a tolerant
 * reading; validated by Zod in either case. An invalid answer is asked for again as a further sample with a seed of its own, a reminder and
 * some temperature; one that met the token limit with twice and four times the tokens. Throws a RowError `malformed-judgement` that quotes
 * the last answer after `tries` samples.
 */
export async function askForJson<T>(
  endpoint: Endpoint,
  effects: Effects,
  request: ChatRequest,
  type: z.ZodType<T>,
  {
    tries = 3,
    name = "answer",
    sample: first = 0,
    stride = 1,
    read = (answer) => firstValid(answer, type),
  }: AskForJsonOptions<T> = {},
): Promise<JsonAnswer<T>> {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { target: "draft-2020-12" })
  const { value: ability } = await effects.settle(jsonSchemaAbility(endpoint))
  const asked: ChatRequest = ability.has
    ? { ...request, schema: { name, schema } }
    : { ...request, messages: withWords(request.messages, inWords(schema)) }
  const usage: Usage = { input: 0, output: 0 }
  let tokens = 1
  let problem = ""
  let last = ""
  for (let attempt = 0; attempt < tries; ) {
    const sample = first + attempt * stride
    const again = attempt === 0 ? asked : askedAgain(asked, attempt)
    const effect = endpoint.chat({ ...again, maxTokens: request.maxTokens * tokens }, sample)
    const settled = await effects.settle(effect)
    usage.input += settled.usage?.input ?? 0
    usage.output += settled.usage?.output ?? 0
    const { finish } = settled.value
    const result = finish === "filtered" ? { problem: "" } : readAnswer(settled.value, type, read)
    if ("value" in result) return { value: result.value, id: settled.id, sample, usage }
    problem =
      finish === "stop" ? result.problem : `the answer was ${finish === "length" ? "cut at the token limit" : finish}`
    last = settled.value.answer
    if (finish === "length" && tokens < mostTokens) tokens *= 2
    else attempt++
  }
  const quoted = last.trim() === "" ? "the last one was empty" : `the last one: ${oneLine(last.trim(), excerptLength)}`
  throw new RowError(
    "malformed-judgement",
    `no valid JSON in ${tries} answers of ${endpoint.identity}: ${problem}; ${quoted}`,
  )
}

function readAnswer<T>(
  { answer, thinking, finish }: ChatAnswer,
  type: z.ZodType<T>,
  read: (answer: string, whole: boolean) => Reading<T>,
): Reading<T> {
  if (answer.trim() === "" && thinking !== null && finish === "stop") {
    // A server's reasoning parser that sees no end of a thought takes the whole answer for one.
    const misfiled = type.safeParse(wholeJson(thinking))
    if (misfiled.success) return { value: misfiled.data }
  }
  return read(answer, finish === "stop")
}

function firstValid<T>(answer: string, type: z.ZodType<T>): Reading<T> {
  let problem = "no JSON found"
  for (const candidate of jsonCandidates(answer)) {
    const parsed = type.safeParse(candidate)
    if (parsed.success) return { value: parsed.data }
    const issue = parsed.error.issues[0]
    problem = oneLine(`${issue?.path.join(".") || "the value"}: ${issue?.message}`, 160)
  }
  return { problem }
}

function askedAgain(request: ChatRequest, attempt: number): ChatRequest {
  const { seed, temperature, messages } = request
  return {
    ...request,
    messages: withWords(messages, reminder),
    temperature: temperature === undefined ? undefined : Math.max(temperature, retryTemperature),
    seed: seed === undefined ? undefined : seedOf(seed, attempt),
  }
}

const inWords = (schema: unknown): string =>
  `Answer with one JSON value and nothing else. It must follow this JSON schema:\n${JSON.stringify(schema)}`

/** Adds words to the last message. */
const withWords = (messages: readonly ChatMessage[], words: string): ChatMessage[] =>
  messages.map((message, index) =>
    index === messages.length - 1 ? { ...message, content: `${message.content}\n\n${words}` } : message,
  )
