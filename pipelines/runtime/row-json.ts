// Rows as JSON without loss: integers of any size are integer literals, bytes are base64, and the numbers that JSON lacks are
// the strings "NaN", "Infinity" and "-Infinity" (the proto3 JSON mapping's rule).

/** One line of JSON with the columns in the row's order. */
export const rowJson = (value: unknown): string => JSON.stringify(value, plain)

/** JSON with the keys of every object in code unit order, without white space: equal values give equal text. */
export function canonicalRowJson(value: unknown): string {
  // Most values are texts and numbers that plain JSON says; its replacer costs several times as much.
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value)
  if (typeof value === "number" && Number.isFinite(value) && value !== 0) return JSON.stringify(value)
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return rowJson(value)
  if (Array.isArray(value)) return `[${value.map((element) => canonicalRowJson(element ?? null)).join()}]`
  const object = value as Record<string, unknown>
  const keys = Object.keys(object).filter((key) => object[key] !== undefined)
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalRowJson(object[key])}`)
    .join()}}`
}

/**
 * Parses JSON; an integer literal beyond 2^53 becomes a bigint. Throws a SyntaxError where it is no JSON, and a RangeError for a
 * number beyond a double (`1e999`), which would silently become Infinity.
 */
export function parseJson(text: string): unknown {
  // The reviver costs several times the parse: only text that may hold such a number gets it.
  return /\d{16}|[eE]\+?\d{3}/.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text)
}

function plain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return rawJson(`${value}`)
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return `${value}`
    return Object.is(value, -0) ? rawJson("-0") : value
  }
  // A Buffer's own toJSON has already run: what it was stands in the holder.
  const original = this[key]
  return original instanceof Uint8Array ? Buffer.from(original).toString("base64") : value
}

function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ""
  if (/^-?\d+$/.test(source)) return BigInt(source)
  if (!Number.isFinite(value)) throw new RangeError(`expected a number within a double, got ${source.slice(0, 40)}`)
  return value
}

// JSON.rawJSON (ES2026) is in Node 24 and not yet in the compiler's library.
const { rawJSON: rawJson } = JSON as typeof JSON & { rawJSON(text: string): unknown }
