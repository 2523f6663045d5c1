import type { RowStep } from "../pipelines/runtime/step.ts"

/** Texts that the chat template of the family gives a meaning of its own. */
const controlText = /<\|[a-z_]+\|>|<\/?think>|<\/?tool_(?:call|response)>/

/**
 * Drops a row whose text holds a chat template's control token. Inside content it would end a turn or a thinking block when the
 * sample is rendered. Reads the given columns of text; null is fine.
 */
export const specialTokens = (columns: readonly string[]): RowStep => ({
  kind: "row",
  id: "special-tokens",
  version: 1,
  params: { columns },
  about: "Drops text that holds a control token of the chat template",
  run(row) {
    for (const column of columns) {
      const text = row[column]
      const found = typeof text === "string" ? controlText.exec(text) : null
      if (found) return { reason: "special-token", evidence: { column, token: found[0], at: found.index } }
    }
    return null
  },
})
