import type { RuleVerifier } from "../../annotators/verifiers/verifier.ts"
import type { SourceRow } from "../../pipelines/io/jsonl.ts"
import { RowError } from "../../pipelines/runtime/errors.ts"
import { failedRow, type ScoredRow, scoredRow } from "./scored-row.ts"
import { verifierInput } from "./verifier-input.ts"

/** Scores one row by a rule. Never throws. */
export function scoreRule(
  verifier: RuleVerifier,
  source: SourceRow,
  optionsForAll: Readonly<Record<string, unknown>>,
): ScoredRow {
  if ("error" in source) return failedRow(source, source.error)
  const { row, at } = source
  const read = verifierInput("rule", row, optionsForAll)
  if ("verdict" in read) return scoredRow(at, row.id ?? null, read.verdict)
  try {
    return scoredRow(at, row.id ?? null, verifier.verify(read.input))
  } catch (error) {
    const message = `${at.file}, line ${at.line}: ${verifier.id} threw ${String(error)}`
    return failedRow(source, new RowError("verifier-threw", message, { cause: error }))
  }
}
