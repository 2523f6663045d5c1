import { stringify } from "yaml"
import type { HandoffManifest } from "../../schemas/handoff-manifest.ts"

/** What of a manifest stands on the card: it is written before the manifest, which lists it. */
export type CardFacts = Omit<HandoffManifest, "files" | "lineage">

/**
 * The dataset card (README.md) of a handoff: counts, modes, licences, and how each trainer loads it. `stockTemplate`: path of the model's
 * own template.
 */
export function datasetCard(facts: CardFacts, stockTemplate: string): string {
  const { stage, rows, rl_rows, template, packing, shards, license, mixture, model, max_length } = facts
  const has = (folder: string) => shards.some(({ path }) => path.startsWith(`${folder}/`))
  const views = ["sft", "messages", "packed", "rl"].filter(has)
  const front = {
    license: licenseIds(license.map((of) => of.license)),
    task_categories: ["text-generation"],
    tags: ["reasoning", "chain-of-thought", stage, "cotyledon"],
    size_categories: [sizeCategory(rows.written)],
    configs: views.map((name, at) => ({
      config_name: name,
      data_files: `${name}/*.parquet`,
      ...(at === 0 ? { default: true } : {}),
    })),
  }
  const sumOf = (folder: string, key: "rows" | "tokens" | "trained_tokens") =>
    shards.filter(({ path }) => path.startsWith(`${folder}/`)).reduce((sum, shard) => sum + shard[key], 0)
  const lines = [
    `# ${stage}: a training set for ${model}`,
    "",
    `Made by ${facts.created_by}. \`manifest.json\` says what every file is; its SHA-256 is the name of this folder. \`cotyledon handoff verify .\` or`,
    "`python verify_handoff.py` (needs pyarrow and tokenizers) proves it, before training and after.",
    "",
    "| folder | what | rows | tokens | with loss |",
    "|---|---|---:|---:|---:|",
    ...[
      ["sft", "prompt and completion, one trained turn each (TRL)"],
      ["messages", "the same as messages (verl, LLaMA-Factory, ms-swift)"],
      ["packed", `token ids in rows of at most ${number(packing.seq_len)} (TRL)`],
      ["rl", "prompts with references (GRPO)"],
    ].flatMap(([folder, what]) =>
      has(folder!)
        ? [
            `| \`${folder}/\` | ${what} | ${number(sumOf(folder!, "rows"))} | ${number(sumOf(folder!, "tokens"))} | ${number(sumOf(folder!, "trained_tokens"))} |`,
          ]
        : [],
    ),
    ...(has("tokens") ? ["| `tokens/` | one bare stream of token ids (Megatron, datatrove, dolma) | | | |"] : []),
    "",
    "## Rows",
    "",
    `${number(rows.in)} samples in the run = ${number(rows.written)} here (${number(rows.cut)} of them with shortened thinking) + ${number(rows.in - rows.written)} rejected.`,
    ...reasonLines(rows.rejected),
    ...(rl_rows
      ? [
          "",
          `Prompts: ${number(rl_rows.in)} questions that the run drafted and did not take = ${number(rl_rows.written)} here + ${number(rl_rows.in - rl_rows.written)} rejected.`,
          ...reasonLines(rl_rows.rejected),
        ]
      : []),
    "",
    `Longest sample: ${number(max_length)} tokens; longer ones were ${facts.over_long === "cut" ? "shortened in their thinking" : "rejected"}.`,
    "",
    "## Modes",
    "",
    `${number(template.mode_counts.thinking)} with thinking, ${number(template.mode_counts.non_thinking)} with an empty think block. Earlier turns hold no thinking; the loss is taken from the last turn alone, ${template.empty_think_loss ? "an empty block included: a model learns to write it where a flag asks for it" : "and not from an empty block (verl, LLaMA-Factory and ms-swift take it from there too): without thinking a model answers where the template has written the block"}.`,
    "Every completion holds its think block in `content`: the one form that all loaders keep.",
    "",
    "## Sources",
    "",
    "| source | licence | samples |",
    "|---|---|---:|",
    ...license.map((of) => `| ${cell(of.source)} | ${cell(of.license ?? "not declared")} | ${number(of.rows)} |`),
    "",
    "| source | domain | samples | share |",
    "|---|---|---:|---:|",
    ...mixture.map(
      (of) =>
        `| ${cell(of.source)} | ${cell(of.domain ?? "unknown")} | ${number(of.rows)} | ${(100 * of.weight).toFixed(1)}% |`,
    ),
    "",
    "## Loading",
    "",
    "| trainer | version | config |",
    "|---|---|---|",
    ...facts.launch.map(({ trainer, version, config }) => `| ${trainer} | ${version} | \`${config}\` |`),
    "",
    `Start them in this folder; each config says how. \`${stockTemplate}\` is the model's own template, \`${template.training}\` the one`,
    "for trainers that render messages one by one. Write receipts (one JSON line for each attempt) to `receipts/`.",
    "",
  ]
  return `---\n${stringify(front)}---\n\n${lines.join("\n")}`
}

const number = (value: number): string => value.toLocaleString("en-US")

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/[\u0000-\u001f\u007f]/g, " ")

const reasonLines = (rejected: Readonly<Record<string, number>>): string[] =>
  Object.entries(rejected).length === 0
    ? []
    : [
        "",
        "| rejected | rows |",
        "|---|---:|",
        ...Object.entries(rejected).map(([reason, rows]) => `| ${reason} | ${number(rows)} |`),
      ]

/** Licences as the hub names them: SPDX in lower case; several as a list; `unknown` where one is not declared. */
function licenseIds(licenses: readonly (string | null)[]): string | string[] {
  const ids = [...new Set(licenses.map((of) => (of === null ? "unknown" : of.toLowerCase())))].sort()
  return ids.length === 1 ? ids[0]! : ids.length === 0 ? "unknown" : ids
}

function sizeCategory(rows: number): string {
  if (rows < 1_000) return "n<1K"
  const names = ["1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B"]
  return names[Math.min(names.length - 1, Math.floor(Math.log10(rows)) - 3)]!
}
