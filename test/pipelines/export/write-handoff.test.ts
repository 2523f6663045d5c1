import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { openChatTemplate } from "../../../annotators/chat/chat-template.ts"
import { openTokenizer } from "../../../annotators/chat/open-tokenizer.ts"
import type { HandoffOptions } from "../../../pipelines/export/handoff-options.ts"
import { budgetSentence } from "../../../pipelines/export/over-long.ts"
import { verifyHandoffs } from "../../../pipelines/export/verify-handoff.ts"
import { writeHandoff } from "../../../pipelines/export/write-handoff.ts"
import { readParquet } from "../../../pipelines/io/parquet.ts"
import { rowsOf } from "../../../pipelines/runtime/batch.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { flag, list, nullable, struct, table, text } from "../../../schemas/columns.ts"
import { type Message, message, type Sample, sample } from "../../../schemas/sample.ts"
import { temporaryFolder } from "../runtime/folder.ts"
import { answer, droppedQuestion, type MadeRun, sampleOf, samplesOf, sampleWithTools, writeRun } from "./made-run.ts"

async function handedOff(rows: Iterable<Row | Sample>, options: Partial<HandoffOptions> = {}, made: MadeRun = {}) {
  const root = temporaryFolder()
  const run = await writeRun(join(root, "run"), rows, made)
  const result = await writeHandoff({ run, to: join(root, "out"), ...options })
  const rowsIn = async (folder: string): Promise<Row[]> => {
    const rows: Row[] = []
    for (const { path } of result.manifest.shards)
      if (path.startsWith(`${folder}/`))
        for await (const batch of readParquet(join(result.path, path))) rows.push(...rowsOf(batch))
    return rows
  }
  return { ...result, run, root, rowsIn, text: (path: string) => readFileSync(join(result.path, path), "utf8") }
}

const tokenizer = await openTokenizer()

describe("a handoff", () => {
  test("is a folder named by the hash of its manifest, which lists every file, and nothing is left beside it", async () => {
    const { path, sha256, manifest, root } = await handedOff(samplesOf(30), {}, { dropped: [droppedQuestion("x")] })
    expect(basename(path)).toBe(sha256)
    expect(
      createHash("sha256")
        .update(readFileSync(join(path, "manifest.json")))
        .digest("hex"),
    ).toBe(sha256)
    const found = readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    const listed = [...manifest.shards, ...manifest.files].map((file) => file.path)
    expect(found.sort()).toEqual(["manifest.json", ...listed].sort())
    for (const { path: file, sha256, bytes } of [...manifest.shards, ...manifest.files]) {
      const content = readFileSync(join(path, file))
      expect(content).toHaveLength(bytes)
      expect(createHash("sha256").update(content).digest("hex")).toBe(sha256)
    }
    expect(readdirSync(join(root, "out"))).toEqual([sha256])
  })

  test("of the same run has the same bytes anywhere, and is there already the second time", async () => {
    const first = await handedOff(samplesOf(40))
    const second = await handedOff(samplesOf(40))
    expect(second.sha256).toBe(first.sha256)
    expect(second.stood).toBe(false)
    const again = await writeHandoff({ run: first.run, to: join(first.root, "out") })
    expect(again).toMatchObject({ sha256: first.sha256, stood: true })
    expect(readFileSync(join(first.path, "manifest.json"), "utf8")).not.toContain(first.root)
    const otherwise = await writeHandoff({ run: first.run, to: join(first.root, "out"), model: "0.6B" })
    expect(otherwise.sha256).not.toBe(first.sha256)
  })

  test("takes loss on the empty block where that is asked for: every prompt ends before its block", async () => {
    const plain = await handedOff(samplesOf(30))
    const { manifest, rowsIn, path } = await handedOff(samplesOf(30), { emptyThinkLoss: true })
    expect(manifest.template.empty_think_loss).toBe(true)
    for (const row of await rowsIn("sft")) expect(row.chat_template_kwargs).toEqual({ enable_thinking: true })
    const modes = (rows: Row[]) => rows.map(({ enable_thinking }) => enable_thinking)
    expect(modes(await rowsIn("sft"))).toEqual(modes(await plain.rowsIn("sft")))
    // <think>, two line feeds in one token, </think>, and again two line feeds.
    const more = 4 * manifest.template.mode_counts.non_thinking
    expect(manifest.shards[0]!.trained_tokens).toBe(plain.manifest.shards[0]!.trained_tokens + more)
    expect((await verifyHandoffs(path, { rows: "all" }))[0]).toMatchObject({ whole: true, findings: [] })
  })

  test("written by two at once ends as one", async () => {
    const root = temporaryFolder()
    const run = await writeRun(join(root, "run"), samplesOf(30))
    const both = await Promise.all([1, 2].map(() => writeHandoff({ run, to: join(root, "out") })))
    expect(both.map(({ stood }) => stood).sort()).toEqual([false, true])
    expect(readdirSync(join(root, "out"))).toEqual([both[0]!.sha256])
    expect((await verifyHandoffs(join(root, "out")))[0]).toMatchObject({ whole: true })
  })

  test("removes what a killed process left, and not what a living one is writing", async () => {
    const root = temporaryFolder()
    const run = await writeRun(join(root, "run"), samplesOf(10))
    await writeHandoff({ run, to: join(root, "out") })
    const { path } = await import("../../../pipelines/export/whole-folder.ts").then(({ WholeFolder }) =>
      WholeFolder.create(join(root, "out")),
    )
    const living = basename(path)
    const dead = living.replace(/-\d+-/, "-999999999-")
    mkdirSync(join(root, "out", dead))
    await writeHandoff({ run, to: join(root, "out"), model: "0.6B" })
    const left = readdirSync(join(root, "out")).filter((name) => name.endsWith(".tmp"))
    expect(left).toEqual([living])
  })

  test("leaves nothing when it is stopped", async () => {
    const root = temporaryFolder()
    const run = await writeRun(join(root, "run"), samplesOf(2_500))
    const stop = new AbortController()
    const writing = writeHandoff({
      run,
      to: join(root, "out"),
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    })
    await expect(writing).rejects.toThrow("enough")
    expect(readdirSync(join(root, "out"))).toEqual([])
  })
})

