// Training samples of both modes, from a seed: single turns, history, systems, tools.

import type { Message } from "../../../annotators/chat/conversation.ts"
import type { TrainingSample } from "../../../annotators/chat/encode-sample.ts"
import { assistantContent } from "../../../annotators/chat/think-block.ts"
import { pick } from "./conversations.ts"

const questions = [
  "What is 2+2?",
  "为什么天空是蓝色的？",
  "  blanks",
  "\nfeed first",
  "Résumé: naïve café 👩‍👩‍👧",
  "x".repeat(50),
  "a\n\n\nb\t",
  "مرحبا 123 ١٢٣",
  "```py\nprint(1)\n```\n",
]
const thoughts = [
  "Okay, so 2+2.",
  "让我想想。\n\n所以是四。",
  " leading blank",
  "ends with stop.",
  "Line one.\nLine two:\n- a\n- b",
  "e\u0301 combining",
  "'s 're \"quotes\"",
  "123456 7",
]
const answers = ["4", "答案是 **4**。", "It is four.\n", "\\boxed{4}", "Hello  ", "'tis", "\u0301x", "- a\n- b\n\n"]

export function sampleOf(random: () => number): TrainingSample {
  const thinks = random() < 0.5
  const prompt: Message[] = []
  if (random() < 0.4) prompt.push({ role: "system", content: pick(random, questions) })
  for (let turns = Math.floor(random() * 3); turns > 0; turns--)
    prompt.push(
      { role: "user", content: pick(random, questions) },
      { role: "assistant", content: pick(random, answers) },
    )
  prompt.push({ role: "user", content: pick(random, questions) + (thinks ? "" : " /no_think") })
  const tools = random() < 0.3 ? [{ type: "function", function: { name: "f", parameters: { type: "object" } } }] : null
  if (tools && random() < 0.7) {
    const call = { function: { name: "f", arguments: { q: pick(random, questions) } } }
    const content = random() < 0.5 ? assistantContent(pick(random, thoughts), pick(random, answers)) : ""
    prompt.push({ role: "assistant", content, tool_calls: [call, call] })
    prompt.push({ role: "tool", content: pick(random, answers) }, { role: "tool", content: '{"x": 1}' })
  }
  const content = assistantContent(thinks ? pick(random, thoughts) : null, pick(random, answers))
  return { prompt, completion: [{ role: "assistant", content }], enable_thinking: thinks, tools }
}
