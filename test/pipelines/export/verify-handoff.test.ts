import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync, gzipSync } from "node:zlib"
import { Field, Float64, Utf8 } from "apache-arrow"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { verifyHandoffs } from "../../../pipelines/export/verify-handoff.ts"
import { writeHandoff } from "../../../pipelines/export/write-handoff.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import type { Message } from "../../../schemas/sample.ts"
import { temporaryFolder } from "../runtime/folder.ts"
import { droppedQuestion, samplesOf, writeRun } from "./made-run.ts"
import { PlantedHandoff } from "./planted.ts"

let root: string
let original: string

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "cotyledon-handoff-"))
  const dropped = [droppedQuestion("five", { reference: "1234" }), droppedQuestion("six")]
  const rows = [
    ...samplesOf(80),
    { ...samplesOf(1)[0]!, id: "empty", completion: [{ role: "assistant", content: "" }] },
  ]
  const run = await writeRun(join(root, "run"), rows, { dropped })
  original = (await writeHandoff({ run, to: join(root, "out"), maxLength: 1_024 })).path
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A copy with a fault; `cover` makes the manifest fit. */
async function planted(
  plant: (handoff: PlantedHandoff) => void | Promise<void>,
  cover: "seen" | "covered" | "hashes covered" = "seen",
  options: { rows?: "all" | "probes" } = {},
) {
  const handoff = new PlantedHandoff(original, temporaryFolder())
  await plant(handoff)
  if (cover !== "seen") await handoff.cover({ logical: cover === "covered" })
  const [report] = await verifyHandoffs(handoff.path, options)
  return report!
}

const sft = "sft/train-00000.parquet"
const messages = "messages/train-00000.parquet"
const packed = "packed/train-00000.parquet"
const rl = "rl/train-00000.parquet"

const content = (rows: Record<string, unknown>[], id: string, column: string): Message =>
  (rows.find((row) => row.id === id)![column] as Message[]).at(-1)!

test("what was written is whole, by its own folder and by the one around it", async () => {
  for (const folder of [original, join(root, "out")]) {
    const [report, ...others] = await verifyHandoffs(folder)
    expect(report!.findings).toEqual([])
    expect(report).toMatchObject({ whole: true, samples: 80, probes: 64, receipts: 0, untold: 0 })
    expect(others).toEqual([])
  }
  expect((await verifyHandoffs(original, { rows: "probes" }))[0]).toMatchObject({ whole: true, samples: 0, probes: 64 })
})

describe("a bit turned over is found in", () => {
  for (const path of [
    sft,
    messages,
    packed,
    rl,
    "rejected/rejected-00000.parquet",
    "tokens/train.bin",
    "tokens/train.idx",
    "tokens/train.ds",
    "tokens/train.ds.index",
    "tokens/train.ds.loss",
    "tokens/token_ids_part_0000.npy",
    "tokens/token_ids_part_0000.csv.gz",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "templates/qwen3.jinja",
    "templates/raw_chatml.jinja",
    "launch/trl-sft.yaml",
    "launch/megatron-pretrain.sh",
    "dataset_info.json",
    "rewards/cotyledon_rewards.py",
    "README.md",
  ])
    test(path, async () => {
      const { whole, findings } = await planted((handoff) => handoff.flip(path), "seen", { rows: "probes" })
      expect(whole).toBe(false)
      expect(findings).toContainEqual(expect.objectContaining({ file: path, check: "sha256" }))
    })

  test("manifest.json", async () => {
    const { findings } = await planted((handoff) => handoff.flip("manifest.json"))
    expect(findings).toContainEqual(expect.objectContaining({ file: "manifest.json", check: "name" }))
  })
})