describe("the views", () => {
  test("hold the same samples in the same order: rows as they were, messages, tokens", async () => {
    const samples = samplesOf(60)
    const { rowsIn, manifest } = await handedOff(samples)
    const sft = await rowsIn("sft")
    expect(sft).toEqual(samples.map((row) => ({ ...row })))
    const messages = await rowsIn("messages")
    expect(messages).toEqual(
      samples.map(({ id, prompt, completion, enable_thinking }) => ({
        id,
        messages: [...prompt, ...completion],
        enable_thinking,
      })),
    )
    const raw = await openChatTemplate("raw-chatml")
    const texts = messages.map((row) => raw.render({ messages: row.messages as Message[] }))
    const packed = (await rowsIn("packed")) as { input_ids: number[]; labels: number[]; seq_lengths: number[] }[]
    const segments = packed.flatMap(({ input_ids, labels, seq_lengths }) => {
      let at = 0
      return seq_lengths.map((length) => {
        at += length
        return { ids: input_ids.slice(at - length, at), labels: labels.slice(at - length, at) }
      })
    })
    expect(segments.map(({ ids }) => tokenizer.decode(ids)).sort()).toEqual(texts.sort())
    const tokens = texts.reduce((sum, text) => sum + tokenizer.encodeMarkup(text).length, 0)
    for (const folder of ["sft", "messages", "packed"])
      expect(manifest.shards.find(({ path }) => path.startsWith(folder))).toMatchObject({ tokens })
  })

  test("take the loss from the completion alone, and not from an empty block", async () => {
    const { rowsIn } = await handedOff([
      sampleOf("a", { completion: [answer("think", "yes")] }),
      sampleOf("b", {
        enable_thinking: false,
        chat_template_kwargs: { enable_thinking: false },
        completion: [answer("", "no")],
      }),
    ])
    const [row] = (await rowsIn("packed")) as { labels: number[]; seq_lengths: number[] }[]
    const trained = row!.labels.filter((label) => label !== -100)
    expect(tokenizer.decode(trained)).toBe("<think>\nthink\n</think>\n\nyes<|im_end|>\nno<|im_end|>\n")
  })

  test("put tools into the system message of the messages view, which has no column of them", async () => {
    const tools = JSON.stringify([{ type: "function", function: { name: "add", parameters: { a: "number" } } }])
    const call = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'
    const prompt = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Add." },
      { role: "assistant", content: call },
      { role: "tool", content: "1" },
      { role: "tool", content: "2" },
    ]
    const rows = [sampleOf("t", { prompt, tools }), sampleOf("plain", { tools: null })]
    const { rowsIn, path } = await handedOff(rows, {}, { table: sampleWithTools })
    const [view, plain] = await rowsIn("messages")
    const messages = view!.messages as Message[]
    expect(messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user", "assistant"])
    expect(messages[0]!.content).toMatch(/^Be brief\.\n\n# Tools\n[\s\S]*"add"[\s\S]*<\/tool_call>$/)
    expect(messages[3]!.content).toBe("<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>")
    expect((plain!.messages as Message[])[0]!.role).toBe("user")
    expect((await verifyHandoffs(path))[0]!.findings).toEqual([])
  })

  test("print tools as a trainer that reads their JSON with Python does", async () => {
    const tools = '[{"name": "f", "10": 1.0, "2": 1e5, "big": 12345678901234567890, "low": 1e-07}]'
    const { rowsIn, path, manifest } = await handedOff([sampleOf("t", { tools })], {}, { table: sampleWithTools })
    const [view] = await rowsIn("messages")
    const [system, question] = view!.messages as Message[]
    const printed = '{"name": "f", "10": 1.0, "2": 100000.0, "big": 12345678901234567890, "low": 1e-07}'
    expect(system!.content).toContain(`<tools>\n${printed}\n</tools>`)
    const prompt = `<|im_start|>system\n${system!.content}<|im_end|>\n<|im_start|>user\n${question!.content}<|im_end|>\n`
    const whole = `${prompt}<|im_start|>assistant\n${(view!.messages as Message[])[2]!.content}<|im_end|>\n`
    const ids = Buffer.from(Int32Array.from(tokenizer.encodeMarkup(whole)).buffer)
    expect(manifest.probes[0]!.input_ids_sha256).toBe(createHash("sha256").update(ids).digest("hex"))
    expect((await verifyHandoffs(path))[0]!.findings).toEqual([])
  })

  test("are cut into files and rows that stay small", async () => {
    const samples = samplesOf(250)
    const { manifest, rowsIn, path } = await handedOff(samples, { rowsPerFile: 100, maxLength: 512 })
    const files = manifest.shards.filter(({ path }) => path.startsWith("sft/"))
    expect(files.map(({ rows }) => rows)).toEqual([100, 100, 50])
    expect((await rowsIn("sft")).map(({ id }) => id)).toEqual(samples.map(({ id }) => id))
    expect(manifest.packing.fill).toBeGreaterThan(0.95)
    expect((await verifyHandoffs(path))[0]!.findings).toEqual([])
  })
})

describe("samples that cannot be trained on are counted by reason, and the others are written:", () => {
  const bad: [string, Partial<Sample>][] = [
    ["empty-answer", { completion: [answer("hm", " ")] }],
    ["empty-answer", { completion: [{ role: "assistant", content: "" }] }],
    ["thinking-without-end", { completion: [{ role: "assistant", content: "<think>\nand on and on" }] }],
    ["bad-completion", { completion: [{ role: "assistant", content: "4" }] }],
    ["bad-completion", { completion: [] }],
    ["bad-completion", { completion: [answer("a", "b"), answer("a", "b")] }],
    ["bad-completion", { completion: [{ role: "user", content: "<think>\na\n</think>\n\nb" }] }],
    ["bad-completion", { completion: [answer("\n\na", "b")] }],
    ["mode-mismatch", { completion: [answer("", "b")] }],
    [
      "mode-mismatch",
      { enable_thinking: false, chat_template_kwargs: { enable_thinking: false }, completion: [answer("a", "b")] },
    ],
    ["mode-mismatch", { completion: [answer("\u0085\u2028", "b")] }],
    ["empty-answer", { completion: [answer("a", "\u0085")] }],
    ["flag-contradicts-mode", { prompt: [{ role: "user", content: "What? /no_think" }] }],
    [
      "flag-contradicts-mode",
      {
        prompt: [
          { role: "system", content: "Be brief.\n/think" },
          { role: "user", content: "What is in /no_think?" },
        ],
        enable_thinking: false,
        chat_template_kwargs: { enable_thinking: false },
        completion: [answer("", "b")],
      },
    ],
    ["kwargs-mismatch", { chat_template_kwargs: { enable_thinking: false } }],
    ["special-token", { prompt: [{ role: "user", content: "a<|im_end|>\n<|im_start|>system" }] }],
    ["special-token", { completion: [answer("a", "b</think>c")] }],
    ["special-token", { completion: [answer("a<|endoftext|>", "b")] }],
    [
      "thinking-in-history",
      { prompt: [{ role: "user", content: "a" }, answer("t", "b"), { role: "user", content: "c" }] },
    ],
    [
      "roles-out-of-order",
      {
        prompt: [
          { role: "user", content: "a" },
          { role: "user", content: "b" },
        ],
      },
    ],
    [
      "roles-out-of-order",
      {
        prompt: [
          { role: "assistant", content: "a" },
          { role: "user", content: "b" },
        ],
      },
    ],
    [
      "roles-out-of-order",
      {
        prompt: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" },
          { role: "system", content: "c" },
          { role: "user", content: "d" },
        ],
      },
    ],
    [
      "roles-out-of-order",
      {
        prompt: [
          { role: "user", content: "a" },
          { role: "assistant", content: '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>' },
          { role: "tool", content: "1" },
          { role: "user", content: "b" },
        ],
      },
    ],
    [
      "bad-role",
      {
        prompt: [
          { role: "human", content: "a" },
          { role: "user", content: "b" },
        ],
      },
    ],
    ["no-question", { prompt: [] }],
    ["no-question", { prompt: [{ role: "user", content: "  " }] }],
    ["bad-tool-call", { completion: [answer("a", "<tool_call>\n{name: add}\n</tool_call>")] }],
    ["repeated-id", { id: "good" }],
    ["no-id", { id: "" }],
    ["over-long", { completion: [answer("a ".repeat(600), "b")] }],
  ]

  test.each(["[[1]]", "[null]", "{}", "tools", '[{"name": "\\ud800"}]', '[{"n": NaN}]'])(
    "tools that are %s",
    async (tools) => {
      const rows = [sampleOf("good", { tools: "[]" }), sampleOf("bad", { tools })]
      const { manifest } = await handedOff(rows, {}, { table: sampleWithTools })
      expect(manifest.rows).toMatchObject({ written: 1, rejected: { "tools-not-json": 1 } })
    },
  )

  test("under another template as well", async () => {
    const template = join(temporaryFolder(), "chat_template.jinja")
    writeFileSync(template, `${(await openChatTemplate()).source}{# another #}`)
    const rows = [sampleOf("good"), ...bad.map(([, over], at) => sampleOf(`bad${at}`, over)), sampleOf("last")]
    const { manifest } = await handedOff(rows, { maxLength: 512, template })
    const expected: Record<string, number> = {}
    for (const [reason] of bad) expected[reason] = (expected[reason] ?? 0) + 1
    expect(manifest.rows).toEqual({ in: rows.length, written: 2, cut: 0, rejected: expected })
  })

  test("every kind", async () => {
    const rows = [sampleOf("good"), ...bad.map(([, over], at) => sampleOf(`bad${at}`, over)), sampleOf("last")]
    const { manifest, rowsIn, path, text } = await handedOff(rows, { maxLength: 512 })
    const expected: Record<string, number> = {}
    for (const [reason] of bad) expected[reason] = (expected[reason] ?? 0) + 1
    expect(manifest.rows).toEqual({ in: rows.length, written: 2, cut: 0, rejected: expected })
    expect((await rowsIn("sft")).map(({ id }) => id)).toEqual(["good", "last"])
    expect((await rowsIn("rejected")).map(({ reason }) => reason)).toEqual(bad.map(([reason]) => reason))
    expect(text("README.md")).toContain("| over-long | 1 |")
    expect((await verifyHandoffs(path))[0]!.findings).toEqual([])
  })

  test("nulls where there must be none", async () => {
    const loose = table("loose", {
      id: text(),
      prompt: nullable(list(nullable(struct({ role: nullable(text()), content: nullable(text()) })))),
      completion: nullable(list(nullable(message))),
      chat_template_kwargs: nullable(struct({ enable_thinking: nullable(flag()) })),
      enable_thinking: nullable(flag()),
    })
    const { id, prompt, completion, chat_template_kwargs, enable_thinking } = sampleOf("good")
    const good = { id, prompt, completion, chat_template_kwargs, enable_thinking }
    const rows = [
      good,
      { ...good, id: "1", chat_template_kwargs: null },
      { ...good, id: "2", chat_template_kwargs: { enable_thinking: null } },
      { ...good, id: "3", enable_thinking: null },
      { ...good, id: "4", prompt: null },
      { ...good, id: "5", prompt: [null] },
      { ...good, id: "6", prompt: [{ role: "user", content: null }] },
      { ...good, id: "7", completion: null },
    ]
    const { manifest, path } = await handedOff(rows, {}, { table: loose })
    expect(manifest.rows).toEqual({
      in: 8,
      written: 1,
      cut: 0,
      rejected: { "bad-completion": 1, "bad-prompt": 3, "mode-missing": 1, "null-kwargs": 2 },
    })
    // What was null in the run can be none in the handoff.
    for await (const batch of readParquet(join(path, "sft/train-00000.parquet")))
      expect(batch.schema.fields.slice(0, 5).map(({ nullable }) => nullable)).toEqual([
        false,
        false,
        false,
        false,
        false,
      ])
    expect((await verifyHandoffs(path))[0]!.findings).toEqual([])
  })

  test("all of them: an error that says why, and no folder", async () => {
    const root = temporaryFolder()
    const run = await writeRun(join(root, "run"), [sampleOf("a", { completion: [answer("t", "")] })])
    await expect(writeHandoff({ run, to: join(root, "out") })).rejects.toThrow(/No sample is left[\s\S]*1 empty-answer/)
    expect(readdirSync(join(root, "out"))).toEqual([])
  })
})

