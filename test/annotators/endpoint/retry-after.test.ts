import { expect, test } from "vitest"
import { durationMs, retryAfterMs } from "../../../annotators/endpoint/retry-after.ts"

const now = Date.parse("2026-01-01T00:00:00Z")

test.each<[Record<string, string>, number | undefined]>([
  [{}, undefined],
  [{ "retry-after": "3" }, 3_000],
  [{ "retry-after": "0.5" }, 500],
  [{ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30_000],
  [{ "retry-after": "Wed, 31 Dec 2025 23:59:00 GMT" }, 0],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after-ms": "250", "retry-after": "1" }, 250],
  [{ "retry-after-ms": "x", "retry-after": "1" }, 1_000],
  [{ "x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0" }, 360_000],
  [{ "x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "12" }, undefined],
  [{ "x-ratelimit-reset-tokens": "20ms", "x-ratelimit-reset-requests": "1s" }, 1_000],
  [{ "x-ratelimit-reset": String(now / 1_000 + 7) }, 7_000],
  [{ "x-ratelimit-reset": String(now + 7_000) }, 7_000],
  [{ "x-ratelimit-reset": "-5" }, undefined],
])("%j asks for %s ms", (headers, expected) => {
  expect(retryAfterMs(new Map(Object.entries(headers)), now)).toBe(expected)
})

test.each([
  ["1h2m3.5s", 3_723_500],
  ["2d", 172_800_000],
  ["", null],
  ["1x", null],
])("%s lasts %s ms", (text, expected) => {
  expect(durationMs(text)).toBe(expected)
})