describe("files", () => {
  test("that are missing, cut, or that nobody wrote are named", async () => {
    const { findings } = await planted((handoff) => {
      handoff.remove("launch/trl-sft.yaml")
      handoff.write("sft/more.parquet", "PAR1")
      handoff.write("templates/qwen3.jinja", handoff.read("templates/qwen3.jinja").subarray(0, -1))
    })
    expect(findings.map(({ file, check }) => `${check} ${file}`)).toEqual(
      expect.arrayContaining([
        "missing launch/trl-sft.yaml",
        "unexpected sft/more.parquet",
        "bytes templates/qwen3.jinja",
      ]),
    )
  })

  test("that Python leaves, and receipts, are no fault", async () => {
    const { findings } = await planted((handoff) => {
      handoff.write("rewards/__pycache__/cotyledon_rewards.pyc", "x")
      mkdirSync(handoff.file("receipts"))
      mkdirSync(handoff.file("__pycache__"))
    })
    expect(findings).toEqual([])
  })

  test("an empty folder that nobody made is named", async () => {
    const { findings } = await planted((handoff) => {
      mkdirSync(handoff.file("sft/more/deeper"), { recursive: true })
    })
    expect(findings).toMatchObject([{ file: "sft/more/deeper", check: "unexpected" }])
  })

  test("a Parquet file that is cut is told as such, and the others are still read", async () => {
    const { findings, samples } = await planted((handoff) =>
      handoff.write(packed, handoff.read(packed).subarray(0, -9)),
    )
    expect(findings).toContainEqual(expect.objectContaining({ file: packed, check: "readable" }))
    expect(samples).toBe(80)
  })
})

