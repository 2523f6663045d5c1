import { assistantContent, thinkBlockOf } from "../../annotators/chat/think-block.ts"
import { specialTokens } from "../../filters/special-tokens.ts"
import { type Message, type Sample, sample } from "../../schemas/sample.ts"
import type { SourceSample } from "../../schemas/source-sample.ts"
import type { Reason, RowStep } from "../runtime/step.ts"

const { prompt, completion, chat_template_kwargs, enable_thinking } = sample.columns
const control = specialTokens(["text"])

/**
 * Turns a source's conversation into prompt and completion, or drops it: `no-turns`, `unknown-role`, `roles-out-of-order`,
 * `no-final-answer`, `tools` (F3 has no room for calls), `blank-turn`, `unclosed-thinking`, `special-token`, `empty-answer`, of a thinking
 * sample `no-thinking`, `empty-thinking`, of a non-thinking one `has-thinking`, and `other-mode` where the row itself declares another mode
 * than its source. Earlier turns of the assistant lose their thinking, as the chat template takes it away. The source's own columns
 * of the conversation are emptied: all that is left of it stands in the new ones.
 */
export const sampleForm = (): RowStep => ({
  kind: "row",
  id: "sample-form",
  version: 1,
  params: {},
  about: "Drops conversations that are no sample of their mode; splits the others into prompt and completion",
  adds: { prompt, completion, chat_template_kwargs, enable_thinking },
  run(row) {
    const formed = formOf(row as unknown as SourceSample)
    if ("reason" in formed) return formed
    const thinks = row.mode === "thinking"
    const form = { chat_template_kwargs: { enable_thinking: thinks }, enable_thinking: thinks }
    return { keep: [{ ...row, messages: [], reasoning: null, ...formed, ...form }] }
  },
})

function formOf({
  messages,
  reasoning,
  declared,
  mode,
  tools,
}: SourceSample): Reason | Pick<Sample, "prompt" | "completion"> {
  if (tools !== null) return { reason: "tools" }
  const disorder = disorderOf(messages)
  if (disorder !== null) return disorder
  const prompt: Message[] = []
  for (const [turn, { role, content }] of messages.slice(0, -1).entries()) {
    const block = role === "assistant" ? thinkBlockOf(content) : { answer: content, thinking: null }
    if (block === null) return { reason: "unclosed-thinking", evidence: { turn } }
    const kept = block.thinking === null ? content : block.answer.replace(/^\n+/, "")
    if (role !== "system" && kept.trim() === "") return { reason: "blank-turn", evidence: { turn, role } }
    const token = control.run({ text: kept }, new Map()) as Reason | null
    if (token !== null) return { ...token, evidence: { ...(token.evidence as object), column: "prompt", turn } }
    prompt.push({ role, content: kept })
  }
  const block = thinkBlockOf(messages.at(-1)!.content)
  if (block === null) return { reason: "unclosed-thinking", evidence: { turn: messages.length - 1 } }
  // Where a source keeps the thinking in both places, the block is what its trainer saw.
  const thinking =
    block.thinking === null || block.thinking.trim() === "" ? (reasoning ?? block.thinking) : block.thinking
  const answer = block.answer
  const hasThinking = thinking !== null && thinking.trim() !== ""
  if (declared !== null && declared !== (mode === "thinking"))
    return { reason: "other-mode", evidence: { enable_thinking: declared, mode } }
  if (mode === "thinking" && !hasThinking) return { reason: thinking === null ? "no-thinking" : "empty-thinking" }
  if (mode === "non-thinking" && hasThinking)
    return { reason: "has-thinking", measured: thinking.trim().length, threshold: 0 }
  if (answer.trim() === "") return { reason: "empty-answer" }
  for (const [column, text] of [["thinking", thinking] as const, ["answer", answer] as const]) {
    const token = control.run({ text }, new Map()) as Reason | null
    if (token !== null) return { ...token, evidence: { ...(token.evidence as object), column } }
  }
  return {
    prompt,
    completion: [{ role: "assistant", content: assistantContent(mode === "thinking" ? thinking : null, answer) }],
  }
}

/** What is wrong with the order of the turns: a system message at most, then user and assistant in turn, the assistant last. */
function disorderOf(messages: readonly Message[]): Reason | null {
  if (messages.length === 0) return { reason: "no-turns" }
  const roles = messages.map(({ role }) => role)
  const unknown = roles.findIndex((role) => role !== "system" && role !== "user" && role !== "assistant")
  if (unknown >= 0) return { reason: "unknown-role", evidence: { turn: unknown, role: roles[unknown]!.slice(0, 80) } }
  const start = roles[0] === "system" ? 1 : 0
  const wrong = roles.findIndex((role, at) => at >= start && role !== ((at - start) % 2 === 0 ? "user" : "assistant"))
  if (wrong >= 0) return { reason: "roles-out-of-order", evidence: { turn: wrong, roles: roles.slice(0, 20) } }
  return roles.at(-1) === "assistant" && roles.length > start
    ? null
    : { reason: "no-final-answer", evidence: { roles: roles.slice(-20) } }
}
