import { uniform } from "../pipelines/runtime/fingerprint.ts"
import type { RowStep } from "../pipelines/runtime/step.ts"

/**
 * Sets a share of the questions apart for validation, before any draft is made (Qwen3 report, section 4.1). The choice hangs on the
 * seed and the question's id alone, so that it stays the same whatever else is in the run.
 */
export const reserve = ({ share, seed }: { share: number; seed: number }): RowStep => ({
  kind: "row",
  id: "reserve",
  version: 1,
  params: { share, seed },
  about: "Sets validation questions apart",
  run: (row) => (uniform(seed, "reserve", String(row.id)) < share ? { reason: "reserve" } : null),
})
