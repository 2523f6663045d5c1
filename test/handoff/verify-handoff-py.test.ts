// The file that a handoff carries for the trainer's side, and `cotyledon handoff verify`, over a sound handoff and over planted faults. Two
// programs in two languages that share no code: what both accept is tokenised, hashed and counted alike.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { flagsIn } from "../../annotators/chat/thinking-flags.ts"
import { verifyHandoffs } from "../../pipelines/export/verify-handoff.ts"
import { type Receipt, receipt } from "../../schemas/receipt.ts"
import { seeded } from "../faults/random.ts"
import { PlantedHandoff } from "../pipelines/export/planted.ts"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { plant, runPython, runScript, verifyHandoffPy, withoutPython } from "./trainers.ts"

/** Where a fault is planted, by the first word of its name. */
const views = [
  "samples",
  "messages",
  "packed rows",
  "prompts",
  "token streams",
  "rejected rows",
  "configs and the folder",
]
const viewOf = (fault: string): string => {
  const at = ["sft", "messages", "packed", "rl", "idx bin ds", "rejected"].findIndex((words) =>
    words.split(" ").includes(fault.split("-")[0]!),
  )
  return views.at(at)!
}

describe.skipIf(withoutPython !== "")(`verify_handoff.py${withoutPython}`, { timeout: 600_000 }, () => {
  const made = useMadeHandoff(withoutPython !== "")

  test("accepts a handoff, with its own renderer and with the carried template", () => {
    const whole = `14 data files, ${madeSamples.length} samples, 64 probes hold`
    expect(verifyHandoffPy(made.path)).toEqual({ code: 0, text: expect.stringContaining(whole) })
    expect(verifyHandoffPy(made.path, ["--template"])).toEqual({ code: 0, text: expect.stringContaining(whole) })
  })

  test("writes a receipt for each attempt, which the command reads", async () => {
    for (const version of ["1", "2"])
      expect(verifyHandoffPy(made.path, ["--trainer", "a/b", "--version", version]).code).toBe(0)
    const lines = readFileSync(join(made.path, "receipts/a_b.jsonl"), "utf8").trimEnd().split("\n")
    const receipts: Receipt[] = lines.map((line) => receipt.parse(JSON.parse(line)))
    expect(receipts).toMatchObject([
      { trainer: "a/b", version: "1", status: "accepted", rows: { seen: 0, dropped: {} }, faults: [] },
      { trainer: "a/b", version: "2", status: "accepted", first_batch_sha256: null, cursor: null },
    ])
    const [report] = await verifyHandoffs(made.path)
    // Two for this trainer, and those of the verifications before.
    expect(report).toMatchObject({ whole: true, receipts: 4, findings: [] })
  })

  test("writes one without a trainer too, and where it is told to", () => {
    const folder = join(made.folder, "elsewhere")
    expect(verifyHandoffPy(made.path).code).toBe(0)
    expect(verifyHandoffPy(made.path, ["--receipts", folder]).code).toBe(0)
    for (const path of [join(made.path, "receipts"), folder]) {
      const lines = readFileSync(join(path, "verification.jsonl"), "utf8").trimEnd().split("\n")
      expect(receipt.parse(JSON.parse(lines.at(-1)!))).toMatchObject({ trainer: "verification", status: "accepted" })
    }
    expect(verifyHandoffPy(made.path, ["--receipts", join(made.path, "manifest.json")])).toEqual({
      code: 2,
      text: expect.stringContaining("no receipt could be written"),
    })
  })

  test.each([
    ["tokenizer/tokenizer.json", "tokenizer/tokenizer.json: is not the manifest's (SHA-256)", "{"],
    ["manifest.json", "manifest.json: its SHA-256 is ", "}"],
  ])("names %s where it cannot be read at all", (path, says, content) => {
    const planted = new PlantedHandoff(made.path, join(made.folder, `unreadable-${path.replace("/", "-")}`))
    planted.write(path, content)
    expect(verifyHandoffPy(planted.path)).toEqual({ code: 1, text: expect.stringContaining(says) })
  })

  test("finds the flags that the writer finds, on 5,000 texts", () => {
    const random = seeded(31)
    const parts = [
      "/think",
      "/no_think",
      "/thinks",
      "a",
      "```",
      "~~~",
      "\n",
      "\r",
      "\u2028",
      " ",
      "\t",
      "\u00a0",
      "\u0085",
      "\ufeff",
    ]
    const texts = Array.from({ length: 5_000 }, () =>
      Array.from({ length: 1 + Math.floor(random() * 9) }, () => parts[Math.floor(random() * parts.length)]).join(""),
    )
    const script =
      "import json, sys, verify_handoff as v\nprint(json.dumps([v.last_flag(t) for t in json.load(open(sys.argv[1]))]))"
    writeFileSync(join(made.folder, "texts.json"), JSON.stringify(texts))
    const { text } = runPython(["-c", script, join(made.folder, "texts.json")], made.path)
    const mode = { thinking: true, "non-thinking": false }
    const expected = texts.map((text) => flagsIn(text).at(-1)?.mode ?? null).map((of) => of && mode[of])
    expect(expected.filter((of) => of !== null).length).toBeGreaterThan(1_000)
    expect(JSON.parse(text)).toEqual(expected)
  })

  test("says what is no handoff", () => {
    writeFileSync(join(made.folder, "verify_handoff.py"), readFileSync(join(made.path, "verify_handoff.py")))
    const text = expect.stringMatching(/is no readable handoff: FileNotFoundError/)
    expect(verifyHandoffPy(made.folder)).toEqual({ code: 2, text })
  })

  test("ends with 1 where there are faults, each on a line of its own", async () => {
    const planted = await plant(made.path, join(made.folder, "one"), ["sft-special-token"])
    const { code, text } = verifyHandoffPy(planted.get("sft-special-token")!)
    expect(code).toBe(1)
    expect(text).toMatch(/^sft\/train-00000\.parquet: row q0: has the special token <\|im_start\|> in its content$/m)
    expect(text).toMatch(/^\d+ faults$/m)
  })

  test.each(views)("it and the command name the place of every fault that is planted in %s", async (view) => {
    const all = { ...faultsOfBoth, ...faultsOfCommand }
    const names = Object.keys(all).filter((name) => viewOf(name) === view)
    const planted = await plant(made.path, join(made.folder, view), names)
    const findings = await runScript("verify_all.py", [...planted.values()])
    const python = new Map(findings.map(({ folder, faults = [], raised }) => [folder, raised ? [raised] : faults]))
    const silent: Record<string, unknown> = {}
    for (const [fault, folder] of planted) {
      const [report] = await verifyHandoffs(folder)
      const command = report!.findings.map(
        ({ file, row, what }) => `${file}: ${row === null ? "" : `row ${row}: `}${what}`,
      )
      const here = faultsOfBoth[fault]
      const there = { ...faultsOfBoth, ...faultsOfCommand }[fault]
      if (here && !python.get(folder)!.some((line) => here.test(line))) silent[`python ${fault}`] = python.get(folder)
      if (there && !command.some((line) => there.test(line))) silent[`command ${fault}`] = command
    }
    expect(silent).toEqual({})
  })
})