describe("samples that are too long", () => {
  const long = sampleOf("long", {
    completion: [answer(Array.from({ length: 400 }, (_, at) => `Step ${at}: 数 it.`).join("\n"), "The end.")],
  })

  test("are shortened in their thinking where that is asked for, and counted", async () => {
    const { manifest, rowsIn, path } = await handedOff([sampleOf("a"), long], { maxLength: 300, overLong: "cut" })
    expect(manifest).toMatchObject({ rows: { in: 2, written: 2, cut: 1, rejected: {} }, over_long: "cut" })
    const { content } = ((await rowsIn("sft"))[1]!.completion as Message[])[0]!
    expect(content).toMatch(/^<think>\nStep 0: 数 it\.\n/)
    expect(content.endsWith(`\n\n${budgetSentence}\n</think>\n\nThe end.`)).toBe(true)
    expect(content).not.toContain("\ufffd")
    const longest = Math.max(...(await rowsIn("packed")).flatMap(({ seq_lengths }) => seq_lengths as number[]))
    expect(longest).toBeLessThanOrEqual(300)
    expect(longest).toBeGreaterThan(290)
    expect((await verifyHandoffs(path))[0]!.findings).toEqual([])
  })

  test("are rejected where their answer alone is too long, or there is no thinking to cut", async () => {
    const words = "word ".repeat(400).trim()
    const { manifest } = await handedOff(
      [
        sampleOf("a"),
        sampleOf("b", { completion: [answer("short", words)] }),
        sampleOf("c", {
          enable_thinking: false,
          chat_template_kwargs: { enable_thinking: false },
          completion: [answer("", words)],
        }),
      ],
      { maxLength: 300, overLong: "cut" },
    )
    expect(manifest.rows).toEqual({ in: 3, written: 1, cut: 0, rejected: { "over-long": 2 } })
  })
})

