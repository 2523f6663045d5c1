// A handoff with a chat template that is not the family's: what the file for Python and the command make of it, with and without jinja2.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { openChatTemplate } from "../../annotators/chat/chat-template.ts"
import { verifyHandoffs } from "../../pipelines/export/verify-handoff.ts"
import { receipt } from "../../schemas/receipt.ts"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { plant, runPython, verifyHandoffPy, withoutPython } from "./trainers.ts"

const folder = mkdtempSync(join(tmpdir(), "cotyledon-template-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Qwen3's with what only transformers' own Jinja knows, a special token of the config, and other words before the tools. */
const { source } = await openChatTemplate()
const template = join(folder, "chat_template.jinja")
writeFileSync(
  template,
  `{%- if messages | length == 0 %}{{ raise_exception('no messages') }}{%- endif %}
{%- for message in messages %}{%- if message.role == 'user' %}{%- break %}{%- endif %}{%- endfor %}
{%- generation %}{{- eos_token + '\\n' }}{%- endgeneration %}${source.replace("# Tools", "# Functions")}`,
)
// Trainers take special tokens from the config beside the tokenizer, not from this one.
writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ eos_token: "<|endoftext|>" }))

/** Where Python finds a jinja2 that cannot be had. */
const withoutJinja = join(folder, "without-jinja2")
mkdirSync(withoutJinja)
writeFileSync(join(withoutJinja, "jinja2.py"), 'raise ImportError("no jinja2 here")\n')

const held = `14 data files, ${madeSamples.length} samples, 64 probes hold`

describe.skipIf(withoutPython !== "")(`another chat template${withoutPython}`, { timeout: 300_000 }, () => {
  const made = useMadeHandoff(withoutPython !== "", { template })

  test("is held whole by the command, and by Python where it can be run", async () => {
    const [report] = await verifyHandoffs(made.path)
    expect(report).toMatchObject({ whole: true, findings: [], samples: madeSamples.length })
    for (const args of [[], ["--template"]])
      expect(verifyHandoffPy(made.path, args)).toEqual({ code: 0, text: `whole: ${held}\n` })
  })

  test("without jinja2 Python says what it did not check, and holds the rest", () => {
    const said = `not checked: templates/chat_template.jinja cannot be run without jinja2 (pip install jinja2): what it writes round the texts`
    const whole = { code: 3, text: `${said}\nno faults in what could be checked: ${held}\n` }
    expect(verifyHandoffPy(made.path, [], withoutJinja)).toEqual(whole)
    const to = join(folder, "receipts")
    verifyHandoffPy(made.path, ["--trainer", "trl", "--receipts", to], withoutJinja)
    const written = receipt.parse(JSON.parse(readFileSync(join(to, "trl.jsonl"), "utf8")))
    expect(written).toMatchObject({
      status: "accepted",
      unchecked: [expect.stringMatching(/^templates\/chat_template/)],
    })
  })

  test("what a trainer prepared is held against the template, and without jinja2 against the token stream", () => {
    const compared = (prepared: string, path?: string, loss = "completion") => {
      const module = JSON.stringify(made.path)
      const lines = [
        `import sys, json; sys.path.insert(0, ${module}); from verify_handoff import *`,
        `handoff = Handoff(${module}); rows = list(handoff.stored()); ${prepared}`,
        `found = handoff.compare(rows, ${JSON.stringify(loss)})`,
        "print(json.dumps([[str(fault) for fault in found.faults], sum(found.probes.values()), handoff.unchecked]))",
      ]
      const { code, text } = runPython(["-c", lines.join("\n")], path)
      expect({ code, text: code === 0 ? "" : text }).toEqual({ code: 0, text: "" })
      const [faults, probes, unchecked] = JSON.parse(text) as [string[], number, string[]]
      return { faults, probes, unchecked: unchecked.filter((what) => what.startsWith("which tokens")) }
    }
    const sound = { faults: [], probes: 64, unchecked: [] }
    const trained = "rows[3] = Encoded(rows[3].input_ids, rows[3].input_ids)"
    const changed = "rows[3].input_ids[5] += 1"
    for (const path of [undefined, withoutJinja]) {
      expect(compared("", path)).toEqual(sound)
      expect(compared(trained, path).faults).toContainEqual(expect.stringMatching(/row q3: /))
      expect(compared(changed, path).faults).toContainEqual(
        expect.stringMatching(/no row becomes the trainer's row 3: /),
      )
      // Every turn trained: where a turn begins, only the stock template says.
      const all = "rows = [Encoded(row.input_ids, row.input_ids) for row in rows]"
      expect(compared(all, path, "turns")).toEqual({
        ...sound,
        unchecked: [expect.stringMatching(/the turns of Qwen3/)],
      })
    }
  })

  test("planted faults are named with and without jinja2, and by the command", async () => {
    const planted = await plant(made.path, join(made.folder, "planted"), Object.keys(faults))
    const silent: Record<string, unknown> = {}
    for (const [fault, path] of planted) {
      const expected = faults[fault]!
      const [report] = await verifyHandoffs(path)
      const command = report!.findings.map(({ file, row, what }) => `${file}: row ${row}: ${what}`).join("\n")
      const python = [verifyHandoffPy(path), verifyHandoffPy(path, [], withoutJinja)]
      for (const [who, text] of [
        ["command", command],
        ["with", python[0]!.text],
        ["without", python[1]!.text],
      ] as const)
        if (!expected.test(text)) silent[`${fault} ${who}`] = text.slice(0, 800)
      if (python.some(({ code }) => code !== 1)) silent[fault] = python
    }
    expect(silent).toEqual({})
  })

  test("a template that cannot be read, or raises, is a fault of its own beside all others", async () => {
    const planted = await plant(made.path, join(made.folder, "broken"), ["template-unreadable", "template-refuses"])
    const unreadable = verifyHandoffPy(planted.get("template-unreadable")!)
    expect(unreadable.code).toBe(1)
    expect(unreadable.text).toMatch(/^templates\/chat_template\.jinja: transformers cannot read this chat template: /)
    expect(unreadable.text).toMatch(/^1 faults$/m)
    const refusing = verifyHandoffPy(planted.get("template-refuses")!)
    expect(refusing.code).toBe(1)
    expect(refusing.text).toMatch(
      /^sft\/.*: row q0: the chat template cannot render it: TemplateError: not these messages$/m,
    )
  })
})

/** How all name the place. */
const faults: Record<string, RegExp> = {
  "sft-one-word": /^sft\/train-00000\.parquet: row q0: /m,
  "sft-completions-swapped": /^sft\/train-00000\.parquet: row q1: /m,
  "sft-special-token": /^sft\/train-00000\.parquet: row q0: /m,
  "messages-thinking-stripped": /^messages\/train-00000\.parquet: row q0: /m,
  "messages-last-turn-gone": /^messages\/train-00000\.parquet: row q0: /m,
  "packed-wrong-id": /^packed\/train-00000\.parquet: row (number )?0: /m,
  "packed-prompts-trained": /^packed\/train-00000\.parquet: row (number )?0: /m,
  "bin-wrong-id": /^tokens\/train\.bin: /m,
  "ds-bytes-swapped": /\btokens\/train\.ds\b/m,
  "rl-leaked-answer": /^rl\/train-00000\.parquet: row question-0: /m,
  "tokenizer-changed": /tokens/m,
}
