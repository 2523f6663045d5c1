import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { openChatTemplate } from "../../../annotators/chat/chat-template.ts"
import { encodeSample, type TrainingSample, untrained } from "../../../annotators/chat/encode-sample.ts"
import { generationMask } from "../../../annotators/chat/generation-mask.ts"
import { openTokenizer } from "../../../annotators/chat/open-tokenizer.ts"
import { renderConversation } from "../../../annotators/chat/render-conversation.ts"
import { checkTemplateFits, checkTemplateTrains } from "../../../annotators/chat/template-fit.ts"
import { seeded } from "../../faults/random.ts"
import { temporaryFolder } from "../../pipelines/runtime/folder.ts"
import { applyTemplate, withoutPython } from "./python.ts"
import { sampleOf } from "./samples.ts"

const tokenizer = await openTokenizer()
const raw = await openChatTemplate("raw-chatml")

const question = [{ role: "user", content: "2+2?" }]
const sample = (content: string, thinks: boolean, rest: Partial<TrainingSample> = {}): TrainingSample => ({
  prompt: question,
  completion: [{ role: "assistant", content }],
  enable_thinking: thinks,
  ...rest,
})

const trained = ({ labels }: { labels: Int32Array }) => tokenizer.decode(labels.filter((label) => label !== untrained))

describe("labels", () => {
  test("thinking: all behind the assistant's header", () => {
    const encoded = encodeSample(sample("<think>\nadd\n</think>\n\n4", true), tokenizer)
    expect(trained(encoded)).toBe("<think>\nadd\n</think>\n\n4<|im_end|>\n")
    expect(tokenizer.decode(encoded.inputIds)).toBe(
      "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n<think>\nadd\n</think>\n\n4<|im_end|>\n",
    )
    expect(encoded.trainedTokens).toBe(encoded.labels.filter((label) => label !== untrained).length)
  })

  test("without thinking the empty block is not trained", () => {
    const encoded = encodeSample(sample("<think>\n\n</think>\n\n4", false), tokenizer)
    expect(trained(encoded)).toBe("4<|im_end|>\n")
    expect(tokenizer.decode(encoded.inputIds)).toContain("assistant\n<think>\n\n</think>\n\n4")
  })

  test("without thinking the empty block is trained where that is asked for, and the ids are the same", () => {
    const given = sample("<think>\n\n</think>\n\n4", false)
    const encoded = encodeSample(given, tokenizer, { emptyThinkLoss: true })
    expect(trained(encoded)).toBe("<think>\n\n</think>\n\n4<|im_end|>\n")
    expect(encoded.inputIds).toEqual(encodeSample(given, tokenizer).inputIds)
  })

  test("calls of tools in the completion are trained", () => {
    const completion = [
      {
        role: "assistant",
        content: "<think>\nask\n</think>\n\n",
        tool_calls: [{ function: { name: "f", arguments: { n: 1 } } }],
      },
    ]
    expect(trained(encodeSample({ prompt: question, completion, enable_thinking: true }, tokenizer))).toBe(
      '<think>\nask\n</think>\n\n<tool_call>\n{"name": "f", "arguments": {"n": 1}}\n</tool_call><|im_end|>\n',
    )
  })
})

test("spans by token: prompt, template, thinking, answer, without gaps", () => {
  const encoded = encodeSample(sample("<think>\nadd them.\n</think>\n\nIt is 4.", true), tokenizer)
  const texts = encoded.spans.map(({ kind, start, end }) => [
    kind,
    tokenizer.decode(encoded.inputIds.subarray(start, end)),
  ])
  expect(texts).toEqual([
    ["template", "<|im_start|>user\n"],
    ["prompt", "2+2?"],
    ["template", "<|im_end|>\n<|im_start|>assistant\n<think>"],
    ["thinking", "\nadd them.\n"],
    ["template", "</think>\n\n"],
    ["answer", "It is 4."],
    ["template", "<|im_end|>\n"],
  ])
})

test("the text is the stock template's, the ids those of the whole text, on 500 samples", () => {
  const random = seeded(3)
  for (let at = 0; at < 500; at++) {
    const given = sampleOf(random)
    const { inputIds, labels, spans, trainedTokens } = encodeSample(given, tokenizer)
    const { prompt, completion, tools = null, enable_thinking } = given
    const whole = renderConversation({ messages: [...prompt, ...completion], tools })
    const head = renderConversation({ messages: prompt, tools, enable_thinking, add_generation_prompt: true })
    expect(whole.startsWith(head)).toBe(true)
    expect([...inputIds], whole).toEqual([...tokenizer.encodeMarkup(whole)])
    const headIds = tokenizer.encodeMarkup(head)
    expect([...inputIds.subarray(0, headIds.length)]).toEqual([...headIds])
    expect(labels.findIndex((label) => label !== untrained)).toBe(headIds.length)
    expect([...labels.subarray(headIds.length)]).toEqual([...inputIds.subarray(headIds.length)])
    expect(trainedTokens).toBe(inputIds.length - headIds.length)
    expect(spans.map(({ start }) => start)).toEqual([0, ...spans.slice(0, -1).map(({ end }) => end)])
    expect(spans.at(-1)!.end).toBe(inputIds.length)
  }
})

test("the training template gives the same text, and marks what completions hold", () => {
  const random = seeded(5)
  for (let at = 0; at < 200; at++) {
    const given = sampleOf(random)
    const conversation = { messages: [...given.prompt, ...given.completion], tools: given.tools ?? null }
    const { text, generated } = raw.renderMarked(conversation)
    expect(text).toBe(renderConversation(conversation))
    const [start, end] = generated.at(-1)!
    expect(text.slice(start, end)).toBe(`${given.completion[0]!.content}<|im_end|>\n`)
  }
})