describe("prompts for RL", () => {
  const dropped = [
    droppedQuestion("math"),
    droppedQuestion("choice", { choices: ["3", "8"], reference: "B" }),
    droppedQuestion("code", {
      verifier: "code-tests",
      reference: JSON.stringify({ entry_point: "f", tests: "def check(candidate):\n    assert candidate(1) == 2" }),
      step: "responses-left",
      why: { responses: {} },
    }),
    droppedQuestion("none right", { passRate: 0 }),
    droppedQuestion("never verified", { passRate: null }),
    droppedQuestion("by majority", { referenceOrigin: "majority" }),
    droppedQuestion("suspect", { suspect: true }),
    droppedQuestion("near", { why: { why: "near-duplicate", duplicateOf: "q1" } }),
    droppedQuestion("taught", { question: "what is   1 + 1?" }),
    droppedQuestion("reserved twin", { question: "A question of the reserve?" }),
    droppedQuestion("reserved", { question: "A question of the RESERVE?", step: "reserve", why: null }),
    droppedQuestion("told", { question: "Show that it is right. Answer: 8" }),
    droppedQuestion("judged", { step: "several-questions", why: null }),
  ]

  test("are the unused verified questions of a cold start, and every other is counted", async () => {
    const { manifest, rowsIn, text, path } = await handedOff([sampleOf("q")], { model: "0.6B" }, { dropped })
    expect(manifest.rl_rows).toEqual({
      in: 11,
      written: 3,
      rejected: {
        "known-question": 2,
        "leaked-answer": 1,
        "near-duplicate": 1,
        "no-verified-reference": 1,
        "none-correct": 1,
        "not-verified": 1,
        "suspect-reference": 1,
      },
    })
    const [math, choice, code] = await rowsIn("rl")
    expect(math).toEqual({
      id: "math",
      prompt: [{ role: "user", content: "What is math times two?" }],
      data_source: "rlvr/math",
      ability: "mathematics",
      reward_model: { style: "rule", ground_truth: "8" },
      extra_info: { index: 0n, split: "train", verifiers: '[{"name":"math","weight":1,"options":{}}]' },
      messages: [{ role: "user", content: "What is math times two?" }],
      ground_truth: ["8"],
      dataset: ["math"],
      solution: "8",
      source: "sums",
      license: "Apache-2.0",
      pass_rate: 0.375,
    })
    expect(choice).toMatchObject({ data_source: "rlvr/multiple-choice", dataset: ["math"], ground_truth: ["B"] })
    expect((choice!.prompt as Message[])[0]!.content).toMatch(/A\. 3\nB\. 8$/)
    expect(code!.dataset).toEqual(["code"])
    expect(JSON.parse((code!.ground_truth as string[])[0]!)).toEqual([
      "def check(candidate):\n    assert candidate(1) == 2\ncheck(f)",
    ])
    expect(manifest.verifiers.map(({ name }) => name)).toEqual(["code-tests", "math", "multiple-choice"])
    expect(parse(text("launch/trl-grpo.yaml"))).toMatchObject({
      reward_funcs: ["rewards.cotyledon_rewards.reward"],
      chat_template_kwargs: { enable_thinking: true },
      num_generations: 8,
    })
    expect(existsSync(join(path, "rewards/cotyledon_rewards.py"))).toBe(true)
    expect((await verifyHandoffs(path))[0]!.findings).toEqual([])
  })

  test("are not there for other runs, nor their configs and rewards", async () => {
    const { manifest, path } = await handedOff(samplesOf(5), {}, { dropped, stage: "mode-fusion" })
    expect(manifest.rl_rows).toBeNull()
    expect(manifest.launch.map(({ config }) => config)).not.toContain("launch/trl-grpo.yaml")
    expect(existsSync(join(path, "rewards"))).toBe(false)
  })
})

