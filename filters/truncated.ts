import type { RowStep } from "../pipelines/runtime/step.ts"
import { finishOf, responseOf } from "./response.ts"

/**
 * Drops responses that did not come to their own end: `refused` (stopped by the server's filter), `truncated` (token limit,
 * or a think block that was opened and never closed) and `empty-answer` (nothing visible behind the thinking).
 */
export function truncated(): RowStep {
  return {
    id: "truncated",
    version: 1,
    params: {},
    about: "Drops responses that were cut, refused or left empty",
    kind: "row",
    run(row) {
      const { answer } = responseOf(row)
      const finish = finishOf(row)
      if (finish === "filtered") return { reason: "refused", evidence: { finish } }
      if (finish === "length") return { reason: "truncated", evidence: { finish } }
      const closed = answer.lastIndexOf("</think>")
      const visible = closed < 0 ? answer : answer.slice(closed + "</think>".length)
      const opened = /(?:^|\n)[ \t]*<think>/.exec(visible)
      if (opened) return { reason: "truncated", evidence: { unclosed: "<think>" } }
      return hasInk(visible) ? null : { reason: "empty-answer" }
    },
  }
}

/** True when a reader would see anything. */
const hasInk = (text: string) => /[^\s\p{C}]/u.test(text)
