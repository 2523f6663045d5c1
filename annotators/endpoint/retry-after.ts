/** The headers of a response by lower-case name. */
export interface HeaderMap {
  get(name: string): string | null | undefined
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `6m0s`, `1.5s`, `20ms`, or plain seconds, in milliseconds; null when it is none of these. */
export function durationMs(text: string): number | null {
  const trimmed = text.trim()
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1_000
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(trimmed)) return null
  let sum = 0
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    sum += Number(amount) * unitMs[unit!]!
  return sum
}

/**
 * How long a server asks to wait, in milliseconds, by `retry-after-ms`, `retry-after` (seconds or an HTTP date) or, for a
 * limit whose `x-ratelimit-remaining-*` is 0, its `x-ratelimit-reset-*`; undefined when it does not say.
 */
export function retryAfterMs(headers: HeaderMap, nowMs: number): number | undefined {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN)
  if (Number.isFinite(ms) && ms >= 0) return ms
  const after = headers.get("retry-after")
  if (after) {
    const wait = durationMs(after) ?? Date.parse(after) - nowMs
    if (Number.isFinite(wait)) return Math.max(0, wait)
  }
  const resets = ["", "-requests", "-tokens"].flatMap((kind) => {
    const reset = headers.get(`x-ratelimit-reset${kind}`)
    const remaining = headers.get(`x-ratelimit-remaining${kind}`)
    if (!reset || (remaining && Number(remaining) > 0)) return []
    const wait = durationMs(reset)
    if (wait === null) return []
    // Some servers give the moment instead of the duration: epoch seconds or epoch milliseconds.
    if (wait > 1e15) return [wait / 1_000 - nowMs]
    return wait > 1e12 ? [wait - nowMs] : [wait]
  })
  return resets.length === 0 ? undefined : Math.max(0, ...resets)
}
