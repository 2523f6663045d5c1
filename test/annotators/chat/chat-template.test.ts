import { readFileSync } from "node:fs"
import { mkdtemp, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { type ChatTemplate, openChatTemplate } from "../../../annotators/chat/chat-template.ts"
import type { Conversation } from "../../../annotators/chat/conversation.ts"
import { parsePythonJson } from "../../../annotators/chat/python-json.ts"
import { renderConversation } from "../../../annotators/chat/render-conversation.ts"
import { seeded } from "../../faults/random.ts"
import { conversationOf } from "./conversations.ts"
import { applyTemplate, withoutPython } from "./python.ts"

const stock = await openChatTemplate()

/** A rendering, or that there is none. */
function outcome(render: (conversation: Conversation) => string, row: unknown): string | Error {
  try {
    return render(row as Conversation)
  } catch (error) {
    return error as Error
  }
}

const textOrError = (rendered: string | Error) => (typeof rendered === "string" ? rendered : "refused")

describe("golden renderings of transformers", () => {
  const golden = gunzipSync(readFileSync(join(import.meta.dirname, "../../fixtures/chat/golden.jsonl.gz")))
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => parsePythonJson(line) as Record<string, unknown>)

  test("there are 300 of them, with refusals among them", () => {
    expect(golden.length).toBeGreaterThanOrEqual(300)
    expect(golden.filter(({ error }) => error !== undefined).length).toBeGreaterThan(10)
  })

  test.each([
    ["the Jinja template", stock.render],
    ["the direct renderer", renderConversation],
  ])("%s gives the same bytes", (_, render) => {
    for (const [at, row] of golden.entries())
      expect.soft(textOrError(outcome(render, row)), `row ${at + 1}`).toBe(row.text ?? "refused")
  })
})

test("the direct renderer equals the Jinja template on 6,000 generated conversations", () => {
  const random = seeded(7)
  let refused = 0
  for (let at = 0; at < 6_000; at++) {
    const row = conversationOf(random, at % 2 ? "odd" : "plain")
    const direct = textOrError(outcome(renderConversation, row))
    if (direct === "refused") refused++
    expect(direct, `conversation ${at}`).toBe(textOrError(outcome(stock.render, row)))
  }
  expect(refused).toBeGreaterThan(100)
  expect(refused).toBeLessThan(2_000)
})

describe.skipIf(withoutPython !== null)(`transformers, live${withoutPython ? ` (${withoutPython})` : ""}`, () => {
  test("stock template: 600 conversations, byte for byte", () => {
    const random = seeded(11)
    const rows = Array.from({ length: 600 }, (_, at) => conversationOf(random, at % 2 ? "odd" : "plain"))
    for (const [at, { text }] of applyTemplate(rows).entries()) {
      expect.soft(textOrError(outcome(stock.render, rows[at])), `jinja ${at}`).toBe(text ?? "refused")
      expect.soft(textOrError(outcome(renderConversation, rows[at])), `direct ${at}`).toBe(text ?? "refused")
    }
  })

  test("templates of other kinds", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cotyledon-template-"))
    const random = seeded(13)
    const rows = Array.from({ length: 20 }, () => conversationOf(random))
    const outcomes = applyTemplate(otherTemplates.flatMap((template) => rows.map((row) => ({ ...row, template }))))
    for (const [at, source] of otherTemplates.entries()) {
      const file = join(folder, `${at}.jinja`)
      await writeFile(file, source)
      const template = await openChatTemplate(file)
      for (const [index, row] of rows.entries()) {
        const { text, error } = outcomes[at * rows.length + index]!
        const what = `${source}, row ${index}: ${error}`
        expect.soft(textOrError(outcome(template.render, row)), what).toBe(text ?? "refused")
      }
    }
  })
})

