// What requests for chats and for plain completions have in common.
import { randomInt } from "node:crypto"
import { z } from "zod"
import type { Sampling } from "./sampling.ts"

/** A parameter that may be left out or null. */
export const optional = <T extends z.ZodType>(type: T) => type.nullish()

/** A parameter that this server takes only with the value at which it does nothing. */
export const neutral = <T extends string | number | boolean>(value: T) => optional(z.literal(value))

/** A parameter that changes the answer and that this server does not know: only its empty forms are taken. */
export const without = () =>
  z
    .unknown()
    .refine((value) => isEmpty(value), { error: "not supported by this server" })
    .optional()

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === "" ||
  value === "none" ||
  value === "auto" ||
  (typeof value === "object" && Object.keys(value).length === 0)

/** How the next token is drawn, and where the answer ends. */
export const samplingFields = {
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().gt(0).max(1)),
  top_k: optional(z.int().min(-1)),
  min_p: optional(z.number().min(0).max(1)),
  seed: optional(z.int()),
  stop: optional(z.union([z.string().min(1), z.array(z.string().min(1)).max(16)])),
  n: neutral(1),
  frequency_penalty: neutral(0),
  presence_penalty: neutral(0),
  logit_bias: without(),
}

export const streamFields = {
  stream: optional(z.boolean()),
  stream_options: optional(z.looseObject({ include_usage: optional(z.boolean()) })),
}

type Fields = z.infer<z.ZodObject<typeof samplingFields>>

/** OpenAI's defaults are a temperature and a nucleus of 1; without a seed each request draws its own. */
export const samplingOf = ({ temperature, top_p, top_k, min_p, seed }: Fields): Sampling => ({
  temperature: temperature ?? 1,
  topP: top_p ?? 1,
  topK: Math.max(0, top_k ?? 0),
  minP: min_p ?? 0,
  seed: seedOf(seed ?? randomInt(2 ** 31)),
})

export const stopOf = ({ stop }: Fields): string[] => (typeof stop === "string" ? [stop] : (stop ?? []))

/** 32 bits, and never the one value by which llama.cpp means "seed from the clock". */
function seedOf(seed: number): number {
  const low = Number(BigInt.asUintN(32, BigInt(seed)))
  return low === 0xffff_ffff ? 0xffff_fffe : low
}