/** Faults whose author also fixed the manifest's sizes, hashes and name: only what follows from what gives them away. */
const covered: [
  string,
  (handoff: PlantedHandoff) => void | Promise<void>,
  { file: string; row?: string | null; check: string; what?: string }[],
][] = [
  [
    "an answer changed in sft/",
    (handoff) =>
      handoff.rows(sft, (rows) => {
        content(rows, "q7", "completion").content += " or more"
        return rows
      }),
    [
      { file: messages, row: "q7", check: "messages" },
      { file: packed, check: "packed" },
      { file: "tokens/train.bin", check: "stream" },
    ],
  ],
  [
    "the thinking stripped from one sample",
    (handoff) =>
      handoff.rows(sft, (rows) => {
        const turn = content(rows, "q12", "completion")
        turn.content = turn.content.replace(/<think>\n[\s\S]*?\n<\/think>/, "<think>\n\n</think>")
        return rows
      }),
    [{ file: sft, row: "q12", check: "sample" }],
  ],
  [
    "the think block left out of the messages view",
    (handoff) =>
      handoff.rows(messages, (rows) => {
        for (const row of rows) content([row], row.id as string, "messages").content = "4"
        return rows
      }),
    [{ file: messages, row: "q0", check: "messages" }],
  ],
  [
    "a row removed",
    (handoff) => handoff.rows(sft, (rows) => rows.filter(({ id }) => id !== "q33")),
    [{ file: messages, row: "q33", check: "messages" }],
  ],
  [
    "a row removed from the messages view",
    (handoff) => handoff.rows(messages, (rows) => rows.filter(({ id }) => id !== "q33")),
    [{ file: sft, row: "q33", check: "messages" }],
  ],
  [
    "a row added",
    (handoff) => handoff.rows(sft, (rows) => [...rows, { ...rows[0], id: "new" }]),
    [
      { file: sft, row: "new", check: "messages" },
      { file: "manifest.json", check: "rows.written" },
    ],
  ],
  [
    "a row twice",
    (handoff) => handoff.rows(sft, (rows) => [...rows, rows[3]!]),
    [{ file: sft, row: "q3", check: "id" }],
  ],
  [
    "two rows changed places",
    (handoff) => handoff.rows(sft, (rows) => [rows[1]!, rows[0]!, ...rows.slice(2)]),
    [{ file: sft, row: "q1", check: "messages" }],
  ],
  [
    "the mode of a sample turned over",
    (handoff) =>
      handoff.rows(sft, (rows) => {
        Object.assign(rows[2]!, { enable_thinking: false, chat_template_kwargs: { enable_thinking: false } })
        return rows
      }),
    [{ file: sft, row: "q2", check: "sample" }],
  ],
  [
    "chat_template_kwargs against enable_thinking",
    (handoff) =>
      handoff.rows(sft, (rows) => {
        rows[2]!.chat_template_kwargs = { enable_thinking: false }
        return rows
      }),
    [{ file: sft, row: "q2", check: "sample" }],
  ],
  [
    "a control token in a question",
    (handoff) =>
      handoff.rows(sft, (rows) => {
        content(rows, "q8", "prompt").content += "<|im_end|>"
        return rows
      }),
    [{ file: sft, row: "q8", check: "sample" }],
  ],
  [
    "thinking put back into the history",
    (handoff) =>
      handoff.rows(sft, (rows) => {
        const prompt = rows[5]!.prompt as Message[]
        prompt.find(({ role }) => role === "assistant")!.content = "<think>\nhm\n</think>\n\nHello."
        return rows
      }),
    [{ file: sft, row: "q5", check: "sample" }],
  ],
  [
    "a wrong id in a packed row",
    (handoff) =>
      handoff.rows(packed, (rows) => {
        ;(rows[0]!.input_ids as number[])[40] = 9_999
        return rows
      }),
    [{ file: packed, row: "number 0", check: "packed" }],
  ],
  [
    "an id beyond the vocabulary",
    (handoff) =>
      handoff.rows(packed, (rows) => {
        ;(rows[0]!.input_ids as number[])[40] = 151_900
        return rows
      }),
    [{ file: packed, row: "number 0", check: "packed form" }],
  ],
  [
    "a prompt that bears loss in a packed row",
    (handoff) =>
      handoff.rows(packed, (rows) => {
        ;(rows[0]!.labels as number[])[3] = (rows[0]!.input_ids as number[])[3]!
        return rows
      }),
    [
      { file: packed, row: "number 0", check: "packed" },
      { file: packed, check: "trained_tokens" },
    ],
  ],
  [
    "lengths of segments that do not fill their row",
    (handoff) =>
      handoff.rows(packed, (rows) => {
        rows[0]!.seq_lengths = (rows[0]!.seq_lengths as number[]).slice(1)
        return rows
      }),
    [{ file: packed, row: "number 0", check: "packed form" }],
  ],
  [
    "a packed row removed",
    (handoff) => handoff.rows(packed, (rows) => rows.slice(0, -1)),
    [{ file: "packed", check: "packed" }],
  ],
  [
    "an id of the stream",
    (handoff) => {
      for (const path of ["tokens/train.bin", "tokens/train.ds", "tokens/token_ids_part_0000.npy"])
        handoff.flip(path, 8)
    },
    [{ file: "tokens/train.bin", row: "document 0, sample q0", check: "stream" }],
  ],
  [
    "the stream of one reader alone",
    (handoff) => handoff.flip("tokens/train.ds", 400),
    [{ file: "tokens/train.ds", check: "stream" }],
  ],
  [
    "the loss of the stream",
    (handoff) => handoff.flip("tokens/train.ds.loss", 5),
    [{ file: "tokens/train.ds.loss", check: "stream" }],
  ],
  [
    "a length in Megatron's index",
    (handoff) => handoff.flip("tokens/train.idx", 34),
    [{ file: "tokens/train.idx", check: "stream" }],
  ],
  [
    "an end in datatrove's index",
    (handoff) => handoff.flip("tokens/train.ds.index", 8),
    [{ file: "tokens/train.ds.index", check: "stream" }],
  ],
  [
    "a line of dolma's table",
    (handoff) => handoff.write("tokens/token_ids_part_0000.csv.gz", gzipSync("0,1,q0,sft,0\n")),
    [{ file: "tokens/token_ids_part_0000.csv.gz", check: "stream" }],
  ],
  [
    "an answer in a prompt for RL",
    (handoff) =>
      handoff.rows(rl, (rows) => {
        for (const column of ["prompt", "messages"]) content(rows, "five", column).content += "\n\nThe answer is 1234."
        return rows
      }),
    [{ file: rl, row: "five", check: "leaked answer" }],
  ],
  [
    "another reference in one column",
    (handoff) =>
      handoff.rows(rl, (rows) => {
        rows[0]!.solution = "7"
        return rows
      }),
    [{ file: rl, row: "five", check: "reference" }],
  ],
  [
    "a prompt for RL that the samples teach",
    (handoff) =>
      handoff.rows(rl, (rows) => {
        rows[1]!.id = "q3"
        return rows
      }),
    [{ file: rl, row: "q3", check: "used" }],
  ],
  [
    "a verifier that there is not",
    (handoff) =>
      handoff.rows(rl, (rows) => {
        ;(rows[1]!.extra_info as { verifiers: string }).verifiers = '[{"name":"oracle"}]'
        return rows
      }),
    [{ file: rl, row: "six", check: "verifiers" }],
  ],
  [
    "the stock template",
    (handoff) => handoff.replace("templates/qwen3.jinja", "<|im_start|>user", "<|im_start|>human"),
    [{ file: "templates/qwen3.jinja", check: "stock template" }],
  ],
  [
    "the stock template where samples are rendered",
    (handoff) =>
      handoff.replace(
        "templates/qwen3.jinja",
        "'<|im_start|>' + message.role + '\\n' + message.content",
        "'<|im_start|>' + message.role + ' ' + message.content",
      ),
    [{ file: sft, row: "q0", check: "probe" }],
  ],
  [
    "the training template",
    (handoff) =>
      handoff.replace(
        "templates/raw_chatml.jinja",
        "{{- '<|im_end|>\\n' }}\n        {%- endgeneration",
        "{{- '<|im_end|>' }}\n        {%- endgeneration",
      ),
    [{ file: messages, row: "q0", check: "training template" }],
  ],
  [
    "two tokens swapped in the tokenizer",
    (handoff) => {
      const text = handoff.read("tokenizer/tokenizer.json").toString("utf8")
      const swapped = text.replace(/"Ġmany": (\d+)/, (_, id) => `"Ġhow": ${id}`)
      const [, many] = /"Ġmany": (\d+)/.exec(text)!
      const [, how] = /"Ġhow": (\d+)/.exec(text)!
      handoff.write(
        "tokenizer/tokenizer.json",
        swapped.replace(`"Ġhow": ${how}`, `"Ġmany": ${how}`).replace(`"Ġmany": ${how}`, `"Ġmany": ${how}`),
      )
      expect(many).not.toBe(how)
    },
    [{ file: sft, row: "q0", check: "probe" }],
  ],
  [
    "LLaMA-Factory told to leave thinking out",
    (handoff) => handoff.replace("launch/llamafactory-sft.yaml", "mask_history: true", "enable_thinking: false"),
    [{ file: "launch/llamafactory-sft.yaml", check: "launch config" }],
  ],
  [
    "verl without the training template",
    (handoff) =>
      handoff.write(
        "launch/verl-sft.yaml",
        handoff
          .read("launch/verl-sft.yaml")
          .toString()
          .replace(/ {2}custom_chat_template[\s\S]*?\noptim/, "optim"),
      ),
    [{ file: "launch/verl-sft.yaml", check: "launch config" }],
  ],
  [
    "ms-swift with loss on every turn",
    (handoff) => handoff.replace("launch/ms-swift-sft.sh", "--loss_scale last_round", "--loss_scale default"),
    [{ file: "launch/ms-swift-sft.sh", check: "launch config" }],
  ],
  [
    "TRL that takes packed rows for documents",
    (handoff) => handoff.replace("launch/trl-packed.yaml", "packing: false", "packing: true"),
    [{ file: "launch/trl-packed.yaml", check: "launch config" }],
  ],
  [
    "LLaMA-Factory's format that adds a system message",
    (handoff) => handoff.replace("dataset_info.json", "sharegpt", "openai"),
    [{ file: "dataset_info.json", check: "dataset_info" }],
  ],
  ...column("tools of no value, which stop verl", messages, new Field("tools", new Utf8(), true)),
  ...column("tools as JSON", messages, new Field("tools", new Utf8(), true), "[]"),
  ...column("a number", messages, new Field("weight", new Float64(), true), 1),
  ...column("the labels of another loader", packed, new Field("attention_mask", new Utf8(), true), "1"),
  ...column("an argument of the reward", rl, new Field("answer", new Utf8(), true), "8"),
  ...column("the text", "rejected/rejected-00000.parquet", new Field("text", new Utf8(), true)),
  [
    "tools that are no text in sft/",
    (handoff) =>
      handoff.rows(
        sft,
        (rows) => rows.map((row) => ({ ...row, tools: 1 })),
        (fields) => [...fields, new Field("tools", new Float64(), true)],
      ),
    [{ file: sft, check: "columns", what: "has the column tools as Float64, expected text: JSON" }],
  ],
  [
    "columns in another order",
    (handoff) =>
      handoff.rows(
        messages,
        (rows) => rows,
        (fields) => fields.toReversed(),
      ),
    [
      {
        file: messages,
        check: "columns",
        what: "has its columns in the order enable_thinking, messages, id, expected id, messages, enable_thinking",
      },
    ],
  ],
  ...described("a tag that drops turns", '"assistant_tag": "assistant"', '"assistant_tag": "gpt"', [
    'cotyledon_sft.tags.assistant_tag is "gpt", expected "assistant"',
  ]),
  ...described("the column of another view", '"messages": "messages"', '"messages": "prompt"', [
    'cotyledon_sft.columns.messages is "prompt", expected "messages"',
  ]),
  ...described("tools from a column", '"columns": {', '"columns": {"tools": "tools",', [
    'cotyledon_sft.columns.tools is "tools", expected not there',
  ]),
  ...described("files of another view", "messages/train-00000.parquet", "sft/train-00000.parquet", [
    'cotyledon_sft.file_name is "sft/train-00000.parquet", expected "messages/train-00000.parquet"',
  ]),
  ...described("another dataset beside it", "{", '{"more": {"file_name": "rl"},', [
    'more is {"file_name":"rl"}, expected not there',
  ]),
  ...described("no tags", /,\s*"tags": \{[^}]*\}/, "", [
    expect.stringMatching(/^cotyledon_sft\.tags is not there, expected/),
  ]),
  ...described("a list", /^.*$/s, "[]", [expect.stringMatching(/^it is \[\], expected \{"cotyledon_sft"/)]),
  ...described("no JSON", "{", "(", [expect.stringMatching(/^it is no description of datasets: /)]),
  // The last of two keys counts in Python and JavaScript, the first elsewhere.
  ...described("a key twice", '"formatting"', '"formatting": "openai", "formatting"', [
    "its text is not as it was written, though it reads the same",
  ]),
]

