import { describe, expect, test } from "vitest"
import { thinkFormat } from "../../../annotators/verifiers/think-format.ts"

const score = (completion: string, mode: unknown, options?: object) =>
  thinkFormat.verify({ completion, reference: typeof mode === "string" ? { mode } : mode, options }) as Exclude<
    ReturnType<typeof thinkFormat.verify>,
    Promise<unknown>
  >

const right = null
/** Completion, and what is wrong with it in thinking mode and in non-thinking mode. */
const cases: [completion: string, thinking: RegExp | null, plain: RegExp | null][] = [
  ["<think>\nr\n</think>\n\na", right, /thinking in a non-thinking/],
  ["<think>\n\n</think>\n\na", /is empty/, right],
  ["<think></think>a", /is empty/, right],
  ["<think>r</think>a", right, /thinking in/],
  ["\n<think>\nr\n</think>\n\na", right, /thinking in/],
  ["  <think>r</think> a", right, /thinking in/],
  ["<think>\r\nr\r\n</think>\r\n\r\na\r\n", right, /thinking in/],
  ["<think> \t\n </think>\n\na", /is empty/, right],
  ["<think>\u200b\u200b</think>a", /is empty/, right],
  ["a", /no think block/, /no empty think block/],
  ["", /no think block/, /no empty think block/],
  ["<think>\nr", /never closed/, /never closed/],
  ["<think>", /never closed/, /never closed/],
  ["<think>\nr</thin", /never closed/, /never closed/],
  ["<think>\nr\n</think>", /no answer/, /thinking in/],
  ["<think>\nr\n</think>\n\n \n", /no answer/, /thinking in/],
  ["<think>\n\n</think>\n\n", /is empty/, /no answer/],
  ["<think>\nr\n</think>\n\n\u200b", /no answer/, /thinking in/],
  ["r\n</think>\n\na", /without an opening/, /without an opening/],
  ["</think>a", /without an opening/, /without an opening/],
  ["Sure. <think>r</think>a", /not at the start/, /not at the start/],
  ["a\n<think>r</think>", /not at the start/, /not at the start/],
  ["a\n<think>\n\n</think>", /not at the start/, /not at the start/],
  ["<think>a<think>b</think>c</think>d", /inside another/, /inside another/],
  ["<think><think>b</think>d", /inside another/, /inside another/],
  ["<think>a</think>b<think>c</think>d", /several think blocks/, /several think blocks/],
  ["<think>\n\n</think>\n\n<think>r</think>a", /several think blocks/, /several think blocks/],
  ["<think>a</think>b</think>c", /several closing/, /several closing/],
  ["</think>a<think>", /not at the start/, /not at the start/],
  ["<think>Use `</think>` here.</think>a", /several closing/, /several closing/],
  ["<think>r</think>Write `<think>` first.", /several think blocks/, /several think blocks/],
  ["<think>r</think>a<|im_end|>", right, /thinking in/],
  ["<think>r</think>a<|im_end|>\n", right, /thinking in/],
  ["<think>r</think>a<|im_end|>\n<|endoftext|>", right, /thinking in/],
  ["<think>\n\n</think>\n\na<|im_end|>\n", /is empty/, right],
  ["<think>r</think><|im_end|>", /no answer/, /thinking in/],
  ["<think>r</think>a<|im_end|>\n<|im_start|>user\nmore", /control token.*im_end/, /thinking in/],
  ["<think>\n\n</think>\n\na<|im_end|>b", /is empty/, /control token/],
  ["<think>r <|im_start|> r</think>a", /control token.*im_start/, /thinking in/],
  ["<think>r</think>a <|vision_start|>", /control token/, /thinking in/],
  ['<think>r</think><tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>', right, /thinking in/],
  ['<think>r</think>a<tool_call>\n{"name": "f"}\n</tool_call>', right, /thinking in/],
  ["<think>r</think>a<tool_call>", /control token.*tool_call/, /thinking in/],
  ["<think>r<tool_call>x</tool_call></think>a", /control token/, /thinking in/],
  ["<THINK>r</THINK>a", /no think block/, /no empty/],
  ["<think >r</think >a", /no think block/, /no empty/],
  ["<thinking>r</thinking>a", /no think block/, /no empty/],
  ["&lt;think&gt;r&lt;/think&gt;a", /no think block/, /no empty/],
  ["```\n<think>r</think>\n```\na", /not at the start/, /not at the start/],
  ["<think>思考</think>答案", right, /thinking in/],
  ["<think>r\u0000\u001b[31m</think>a\u0007", right, /thinking in/],
  ["<think>\ud800</think>\udfff", /is empty/, /no answer/],
  [`<think>${"r ".repeat(300_000)}</think>a`, right, /thinking in/],
  ["<think>".repeat(100_000), /never closed/, /never closed/],
  ["</think>".repeat(100_000), /without an opening/, /without an opening/],
  ["<|im_end|>".repeat(50_000), /no think block/, /no empty/],
]

describe("labelled completions", () => {
  test("are more than a hundred", () => expect(cases.length * 2).toBeGreaterThan(100))

  test.each(cases)("%#", (completion, thinking, plain) => {
    for (const [mode, wrong] of [
      ["thinking", thinking],
      ["non-thinking", plain],
    ] as const) {
      const { verdict, reward, reason } = score(completion, mode)
      if (wrong === right) expect({ verdict, reward, reason }).toEqual({ verdict: "correct", reward: 1, reason: null })
      else {
        expect({ verdict, reward }).toEqual({ verdict: "incorrect", reward: 0 })
        expect(reason).toMatch(wrong)
      }
    }
  })
})

test("options: a prompt that ends with the opening tag, and a mode without a block", () => {
  expect(score("r\n</think>\n\na", "thinking", { opening: "optional" })).toMatchObject({
    verdict: "correct",
    extracted: "a",
  })
  expect(score("<think>r</think>a", "thinking", { opening: "optional" }).verdict).toBe("correct")
  expect(score("</think>a", "thinking", { opening: "optional" }).reason).toMatch(/is empty/)
  expect(score("a", "thinking", { opening: "optional" }).reason).toMatch(/no think block/)
  expect(score("a", "non-thinking", { block: "optional" })).toMatchObject({ verdict: "correct", extracted: "a" })
  expect(score("<think>\n\n</think>\n\na", "non-thinking", { block: "optional" }).verdict).toBe("correct")
  expect(score("<think>r</think>a", "non-thinking", { block: "optional" }).verdict).toBe("incorrect")
})

test("the reference may be the mode or its JSON; any other is unverifiable and no 0", () => {
  expect(score("a", { mode: "x" })).toMatchObject({ verdict: "unverifiable", reward: null })
  for (const bad of [null, undefined, 3, [], {}, { mode: "thinking", other: 1 }, "{", "think"]) {
    const verdict = thinkFormat.verify({ completion: "a", reference: bad })
    expect(verdict).toMatchObject({ verdict: "unverifiable", reward: null })
    expect(thinkFormat.fault(bad)).toMatch(/reference/)
  }
  for (const good of ["thinking", '{"mode": "thinking"}', { mode: "thinking" }])
    expect(thinkFormat.verify({ completion: "<think>r</think>a", reference: good })).toMatchObject({ reward: 1 })
  expect(thinkFormat.fault({ mode: "thinking" }, { opening: "never" })).toMatch(/opening/)
})
