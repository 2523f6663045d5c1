import { countRowsOf } from "../pipelines/io/count-rows.ts"
import { resolveSamples } from "../pipelines/io/sample-sources.ts"
import { resolveSources } from "../pipelines/io/source.ts"
import { runTotals } from "../pipelines/runtime/run-totals.ts"
import type { ColdStartConfig } from "../schemas/config.ts"
import type { Manifest } from "../schemas/manifest.ts"
import type { ModeFusionConfig } from "../schemas/mode-fusion-config.ts"
import { columns, dollars, duration, grouped } from "./print.ts"

/** What a pilot says about the whole: yield, calls, tokens, cost and time, scaled by rows, with a 95% interval for the yield. */
export async function projectionLines(options: {
  run: string
  manifest: Manifest
  elapsedMs: number
  config: unknown
}): Promise<string[]> {
  const { run, manifest, elapsedMs, config } = options
  const all = await sourceRows(config)
  const pilot = manifest.rows.in
  if (pilot === 0 || all <= pilot) return []
  const scale = all / pilot
  const totals = await runTotals(run, config)
  const [low, high] = wilson(manifest.rows.out, pilot)
  return [
    "",
    `  projected to all ${grouped(all)} rows (from ${grouped(pilot)})`,
    ...columns(
      [
        [
          "in the dataset",
          `${grouped(manifest.rows.out * scale)}`,
          `95% interval ${grouped(low * all)} to ${grouped(high * all)}`,
        ],
        ["calls", grouped(totals.calls * scale), ""],
        ["tokens in", grouped(totals.tokens.input * scale), ""],
        ["tokens out", grouped(totals.tokens.output * scale), ""],
        ...(totals.cost === null ? [] : [["cost", dollars(totals.cost * scale), ""]]),
        ["time at this rate", duration(elapsedMs * scale), "if all of the pilot was asked in this run"],
      ],
      { indent: 4 },
    ),
  ]
}

/** Source rows of a config, of whichever recipe. */
async function sourceRows(config: unknown): Promise<number> {
  const { questions, thinking, nonThinking } = (config ?? {}) as Partial<
    Pick<ColdStartConfig, "questions"> & Pick<ModeFusionConfig, "thinking" | "nonThinking">
  >
  const cwd = process.cwd()
  const files = await resolveSources(questions ?? [], { cwd, where: "questions" })
  const samples =
    thinking === undefined || nonThinking === undefined
      ? []
      : await resolveSamples(
          [
            { key: "thinking", mode: "thinking", sources: thinking },
            { key: "nonThinking", mode: "non-thinking", sources: nonThinking },
          ],
          cwd,
        )
  return countRowsOf([...files, ...samples])
}

/** Wilson's score interval of a share at 95%. */
export function wilson(successes: number, trials: number): [low: number, high: number] {
  if (trials === 0) return [0, 1]
  const z = 1.959964
  const p = successes / trials
  const centre = p + (z * z) / (2 * trials)
  const spread = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials))
  const scale = 1 + (z * z) / trials
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)]
}
