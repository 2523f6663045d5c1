// Thinking mode fusion (Qwen3 Technical Report, section 4.3): thinking and non-thinking samples under one chat template, with the flags that
// ask for them, mixed to given shares of mode, category and language. It asks no model.
import { modeAgreement } from "../../filters/mode-agreement.ts"
import { type FusedSample, fusedSample } from "../../schemas/fused-sample.ts"
import { mixtureReport } from "../../schemas/mixture.ts"
import { type ModeFusionConfig, modeFusionConfig } from "../../schemas/mode-fusion-config.ts"
import type { Message } from "../../schemas/sample.ts"
import type { SourceSample } from "../../schemas/source-sample.ts"
import { importSamples } from "../io/import-samples.ts"
import { type MixtureOptions, planMixture, reportMixture, takeMixed } from "../mixture/mixture.ts"
import { defineRecipe, type Export, type Pipeline } from "../runtime/recipe.ts"
import type { Stage } from "../runtime/stage.ts"
import type { Row } from "../runtime/step.ts"
import { insertFlags } from "./insert-flags.ts"
import { labelSamples } from "./label-samples.ts"
import { ownFlags } from "./own-flags.ts"
import { sampleForm } from "./sample-form.ts"

/** The stages of a fusion for a config; `warn` hears of what the set could not be given. */
export function modeFusionStages(config: ModeFusionConfig, warn: (message: string) => void): Stage[] {
  const { thinking, nonThinking, rowsPerShard, failureLimit, flags, seed } = config
  const { size, shares, maxCopies, whenShort, tolerance } = config
  const mixture: MixtureOptions = { size, shares, maxCopies, whenShort, tolerance, seed }
  const places = { thinking: flags.thinking, "non-thinking": flags.nonThinking }
  return [
    importSamples({
      id: "samples",
      sources: [
        { key: "thinking", mode: "thinking", sources: thinking },
        { key: "nonThinking", mode: "non-thinking", sources: nonThinking },
      ],
      rowsPerShard,
      failureLimit,
    }),
    {
      kind: "map",
      id: "form",
      input: "samples",
      steps: [sampleForm(), labelSamples(), ownFlags(flags)],
      failureLimit,
    },
    planMixture({ id: "mixture", input: "form", flags: places, warn, ...mixture }),
    {
      kind: "map",
      id: "mix",
      input: "form",
      side: ["mixture"],
      steps: [takeMixed("mixture", mixture), insertFlags("mixture", { earlier: flags.earlier, seed }), modeAgreement()],
      failureLimit,
    },
    reportMixture({
      id: "report",
      input: "mix",
      plan: "mixture",
      flags: places,
      warn,
      ...mixture,
    }),
  ]
}

/** The datasets of a fusion: the set of both modes, and what was asked for against what was found. */
export function modeFusionExports(stages: readonly Stage[]): Export[] {
  const steps = stages.flatMap((stage) =>
    stage.kind === "map" ? stage.steps.map(({ id, version }) => `${id}@${version}`) : [],
  )
  return [
    {
      folder: "dataset",
      about: "samples of both modes (F3)",
      table: fusedSample,
      from: "mix",
      rows: (row) => Array.from({ length: row.copies as number }, (_, at) => fusedSampleOf(row, at + 1, steps)),
    },
    {
      folder: "mixture-report",
      about: "shares asked for against shares found",
      table: mixtureReport,
      from: "report",
      rows: (line) => [line],
    },
  ]
}

/** A mixed row of the stages, with the columns that its steps added, as a row of the dataset. */
function fusedSampleOf(row: Row, copy: number, steps: string[]): FusedSample {
  const { id, question_id, source, license, revision, domain, category, language, mode, reference, model, metadata } =
    row as unknown as SourceSample & { domain: string; category: string; language: string }
  const { prompt, completion, chat_template_kwargs, enable_thinking, flag } = row as unknown as FusedSample
  return {
    id: copy === 1 ? id : `${id}/copy-${copy}`,
    prompt: prompt as Message[],
    completion,
    chat_template_kwargs,
    enable_thinking,
    question_id,
    source,
    license,
    revision,
    domain,
    category,
    language,
    mode,
    flag,
    reference,
    model,
    pass_rate: row.pass_rate as number | null,
    copy,
    metadata,
    steps,
  }
}

/** Thinking mode fusion. */
export const modeFusion = defineRecipe<ModeFusionConfig>({
  name: "mode-fusion",
  about: "Thinking and non-thinking samples with their flags, mixed to shares of mode, category and language",
  version: 1,
  config: modeFusionConfig,
  open(config, host): Pipeline {
    const stages = modeFusionStages(config, (message) => host.report({ event: "warning", message }))
    return {
      stages,
      path: ["samples", "form", "mix"],
      exports: modeFusionExports(stages),
      endpoints: [],
      close: async () => {},
    }
  },
})