describe("launch configs", () => {
  test("say what keeps the thinking trained, and name versions and the model", async () => {
    const { manifest, text } = await handedOff(samplesOf(20), { model: "1.7B" })
    expect(manifest.model).toBe("Qwen/Qwen3-1.7B-Base")
    expect(manifest.launch.map(({ trainer, version }) => `${trainer} ${version}`)).toEqual([
      "trl 1.16.0",
      "trl 1.16.0",
      "verl 0.9.1",
      "llamafactory 0.9.5",
      "ms-swift 4.6.0",
      "megatron 0.16.1",
    ])
    expect(parse(text("launch/trl-sft.yaml"))).toMatchObject({
      model_name_or_path: "Qwen/Qwen3-1.7B-Base",
      max_length: 32_768,
      completion_only_loss: true,
      packing: false,
    })
    expect(parse(text("launch/trl-packed.yaml"))).toMatchObject({
      padding_free: true,
      packing: false,
      max_length: null,
    })
    const llamaFactory = parse(text("launch/llamafactory-sft.yaml"))
    expect(llamaFactory).toMatchObject({ template: "qwen3", mask_history: true, dataset: "cotyledon_sft" })
    expect(llamaFactory).not.toHaveProperty("enable_thinking")
    expect(parse(text("launch/verl-sft.yaml")).model.custom_chat_template).toBe(text("templates/raw_chatml.jinja"))
    expect(text("launch/ms-swift-sft.sh")).toContain("--loss_scale last_round")
    const info = JSON.parse(text("dataset_info.json"))
    expect(info.cotyledon_sft).toMatchObject({ file_name: "messages/train-00000.parquet", formatting: "sharegpt" })
  })

  test("for Megatron have the model's shape, whole batches for every replica, and its padded vocabulary", async () => {
    for (const [model, shape] of [
      ["0.6B", "--num-layers 28 --hidden-size 1024 --ffn-hidden-size 3072"],
      ["30B-A3B", "--num-experts 128 --moe-router-topk 8 --moe-ffn-hidden-size 768"],
    ] as const) {
      const { text } = await handedOff(samplesOf(5), { model })
      const script = text("launch/megatron-pretrain.sh")
      expect(script).toContain(shape)
      const flag = (name: string) => Number(new RegExp(`--${name} (\\d+)`).exec(script)![1])
      expect(flag("make-vocab-size-divisible-by") * flag("tensor-model-parallel-size")).toBe(151_936)
      expect(flag("global-batch-size") % (8 / flag("tensor-model-parallel-size"))).toBe(0)
    }
  })
})

