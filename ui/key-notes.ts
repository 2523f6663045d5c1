// What `steps` and `init` say about the keys of a config, read from its JSON Schema: the one that editors get too.
import { z } from "zod"

/** The parts of a JSON Schema that are printed. `unit` and `source` come from the metadata of `schemas/config.ts`. */
export interface KeySchema {
  type?: string
  description?: string
  unit?: string
  source?: string
  default?: unknown
  enum?: readonly unknown[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  items?: KeySchema
  anyOf?: readonly KeySchema[]
  properties?: Readonly<Record<string, KeySchema>>
  required?: readonly string[]
  additionalProperties?: KeySchema | boolean
}

/** The JSON Schema of what a user may write: keys with defaults are optional. */
export const inputSchema = (schema: z.ZodType): KeySchema =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as KeySchema

/** True for an object with named keys, which are described one by one. */
export const hasKeys = (key: KeySchema): key is KeySchema & { properties: Readonly<Record<string, KeySchema>> } =>
  key.properties !== undefined

/** The type in words: `integer`, `list of text`, `one of schema, logprobs`. */
export function typeText(key: KeySchema): string {
  if (key.enum) return `one of ${key.enum.map(String).join(", ")}`
  if (key.anyOf) return key.anyOf.map((kind) => `${typeText(kind)} ${rangeText(kind)}`.trim()).join(", or ")
  switch (key.type) {
    case "string":
      return "text"
    case "boolean":
      return "true or false"
    case "array":
      return `list: ${key.items ? typeText(key.items) : "anything"}`
    case "object":
      return key.properties ? `{${Object.keys(key.properties).join(", ")}}` : "keys and values"
    default:
      return key.type ?? "any JSON"
  }
}

/** The range in words: `0 to 1`, `at least 1`, `above 0, at most 1`; "" where there is none. */
export function rangeText({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: KeySchema): string {
  // Bounds of what a double holds exactly are nobody's choice.
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  if (least !== undefined && most !== undefined) return `${least} to ${most}`
  return [
    least === undefined ? "" : `at least ${least}`,
    exclusiveMinimum === undefined ? "" : `above ${exclusiveMinimum}`,
    most === undefined ? "" : `at most ${most}`,
    exclusiveMaximum === undefined ? "" : `below ${exclusiveMaximum}`,
  ]
    .filter((part) => part !== "")
    .join(", ")
}

/** Words in lines of at most `width` characters; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
