import { z } from "zod"

/** What is wrong at one place of a value. */
export interface Fault {
  /** `models.judge.baseUrl`, or `""` for the whole value. */
  path: string
  what: string
  /** The nearest known key, for an unknown one. */
  suggestion?: string
}

/** Parses strictly: the value with its defaults, or all faults in words, unknown keys with the nearest known one. */
export function parseStrict<T>(schema: z.ZodType<T>, value: unknown): { value: T } | { faults: Fault[] } {
  const parsed = schema.safeParse(value)
  if (parsed.success) return { value: parsed.data }
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema
  return { faults: parsed.error.issues.flatMap((issue) => faultsOf(issue, [], json)) }
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  anyOf?: JsonSchema[]
  additionalProperties?: JsonSchema | boolean
}

type Issue = z.core.$ZodIssue

function faultsOf(issue: Issue, above: PropertyKey[], json: JsonSchema): Fault[] {
  const at = [...above, ...issue.path]
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(json, at)
    return issue.keys.map((key) => {
      const suggestion = nearest(key, known)
      return { path: pathText([...at, key]), what: "unknown key", ...(suggestion !== null && { suggestion }) }
    })
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that came furthest is the one that was meant.
    const branch = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0]!
    if (depth(branch) > 0 || branch.some(({ code }) => code === "unrecognized_keys"))
      return branch.flatMap((inner) => faultsOf(inner, at, json))
  }
  // Zod says "received undefined" of a key that is not there.
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined"))
    return [{ path: pathText(at), what: `missing, expected ${issue.expected}` }]
  return [{ path: pathText(at), what: issue.message }]
}

const depth = (issues: readonly Issue[]): number =>
  Math.max(0, ...issues.map(({ path, code }) => path.length + (code === "unrecognized_keys" ? 1 : 0)))

const pathText = (path: readonly PropertyKey[]): string =>
  path.map((part, at) => (typeof part === "number" ? `[${part}]` : `${at > 0 ? "." : ""}${String(part)}`)).join("")

function keysAt(json: JsonSchema, path: readonly PropertyKey[]): string[] {
  let here: JsonSchema[] = [json]
  for (const part of path)
    here = here
      .flatMap((schema) => [schema, ...(schema.anyOf ?? [])])
      .flatMap((schema) => {
        if (typeof part === "number") return schema.items ? [schema.items] : []
        const member = schema.properties?.[String(part)]
        if (member) return [member]
        return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : []
      })
  return here
    .flatMap((schema) => [schema, ...(schema.anyOf ?? [])])
    .flatMap(({ properties }) => Object.keys(properties ?? {}))
}

/** The candidate with the smallest edit distance, when it is near enough to be meant; null otherwise. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null
  let least = Math.max(2, Math.floor(word.length / 2)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
