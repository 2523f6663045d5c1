import { unverifiable, type Verifier, type VerifierInput } from "../../annotators/verifiers/verifier.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { Verdict } from "../../schemas/verdict.ts"

/**
 * What a verifier scores of a row `{completion, reference, options?}`, or the verdict of a row without a completion. The row's own options
 * go before those for all rows. Typed files have null for what a row does not say, 64-bit integers, and records as their JSON: members
 * that are null count as not given, and the reference of a program verifier, and options, may be the JSON of a record.
 */
export function verifierInput(
  kind: Verifier["kind"],
  { completion, reference, options }: Row,
  optionsForAll: Readonly<Record<string, unknown>>,
): { input: VerifierInput } | { verdict: Verdict } {
  if (typeof completion !== "string") return { verdict: unverifiable(`no completion: ${kindOf(completion)}`) }
  const own = plain(recordOf(options))
  const given = isRecord(own) ? { ...optionsForAll, ...own } : (own ?? optionsForAll)
  const wanted = kind === "program" ? plain(recordOf(reference)) : reference
  return { input: { completion, reference: wanted, options: given } }
}

/** The record or list that a text is the JSON of; else the value as it is. */
function recordOf(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** Without members that are null, and with 64-bit integers as numbers where these are exact. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Array.isArray(value)) return value.map(plain)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, plain(member)]),
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const kindOf = (value: unknown): string =>
  value === undefined ? "the column is missing" : value === null ? "null" : `expected text, got ${typeof value}`
