// Conversations of every combination, from a seed.
import { Float } from "../../../annotators/chat/python-json.ts"

type Random = () => number

const texts = [
  "What is 2+2?",
  "Schreib ein Gedicht über Äpfel.",
  "写一首关于春天的诗。",
  "مرحبا بالعالم",
  "👩‍👩‍👧 and e\u0301",
  "  two blanks before",
  "two blanks behind  ",
  "\n\nline feeds before",
  "line feeds behind\n\n\n",
  "\t\r\n mixed \u00a0\u3000 white \u2028 space \u0085\n",
  "",
  " ",
  "\n",
  "quotes \" and ' and \\ and `",
  "{{ messages }} {% if x %} {# no #} {%- endif -%}",
  "</script><b>&amp; 'x'",
  "null \u0000 bell \u0007 tab \u000b del \u007f",
  "```python\nprint('<b>')\n```\n",
  "a $& b $1 c",
  "<tool_response>\nearly\n</tool_response>",
  "<tool_response> not at the end</tool_response> more",
  "<tool_call>\nx\n</tool_call>",
]

const thinkings = [
  "<think>\nLet me see.\n</think>\n\nFour.",
  "<think>\n\n</think>\n\nFour.",
  "<think></think>Four.",
  "No opening.\n</think>\n\nFour.",
  "<think>\nNo end",
  "<think>a</think>b<think>c</think>d",
  "<think><think>nested</think></think>x",
  "Text before <think>in</think> and behind",
  "<think>\nUse `</think>` to end.\n</think>\n\n\n  Four.",
  "<think>\r\nwindows\r\n</think>\r\n\r\nFour.\r\n",
  "</think>",
  "<think>\n \t\n</think>\n\n \n",
]

const values: unknown[] = [
  1,
  0,
  -7,
  123_456_789_012_345_678_901_234n,
  new Float(1),
  new Float(-0),
  new Float(1e16),
  new Float(1e22),
  1e-7,
  0.0001,
  0.00001234,
  -1.5e300,
  0.1,
  123456.789,
  true,
  false,
  null,
  "text",
  "Ünï “cöde” \u2028 </script> &<>'\"\\",
  "\u0001\b\f\n\r\t\u000b\u001f\u007f\u0080",
  [],
  {},
]

/** One value out of several. */
export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!

function anyValue(random: Random, depth = 0): unknown {
  const kind = random()
  if (depth > 3 || kind < 0.6) return pick(random, values)
  const size = Math.floor(random() * 4)
  if (kind < 0.75) return Array.from({ length: size }, () => anyValue(random, depth + 1))
  const keys = ["b", "a", "items", "ключ", "10", "9", "keys", "", "x y", "__proto__", "get"]
  return new Map(Array.from({ length: size }, () => [pick(random, keys), anyValue(random, depth + 1)]))
}

const toolOf = (random: Random): unknown => ({
  type: "function",
  function: {
    name: pick(random, ["get_weather", "search", "führe_aus"]),
    description: pick(random, texts),
    parameters: {
      type: "object",
      properties: new Map([
        ["city", { type: "string", description: pick(random, texts) }],
        [pick(random, ["2", "items", "limit"]), { type: "number", default: anyValue(random) }],
      ]),
      required: ["city"],
    },
  },
})

const callOf = (random: Random): unknown => {
  const call = {
    name: pick(random, ["get_weather", "search"]),
    arguments: random() < 0.4 ? '{"city": "Paris",  "n":1.0}' : anyObject(random),
  }
  return random() < 0.7 ? { type: "function", id: "call_1", function: call } : call
}

const anyObject = (random: Random) =>
  new Map([
    ["city", "São Paulo"],
    [pick(random, ["1", "n", "z"]), anyValue(random)],
    [pick(random, ["0", "a", "values"]), anyValue(random)],
  ])

/** What of a generated conversation may be odd: `plain` has none of what the stock template raises at. */
export type Oddity = "plain" | "odd"

/** A conversation as a row has it: JSON's values, floats as `Float`, ordered dicts as Maps. */
export function conversationOf(random: Random, oddity: Oddity = "plain"): Record<string, unknown> {
  const odd = (share: number) => oddity === "odd" && random() < share
  const messages: Record<string, unknown>[] = []
  const content = () =>
    odd(0.04) ? null : odd(0.04) ? [{ type: "text", text: pick(random, texts) }] : pick(random, texts)
  if (random() < 0.5) messages.push({ role: "system", content: content() })
  for (let turn = 1 + Math.floor(random() * 3); turn > 0; turn--) {
    if (!odd(0.05)) messages.push({ role: "user", content: content() })
    if (turn === 1 && random() < 0.3) break
    for (let steps = random() < 0.4 ? 1 + Math.floor(random() * 2) : 0; steps > 0; steps--) {
      messages.push(assistantTurn(random, content, 1 + Math.floor(random() * 2)))
      for (let results = Math.floor(random() * 3) + 1; results > 0; results--)
        messages.push({ role: "tool", content: odd(0.2) ? anyValue(random) : content(), name: "search" })
      if (odd(0.1)) messages.push({ role: "developer", content: "unknown" })
    }
    if (turn > 1 || random() < 0.6) messages.push(assistantTurn(random, content, 0))
    if (odd(0.05)) messages.push({ role: "system", content: "late" })
  }
  return {
    messages,
    ...(random() < 0.4 ? { tools: pick(random, [[toolOf(random)], [toolOf(random), toolOf(random)], [], null]) } : {}),
    ...(random() < 0.6 ? { enable_thinking: random() < 0.5 } : {}),
    ...(random() < 0.6 ? { add_generation_prompt: random() < 0.7 } : {}),
  }
}

function assistantTurn(random: Random, content: () => unknown, calls: number): Record<string, unknown> {
  const turn: Record<string, unknown> = {
    role: "assistant",
    content: random() < 0.4 ? pick(random, thinkings) : content(),
  }
  if (random() < 0.3) turn.reasoning_content = pick(random, [...texts, null])
  if (calls > 0) turn.tool_calls = Array.from({ length: calls }, () => callOf(random))
  else if (random() < 0.1) turn.tool_calls = pick(random, [null, []])
  return turn
}