/** A column that a view must not have, in every row. */
function column(name: string, file: string, field: Field, value: unknown = null): typeof covered {
  const plant = (handoff: PlantedHandoff) =>
    handoff.rows(
      file,
      (rows) => rows.map((row) => ({ ...row, [field.name]: value })),
      (fields) => [...fields, field],
    )
  const what = expect.stringMatching(`^has the column ${field.name} \\(${field.type}\\), expected only `)
  return [[`the column ${field.name}: ${name}`, plant, [{ file, check: "columns", what }]]]
}

/** Another text in LLaMA-Factory's description. */
function described(name: string, from: string | RegExp, to: string, whats: string[]): typeof covered {
  const file = "dataset_info.json"
  return [
    [
      `${file}: ${name}`,
      (handoff) => handoff.replace(file, from, to),
      whats.map((what) => ({ file, check: "dataset_info", what })),
    ],
  ]
}

describe("with a manifest that was made to fit, what does not follow is found:", () => {
  for (const [name, plant, expected] of covered)
    test(name, async () => {
      const { whole, findings } = await planted(plant, "covered")
      expect(whole).toBe(false)
      for (const finding of expected) expect(findings).toContainEqual(expect.objectContaining(finding))
      expect(findings.map(({ check }) => check)).not.toContain("sha256")
      expect(findings.map(({ check }) => check)).not.toContain("name")
    })

  test.each([0, 1, 2, 3, 4, 5, 6, 9])("column %i gone from every view", async (index) => {
    const gone: string[] = []
    const plant = async (handoff: PlantedHandoff) => {
      for (const [path, columns] of [
        [sft, 5],
        [messages, 3],
        [packed, 3],
        [rl, 13],
        ["rejected/rejected-00000.parquet", 5],
      ] as const) {
        const at = index % columns
        let name = ""
        const rows = (of: Row[]) =>
          of.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => key !== name)))
        await handoff.rows(path, rows, (fields) => {
          name = fields[at]!.name
          return fields.toSpliced(at, 1)
        })
        gone.push(`${path} lacks the column ${name}`)
      }
    }
    const { findings } = await planted(plant, "covered")
    const columns = findings.filter(({ check }) => check === "columns").map(({ file, what }) => `${file} ${what}`)
    expect(columns).toEqual(gone)
  })

  test("a file of a view whose columns are not those of the others, and rows where a handoff has none", async () => {
    const more = ["sft/train-00001.parquet", "sft/more/train-00000.parquet"]
    const plant = async (handoff: PlantedHandoff) => {
      for (const path of more) handoff.write(path, handoff.read(sft))
      await handoff.rows(
        more[0]!,
        (rows) => rows,
        (fields) => [...fields, new Field("note", new Utf8(), true)],
      )
      handoff.edit(({ shards }) => {
        for (const path of more) shards.push({ ...shards.find((shard) => shard.path === sft)!, path })
      })
    }
    const { findings } = await planted(plant, "covered")
    const columns = findings.filter(({ check }) => check === "columns").map(({ file, what }) => `${file} ${what}`)
    expect(columns).toEqual([
      `${more[0]} its columns are not those of ${sft}`,
      `${more[1]} a handoff has no rows in this place`,
    ])
  })

  test("LLaMA-Factory's description taken out of the folder and the manifest", async () => {
    const plant = (handoff: PlantedHandoff) => {
      handoff.remove("dataset_info.json")
      handoff.edit((manifest) => {
        manifest.files = manifest.files.filter(({ path }) => path !== "dataset_info.json")
      })
    }
    const { findings } = await planted(plant, "covered")
    expect(findings).toEqual([expect.objectContaining({ file: "dataset_info.json", check: "dataset_info" })])
  })

  test("a column that no check knows, by the hash of the rows", async () => {
    const plant = (handoff: PlantedHandoff) =>
      handoff.rows(sft, (rows) => {
        rows[9]!.pass_rate = 0.25
        return rows
      })
    const { findings } = await planted(plant, "hashes covered")
    expect(findings).toEqual([expect.objectContaining({ file: sft, check: "logical_sha256" })])
  })
})

