import { describe, expect, test } from "vitest"
import { parseResponse } from "../../../annotators/chat/parse-response.ts"
import { renderConversation } from "../../../annotators/chat/render-conversation.ts"
import { assistantContent } from "../../../annotators/chat/think-block.ts"
import { seeded } from "../../faults/random.ts"

/** What a completion is, its thinking, its answer, and whether it is complete. */
const cases: [what: string, text: string, thinking: string | null, answer: string | null, complete?: false][] = [
  ["the usual form", "<think>\nr\n</think>\n\na", "r", "a"],
  ["the empty block", "<think>\n\n</think>\n\na", "", "a"],
  ["the empty block without line feeds", "<think></think>a", "", "a"],
  ["a block of blanks", "<think>\n \t\n</think>\n\na", "", "a"],
  ["a block of what Python strips", "<think>\n\u2028\u0085\u001f\u3000\n</think>\n\na", "", "a"],
  ["a block of what only JavaScript trims", "<think>\n\ufeff\n</think>\n\na", "\ufeff", "a"],
  ["no block", "just an answer", null, "just an answer"],
  ["nothing", "", null, ""],
  ["no line feeds", "<think>r</think>a", "r", "a"],
  ["white space before", " \n<think>\nr\n</think>\n\na", "r", "a"],
  ["line ends of Windows", "<think>\r\nr\r\n</think>\r\n\r\na\r\n", "r", "a\r\n"],
  ["many line feeds", "<think>\n\n\nr\n\n\n</think>\n\n\n\na\n", "r", "a\n"],
  ["no opening tag", "r\nmore\n</think>\n\na", "r\nmore", "a"],
  ["no opening tag, no line feeds", "r</think>a", "r", "a"],
  ["no opening tag, nothing thought", "</think>\n\na", "", "a"],
  ["cut in the thinking", "<think>\nr and", "r and", null, false],
  ["cut at the opening tag", "<think>", "", null, false],
  ["cut inside the closing tag", "<think>\nr\n</thi", "r\n</thi", null, false],
  ["cut behind the closing tag", "<think>\nr\n</think>", "r", ""],
  ["cut in the answer", "<think>\nr\n</think>\n\nThe ans", "r", "The ans"],
  ["quoted in the thinking", "<think>\nUse `</think>` to end.\n</think>\n\na", "Use `</think>` to end.", "a"],
  ["in a fence of the thinking", "<think>\n```\n</think>\n```\nok\n</think>\n\na", "```\n</think>\n```\nok", "a"],
  [
    "in a tilde fence",
    "<think>\n~~~xml\n<think>x</think>\n~~~\nok\n</think>\n\na",
    "~~~xml\n<think>x</think>\n~~~\nok",
    "a",
  ],
  ["a fence that is never closed", "<think>\n```py\nx\n</think>\n\na ```y```", "```py\nx", "a ```y```"],
  ["quoted, then cut", "<think>\nUse `</think>` to", "Use `</think>` to", null, false],
  [
    "spoken of in the thinking",
    "<think>\nI end with </think> later.\n</think>\n\na",
    "I end with </think> later.",
    "a",
  ],
  ["an opening tag spoken of", "<think>\nuse <think> tags\n</think>\n\na", "use <think> tags", "a"],
  [
    "quoted in the answer",
    "<think>\nr\n</think>\n\nWrite `</think>` and `<think>`.",
    "r",
    "Write `</think>` and `<think>`.",
  ],
  ["spoken of in the answer", "<think>\nr\n</think>\n\nThe </think> tag ends.", "r", "The </think> tag ends."],
  ["spoken of, no block", "The tag </think> ends it.", null, "The tag </think> ends it."],
  ["a pair spoken of, no block", "Use <think> and </think> tags.", null, "Use <think> and </think> tags."],
  ["quoted, no block", "```\n<think>\nx\n</think>\n```\ndone", null, "```\n<think>\nx\n</think>\n```\ndone"],
  ["nested", "<think>a<think>b</think>c</think>d", "a<think>b</think>c", "d"],
  [
    "nested, lines of their own",
    "<think>\na\n<think>\nb\n</think>\nc\n</think>\n\nd",
    "a\n<think>\nb\n</think>\nc",
    "d",
  ],
  ["nested, one end missing", "<think>a<think>b</think>c", "a<think>b", "c"],
  ["several blocks", "<think>\na\n</think>\n\nb\n<think>\nc\n</think>\n\nd", "a\n\nc", "b\n\nd"],
  ["one block after the other", "<think>a</think><think>b</think>c", "a\n\nb", "c"],
  ["an empty and a full block", "<think>\n\n</think>\n\n<think>\nr\n</think>\n\na", "r", "a"],
  ["several blocks, the last cut", "<think>\na\n</think>\n\nb\n<think>\nc", "a\n\nc", "b", false],
  ["words before the block", "Sure!\n<think>\nr\n</think>\n\na", "r", "Sure!\n\na"],
  ["the turn's end", "<think>\nr\n</think>\n\na<|im_end|>", "r", "a"],
  ["the turn's end and a line feed", "<think>\nr\n</think>\n\na\n<|im_end|>\n", "r", "a\n"],
  ["the end of text", "a<|endoftext|>", null, "a"],
  ["both ends", "<think>\nr\n</think>\n\na<|im_end|>\n<|endoftext|>", "r", "a"],
  [
    "turns that the model went on to write",
    "<think>\nr\n</think>\n\na<|im_end|>\n<|im_start|>user\nb<|im_end|>",
    "r",
    "a",
  ],
  ["a marker that is quoted", "Write <|im_end|> at the end.", null, "Write <|im_end|> at the end."],
  [
    "a whole conversation",
    "<|im_start|>user\nq</think><|im_end|>\n<|im_start|>assistant\n<think>\nr\n</think>\n\na<|im_end|>\n",
    "r",
    "a",
  ],
  ["a conversation that was cut", "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n<think>\nr", "r", null, false],
  ["a conversation without an assistant", "<|im_start|>user\nq<|im_end|>\n", null, null, false],
  ["a prompt alone", "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n", null, null, false],
  ["tags of another case", "<THINK>r</THINK>a", null, "<THINK>r</THINK>a"],
  ["control characters", "<think>\n\u0000\u001b[31m\n</think>\n\n\u0007a", "\u0000\u001b[31m", "\u0007a"],
  ["a lone surrogate", "<think>\n\ud800\n</think>\n\na\udfff", "\ud800", "a\udfff"],
]

