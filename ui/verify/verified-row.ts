import type { RuleVerifier } from "../../annotators/verifiers/verifier.ts"
import type { Row } from "../../pipelines/runtime/step.ts"

/**
 * One row `{id, completion, reference, options?}` as `{id, verdict, reward, extracted, reason}`. The row's own options go before those for
 * all rows; members that are null, as typed files have them for what a row does not say, count as not given. Never throws: a row
 * without a completion is unverifiable.
 */
export function verifiedRow(verifier: RuleVerifier, row: Row, optionsForAll: Readonly<Record<string, unknown>>): Row {
  const { id = null, completion, reference, options } = row
  if (typeof completion !== "string")
    return {
      id,
      verdict: "unverifiable",
      reward: null,
      extracted: null,
      reason: `no completion: ${kindOf(completion)}`,
    }
  const given = isRecord(options) ? { ...optionsForAll, ...plain(options) } : (options ?? optionsForAll)
  const { verdict, reward, extracted, reason } = verifier.verify({ completion, reference, options: given })
  return { id, verdict, reward, extracted, reason }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Without nulls; 64-bit integers of typed files as numbers, which options have. */
const plain = (options: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
  )

const kindOf = (value: unknown): string =>
  value === undefined ? "the column is missing" : value === null ? "null" : `expected text, got ${typeof value}`
