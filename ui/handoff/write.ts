import { writeHandoff } from "../../pipelines/export/write-handoff.ts"
import { usageError } from "../../pipelines/runtime/errors.ts"
import type { HandoffManifest } from "../../schemas/handoff-manifest.ts"
import type { HandoffCommandOptions } from "../commands/handoff.ts"
import { stopOnSignals } from "../interrupt.ts"
import { columns, grouped, percent, shownPath } from "../print.ts"

/** `cotyledon handoff RUN --to DIR`. */
export async function writeFolder(run: string, options: HandoffCommandOptions): Promise<void> {
  const { to, overLong } = options
  if (to === undefined)
    throw usageError({ what: "Where shall the handoff go", expected: "cotyledon handoff RUN --to DIR" })
  if (overLong !== undefined && overLong !== "drop" && overLong !== "cut")
    throw usageError({ what: "Cannot read --over-long", expected: "drop or cut", got: overLong })
  const interrupt = stopOnSignals()
  const say = (line: string) => {
    if (!options.quiet) process.stderr.write(`${line}\n`)
  }
  let spoken = Date.now()
  try {
    const { path, sha256, stood, manifest } = await writeHandoff({
      run,
      to,
      model: options.model,
      maxLength: options.maxLength,
      overLong,
      sequenceLength: options.sequenceLength,
      tokenizer: options.tokenizer,
      template: options.template,
      emptyThinkLoss: options.trainEmptyBlock,
      signal: interrupt.signal,
      onProgress(read) {
        if (Date.now() - spoken < 1_000) return
        spoken = Date.now()
        say(`${grouped(read)} samples read`)
      },
    })
    for (const line of summaryLines(manifest)) say(line)
    say(stood ? `It is there already: ${shownPath(path)}` : shownPath(path))
    if (options.json) {
      const { rows, rl_rows, shards, template } = manifest
      const report = { path, sha256, stood, rows, rl_rows, modes: template.mode_counts, shards }
      process.stdout.write(`${JSON.stringify(report)}\n`)
    } else process.stdout.write(`${path}\n`)
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error
  } finally {
    interrupt.release()
  }
}

/** What became of every row of the run, and what each folder holds. */
export function summaryLines({ rows, rl_rows, shards, template, packing, stage, model }: HandoffManifest): string[] {
  const folders = new Map<string, { rows: number; tokens: number; trained: number }>()
  for (const { path, rows, tokens, trained_tokens } of shards) {
    const folder = path.slice(0, path.indexOf("/"))
    // The files of the token stream are views of one another.
    if (folder === "rejected" || (folder === "tokens" && !path.endsWith(".bin"))) continue
    const of = folders.get(folder) ?? { rows: 0, tokens: 0, trained: 0 }
    folders.set(folder, { rows: of.rows + rows, tokens: of.tokens + tokens, trained: of.trained + trained_tokens })
  }
  const table = [...folders].map(([folder, of]) => [folder, grouped(of.rows), grouped(of.tokens), grouped(of.trained)])
  return [
    `${stage} for ${model}`,
    `${grouped(rows.in)} samples = ${grouped(rows.written)} written (${grouped(rows.cut)} cut) + ${grouped(rows.in - rows.written)} rejected${reasons(rows.rejected)}`,
    `${grouped(template.mode_counts.thinking)} with thinking, ${grouped(template.mode_counts.non_thinking)} without`,
    ...(template.mode_counts.non_thinking > 0 ? [blockLine(template.empty_think_loss)] : []),
    ...(rl_rows
      ? [
          `${grouped(rl_rows.in)} unused questions = ${grouped(rl_rows.written)} prompts for RL + ${grouped(rl_rows.in - rl_rows.written)} rejected${reasons(rl_rows.rejected)}`,
        ]
      : []),
    ...columns([["folder", "rows", "tokens", "with loss"], ...table]),
    `packed rows of ${grouped(packing.seq_len)} are ${percent(packing.fill, 1)} full`,
  ]
}

/** What a model learns of the block that non-thinking samples have: of two that were trained on a GPU only one followed the flag (README). */
const blockLine = (trained: boolean): string =>
  trained
    ? "the empty block of those bears loss: a model learns to write it where /no_think asks for it"
    : "the empty block of those bears no loss in TRL: there a model does not learn to write it for /no_think (--train-empty-block)"

function reasons(rejected: Readonly<Record<string, number>>): string {
  const list = Object.entries(rejected).map(([reason, rows]) => `${grouped(rows)} ${reason}`)
  return list.length === 0 ? "" : `: ${list.join(", ")}`
}