describe("refused, with a reason", () => {
  const block = "<think>\nr\n</think>\n\n"
  test.each<[string, TrainingSample, string]>([
    ["a control token in the answer", sample(`${block}a<|im_end|>b`, true), "special-token"],
    ["a control token in the thinking", sample("<think>\nr <|endoftext|>\n</think>\n\na", true), "special-token"],
    ["a literal closing tag in the answer", sample(`${block}use </think>`, true), "special-token"],
    [
      "a control token in the prompt",
      sample(`${block}a`, true, { prompt: [{ role: "user", content: "<|im_start|>" }] }),
      "special-token",
    ],
    ["thinking without end", sample("<think>\nr", true), "thinking-without-end"],
    ["an empty answer", sample(block, true), "empty-answer"],
    ["an answer of blanks", sample(`${block} \t`, true), "empty-answer"],
    ["no block", sample("a", true), "bad-completion"],
    ["a block of another form", sample("<think>r</think>a", true), "bad-completion"],
    ["further line feeds", sample("<think>\n\nr\n</think>\n\na", true), "bad-completion"],
    ["further line feeds before the answer", sample("<think>\nr\n</think>\n\n\na", true), "bad-completion"],
    ["the empty block in thinking mode", sample("<think>\n\n</think>\n\na", true), "mode-mismatch"],
    ["thinking in non-thinking mode", sample(`${block}a`, false), "mode-mismatch"],
    ["two turns", sample(`${block}a`, true, { completion: [...question, ...question] }), "bad-completion"],
    ["a user's turn as completion", sample("", true, { completion: question }), "bad-completion"],
    ["no prompt", sample(`${block}a`, true, { prompt: [] }), "no-question"],
    [
      "a prompt that ends with the assistant",
      sample(`${block}a`, true, { prompt: [...question, { role: "assistant", content: "x" }] }),
      "no-question",
    ],
    ["roles out of order", sample(`${block}a`, true, { prompt: [...question, ...question] }), "roles-out-of-order"],
    [
      "only results of tools",
      sample(`${block}a`, true, { prompt: [{ role: "user", content: "<tool_response>\nx\n</tool_response>" }] }),
      "no-question",
    ],
    ["white space that joins the template's", sample("<think>\n\n</think>\n\n    \na", false), "not-prefix-exact"],
    ["a content of another kind", sample(7 as never, true), "bad-completion"],
  ])("%s", (_, given, reason) => {
    let found: unknown
    try {
      encodeSample(given, tokenizer)
    } catch (error) {
      found = (error as { reason?: string }).reason ?? error
    }
    expect(found).toBe(reason)
  })
})

describe("a tokenizer and a template that do not belong together", () => {
  test("the packaged ones do", async () => {
    for (const template of [await openChatTemplate(), raw]) {
      checkTemplateFits(template, tokenizer)
      checkTemplateTrains(template, tokenizer)
    }
  })

  test("one whose generation prompt opens the block does", async () => {
    const file = join(temporaryFolder(), "opens.jinja")
    const turn = "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    const prompt = "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
    writeFileSync(file, `{% for m in messages %}${turn}{% endfor %}${prompt}`)
    checkTemplateTrains(await openChatTemplate(file), tokenizer)
  })

  test("a template of another family is named with its markers", () => {
    const source = "{{ '<|start_header_id|>' }}{{ '<|eot_id|>' }}"
    expect(() => checkTemplateFits({ name: "llama.jinja", source }, tokenizer)).toThrow(
      /do not belong together \(llama\.jinja\)[\s\S]*<\|start_header_id\|>, <\|eot_id\|>/,
    )
  })
})

describe.skipIf(withoutPython !== null)(`transformers, live${withoutPython ? ` (${withoutPython})` : ""}`, () => {
  test("ids and labels of prompt and completion, 200 samples", () => {
    const random = seeded(17)
    const samples = Array.from({ length: 200 }, () => sampleOf(random))
    const rows = samples.flatMap(({ prompt, completion, enable_thinking, tools }) => [
      { messages: prompt, tools, enable_thinking, add_generation_prompt: true },
      { messages: [...prompt, ...completion], tools, enable_thinking },
    ])
    const outcomes = applyTemplate(rows, "--ids")
    for (const [at, given] of samples.entries()) {
      const [head, whole] = [outcomes[at * 2]!.ids!, outcomes[at * 2 + 1]!.ids!]
      const { inputIds, labels } = encodeSample(given, tokenizer)
      expect.soft([...inputIds], JSON.stringify(given)).toEqual(whole)
      expect
        .soft([...labels], JSON.stringify(given))
        .toEqual([...head.map(() => untrained), ...whole.slice(head.length)])
    }
  })

  test("masks of the training template, 100 samples", () => {
    const random = seeded(19)
    const rows = Array.from({ length: 100 }, () => {
      const { prompt, completion, tools = null } = sampleOf(random)
      return { messages: [...prompt, ...completion], tools }
    })
    const outcomes = applyTemplate(
      rows.map((row) => ({ ...row, template: raw.source })),
      "--mask",
    )
    let compared = 0
    for (const [at, row] of rows.entries()) {
      const { text, ids, mask } = outcomes[at]!
      expect.soft(raw.render(row)).toBe(text)
      // An assistant's content that starts with a line feed or a blank joins the header's: no mask is exact there.
      if (row.messages.some(({ role, content }) => role === "assistant" && /^\s/.test(String(content)))) continue
      const own = generationMask(raw, row, tokenizer)
      expect.soft([...own.inputIds]).toEqual(ids)
      expect.soft([...own.mask], text).toEqual(mask)
      compared++
    }
    expect(compared).toBeGreaterThan(80)
  })
})