describe("probes by themselves are found", () => {
  const table = "tokens/token_ids_part_0000.csv.gz"

  test("where the table of documents names other places, or none, or is no table", async () => {
    const lines = gunzipSync(readFileSync(join(original, table)))
      .toString()
      .trimEnd()
      .split("\n")
    const elsewhere = lines.map((line, at) => line.replace(/\d+$/, `${(at * 7 + 1) % 80}`))
    const beyond = lines.map((line, at) => line.replace(/\d+$/, `${at + 1_000_000}`))
    const texts = [elsewhere, beyond, lines.slice(40), ["x".repeat(200_000)], []].map((of) => gzipSync(of.join("\n")))
    for (const content of [...texts, Buffer.from("no gzip")]) {
      const report = await planted((handoff) => handoff.write(table, content), "covered", { rows: "probes" })
      expect(report).toMatchObject({ whole: true, findings: [], probes: 64 })
    }
  })

  test("in a row that was changed, and missed where they are gone", async () => {
    const changed = (rows: Row[]) => {
      content(rows, "q7", "completion").content += " or more"
      return rows.filter(({ id }) => id !== "q0")
    }
    const { findings } = await planted((handoff) => handoff.rows(sft, changed), "covered", { rows: "probes" })
    expect(findings).toContainEqual(expect.objectContaining({ file: sft, row: "q7", check: "probe" }))
    expect(findings).toContainEqual(expect.objectContaining({ file: "sft", row: "q0", check: "probe" }))
  })

  test("under ids that the table quotes", async () => {
    const folder = temporaryFolder()
    const rows = samplesOf(12).map((sample, at) => ({ ...sample, id: at % 2 === 0 ? `a,"${at}"` : `line\n${at}` }))
    const { path } = await writeHandoff({ run: await writeRun(join(folder, "run"), rows), to: join(folder, "out") })
    for (const of of ["probes", "all"] as const)
      expect((await verifyHandoffs(path, { rows: of }))[0]).toMatchObject({ whole: true, findings: [], probes: 12 })
  })
})

