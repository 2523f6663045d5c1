import { thinkBlockOf } from "../annotators/chat/think-block.ts"
import { askedMode, lastFlag } from "../annotators/chat/thinking-flags.ts"
import { RowError } from "../pipelines/runtime/errors.ts"
import type { Reason, RowStep } from "../pipelines/runtime/step.ts"
import type { Message } from "../schemas/sample.ts"

/**
 * Drops a sample (F3: `prompt`, `completion`, `enable_thinking`, `chat_template_kwargs`) whose response is not what its flags ask for: after
 * `/no_think` as the last flag the block must be empty, else it must not be; in both modes it must be there, and the declared mode must be
 * the same. Throws a RowError for a row whose prompt or completion are no lists of turns.
 */
export const modeAgreement = (): RowStep => ({
  kind: "row",
  id: "mode-agreement",
  version: 1,
  params: {},
  about: "Drops samples whose think block is not what their flags ask for",
  run: (row) => disagreement(row),
})

function disagreement(row: Record<string, unknown>): Reason | null {
  const prompt = turnsOf(row, "prompt")
  const [turn] = turnsOf(row, "completion")
  const asked = askedMode(prompt)
  const block = turn === undefined ? null : thinkBlockOf(turn.content)
  const evidence = { asked, flagIn: lastFlag(prompt)?.turn ?? null }
  if (block === null || block.thinking === null) return { reason: "no-think-block", evidence }
  const found = block.thinking.trim() === "" ? "non-thinking" : "thinking"
  if (found !== asked) return { reason: "flag-and-block-differ", evidence: { ...evidence, found } }
  const declared = row.enable_thinking
  const kwargs = (row.chat_template_kwargs as { enable_thinking?: unknown } | null)?.enable_thinking
  if (declared !== (found === "thinking") || kwargs !== declared)
    return { reason: "declared-mode-differs", evidence: { ...evidence, found, declared, kwargs } }
  return null
}

function turnsOf(row: Record<string, unknown>, column: string): Message[] {
  const turns = row[column]
  if (!Array.isArray(turns)) throw unreadable(column, "a list of turns", turns)
  const at = turns.findIndex((turn) => !isTurn(turn))
  if (at >= 0) throw unreadable(`${column}[${at}]`, "{role, content}, both text", turns[at])
  return turns as Message[]
}

function unreadable(column: string, expected: string, given: unknown): RowError {
  const got = given === undefined ? "nothing" : JSON.stringify(given)?.slice(0, 80)
  return new RowError("bad-row", `column ${column}: expected ${expected}, got ${got}`)
}

const isTurn = (turn: unknown): turn is Message => {
  const { role, content } = (turn ?? {}) as Partial<Message>
  return typeof role === "string" && typeof content === "string"
}
