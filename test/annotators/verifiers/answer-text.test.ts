import { describe, expect, test } from "vitest"
import { parseResponse } from "../../../annotators/chat/parse-response.ts"
import { answerText, maxCompletionLength } from "../../../annotators/verifiers/answer-text.ts"

const cases: [what: string, completion: string, answer: string][] = [
  ["no thinking", "It is 5.", "It is 5."],
  ["nothing", "", ""],
  ["the usual form", "<think>\n4?\n</think>\n\nIt is 5.", "\n\nIt is 5."],
  ["no opening tag", "4?\n</think>\n\nIt is 5.", "\n\nIt is 5."],
  ["words before the block", "It is 3. <think>4?</think> It is 5.", " It is 5."],
  ["several blocks", "<think>3?</think>It is 4.<think>no</think>It is 5.", "It is 5."],
  ["thinking that never ends", "<think>It is 4, or", ""],
  ["thinking that never ends in the middle of a line", "It is 5. <think>Or is it 4", "It is 5. "],
  ["a second block that never ends", "<think>3?</think>It is 5.\n<think>\nor 4", "It is 5.\n"],
  ["a pair in the middle of a line, no answer", "Assistant: <think> maybe 4 </think>", ""],
  ["nested blocks", "<think>a<think>4?</think>b</think>It is 5.", "It is 5."],
  // Tags in code are text.
  ["a closing tag quoted in thinking that never ends", "<think>I end with `</think>` and say 4, or", ""],
  ["an opening tag quoted in the answer", "<think>4?</think>Write `<think>`: it is 5.", "Write `<think>`: it is 5."],
  ["a fence in the answer", "<think>4?</think>\n```\n</think>\n```\nIt is 5.", "\n```\n</think>\n```\nIt is 5."],
  ["quoted, no thinking", "Put `</think>` behind it. It is 5.", "Put `</think>` behind it. It is 5."],
  ["a fence that thinking leaves open", "```py\n4\n</think>\n\nIt is 5.", "\n\nIt is 5."],
  // The turn's end.
  ["the turn's end", "It is 5.<|im_end|>", "It is 5."],
  ["a turn behind it", "<think>4?</think>It is 5.<|im_end|>\n<|im_start|>user\nAnd 7?", "It is 5."],
  ["a turn that thinks behind it", "It is 5.<|im_end|>\n<|im_start|>assistant\n<think>4?</think>It is 7.", "It is 5."],
  ["the end in other families", "It is 5.<|eot_id|>It is 7.", "It is 5."],
  ["a whole conversation", "<|im_start|>user\n4<|im_end|>\n<|im_start|>assistant\nIt is 5.<|im_end|>\n", "It is 5."],
]

test.each(cases)("%s", (_, completion, answer) => expect(answerText(completion)).toBe(answer))

test("of an answer that was parsed before is that answer", () => {
  for (const text of ["It is 5.", "Write `</think>` and `<think>`, then 5.", "```\n<think>\n</think>\n```\n5"]) {
    const { answer } = parseResponse(`<think>\n4?\n</think>\n\n${text}`)
    expect(answer).toBe(text)
    expect(answerText(answer!)).toBe(text)
  }
})

describe("of a long completion only the end is read", () => {
  const long = "x ".repeat(maxCompletionLength)

  test("what stands before it is left out, a block that began there is known", () => {
    expect(answerText(`${long}It is 5.`)).toHaveLength(maxCompletionLength)
    expect(answerText(`<think>${long}</think>It is 5.`)).toBe("It is 5.")
    expect(answerText(`<think>${long}It is 5.`)).toBe("")
    expect(answerText(`Well. <think>${long}It is 5.`)).toBe("")
    expect(answerText(`It is 5.${long}`)).not.toContain("5")
  })

  test("the end of a turn counts as much as the turns behind it", () => {
    expect(answerText(`It is 5.<|im_end|>\n<|im_start|>user\n${long}`)).toBe("")
  })
})
