import type { RowStep } from "../pipelines/runtime/step.ts"

/** Drops a question without a reference answer: nothing could be verified against it. Reads `reference`. */
export const hasReference = (): RowStep => ({
  kind: "row",
  id: "has-reference",
  version: 1,
  params: {},
  about: "Drops questions without a reference answer",
  run: (row) => (typeof row.reference === "string" && row.reference.trim() !== "" ? null : { reason: "no-reference" }),
})