const inSft = /^sft\/train-00000\.parquet: row q0: /
const inMessages = /^messages\/train-00000\.parquet: row q0: /
const inPacked = /^packed\/train-00000\.parquet: row (number )?0: /
const inPrompts = /^rl\/train-00000\.parquet: row question-0: /
const inStream = /^tokens\/train\.bin: /
const inIndex = /^tokens\/train\.idx: /

/** Planted faults, and how both must name the place. */
const faultsOfBoth: Record<string, RegExp> = {
  "sft-thinking-stripped": inSft,
  "sft-block-gone": inSft,
  "sft-thinking-without-end": inSft,
  "sft-null-kwargs": /^sft\/train-00000\.parquet: row q1: .*chat_template_kwargs/,
  "sft-mode-flipped": inSft,
  "sft-flag-contradicts": /^sft\/train-00000\.parquet: row q0: .*last flag .*asks for/,
  "sft-special-token": inSft,
  "sft-close-tag-in-answer": inSft,
  "sft-history-thinks": inSft,
  "sft-completions-swapped": /^sft\/train-00000\.parquet: row q1: .*(probe|input_ids)/,
  "sft-one-word": /^sft\/train-00000\.parquet: row q0: .*(probe|input_ids)/,
  "sft-row-missing": /\bq3\b/,
  "sft-row-twice": /^sft\/train-00000\.parquet: row q1: its id stands twice/,
  "sft-content-null": inSft,
  "messages-thinking-stripped": inMessages,
  "messages-last-turn-gone": inMessages,
  "messages-other-role": inMessages,
  "messages-tools-null": /^messages\/train-00000\.parquet: has the column tools/,
  "messages-tools-json": /^messages\/train-00000\.parquet: has the column tools/,
  "messages-other-column": /^messages\/train-00000\.parquet: has the column weight/,
  "messages-reversed": /messages\/.*\bq0\b|\bq0\b.*messages\//,
  "packed-wrong-id": inPacked,
  "packed-prompts-trained": inPacked,
  "packed-labels-shifted": inPacked,
  "packed-lengths-off": inPacked,
  "packed-other-column": /^packed\/train-00000\.parquet: has the column attention_mask/,
  "packed-int64": /^packed\/train-00000\.parquet: .*input_ids/,
  "rl-leaked-answer": inPrompts,
  "rl-solution-turn": inPrompts,
  "rl-null-reward-model": inPrompts,
  "rl-prompt-as-text": /^rl\/train-00000\.parquet: .*\bprompt\b/,
  "rl-no-data-source": /^rl\/train-00000\.parquet: .*data_source/,
  "rl-no-verifier": inPrompts,
  "rl-special-token": inPrompts,
  "rl-other-column": /^rl\/train-00000\.parquet: has the column answer/,
  "rl-other-truth": /^rl\/train-00000\.parquet: .*bytes/,
  "rl-row-missing": /^rl\/train-00000\.parquet: .*\b11\b/,
  "idx-length-off-by-one": inIndex,
  "idx-type-int64": inIndex,
  "idx-magic": inIndex,
  "idx-pointer-off": inIndex,
  "bin-truncated": inStream,
  "bin-wrong-id": inStream,
  "bin-id-beyond-vocabulary": inStream,
  "ds-bytes-swapped": /\btokens\/train\.ds\b/,
  "ds-index-shifted": /\btokens\/train\.ds(\.index: | and its index)/,
  "ds-without-ends": /\btokens\/train\.ds\b/,
  "rejected-other-column": /^rejected\/rejected-00000\.parquet: has the column text/,
  "rejected-other-row": /^rejected\/rejected-00000\.parquet: .*logical_sha256/,
  "llamafactory-other-tags": /^dataset_info\.json: .*\.assistant_tag is "gpt"/,
  "llamafactory-other-column": /^dataset_info\.json: .*\.columns\.messages is "conversations"/,
  "llamafactory-with-tools": /^dataset_info\.json: .*\.columns\.tools is "tools"/,
  "template-changed": /probe/,
  "tokenizer-changed": /probe/,
  "bit-flipped": /^sft\/train-00000\.parquet: .*SHA-256/,
  "shard-truncated": /^sft\/train-00000\.parquet: .*bytes/,
  "shard-missing": /^messages\/train-00000\.parquet: .*is missing/,
  "shard-too-many": /^sft\/train-99999\.parquet: .*manifest/,
  "folder-empty": /^sft\/more: .*empty folder/,
  "manifest-edited": /^manifest\.json: its SHA-256/,
}

/** Launch configs are the command's: the file for Python has no reader of YAML, and sees there what the trainer prepares. */
const faultsOfCommand: Record<string, RegExp> = {
  "llamafactory-thinking-off": /^launch\/llamafactory-sft\.yaml: .*enable_thinking/,
  "llamafactory-history-trained": /^launch\/llamafactory-sft\.yaml: .*mask_history/,
  "verl-stock-template": /^launch\/verl-sft\.yaml: .*custom_chat_template/,
  "trl-prompts-trained": /^launch\/trl-sft\.yaml: .*completion_only_loss/,
  "trl-cut-short": /^launch\/trl-sft\.yaml: .*max_length/,
}