describe("another chat template", () => {
  const turns = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
  const start = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
  const mode =
    "{% if add_generation_prompt and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}"

  const withTemplate = (source: string, rows: Iterable<Row | Sample>, made: MadeRun = {}) => {
    const template = join(temporaryFolder(), "chat_template.jinja")
    writeFileSync(template, source)
    // What stands beside the template is not what goes with the tokenizer.
    writeFileSync(join(dirname(template), "tokenizer_config.json"), '{"eos_token": "</think>"}')
    return handedOff(rows, { template, model: "0.6B" }, made)
  }

  test("is what trainers get, with the special tokens of the tokenizer's config, and verifies", async () => {
    const { manifest, path, text } = await withTemplate(`{{ eos_token }}${turns}${start}${mode}`, samplesOf(20))
    expect(manifest.rows.written).toBe(20)
    expect(manifest.template.training_sha256).toBe(manifest.template.stock_sha256)
    const [first] = readSamples(path)
    expect(tokenizer.decode(first!)).toMatch(/^<\|im_end\|><\|im_start\|>user\n0: how many/)
    // LLaMA-Factory and ms-swift have templates of their own, and would train other tokens.
    expect(manifest.launch.map(({ trainer }) => trainer)).toEqual(["trl", "trl", "verl", "megatron"])
    const { chat_template_path } = parse(text("launch/trl-sft.yaml"))
    expect(existsSync(join(path, chat_template_path))).toBe(true)
    expect(text("README.md")).toContain("`templates/chat_template.jinja` is the model's own template")
    expect((await verifyHandoffs(path))[0]).toMatchObject({ whole: true, findings: [], samples: 20 })
  })

  test("that prints tools or their results otherwise than the messages view can is no silent change of it", async () => {
    const tools = JSON.stringify([{ type: "function", function: { name: "clock" } }])
    const system = { role: "system", content: "Be brief." }
    const user = { role: "user", content: "What time is it?" }
    const call = { role: "assistant", content: '<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>' }
    const plain = sampleOf("plain", { prompt: [system, user] })
    const rows = [
      { ...plain, tools: null },
      { ...plain, id: "tools", tools },
      { ...plain, id: "result", prompt: [user, call, { role: "tool", content: "noon" }], tools: null },
    ]
    const ownTurn = `{% if tools %}{{ '<|im_start|>tools\\n' + (tools | tojson) + '<|im_end|>\\n' }}{% endif %}`
    const { manifest, path, rowsIn } = await withTemplate(`${ownTurn}${turns}${start}${mode}`, rows, {
      table: sampleWithTools,
    })
    expect(manifest.rows).toMatchObject({ written: 1, rejected: { "tools-in-template": 2 } })
    expect((await rowsIn("rejected")).map(({ id }) => id)).toEqual(["tools", "result"])
    expect((await verifyHandoffs(path))[0]).toMatchObject({ whole: true, findings: [] })
  })

  test("whose prompt and answer the tokenizer joins is refused row by row", async () => {
    const open = `${turns}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}`
    await expect(withTemplate(open, [sampleOf("joined", { completion: [answer("  \nso", "4")] })])).rejects.toThrow(
      /No sample is left to hand off[\s\S]*1 not-prefix-exact/,
    )
  })
})

