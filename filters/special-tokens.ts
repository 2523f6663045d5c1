import { findControlToken } from "../annotators/chat/control-tokens.ts"
import type { RowStep } from "../pipelines/runtime/step.ts"

/**
 * Drops a row whose text holds a chat template's control token. Inside content it would end a turn or a thinking block when the
 * sample is rendered. Reads the given columns of text; null is fine.
 */
export const specialTokens = (columns: readonly string[]): RowStep => ({
  kind: "row",
  id: "special-tokens",
  version: 2,
  params: { columns },
  about: "Drops text that holds a control token of the chat template",
  run(row) {
    for (const column of columns) {
      const text = row[column]
      const found = typeof text === "string" ? findControlToken(text) : null
      if (found) return { reason: "special-token", evidence: { column, ...found } }
    }
    return null
  },
})
