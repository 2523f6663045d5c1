// The body of a thread that scores batches of rows by a rule.
import type { RuleVerifier } from "../../annotators/verifiers/verifier.ts"
import { workInThread } from "../../pipelines/runtime/thread-work.ts"
import { loadVerifier } from "./load-verifier.ts"
import { type BatchOutcome, scoreBatch } from "./score-batch.ts"
import type { SourceBatch } from "./source-batch.ts"

/** What a thread must know once. */
export interface RuleThreadData {
  /** The verifier's id or path. */
  reference: string
  optionsForAll: Readonly<Record<string, unknown>>
}

await workInThread<RuleThreadData, SourceBatch, BatchOutcome[]>(async ({ reference, optionsForAll }) => {
  const verifier = (await loadVerifier(reference)) as RuleVerifier
  return (batch) => scoreBatch(verifier, batch, optionsForAll)
})