/** Token ids of the samples, from the stream. */
function readSamples(path: string): Int32Array[] {
  const bytes = readFileSync(join(path, "tokens/train.bin"))
  const ids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const ends = readFileSync(join(path, "tokens/train.ds.index"))
  const endOf = (document: number) => (document < 0 ? 0 : Number(ends.readBigUInt64LE(8 * document)))
  return Array.from({ length: ends.length / 8 }, (_, at) => ids.subarray(endOf(at - 1), endOf(at) - 1))
}

describe("what cannot be handed off is said before anything is written:", () => {
  const refused = async (
    options: Partial<HandoffOptions>,
    says: RegExp,
    rows: Iterable<Row> = [sampleOf("a")],
    made: MadeRun = {},
  ) => {
    const root = temporaryFolder()
    const run = await writeRun(join(root, "run"), rows, made)
    await expect(writeHandoff({ run, to: join(root, "out"), ...options })).rejects.toThrow(says)
    expect(existsSync(join(root, "out"))).toBe(false)
  }

  test("options", async () => {
    await refused({ model: "7B" }, /no such model in the family[\s\S]*0\.6B/)
    await refused({ maxLength: 3 }, /Cannot take --max-length/)
    await refused({ model: "0.6B", maxLength: 40_000 }, /from 16 to 32768, the context of 0\.6B/)
    await refused({ maxLength: 1_000, sequenceLength: 500 }, /A packed row must hold the longest sample/)
    await refused({ overLong: "keep" as never }, /--over-long[\s\S]*drop or cut/)
    await refused({ tokenizer: "/nowhere/tokenizer.json" }, /tokenizer/)
    await refused({ template: "/nowhere/template.jinja" }, /No such chat template/)
  })

  test("a tokenizer and a template that do not belong together", async () => {
    const template = join(temporaryFolder(), "template.jinja")
    writeFileSync(template, "{% for message in messages %}<|turn|>{{ message.content }}<|end_of_turn|>{% endfor %}")
    await refused({ template }, /do not belong together[\s\S]*<\|turn\|>/)
  })

  test.each([
    ["nothing at all", "", /expected the turns of user and assistant/],
    ["no answer", "{{ messages[0].content }}<|im_end|>", /none of "Answer"/],
    [
      "turns that end with text",
      "{% for message in messages %}[INST] {{ message.content }} [/INST]{% endfor %}",
      /expected a token that ends the assistant's turn, got " \[\/INST\]"/,
    ],
    [
      "markers of another family",
      "{% for m in messages %}<start_of_turn>{{ m.role }}\n{{ m.content }}<end_of_turn>\n{% endfor %}",
      /expected a token that ends the assistant's turn/,
    ],
    [
      "no generation prompt",
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
      /expected a generation prompt/,
    ],
    ["an error", "{{ raise_exception('no') }}", /expected a template of conversations, got the chat template: no/],
  ])("a template that writes %s", async (_, source, says) => {
    const template = join(temporaryFolder(), "template.jinja")
    writeFileSync(template, source)
    await refused({ template }, says)
  })

  test("runs that are none, or of other rows", async () => {
    await refused({ run: temporaryFolder() }, /There is no finished run in this folder/)
    await refused({ run: "/nowhere" }, /There is no finished run in this folder/)
    const folder = temporaryFolder()
    writeFileSync(join(folder, "manifest.json"), "{")
    await refused({ run: folder }, /The run's manifest is no JSON/)
    writeFileSync(join(folder, "manifest.json"), '{"schema_version": 1}')
    await refused({ run: folder }, /Not the manifest of a run/)
    await refused({}, /The dataset has no column prompt/, [{ id: "a" }], { table: table("other", { id: text() }) })
    const mixed = table("mixed", { ...sample.columns, completion: text() })
    await refused(
      {},
      /Column completion is of another type[\s\S]*expected List<Struct/,
      [{ ...sampleOf("a"), completion: "4" }],
      { table: mixed },
    )
    const tools = table("tools", { ...sample.columns, tools: list(text()) })
    await refused({}, /Column tools is of another type/, [{ ...sampleOf("a"), tools: ["add"] }], { table: tools })
  })

  test("a dataset that is not what the run wrote", async () => {
    const root = temporaryFolder()
    const run = await writeRun(join(root, "run"), samplesOf(10))
    const file = join(run, "dataset/part-00000.parquet")
    const bytes = readFileSync(file)
    bytes[100]! ^= 1
    writeFileSync(file, bytes)
    await expect(writeHandoff({ run, to: join(root, "out") })).rejects.toThrow(
      /is not what the run wrote[\s\S]*SHA-256/,
    )
    expect(existsSync(join(root, "out"))).toBe(false)
  })

  test("dropped questions that are not what the run wrote", async () => {
    const root = temporaryFolder()
    const run = await writeRun(join(root, "run"), samplesOf(10), { dropped: [droppedQuestion("x")] })
    const file = join(run, "dropped/part-00000.parquet")
    const bytes = readFileSync(file)
    bytes[100]! ^= 1
    writeFileSync(file, bytes)
    await expect(writeHandoff({ run, to: join(root, "out") })).rejects.toThrow(/is not what the run wrote/)
    expect(readdirSync(join(root, "out"))).toEqual([])
  })

  test("a place where something else stands", async () => {
    const { run, root, path } = await handedOff(samplesOf(10))
    writeFileSync(join(path, "manifest.json"), "{}")
    await expect(writeHandoff({ run, to: join(root, "out") })).rejects.toThrow(
      /Something else stands where the handoff belongs/,
    )
  })
})
