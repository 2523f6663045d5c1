import { createHash } from "node:crypto"

/** A SHA-256, 64 hex digits. */
export type Digest = string

/**
 * JSON with one spelling for every value: keys sorted by UTF-16 unit, no white space, bigints as integer literals, undefined
 * members left out. Throws a TypeError for what JSON cannot say (NaN, functions, dates, maps).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "string" || typeof value === "boolean") return JSON.stringify(value)
  if (typeof value === "bigint") return value.toString()
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`Expected a finite number, got ${value}`)
    return JSON.stringify(value)
  }
  // Written without lists of parts: every effect of a run passes here, long prompts and all.
  if (Array.isArray(value)) {
    let text = "["
    for (let at = 0; at < value.length; at++) text += (at === 0 ? "" : ",") + canonicalJson(value[at] ?? null)
    return `${text}]`
  }
  if (typeof value === "object") {
    const keys = sortedKeys(value)
    // A date or a map has no members of its own: all of them would be one and the same "{}".
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== null && prototype !== Object.prototype && keys.length === 0)
      throw new TypeError(`Expected a JSON value, got ${value.constructor.name}`)
    let text = ""
    for (const key of keys) {
      const member = (value as Record<string, unknown>)[key]
      if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(member)}`
    }
    return `{${text}}`
  }
  throw new TypeError(`Expected a JSON value, got ${typeof value}`)
}

/** The names of an object's members, by UTF-16 unit. Few are sorted in place: `sort` copies what it sorts twice. */
function sortedKeys(value: object): string[] {
  const keys = Object.keys(value)
  if (keys.length > 24) return keys.sort()
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at]!
    let to = at
    for (; to > 0 && keys[to - 1]! > key; to--) keys[to] = keys[to - 1]!
    keys[to] = key
  }
  return keys
}

/** SHA-256 of the canonical JSON of a value. */
export const digestOf = (value: unknown): Digest => sha256(canonicalJson(value))

/** SHA-256 of bytes, or of a string's UTF-8. */
export const sha256 = (bytes: string | Uint8Array): Digest => createHash("sha256").update(bytes).digest("hex")

/** A number in [0, 1) from a seed and names: the same on every machine. */
export function uniform(seed: number, ...names: string[]): number {
  const hash = createHash("sha256")
    .update([seed, ...names].join("\u0000"))
    .digest()
  return hash.readUIntBE(0, 6) / 2 ** 48
}
