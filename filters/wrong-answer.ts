import type { RowStep } from "../pipelines/runtime/step.ts"
import { verdictOf } from "./response.ts"

/**
 * Drops responses whose final answer the verifier did not find right: `wrong-answer` (incorrect), `no-answer` (unparsed) and
 * `unverifiable`, so that a failure to verify is never counted as a wrong answer. First response criterion of the Qwen3
 * Technical Report (arXiv 2505.09388, section 4.1).
 */
export function wrongAnswer(): RowStep {
  return {
    id: "wrong-answer",
    version: 1,
    params: {},
    about: "Drops responses whose final answer is not verified as right",
    kind: "row",
    run(row) {
      const verdict = verdictOf(row)
      if (verdict === "correct") return null
      const evidence = { extracted: row.extracted ?? null, verdictReason: row.verdictReason ?? null }
      return { reason: reasons[verdict], evidence }
    },
  }
}

const reasons = { incorrect: "wrong-answer", unparsed: "no-answer", unverifiable: "unverifiable" } as const