describe("the manifest edited and the folder renamed:", () => {
  const edits: [string, (manifest: PlantedHandoff["manifest"]) => void, string][] = [
    ["a probe's labels", ({ probes }) => (probes[5]!.labels_sha256 = "0".repeat(64)), "probe"],
    ["a probe's ids", ({ probes }) => (probes[5]!.input_ids_sha256 = "0".repeat(64)), "probe"],
    ["a probe's count", ({ probes }) => (probes[5]!.trained_tokens += 1), "probe"],
    ["a probe of no row", ({ probes }) => (probes[5]!.row_id = "nobody"), "probe"],
    ["probes removed", ({ probes }) => probes.splice(8), "probes"],
    ["the counts of modes", ({ template }) => (template.mode_counts.thinking += 1), "mode_counts"],
    ["tokens", ({ shards }) => (shards[0]!.tokens += 1), "tokens"],
    ["trained tokens", ({ shards }) => (shards[0]!.trained_tokens += 1), "trained_tokens"],
    ["rows", ({ shards }) => (shards[0]!.rows += 1), "rows"],
    ["rejected rows", ({ rows }) => (rows.rejected = { "no-id": 1 }), "rejected"],
    ["rows that came in", ({ rows }) => (rows.in += 1), "rows"],
    ["a licence", ({ license }) => (license[0]!.license = "MIT"), "license"],
    ["the mixture", ({ mixture }) => (mixture[0]!.weight = 0.5), "mixture"],
    ["the fill", ({ packing }) => (packing.fill = 0.5), "packing.fill"],
    ["the vocabulary", ({ tokenizer }) => (tokenizer.vocab_size = 151_936), "tokenizer"],
    ["the end of a turn", ({ tokenizer }) => (tokenizer.eos_token_id = 151_643), "tokenizer"],
    ["a key left out", (manifest) => delete (manifest as Partial<typeof manifest>).packing, "manifest"],
    ["a path out of the folder", ({ files }) => (files[0]!.path = "../README.md"), "files"],
    ["verifiers", (manifest) => (manifest.verifiers = []), "verifiers"],
  ]
  for (const [name, change, check] of edits)
    test(name, async () => {
      const { whole, findings } = await planted((handoff) => {
        handoff.edit(change)
        handoff.rename()
      })
      expect(whole).toBe(false)
      expect(findings.map((finding) => finding.check)).toContain(check)
      expect(findings.map((finding) => finding.check)).not.toContain("name")
    })
})