test.each(cases)("%s", (_, text, thinking, answer, complete) => {
  expect(parseResponse(text)).toEqual({ thinking, answer, complete: complete ?? true })
})

test("reads back what the template rendered, on 2,000 texts with quoted tags", () => {
  const random = seeded(23)
  const parts = ["so ", "\n", "`</think>` ", "x.", "\n```\n</think>\n```\n", "思", "`<think>` ", "  "]
  const words = () =>
    Array.from({ length: 1 + Math.floor(random() * 8) }, () => parts[Math.floor(random() * parts.length)]).join("")
  for (let at = 0; at < 2_000; at++) {
    const thinking = `t${words()}.`
    const answer = `a${words()}.`
    const content = assistantContent(thinking, answer)
    expect(parseResponse(content)).toEqual({ thinking, answer, complete: true })
    const turns = `<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n${content}<|im_end|>\n`
    expect(parseResponse(turns)).toEqual({ thinking, answer, complete: true })
  }
  const conversation = {
    messages: [
      { role: "user", content: "q" },
      { role: "assistant", content: assistantContent(null, "a") },
    ],
  }
  expect(parseResponse(renderConversation(conversation))).toEqual({ thinking: "", answer: "a", complete: true })
})

describe("hostile texts end", () => {
  test.each([
    ["opening tags", "<think>".repeat(200_000)],
    ["closing tags", "</think>".repeat(200_000)],
    ["pairs", "<think>a</think>\n".repeat(100_000)],
    ["backticks", "`</think>".repeat(100_000)],
    ["turn ends", `${"<|im_end|> ".repeat(100_000)}x`],
    ["blanks", `<|im_end|>${" ".repeat(1_000_000)}x`],
    ["fences", `${"```\n".repeat(200_000)}</think>`],
    ["starts of turns", "<|im_start|>assistant\n".repeat(100_000)],
  ])("%s", (_, text) => {
    const parsed = parseResponse(text)
    expect(typeof parsed.complete).toBe("boolean")
  })
})
