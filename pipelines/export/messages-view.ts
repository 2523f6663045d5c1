import type { Message } from "../../schemas/sample.ts"

/** A conversation in which every turn is system, user or assistant, and tools stand in the text. */
export interface MessagesViewInput {
  readonly prompt: readonly Message[]
  readonly completion: readonly Message[]
  readonly tools: readonly unknown[] | null
}

/**
 * Prompt and completion in one list that a plain ChatML template renders as the family's own template renders the sample: tools stand in
 * the system message as that template prints them (`systemWithTools`), and the results of one round of calls are one user turn.
 */
export function messagesView(
  { prompt, completion, tools }: MessagesViewInput,
  systemWithTools: (system: string | null, tools: readonly unknown[]) => string,
): Message[] {
  const messages: Message[] = []
  let inResults = false
  for (const { role, content } of prompt) {
    if (role !== "tool") messages.push({ role, content })
    else {
      const result = `<tool_response>\n${content}\n</tool_response>`
      if (inResults) messages.at(-1)!.content += `\n${result}`
      else messages.push({ role: "user", content: result })
    }
    inResults = role === "tool"
  }
  if (tools) {
    const system = messages[0]?.role === "system" ? messages.shift()!.content : null
    messages.unshift({ role: "system", content: systemWithTools(system, tools) })
  }
  return [...messages, ...completion]
}