describe("receipts", () => {
  /** What a trainer writes that took everything. */
  function receiptOf({ manifest, path }: PlantedHandoff) {
    const [samples] = manifest.shards
    return {
      manifest_sha256: path.slice(path.lastIndexOf("/") + 1),
      trainer: "trl",
      version: "1.16.0",
      environment_sha256: "1".repeat(64),
      shards: manifest.shards.map(({ path, sha256 }) => ({ path, sha256 })),
      rows: { seen: manifest.rows.written, dropped: {} as Record<string, number> },
      tokens: samples!.tokens,
      trained_tokens: samples!.trained_tokens,
      probes: manifest.probes.map(({ row_id }) => ({ row_id, held: true })),
      first_batch_sha256: "2".repeat(64),
      cursor: null,
      status: "accepted",
      faults: [] as string[],
    }
  }
  type Written = ReturnType<typeof receiptOf>

  const withReceipts = (...changes: ((receipt: Written) => void)[]) =>
    planted((handoff) => {
      const lines = changes.map((change) => {
        const receipt = receiptOf(handoff)
        change(receipt)
        return `${JSON.stringify(receipt)}\n`
      })
      handoff.write("receipts/trl.jsonl", lines.join(""))
    })

  test("of a trainer that took everything are fine, after a failed attempt too", async () => {
    const rejected = (receipt: Written) => Object.assign(receipt, { status: "rejected", faults: ["out of memory"] })
    expect(await withReceipts(rejected, () => {})).toMatchObject({ whole: true, receipts: 2 })
    const { findings } = await withReceipts(() => {}, rejected)
    expect(findings).toEqual([
      expect.objectContaining({ file: "receipts/trl.jsonl", row: "line 2", check: "rejected" }),
    ])
  })

  test("that a verification without a trainer rejected say nothing of the handoff now", async () => {
    const rejected = (receipt: Written) =>
      Object.assign(receipt, {
        trainer: "verification",
        status: "rejected",
        faults: ["sft/train-00000.parquet: changed"],
      })
    expect(await withReceipts(rejected)).toMatchObject({ whole: true, receipts: 1 })
  })

  const forged: [string, (receipt: Written) => void][] = [
    ["another handoff's", (receipt) => (receipt.manifest_sha256 = "3".repeat(64))],
    ["a shard of other bytes", (receipt) => (receipt.shards[0]!.sha256 = "3".repeat(64))],
    ["a shard left out", (receipt) => receipt.shards.pop()],
    ["samples that are not accounted for", (receipt) => (receipt.rows.seen -= 1)],
    [
      "samples that were dropped and not said",
      (receipt) => Object.assign(receipt.rows, { seen: 79, dropped: { "over-long": 1 } }),
    ],
    ["tokens that are not the samples'", (receipt) => (receipt.tokens -= 1)],
    ["loss on less than the samples'", (receipt) => (receipt.trained_tokens -= 1)],
    ["a probe that did not hold", (receipt) => (receipt.probes[3]!.held = false)],
    ["a probe left out", (receipt) => receipt.probes.pop()],
    ["accepted with faults", (receipt) => receipt.faults.push("row q3: other labels")],
    ["no receipt at all", (receipt) => delete (receipt as Partial<Written>).shards],
  ]
  for (const [name, change] of forged)
    test(`${name}`, async () => {
      const { findings } = await withReceipts(change)
      expect(findings[0]).toMatchObject({ file: "receipts/trl.jsonl", row: "line 1", check: "receipt" })
    })

  test("of samples dropped and said are partial", async () => {
    const partial = (receipt: Written) => {
      Object.assign(receipt, { rows: { seen: 79, dropped: { "over-long": 1 } }, status: "partial" })
    }
    expect((await withReceipts(partial)).findings).toEqual([])
  })

  test("that are cut in the middle of a line are found", async () => {
    const { findings } = await planted((handoff) => handoff.write("receipts/trl.jsonl", '{"manifest_sha'))
    expect(findings).toEqual([expect.objectContaining({ file: "receipts/trl.jsonl", row: "line 1", check: "receipt" })])
  })
})

describe("a folder that is not ours", () => {
  test("is said to be none", async () => {
    const folder = temporaryFolder()
    await expect(verifyHandoffs(folder)).rejects.toThrow(/There is no handoff here/)
    await expect(verifyHandoffs(join(folder, "nowhere"))).rejects.toThrow(/There is no folder here/)
    await expect(verifyHandoffs(join(root, "run"))).rejects.toThrow(/The folder is no handoff of ours/)
  })

  test("a handoff whose manifest is gone is a damaged one", async () => {
    const { findings } = await planted((handoff) => handoff.remove("manifest.json"))
    expect(findings).toEqual([expect.objectContaining({ file: "manifest.json", check: "missing" })])
  })
})
