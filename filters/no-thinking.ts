import type { RowStep } from "../pipelines/runtime/step.ts"

/** Drops a response without any thinking: there is no chain of thought to learn from. Reads `thinking`. */
export const noThinking = (): RowStep => ({
  kind: "row",
  id: "no-thinking",
  version: 1,
  params: {},
  about: "Drops responses without a chain of thought",
  run: (row) => (typeof row.thinking === "string" && row.thinking.trim() !== "" ? null : { reason: "no-thinking" }),
})