const otherTemplates = [
  "{% for m in messages %}{{ '<|' ~ m.role ~ '|>' }}\n{{ m['content'] | trim }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}",
  "{%- for message in messages if message.role != 'system' %}\n    {{- loop.index0 ~ '/' ~ loop.length ~ ' ' ~ message.role.upper() }}\n{% endfor %}",
  "{{ messages | tojson }}\n{{ tools }}\n{{ messages | tojson(indent=2) }}",
  "{{ messages }} {{ add_generation_prompt }} {{ none }} {{ 1.0 }} {{ 7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ [1, 'a', none, true] }}",
  "{% set ns = namespace(n=0) %}{% for m in messages %}{% if m.role == 'tool' %}{% continue %}{% endif %}{% set ns.n = ns.n + 1 %}{% if ns.n > 3 %}{% break %}{% endif %}{{ ns.n }}:{{ m.content | length }};{% endfor %}",
  "{% macro turn(role, text='none', end='<end>') %}[{{ role }}]{{ text }}{{ end }}{% endmacro %}{% for m in messages %}{{ turn(m.role, text=m.content) }}{{ turn('x') }}{% endfor %}",
  "{% for m in messages %}{{ m.content.split()[0] if m.content.split() else '-' }}|{{ m.content.strip() }}|{{ m.content.rstrip('\\n') }}|{{ m.content.replace('a', 'bb') }}|{{ m.content.title() }}|\n{% endfor %}",
  "{% for m in messages %}{% if m.content is string %}{{ m.content[:3] }}~{{ m.content[-3:] }}~{{ m.content[::-1] }}{% elif m.content is defined %}{% for part in m.content %}{{ part.type }}{% endfor %}{% endif %}{% endfor %}",
  "{% if messages[0].role == 'system' %}{% set system = messages[0].content %}{% set rest = messages[1:] %}{% else %}{% set system = '' %}{% set rest = messages %}{% endif %}{{ system }}{% for m in rest %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{{ m.role }} {{ m.content }}{% endfor %}",
  "{% for m in messages %}{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}{{ m.get('name', '-') }}{{ m | length }}{{ m.keys() | list }}{% endfor %}{{ tools | default('no tools') }}",
  "{{ messages | map(attribute='role') | join(', ') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('role', 'equalto', 'user') | map(attribute='role') | unique | join('+') }}",
  "{% filter upper %}{{ messages[0].role }}{% endfilter %} {% call(x) outer() %}<{{ x }}>{% endcall %}".replace(
    "{% filter",
    "{% macro outer() %}({{ caller('in') }}){% endmacro %}{% filter",
  ),
  "{%- set x = 1 %}{% for m in messages %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }} {{ undefined_name }}{{ messages[99] }}",
  "{{ messages[0].content.no.such }}",
  "{{ undefined_name.x }}",
  "{{ bos_token }}{{ enable_thinking }}{{ messages[0]['role'] in ['system', 'user'] }}{{ 'a' not in 'abc' }}{{ 'x' in messages[0] }}",
]

describe("opening", () => {
  test("the stock template is the packaged one", () => {
    expect(stock.source).toContain("ns.last_query_index")
    expect(stock.digest).toMatch(/^[0-9a-f]{64}$/)
    for (const token of ["<|im_end|>", "<|vision_start|>", "<|fim_prefix|>", "<think>", "<tool_call>", "<|eot_id|>"])
      expect(stock.control.test(token), token).toBe(true)
  })

  const opened = async (name: string, text: string): Promise<ChatTemplate> => {
    const file = join(await mkdtemp(join(tmpdir(), "cotyledon-template-")), name)
    await writeFile(file, text)
    return openChatTemplate(file)
  }

  test("a tokenizer's config gives template, special tokens and what content must not hold", async () => {
    const template = await opened(
      "tokenizer_config.json",
      JSON.stringify({
        chat_template: "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}",
        bos_token: "<s>",
        eos_token: { content: "</s>" },
        added_tokens_decoder: { 3: { content: "[INST]" } },
      }),
    )
    expect(template.render({ messages: [{ role: "user", content: "x" }] })).toBe("<s>x</s>")
    expect(["<s>", "</s>", "[INST]", "<|im_end|>"].map((token) => template.control.test(token))).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(template.control.test("<b>")).toBe(false)
  })

  test("of several templates the default one", async () => {
    const list = [
      { name: "tool_use", template: "T" },
      { name: "default", template: "D" },
    ]
    const template = await opened("c.json", JSON.stringify({ chat_template: list }))
    expect(template.render({ messages: [{ role: "user", content: "" }] })).toBe("D")
  })

  test.each([
    ["broken.jinja", "{% for x in y %}", /Cannot read the chat template/],
    ["test.jinja", "{{ x is divisibleby(3) }}", /Cannot read the chat template/],
    ["none.json", "{}", /has no chat template/],
    ["no.json", "[", /is no JSON/],
    ["list.json", "[]", /is no object/],
  ])("%s is refused", async (name, text, message) => {
    await expect(opened(name, text)).rejects.toThrow(message)
  })

  test("a missing file, a folder", async () => {
    await expect(openChatTemplate("nowhere.jinja")).rejects.toThrow(/No such chat template[\s\S]*qwen3/)
    await expect(openChatTemplate(tmpdir())).rejects.toThrow(/is no file/)
  })

  test("the day is given, never the clock's", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "cotyledon-template-")), "d.jinja")
    await writeFile(file, "{{ strftime_now('%d %b %Y, %A') }}")
    const conversation = { messages: [{ role: "user", content: "" }] }
    expect((await openChatTemplate(file, { date: "2026-02-03" })).render(conversation)).toBe("03 Feb 2026, Tuesday")
    const dateless = await openChatTemplate(file)
    expect(() => dateless.render(conversation)).toThrow(/--date/)
  })

  test("a lone surrogate becomes U+FFFD in both renderers", () => {
    const conversation = { messages: [{ role: "user", content: "a\ud800b" }] }
    expect(stock.render(conversation)).toBe("<|im_start|>user\na\ufffdb<|im_end|>\n")
    expect(renderConversation(conversation)).toBe(stock.render(conversation))
  })
})
